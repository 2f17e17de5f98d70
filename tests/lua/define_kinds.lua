-- Guidances, objectives, architectures and metrics that are written in Lua: the same bits as in C, and what is refused.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local core = require "neap.core"
local neap = require "neap"
local test, equal, raises, fails = check.test, check.equal, check.raises, check.fails

local define = neap.define

local function network()
  return neap.architecture.mlp { hidden = 16, depth = 2, time_features = 8, classes = 2 }
end

local own = debug.getinfo(1, "S").source:sub(2)

define.sampler {
  name = "lua_euler", help = "Euler steps.",
  step = function(_, field, x, t, s) return x + field:velocity(x, t) * (s - t) end,
}

define.guidance {
  name = "lua_cfg", help = "Classifier-free guidance.", params = { { "w", "real", default = 1, help = "Weight." } },
  uses_null = function(config) return config.w ~= 0 end,
  velocity = function(config, field, x, t)
    local both, n = field.condition:join(field.condition:null()), x:size(0)
    local v = field:velocity(neap.concat({ x, x }, 0), neap.concat({ t, t }, 0), both)
    local conditional = v:slice(0, 0, n)
    return conditional:affine(1 + config.w, 0) - v:slice(0, n, 2 * n):affine(config.w, 0), config.w < 5 and conditional or nil
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
    local sampler = neap.sampler.lua_euler { guidance = neap.guidance.lua_cfg {}, steps = 1 }
    sampler:sample(neap.architecture.deep {}, { labels = 1, n = 1 })
  end, own, "sample: ", own, own, "deep: ", check.place(own, 'velocity = function() error "at the bottom"'), " at the bottom")
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

check.finish()
