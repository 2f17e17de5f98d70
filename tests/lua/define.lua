-- Samplers that are written in Lua, and what holds for the functions of all kinds: the same bits as in C, errors, lifetimes, and
-- definitions that are refused.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local core = require "neap.core"
local neap = require "neap"
local test, equal, raises, fails = check.test, check.equal, check.raises, check.fails

local define = neap.define

local function network(settings)
  return neap.architecture.mlp { hidden = 16, depth = 2, time_features = 8, classes = (settings or {}).classes or 2 }
end

local own = debug.getinfo(1, "S").source:sub(2)

local function place(text)
  return check.place(own, text)
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
    local x = neap.sampler.faulty { steps = 2 }:sample(network(), settings or { n = 2 })
    return x -- no tail call, which has no place
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

check.finish()
