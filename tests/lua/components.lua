-- Components by kind and name, their settings, and what is refused; models as functions.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local core = require "neap.core"
local neap = require "neap"
local test, equal, close, raises = check.test, check.equal, check.close, check.raises

test("neap.KIND.NAME: defaults without settings, or what is given", function()
  equal(tostring(neap.guidance.cfg()), 'cfg {"w":1.5}')
  equal(tostring(neap.guidance.cfg {}), 'cfg {"w":1.5}')
  equal(tostring(neap.guidance.cfg { w = 3 }), 'cfg {"w":3.0}')
  equal(tostring(neap.sampler.euler { steps = 7 }), 'euler {"steps":7,"shift":1.0,"times":""}')
  local cfg = neap.guidance.cfg()
  equal({ cfg:name(), cfg:kind(), cfg:json() }, { "cfg", "guidance", '{"w":1.5}' })
  check.truth(cfg:version():match "^%d+%.%d+%.%d+$", "a version has three numbers")
end)

test("names that are not known", function()
  raises("sampler 'eular' is not known; did you mean 'euler'?", function() neap.sampler.eular {} end)
  local searched = core.searched() -- none where the plugins are linked in
  raises("dataset 'wavelengths' is not known" .. (searched ~= "" and "; plugins were searched in " .. searched or ""),
    function() neap.dataset.wavelengths {} end)
  raises("neap has no 'samplr'; did you mean 'sampler'?", function() neap.samplr.euler {} end)
  raises("mlp: unknown parameter 'hiden'; did you mean 'hidden'?", function() neap.architecture.mlp { hiden = 3 } end)
  raises("mlp: unknown parameter 'wavelength'", function() neap.architecture.mlp { wavelength = 3 } end)
end)

test("values of the wrong type or out of range", function()
  local function mlp(value)
    return neap.architecture.mlp { hidden = value }
  end
  for value, got in pairs { a = "text 'a'", [1.5] = "1.5", [true] = "true" } do
    local _, message = pcall(mlp, value)
    check.truth(message:find(": mlp: hidden: expected a whole number, got " .. got, 1, true), message)
  end
  raises("mlp: hidden: expected 1 to 65536, got 0", function() neap.architecture.mlp { hidden = 0 } end)
  raises("cfg: w: expected -1 to 1000, got 1001", function() neap.guidance.cfg { w = 1001 } end)
  raises("idx: path: expected a text, got 3", function() neap.dataset.idx { path = 3 } end)
  raises("mlp: hidden: expected a number, a flag, a text, a component or a model, got a table", function()
    neap.architecture.mlp { hidden = {} }
  end)
end)

test("choices", function()
  local data = neap.dataset.toy2d { shape = "rings" }
  check.truth(tostring(data:component()):find('"shape":"rings"', 1, true), "the shape is rings")
  raises("toy2d: shape: expected one of 'moons', 'spirals', 'checkerboard', 'gaussians8', 'rings', got text 'moon'",
    function() neap.dataset.toy2d { shape = "moon" } end)
end)

test("settings that are no table of names", function()
  for _, settings in ipairs { 3, "a", true } do
    raises("mlp: expected one table of settings: mlp { name = value }", function()
      local _ = neap.architecture.mlp(settings)
    end)
    raises("euler: expected one table of settings: euler { name = value }", function()
      local _ = neap.sampler.euler(settings)
    end)
  end
  raises("mlp: expected settings by name: mlp { name = value }", function() neap.architecture.mlp { 3 } end)
end)

test("a sampler's guidance is one", function()
  raises("euler: guidance: expected a guidance like neap.guidance.cfg { w = 1 }", function()
    neap.sampler.euler { guidance = 3 }
  end)
  raises("euler: guidance: expected a guidance like neap.guidance.cfg { w = 1 }", function()
    neap.sampler.euler { guidance = neap.objective.flow_matching {} }
  end)
end)

test("a guidance on another", function()
  local outer = neap.guidance.interval { of = neap.guidance.cfg { w = 2 }, high = 0.75 }
  local inside = '{"kind":"guidance","name":"cfg","config":{"w":2.0}}'
  equal(outer:json(), '{"of":' .. inside .. ',"low":0.0,"high":0.75}')
  equal(tostring(neap.guidance.rescale { of = outer, phi = 0.5 }),
    'rescale {"of":{"kind":"guidance","name":"interval","config":' .. outer:json() .. '},"phi":0.5}')
  equal(neap.guidance.interval { high = 1 }:json(), '{"of":null,"low":0.0,"high":1.0}')
  equal(neap.sampler.heun { guidance = outer }.guidance, outer)
  local read = core.component_from_json("guidance", "interval", outer:json())
  equal({ read:name(), read:json() }, { "interval", outer:json() })
  raises("interval: of: expected a component of kind 'guidance', got sampler 'euler'", function()
    neap.guidance.interval { of = neap.sampler.euler {}.instance }
  end)
end)

test("times of a grid, as text or as numbers", function()
  local text = '"times":"1 0.5 0"'
  for _, times in ipairs { "1 0.5 0", { 1, 0.5, 0 }, { 1.0, 0.5, 0.0 } } do
    check.truth(tostring(neap.sampler.heun { times = times }):find(text, 1, true), "the times are 1 0.5 0")
    check.truth(tostring(neap.sampler.ab2():with { times = times }):find(text, 1, true), "with changes them")
  end
  raises("heun: times: expected numbers, got string", function() neap.sampler.heun { times = { 1, "a", 0 } } end)
  raises("heun: times: expected numbers from 1 down to 0, got none", function() neap.sampler.heun { times = {} } end)
  raises("times: expected a descending list, got 1 after 0", function() neap.sampler.heun { times = { 0, 1 } } end)
  for _, given in ipairs { { times = { 1, 0 }, steps = 3 }, { times = "1 0", shift = 2 } } do
    local key = given.steps and "steps" or "shift"
    local message = "heun: " .. key .. ": has no effect beside times; leave it out, or take the times away by times="
    raises(message, function() neap.sampler.heun(given) end)
  end
  raises("heun: steps: has no effect beside times; leave it out, or take the times away by times=", function()
    neap.sampler.heun({ times = { 1, 0 } }):with { steps = 3 }
  end)
  local back = neap.sampler.heun({ times = { 1, 0 } }):with { times = "", steps = 3 }
  equal(#back:times(1, 0), 4)
  raises("dopri5: unknown parameter 'times'", function() neap.sampler.dopri5 { times = { 1, 0 } } end)
end)

-- --- Models --------------------------------------------------------------------------------------------------------

local model = neap.architecture.mlp { classes = 3, hidden = 8, depth = 2, time_features = 4 }

test("what a model tells", function()
  equal(model:spec(), { height = 1, width = 1, channels = 2, classes = 3 })
  equal({ model:offers "velocity", model:offers "generate", model:offers "wavelength" }, { true, false, false })
  equal(model:component():kind(), "architecture")
  equal(tostring(model), ("model mlp, %d parameters"):format(model:size()))
end)

test("parameters by order and by name", function()
  local size, list = 0, model:parameters()
  for _, entry in ipairs(list) do
    local name, x = table.unpack(entry)
    size = size + x:size()
    equal({ x.requires_grad, model:parameter(name):tolist() }, { true, x:tolist() })
  end
  equal(size, model:size())
  equal(model:parameter "nothing", nil)
  local last = list[#list]
  last[2]:assign(neap.full(last[2]:shape(), 5))
  equal(model:parameter(last[1]), neap.full(last[2]:shape(), 5):tolist())
end)

test("model(x, t) and model(x, t, y)", function()
  for _, entry in ipairs(model:parameters()) do -- some begin at zero, which would hide all else
    entry[2]:assign(neap.randn_like(entry[2]) * 0.3)
  end
  local x = neap.randn(2, 1, 1, 2)
  local labels = neap.tensor({ 0, 2 }, "i32")
  local plain = model(x, 0.5)
  equal(plain:shape(), { 2, 1, 1, 2 })
  close(model(x, neap.tensor { 0.5, 0.5 }), plain:tolist())
  close(model:velocity(x, 0.5), plain:tolist())
  local null = neap.full({ 2 }, 3, "i32") -- the null class is the row behind the last label
  close(model(x, 0.5, null), plain:tolist())
  local labelled = model(x, 0.5, labels)
  close(labelled:slice(0, 1, 2), model(x:slice(0, 1, 2), 0.5, labels:slice(0, 1, 2)):tolist())
  check.truth((labelled - plain):abs():max():item() > 0, "labels change nothing")
end)

test("model:average(x, t, r) and model:average(x, t, r, y)", function()
  local between = neap.architecture.mlp { classes = 3, hidden = 8, depth = 2, time_features = 4, interval = true }
  for _, entry in ipairs(between:parameters()) do
    entry[2]:assign(neap.randn_like(entry[2]) * 0.3)
  end
  local x, labels = neap.randn(2, 1, 1, 2), neap.tensor({ 0, 2 }, "i32")
  local plain = between:average(x, 0.75, 0.25)
  close(between:average(x, neap.full({ 2 }, 0.75), neap.full({ 2 }, 0.25)), plain:tolist())
  close(between:average(x, 0.75, 0.75), between(x, 0.75):tolist())
  check.truth((between:average(x, 0.75, 0.25, labels) - plain):abs():max():item() > 0, "labels change nothing")
  check.truth((between:average(x, 0.75, 0) - plain):abs():max():item() > 0, "r changes nothing")
  raises("average: r: expected a number or a tensor, got no value", function() between:average(x, 1) end)
  raises("mlp: r: expected [2], got [3]", function() between:average(x, 1, neap.ones(3)) end)
  raises("mlp: average: expected a network with interval = true, got one with a single time", function()
    model:average(x, 1, 0)
  end)
end)

test("words of a command line mean what the parameter's type says", function()
  local function config(kind, name, texts)
    return core.json_decode(core.component(kind, name, {}, texts):json())
  end
  local idx = config("dataset", "idx", { path = "3", label_names = "true", classes = "1e1" })
  equal({ idx.path, idx.label_names, idx.classes }, { "3", "true", 10 })
  local flow = config("objective", "flow_matching", { shift = "3", times = "mode", stratified = "yes" })
  equal({ flow.shift, flow.times, flow.stratified }, { 3, "mode", true })
  raises("flow_matching: times: expected one of 'uniform', 'logit_normal', 'mode', got text 'true'", function()
    core.component("objective", "flow_matching", {}, { times = "true" })
  end)
  raises("flow_matching: shift: expected a finite number, got nan", function()
    core.component("objective", "flow_matching", {}, { shift = "nan" })
  end)
end)

test("a real parameter with a whole value comes back from JSON", function()
  for _, w in ipairs { 1, 1.0, 3, 0.1, 1000 } do
    local cfg = neap.guidance.cfg { w = w }
    local again = core.component_from_json("guidance", "cfg", core.json_encode(core.json_decode(cfg:json())))
    equal(again:json(), cfg:json())
  end
end)

test("calls that do not fit", function()
  local x = neap.ones(2, 1, 1, 2)
  raises("mlp: x: expected [2, 1, 1, 2], got [2, 2]", function() model(neap.ones(2, 2), 1) end)
  raises("mlp: t: expected [2], got [3]", function() model(x, neap.ones(3)) end)
  raises("velocity: t: expected a number or a tensor, got no value", function() model(x) end)
  raises("condition: labels: expected 2 rows, got 1", function() model(x, 1, neap.zeros(1):cast "i32") end)
  raises("condition: labels: expected i32 [B] or f32 [B, classes + 1], got f32 [2]", function() model(x, 1, neap.zeros(2)) end)
  raises("mlp: embedding: index: expected 0 to 3, got 4 at element 0", function()
    model(x, 1, neap.full({ 2 }, 4, "i32"))
  end)
  raises("the call needs 'generate'; mlp offers 'velocity', 'average'", function() model:generate(x) end)
  raises("expected a model, got userdata", function() model.spec(x) end)
end)

check.finish()
