-- Components that are written in Lua: the same bits as those in C, what their functions get, and what is refused.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local core = require "neap.core"
local neap = require "neap"
local test, equal, raises = check.test, check.equal, check.raises

local define = neap.define

local function network(settings)
  return neap.architecture.mlp { hidden = 16, depth = 2, time_features = 8, classes = (settings or {}).classes or 2 }
end

-- f fails with a message that has each of these parts in this order.
local function fails(f, ...)
  local done, message = pcall(f)
  check.truth(not done, "expected an error, got none")
  local from = 1
  for _, part in ipairs { ... } do
    local _, stop = message:find(part, from, true)
    check.truth(stop, ("expected %q in %q"):format(part, message))
    from = stop
  end
end

-- The line on which `text` stands in this file, as messages name it.
local own = debug.getinfo(1, "S").source:sub(2)
local function place(text)
  local number = 0
  for line in io.lines(own) do
    number = number + 1
    if line:find(text, 1, true) and not line:find("place", 1, true) then
      return ("%s:%d:"):format(own, number)
    end
  end
end

-- --- Samplers --------------------------------------------------------------------------------------------------------

define.sampler {
  name = "lua_heun", help = "Heun's method.", steps = 13, version = "2.1.0", license = "MIT",
  step = function(_, field, x, t, s)
    local v = field:velocity(x, t)
    local last = x + v * (s - t)
    return s == 0 and last or x + (v + field:velocity(last, s)) * ((s - t) / 2)
  end,
}

define.sampler {
  name = "lua_ab2", help = "Adams and Bashforth, order 2.",
  step = function(_, field, x, t, s, state)
    local v, h = field:velocity(x, t), s - t
    local last, width = state.v, state.h
    state.v, state.h = v, h
    return x + (last and v * (1 + h / (2 * width)) - last * (h / (2 * width)) or v) * h
  end,
}

define.sampler {
  name = "lua_whole", help = "Euler's method, with steps of its own.",
  params = { { "parts", "int", default = 4, low = 1, high = 100, help = "Steps." } },
  sample = function(config, field, x)
    local h = (field.to - field.from) / config.parts
    for i = 0, config.parts - 1 do
      x = x + field:velocity(x, neap.full({ x:size(0) }, field.from + i * h, "f64")) * h
      field:report(i + 1, config.parts, field.from + (i + 1) * h, x)
    end
    return x
  end,
}

define.sampler {
  name = "lua_maruyama", help = "Euler and Maruyama.", params = { { "strength", "real", default = 1, low = 0, help = "Noise." } },
  step = function(config, field, x, t, s)
    local next_x = x + field:drift(x, t, config.strength) * (s - t)
    return s == 0 and next_x or next_x + field:noise(x, 2 * config.strength * t * (t - s))
  end,
}

test("a sampler in Lua has the bits of the same sampler in C", function()
  local model = network()
  for _, settings in ipairs { { steps = 5 }, { steps = 4, shift = 3 }, { times = { 1, 0.75, 0.2, 0 } } } do
    equal(neap.sampler.lua_heun(settings):sample(model, { n = 5, labels = "each" }),
      neap.sampler.heun(settings):sample(model, { n = 5, labels = "each" }))
  end
  local guidance = neap.guidance.cfg { w = 2 }
  equal(neap.sampler.lua_heun { steps = 3, guidance = guidance }:sample(model, { n = 3, labels = { 0, 1, 0 }, batch = 2 }),
    neap.sampler.heun { steps = 3, guidance = guidance }:sample(model, { n = 3, labels = { 0, 1, 0 } }))
  local noise = neap.sampler.heun { steps = 4 }:sample(model, { n = 2, picture = neap.zeros(2, 1, 1, 2), invert = true })
  equal(neap.sampler.lua_heun { steps = 4 }:sample(model, { n = 2, picture = neap.zeros(2, 1, 1, 2), invert = true }), noise)
end)

test("a state between steps, of each batch its own", function()
  local model = network()
  local one = neap.sampler.lua_ab2 { steps = 4 }:sample(model, { n = 4 })
  equal(neap.sampler.lua_ab2 { steps = 4 }:sample(model, { n = 4, batch = 1 }), one)
end)

test("a sampler with steps of its own", function()
  local model, seen = network(), {}
  local x = neap.sampler.lua_whole { parts = 4 }:sample(model, { n = 3, watch = function(step, steps, t)
    seen[#seen + 1] = ("%d/%d %g"):format(step, steps, t)
  end })
  check.close(x, neap.sampler.euler { steps = 4 }:sample(model, { n = 3 }))
  equal(seen, { "0/0 1", "1/4 0.75", "2/4 0.5", "3/4 0.25", "4/4 0" })
  raises("lua_whole: unknown parameter 'steps'", function() neap.sampler.lua_whole { steps = 3 } end)
end)

test("noise of a sampler: the same for any batch", function()
  local model = network()
  local all = neap.sampler.lua_maruyama { steps = 4 }:sample(model, { n = 4 })
  equal(neap.sampler.lua_maruyama { steps = 4 }:sample(model, { n = 4, batch = 3 }), all)
  raises("sample: lua_maruyama: an inversion needs a sampler without noise", function()
    local done, message = pcall(function()
      neap.sampler.lua_maruyama { steps = 2 }:sample(model, { n = 1, picture = neap.zeros(1, 1, 1, 2), invert = true })
    end)
    core.fail(message:gsub("^.-sample: ", "sample: "):gsub("lua_maruyama: .-:%d+: ", ""), done)
  end)
end)

test("what a definition says of itself", function()
  local found = core.find("sampler", "lua_heun")
  equal({ found.help, found.version, found.license, found.origin }, { "Heun's method.", "2.1.0", "MIT", own })
  equal({ found.params[1].name, found.params[1].default, found.params[3].name }, { "steps", 13, "times" })
  equal(tostring(neap.sampler.lua_heun {}), 'lua_heun {"steps":13,"shift":1.0,"times":""}')
  raises("lua_heun: unknown parameter 'stepz'; did you mean 'steps'?", function() neap.sampler.lua_heun { stepz = 3 } end)
  raises("lua_whole: parts: expected 1 to 100, got 0", function() neap.sampler.lua_whole { parts = 0 } end)
end)

-- --- What callbacks get wrong ----------------------------------------------------------------------------------------

local faulty = {}

-- Samples with a step f.
local function with_step(f, settings)
  define.sampler { name = "faulty", help = "Wrong.", step = f }
  return function()
    return neap.sampler.faulty { steps = 2 }:sample(network(), settings or { n = 2 })
  end
end

test("errors in callbacks have the place in the recipe", function()
  function faulty.third() error "the third call fails" end
  function faulty.second() faulty.third() return 1 end
  fails(with_step(function() faulty.second() return 1 end), own, "sample: faulty: ", place 'function faulty.third()',
    " the third call fails")
  fails(with_step(function(_, _, x) return x.colour end), "faulty: ", own, "tensor: there is no 'colour'")
  fails(with_step(function(_, field, x) return field:velocity(x:slice(0, 0, 1), 0.5) end), own, "mlp: ")
  fails(with_step(function() error { code = 3 } end), "faulty: ", own, "the error is a table value, not text")
  fails(with_step(function() error(setmetatable({}, { __tostring = function() return "told by itself" end })) end),
    "sample: faulty: told by itself")
  fails(with_step(function() error() end), "the error is a nil value, not text")
  fails(with_step(function() error(setmetatable({}, { __tostring = error })) end), "sample: faulty: ")
end)

test("results of the wrong type or shape", function()
  fails(with_step(function() end), "faulty: ", place "fails(with_step(function() end)",
    " step: expected a tensor as the result, got nil")
  fails(with_step(function() return 3 end), " step: expected a tensor as the result, got number")
  fails(with_step(function(_, _, x) return x:reshape { -1 } end),
    " step: expected f32 [2, 1, 1, 2] as the result, got f32 [4]")
  fails(with_step(function(_, _, x) return x:cast "f64" end),
    " step: expected f32 [2, 1, 1, 2] as the result, got f64 [2, 1, 1, 2]")
  fails(with_step(function(_, _, x) x:close() return x end), "tensor: closed already")
end)

test("a callback cannot yield, and may use coroutines of its own", function()
  local sample = with_step(function(_, _, x) coroutine.yield() return x end)
  fails(sample, "attempt to yield")
  fails(coroutine.wrap(sample), "attempt to yield across a C-call boundary")
  local inside = with_step(function(_, field, x, t, s)
    return coroutine.wrap(function() return x + field:velocity(x, t) * (s - t) end)()
  end)
  equal(inside(), neap.sampler.euler { steps = 2 }:sample(network(), { n = 2 }))
  equal(coroutine.wrap(inside)(), inside())
end)

test("an object of a call is of no use after it", function()
  local kept
  with_step(function(_, field, x) kept = field return x end)()
  raises("field: the call that it was made for has ended", function() return kept:velocity(neap.zeros(1, 1, 1, 2), 1) end)
  raises("field: the call that it was made for has ended", function() return kept.from end)
  fails(with_step(function(_, _, x) return kept:velocity(x, 1) end), "field: the call that it was made for has ended")
  fails(with_step(function(_, field) return field.form end), "field: there is no 'form'")
  fails(with_step(function(_, field, x) return field:generate(x) end), "field: the network offers no 'generate'")
end)

test("after an error everything goes on as before", function()
  local before, live = neap.sampler.lua_heun { steps = 2 }:sample(network(), { n = 2 }), nil
  local broken = with_step(function(_, field, x)
    return neap.no_grad(neap.training, function() return field:velocity(x:reshape { 4 }, 1) end)
  end)
  for i = 1, 60 do
    check.truth(not pcall(broken), "expected an error")
    collectgarbage()
    live = i == 20 and neap.memory().live or live
  end
  equal(neap.memory().live, live)
  equal(neap.sampler.lua_heun { steps = 2 }:sample(network(), { n = 2 }), before)
  local x = neap.ones(2):require_grad()
  x:sum():backward()
  equal(x.grad, { 1, 1 })
end)

test("a recipe may sample inside a callback", function()
  local model = network()
  local nested = with_step(function(_, _, x) return neap.sampler.lua_heun { steps = 2 }:sample(model, { n = x:size(0) }) end)
  equal(nested(), neap.sampler.lua_heun { steps = 2 }:sample(model, { n = 2 }))
end)

test("handles that callbacks make are collected", function()
  local model = network()
  local long = neap.sampler.lua_heun { steps = 400 }
  long:sample(model, { n = 256, batch = 256 })
  collectgarbage()
  local before = neap.memory().live
  long:sample(model, { n = 256, batch = 256 })
  collectgarbage()
  equal(neap.memory().live, before)
end)

-- --- Definitions that are refused ------------------------------------------------------------------------------------

test("definitions that are refused", function()
  local function step() end
  local function sampler(settings)
    local given = { name = "refused", help = "Refused.", step = step }
    for key, value in pairs(settings) do
      given[key] = value
    end
    return function() define.sampler(given) end
  end
  local cases = {
    { { nmae = 1 }, "define.sampler: unknown key 'nmae'; did you mean 'name'?" },
    { { name = 3 }, "define.sampler: name: expected a text, got number" },
    { { step = 3 }, "define.sampler: refused: step: expected a function, got number" },
    { { sample = step }, "define.sampler: refused: expected step or sample, got both" },
    { { params = 3 }, "define.sampler: refused: params: expected a table of rows, got number" },
    { { params = { 3 } }, 'define.sampler: refused: params: expected rows as { "steps", "int", default = 50, help = "Steps." }' },
    { { params = { { "a", "itn" } } }, "define.sampler: refused: params: a: no such type 'itn'; did you mean 'int'?" },
    { { params = { { "a", "int", help = "A." } } },
      "define.sampler: refused: params: a: default: expected a whole number, or required = true, got nil" },
    { { params = { { "a", "int", default = 1 } } },
      "define.sampler: refused: params: a: help: expected a line of help, got nil" },
    { { params = { { "a", "choice", choices = { "x" }, default = "y", help = "A." } } },
      "define.sampler: refused: params: a: default: no such choice 'y'; did you mean 'x'?" },
    { { params = { { "a", "int", default = 1, help = "A.", lowest = 1 } } },
      "define.sampler: refused: params: a: unknown key 'lowest'" },
    { { params = { { "steps", "int", default = 1, help = "A." } } },
      ("plugin refused (%s): component 1 (refused): parameter 4 (steps): named twice"):format(own) },
    { { params = { { "a", "int", default = 1, low = 2, help = "A." } } },
      ("plugin refused (%s): component 1 (refused): parameter 4 (a): expected a default within 2 to inf, got 1"):format(own) },
    { { name = "Up" }, ("plugin Up (%s): expected a plugin name of a-z, 0-9 and _, got 'Up'"):format(own) },
  }
  for _, case in ipairs(cases) do
    local _, message = pcall(sampler(case[1]))
    equal(message:gsub("^" .. own:gsub("%p", "%%%0") .. ":%d+: ", ""), case[2])
  end
  raises("define.sampler: refused: expected a function 'step' or 'sample'", function()
    define.sampler { name = "refused", help = "R." }
  end)
  local found, message = pcall(function() return neap.sampler.refused end)
  check.truth(not found and message:find("sampler 'refused' is not known", 1, true), message)
  fails(function() define.sampler { name = "euler", help = "Mine.", step = step } end, "sampler 'euler' is taken by ")
end)

test("a definition can be replaced from its file; earlier components keep theirs", function()
  local function scale(by)
    define.sampler { name = "again", help = "Scales.", params = { { "p" .. by, "int", default = by, help = "P." } },
      step = function(_, _, x) return x * by end }
    return neap.sampler.again { steps = 1 }
  end
  local two, three, noise = scale(2), scale(3), core.sample_noise(0, 0, { 1, 1, 1, 2 })
  equal(two:sample(network(), {}), noise * 2)
  equal(three:sample(network(), {}), noise * 3)
  equal(core.find("sampler", "again").params[4].name, "p3")
end)

-- --- Other kinds -----------------------------------------------------------------------------------------------------

define.guidance {
  name = "lua_cfg", help = "Classifier-free guidance.", params = { { "w", "real", default = 1, help = "Weight." } },
  uses_null = function(config) return config.w ~= 0 end,
  velocity = function(config, field, x, t)
    local both, n = field.condition:join(field.condition:null()), x:size(0)
    local v = field:velocity(neap.concat({ x, x }, 0), neap.concat({ t, t }, 0), both)
    local told = v:slice(0, 0, n)
    return told:affine(1 + config.w, 0) - v:slice(0, n, 2 * n):affine(config.w, 0), config.w < 5 and told or nil
  end,
}

define.guidance {
  name = "lua_half", help = "Half of another guidance.",
  params = { { "of", "component", kind = "guidance", help = "The other." } },
  velocity = function(config, field, x, t)
    local v, plain = field:guided(config.of, x, t)
    return (v + plain) * 0.5
  end,
}

test("a guidance in Lua has the bits of the same in C, also inside another", function()
  local model = network()
  local function sample(guidance)
    return neap.sampler.euler { steps = 3, guidance = guidance }:sample(model, { n = 3, labels = { 0, 1, 0 } })
  end
  equal(sample(neap.guidance.lua_cfg { w = 2 }), sample(neap.guidance.cfg { w = 2 }))
  for _, w in ipairs { 2, 6 } do -- with 6 it returns no conditional velocity, which is then evaluated
    equal(sample(neap.guidance.rescale { of = neap.guidance.lua_cfg { w = w } }),
      sample(neap.guidance.rescale { of = neap.guidance.cfg { w = w } }))
  end
  check.close(sample(neap.guidance.lua_half { of = neap.guidance.cfg { w = 2 } }), sample(neap.guidance.cfg { w = 1 }), 1e-5)
  equal(core.guidance_uses_null(neap.guidance.lua_cfg {}), true)
  equal(core.guidance_uses_null(neap.guidance.lua_cfg { w = 0 }), false)
end)

test("errors through a sampler, a guidance and an architecture, all in Lua", function()
  define.architecture {
    name = "deep", help = "Fails.", build = function() return {} end, spec = function() return { channels = 2, classes = 2 } end,
    velocity = function() error "at the bottom" end,
  }
  fails(function()
    local sampler = neap.sampler.lua_heun { guidance = neap.guidance.lua_cfg {}, steps = 1 }
    sampler:sample(neap.architecture.deep {}, { labels = 1, n = 1 })
  end, own, "sample: ", own, own, "deep: ", place 'velocity = function() error "at the bottom"', " at the bottom")
end)

define.objective {
  name = "lua_flow", help = "Flow matching.",
  params = { { "label_dropout", "real", default = 0.1, low = 0, high = 1, help = "Dropout." } },
  dropout = function(config) return config.label_dropout end,
  loss = function(config, model, step, phase)
    local z, t = step:normal "noise", step:uniform "time"
    local v = z - step.x
    local output = model(step.x + v * t:reshape { -1, 1, 1, 1 }, t, step:drop(config.label_dropout))
    step:report("phase_" .. phase, 1)
    return (output - v):square():mean()
  end,
}

local function data()
  return neap.dataset.toy2d { shape = "moons", labels = true }
end

local function train(objective, model)
  local trainer = core.trainer(model, data(), objective, { batch = 8, seed = 1, clip = 0, ema = 0, kind = "adamw", lr = 1e-2,
    weight_decay = 0, phases = {} })
  local report
  for step = 1, 5 do
    report = trainer:step(step, 1)
  end
  return report
end

test("an objective in Lua trains as the same in C", function()
  local model, other = network(), network()
  local report = train(neap.objective.lua_flow {}, model)
  local expected = train(neap.objective.flow_matching { label_dropout = 0.1 }, other)
  check.close(report.loss, expected.loss, 1e-6)
  for i, entry in ipairs(model:parameters()) do
    check.close(entry[2], other:parameters()[i][2], 1e-5)
  end
  equal(core.objective_dropout(neap.objective.lua_flow { label_dropout = 0.25 }), 0.25)
  equal(core.objective_predicts(neap.objective.lua_flow {}), "v=z-x")
end)

test("losses that are refused", function()
  local function trained(loss)
    define.objective { name = "faulty", help = "Wrong.", loss = loss }
    return function() train(neap.objective.faulty {}, network()) end
  end
  fails(trained(function() return 3 end), "train: step 1: faulty: ", own, "loss: expected a tensor as the result, got number")
  fails(trained(function() return neap.zeros(2) end), "faulty: the loss 'loss': expected one element, got [2]")
  fails(trained(function() return neap.zeros(1) end), "faulty: the loss 'loss' depends on no parameter")
  fails(trained(function(_, model, step)
    return model(step.x, 0.5):mean() * (0 / 0)
  end), "train: step 1: the loss 'loss' is nan")
  fails(trained(function(_, _, step) step:report("a", step.x) end), "expected one element")
  fails(trained(function(_, _, step) step:share(9, step.x) end), "expected a slot of 0 to 3, got 9")
  fails(trained(function(_, _, step) return step.y end), "step: there is no 'y'")
end)

test("phases, and what they share", function()
  define.objective {
    name = "two", help = "Two phases.", phases = { { name = "first", part = "layers" }, { name = "second", part = "out" } },
    predicts = "x", repeats = function(_, phase) return phase == "first" and 2 or 1 end,
    velocity = function(_, output, x) return x - output end,
    loss = function(_, model, step, phase)
      if phase == "first" then
        local y = model(step.x, 0.5)
        step:share(0, y)
        return y:square():mean() + (y - 1):square():mean()
      end
      return (step:shared(0):detach() + model(step.x, 0.5)):square():mean()
    end,
  }
  local report = train(neap.objective.two {}, network())
  check.truth(report.loss and report.reports.loss_second, "both phases have a loss")
  equal(core.objective_predicts(neap.objective.two {}), "x")
end)

test("an architecture in Lua: parameters, gradients, checkpoints of its config", function()
  define.architecture {
    name = "lua_net", help = "A small network.",
    params = { { "width", "int", default = 8, low = 1, high = 64, help = "Width." } },
    build = function(config, model)
      return { first = model:linear("first", 3, config.width), last = model:linear("last", config.width, 2, "zero"),
        norm = model:norm("norm", 8, 2), table = model:embedding("labels", 3, 3),
        bias = model:parameter("bias", 2, { normal = 0.1 }),
        seen = model:buffer("seen", { 1 }, "one") }
    end,
    spec = function() return { channels = 2, classes = 2 } end,
    velocity = function(self, x, t, condition)
      local h = neap.concat({ x:reshape { -1, 2 }, t:reshape { -1, 1 } }, 1) + self.table(condition.labels)
      return (self.last(self.norm(self.first(h)):silu()) + self.bias):reshape(x:shape())
    end,
    features = function(_, x) return x:reshape { x:size(0), 2 } end,
  }
  local model = neap.architecture.lua_net {}
  equal(model:spec().classes, 2)
  equal({ model:offers "velocity", model:offers "features", model:offers "generate" }, { true, true, false })
  local names = {}
  for i, entry in ipairs(model:parameters()) do
    names[i] = entry[1]
  end
  equal(names, { "first.weight", "first.bias", "last.weight", "last.bias",
    "norm.weight", "norm.bias", "labels.weight", "bias", "seen" })
  local before = model:parameter "labels.weight":tolist()
  local report = train(neap.objective.flow_matching {}, model)
  check.truth(report.loss > 0, "a loss")
  check.truth(model:parameter "labels.weight":tolist()[1][1] ~= before[1][1], "the table is trained")
  equal(neap.sampler.euler { steps = 2 }:sample(model, { n = 3, labels = { 0, 1, 1 } }):shape(), { 3, 1, 1, 2 })
end)

test("architectures that are refused", function()
  local function built(settings)
    local given = { name = "faulty", help = "Wrong.", build = function() return 1 end,
      spec = function() return { channels = 2 } end, velocity = function(_, x) return x end }
    for key, value in pairs(settings) do
      given[key] = value
    end
    define.architecture(given)
    return function() return neap.architecture.faulty {}(neap.zeros(2, 1, 1, 2), 0.5) end
  end
  fails(built { build = function() end }, "faulty: ", "build: expected the network's own value as the result, got nil")
  fails(built { build = function(_, model) return model.layer end }, "model: there is no 'layer'")
  fails(built { build = function(_, model) return model:parameter("w", { 2 }, "zeros") end }, "init: expected 'zero'")
  fails(built { build = function(_, model) return model:parameter("w", { 2 }, "zero"), model:parameter("w", { 2 }, "zero") end },
    "faulty: ", own)
  fails(built { spec = function() return 3 end }, "faulty: ", "spec: expected a table of sizes as the result, got number")
  fails(built { spec = function() return {} end }, "faulty: spec: expected sizes from 1, got [1, 1, 0]")
  fails(built { velocity = function(_, x) return x:reshape { -1 } end }, "faulty: velocity: expected [2, 1, 1, 2]")
  fails(built { velocity = function() return "x" end }, "faulty: ", "velocity: expected a tensor as the result, got string")
  local model
  built { build = function(_, given) model = given return 1 end }()
  raises("builder: the call that it was made for has ended", function() model:parameter("w", { 1 }, "zero") end)
end)

test("a metric in Lua", function()
  define.metric {
    name = "lua_means", help = "Distance of means.", scores = { "mean", "rows" },
    score = function(_, samples, reference)
      return { mean = (samples.features:mean() - reference.features:mean()):item(), rows = samples.features:size(0) }
    end,
  }
  local metric = neap.metric.lua_means {}
  local scores = core.score(metric, { features = neap.ones(4, 2) }, { features = neap.zeros(3, 2) }, 5, 1)
  equal({ scores[1].value, scores[2].value, scores[2].deviation }, { 1, 4, 0 })
  local function scored(score)
    define.metric { name = "faulty", help = "Wrong.", scores = { "a" }, score = score }
    return function() core.score(neap.metric.faulty {}, { features = neap.ones(4, 2) }, nil, 0, 1) end
  end
  fails(scored(function() return 3 end), "faulty: ", "score: expected a table of scores as the result, got number")
  fails(scored(function() return {} end), "faulty: ", "score: a: expected a number in the result, got nil")
  fails(scored(function() return { a = 0 / 0 } end), "faulty: a: expected a finite score, got ")
  fails(scored(function(_, samples) return { a = samples.pictures:mean() } end), own, "attempt to index a nil value")
end)

-- --- Data sets -------------------------------------------------------------------------------------------------------

test("a data set from tensors", function()
  local set = neap.dataset.tensors { x = neap.tensor { { 1, 2 }, { 3, 4 }, { 5, 6 } }, labels = { 0, 1, -1 },
    names = { "a", "b" } }
  equal({ set:count(), set:spec().channels, set:spec().classes, set:label_name(1) }, { 3, 2, 2, "b" })
  local x, labels = set:read { 2, 0 }
  equal(x, { { { { 5, 6 } } }, { { { 1, 2 } } } })
  equal(labels, { -1, 0 })
  local again = core.source(core.component_from_json("dataset", "tensors", set:component():json()))
  equal(again:read { 1 }, { { { { 3, 4 } } } })
  local bytes = neap.dataset.tensors { x = neap.tensor({ { { { 0 }, { 255 } } } }, "u8"), texts = { "red hérisson" } }
  check.close(bytes:read { 0 }, { { { { -1 }, { 1 } } } })
  local _, _, condition = bytes:read { 0 }
  equal(condition.lengths, { 13 })
  equal(bytes:spec().text, 13)
end)

test("the examples are a copy, and the same ones have the same config", function()
  local x = neap.ones(2, 2)
  local set = neap.dataset.tensors { x = x }
  x:assign(neap.zeros(2, 2))
  equal(set:read { 0 }, { { { { 1, 1 } } } })
  equal(neap.dataset.tensors { x = neap.ones(2, 2) }:component():json(), set:component():json())
  check.truth(neap.dataset.tensors { x = x }:component():json() ~= set:component():json(), "other examples, another hash")
end)

test("its test part, and reading on all threads", function()
  local x = neap.randn(64, 8, 8, 1)
  local set = neap.dataset.tensors { x = x, test = { x = neap.zeros(2, 8, 8, 1) } }
  equal(core.source((core.dataset_part(set:component(), "test", 1, 10))):count(), 2)
  equal(core.source((core.dataset_part(set:component(), "train", 1, 10))):count(), 64)
  local order = {}
  for i = 1, 64 do
    order[i] = i - 1
  end
  equal(set:read(order), x)
  fails(function() core.dataset_part(neap.dataset.tensors { x = x }:component(), "test", 1, 10) end,
    "tensors: the data set has no part for testing; give one as test = { x = .. }")
end)

test("tensors that are refused", function()
  local function refused(text, given)
    fails(function() neap.dataset.tensors(given):read { 0 } end, text)
  end
  local x = neap.zeros(2, 2)
  refused("tensors: x: expected [N, H, W, C] or [N, D], got 3 axes", { x = neap.zeros(2, 2, 2) })
  refused("tensors: x: expected a tensor, got table", { x = { 1 } })
  refused("tensors: unknown key 'label'; did you mean 'labels'?", { x = x, label = { 1 } })
  refused("labels: expected a row for each of 2 examples, got 1", { x = x, labels = { 1 } })
  refused("labels: expected i32 with 1 axes, got f32 [2]", { x = x, labels = neap.zeros(2) })
  refused("labels: example 1: expected a label of 0 to 1, or -1 for none, got 2",
    { x = x, labels = { 0, 2 }, names = { "a", "b" } })
  refused("names: expected 0, one for each class, got 1", { x = x, names = { "a" } })
  refused("tensors: texts 1: expected UTF-8", { x = x, texts = { "\xff", "" } })
  refused("text: expected a row for each of 2 examples, got 1", { x = x, texts = { "a" } })
  refused("tensors: noise: expected none", { x = x, noise = x })
  refused("tensors: expected at least one example", { x = neap.zeros(0, 2) })
  refused("tensors: example 0: expected finite values, got nan at 0", { x = x / 0 })
  refused("tensors: examples is required", {})
  refused("the examples 0123 are only in the memory of the recipe", { examples = "0123" })
end)

test("a data set in Lua", function()
  define.dataset {
    name = "lua_points", help = "Points.",
    params = { { "count", "int", default = 4, low = 1, high = 100, help = "Count." },
      { "split", "choice", choices = { "train", "test" }, help = "Part." } },
    open = function(config)
      local x = neap.arange(config.count):reshape { -1, 1 }
      return { x = config.split == "test" and -x - 1 or x, labels = neap.zeros(config.count):cast "i32", names = { "all" } }
    end,
    part = function(_, part) return { split = part } end,
  }
  local set = neap.dataset.lua_points { count = 3 }
  equal({ set:count(), set:label_name(0) }, { 3, "all" })
  equal(set:read { 2 }, { { { { 2 } } } })
  local part, drawn = core.dataset_part(set:component(), "test", 1, 5)
  equal(core.source(part):read { 2 }, { { { { -3 } } } })
  equal(drawn, false)
  define.dataset { name = "lua_pairs", help = "Pairs.", noise = true,
    open = function() return { x = neap.zeros(2, 1), noise = neap.ones(2, 1) } end }
  equal(neap.dataset.lua_pairs {}:count(), 2)
  local function opened(open)
    define.dataset { name = "faulty", help = "Wrong.", open = open }
    return function() neap.dataset.faulty {}:read { 0 } end
  end
  fails(opened(function() end), "faulty: ", "open: expected one table of settings, got nil")
  fails(opened(function() return { x = neap.zeros(2, 1) / 0 } end), "faulty: ", "expected finite values")
  fails(opened(function() return { x = neap.zeros(2, 1), noise = neap.zeros(2, 1) } end), "faulty: ", "noise = true")
  fails(opened(function() error "no file" end), "faulty: ", own, "no file")
end)

check.finish()
