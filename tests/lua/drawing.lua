-- Samplers: what they draw, labels in every form, guidance, changed settings.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local neap = require "neap"
local sampler = require "neap.sampler"
local test, equal, close, raises = check.test, check.equal, check.close, check.raises

neap.seed(5)
local model = neap.architecture.mlp { classes = 3, hidden = 8, depth = 1, time_features = 4 }
for _, entry in ipairs(model:parameters()) do
  entry[2]:assign(neap.randn_like(entry[2]) * 0.3)
end
local unconditional = neap.architecture.mlp { hidden = 8, depth = 1, time_features = 4 }
local euler = neap.sampler.euler { steps = 4 }
local NAMES = { "cat", "dog", "cow" }

test("Euler steps from noise at 1 to data at 0", function()
  local seen = {}
  local last
  local function watch(step, steps, t, x)
    seen[#seen + 1] = { step, steps, t }
    last = x
  end
  local drawn, evaluations = euler:sample(model, { n = 2, seed = 9, watch = watch })
  equal(seen, { { 0, 0, 1 }, { 1, 4, 0.75 }, { 2, 4, 0.5 }, { 3, 4, 0.25 }, { 4, 4, 0 } })
  equal(last, drawn:tolist())
  equal(evaluations, 4)
  local one = neap.sampler.euler { steps = 1 }
  local noise = one:sample(unconditional, { n = 2, seed = 9 }) -- a fresh MLP's velocity is 0
  local x = noise
  for i = 0, 3 do
    x = x - model(x, 1 - i / 4) / 4
  end
  close(drawn, x:tolist(), 1e-5)
end)

test("n, seed and batch", function()
  local drawn = euler:sample(model, { n = 5, seed = 3 })
  equal(drawn:shape(), { 5, 1, 1, 2 })
  equal(euler:sample(model):shape(), { 1, 1, 1, 2 })
  equal(euler:sample(model, { n = 5, seed = 3 }), drawn:tolist())
  close(euler:sample(model, { n = 5, seed = 3, batch = 2 }), drawn:tolist())
  close(euler:sample(model, { n = 2, seed = 3 }), drawn:slice(0, 0, 2):tolist())
  check.truth((euler:sample(model, { n = 5, seed = 4 }) - drawn):abs():max():item() > 0.1, "two seeds draw the same")
  neap.seed(3)
  equal(euler:sample(model, { n = 5 }), drawn:tolist())
end)

test("labels: none, one, a list, each, by name", function()
  equal(sampler.labels(nil, 2, 3), nil)
  equal(sampler.labels(2, 3, 3), { 2, 2, 2 })
  equal(sampler.labels("2", 2, 3), { 2, 2 })
  equal(sampler.labels({ 2, 0 }, 2, 3), { 2, 0 })
  equal(sampler.labels("each", 6, 3), { 0, 0, 1, 1, 2, 2 })
  equal(sampler.labels("each", 4, 3), { 0, 1, 2, 0 })
  equal(sampler.labels("each", 4, 0), nil)
  equal(sampler.labels("dog", 2, 3, NAMES), { 1, 1 })
  equal(sampler.labels({ "cow", 0, "cat" }, 3, 3, NAMES), { 2, 0, 0 })
end)

test("labels reach the model", function()
  local function draw(labels)
    return euler:sample(model, { n = 3, seed = 1, labels = labels, names = NAMES })
  end
  equal(draw "each", draw({ 0, 1, 2 }):tolist())
  equal(draw { "cat", "dog", "cow" }, draw({ 0, 1, 2 }):tolist())
  equal(draw "dog", draw(1):tolist())
  check.truth((draw(0) - draw(1)):abs():max():item() > 1e-3, "two labels draw the same")
  check.truth((draw(0) - draw(nil)):abs():max():item() > 1e-3, "a label draws as none does")
end)

test("labels that are refused", function()
  raises("label: expected 0 to 2, got '3'", function() euler:sample(model, { labels = 3 }) end)
  raises("label: expected 0 to 2, got '-1'", function() euler:sample(model, { labels = -1 }) end)
  raises("label: expected 0 to 2, got '0.5'", function() euler:sample(model, { labels = 0.5 }) end)
  raises("label: expected 0 to 2, got 'dog'", function() euler:sample(model, { labels = "dog" }) end)
  raises("label: expected 0 to 2 or a name, got 'dgo'; did you mean 'dog'?", function()
    euler:sample(model, { labels = "dgo", names = NAMES })
  end)
  raises("labels: expected 2, got 1", function() euler:sample(model, { n = 2, labels = { 1 } }) end)
  raises("labels: expected 2, got 3", function() euler:sample(model, { n = 2, labels = { 1, 2, 0 } }) end)
  raises("label: the model is unconditional", function() euler:sample(unconditional, { labels = 1 }) end)
  equal(euler:sample(unconditional, { labels = "each" }):shape(), { 1, 1, 1, 2 })
end)

test("guidance: (1 + w) times the labelled velocity minus w times the plain one", function()
  local one = neap.sampler.euler { steps = 1 }
  local function move(sampling, labels)
    local drawn = sampling:sample(model, { n = 4, seed = 2, labels = labels })
    return drawn - one:sample(unconditional, { n = 4, seed = 2 })
  end
  local guided = one:with { guidance = neap.guidance.cfg { w = 2 } }
  close(move(guided, 1), (3 * move(one, 1) - 2 * move(one)):tolist(), 1e-5)
  close(move(one:with { guidance = neap.guidance.cfg { w = 0 } }, 1), move(one, 1):tolist())
end)

test("guidance where there are no classes: away from a worse model, and never away from the null class", function()
  local plain = neap.sampler.euler { steps = 1 }
  local worse = neap.architecture.mlp { hidden = 8, depth = 1, time_features = 4 } -- its velocity is 0
  local mover = neap.architecture.mlp { hidden = 8, depth = 1, time_features = 4 }
  for _, entry in ipairs(mover:parameters()) do
    entry[2]:assign(neap.randn_like(entry[2]) * 0.3)
  end
  local function moved(guidance)
    local own = plain:with { guidance = guidance }
    return own:sample(mover, { n = 4, seed = 2 }) - plain:sample(worse, { n = 4, seed = 2 })
  end
  equal(moved(neap.guidance.cfg { w = 0 }), moved():tolist())
  raises("sample: guidance: cfg has no effect: mlp takes no condition to guide away from; leave it out", function()
    plain:with({ guidance = neap.guidance.cfg { w = 2 } }):sample(mover, { n = 4 })
  end)
  local away = neap.guidance.autoguidance { w = 2, worse = worse }
  for _, guidance in ipairs { away, neap.guidance.interval { of = away, low = 0, high = 1 } } do
    close(moved(guidance), (moved() * 3):tolist(), 1e-5)
  end
end)

test("with: the same, but for what is named", function()
  local guidance = neap.guidance.cfg { w = 2 }
  local guided = neap.sampler.euler { steps = 4, guidance = guidance }
  local changed = guided:with { steps = 9 }
  equal({ tostring(changed), tostring(guided) },
    { 'euler {"steps":9,"shift":1.0,"times":""}', 'euler {"steps":4,"shift":1.0,"times":""}' })
  equal(changed.guidance, guidance)
  equal(tostring(guided:with { guidance = neap.guidance.cfg { w = 5 } }.guidance), 'cfg {"w":5.0}')
  raises("euler: unknown parameter 'step'; did you mean 'steps'?", function() local _ = guided:with { step = 9 } end)
  raises("euler: steps: expected 1 to 100000, got 0", function() local _ = guided:with { steps = 0 } end)
  raises("with: expected one table of settings, got nil", function() local _ = guided:with() end)
end)

test("settings that do not fit", function()
  raises("sample: unknown key 'lables'; did you mean 'labels'?", function() euler:sample(model, { lables = 1 }) end)
  raises("sample: n: expected a whole number from 1, got 0", function() euler:sample(model, { n = 0 }) end)
  raises("sample: n: expected a whole number from 1, got 1.5", function() euler:sample(model, { n = 1.5 }) end)
  raises("sample: expected a count from 1 and a batch from 0, got 1 and -1", function()
    euler:sample(model, { batch = -1 })
  end)
  raises("seed: expected a whole number, got text 'a'", function() euler:sample(model, { seed = "a" }) end)
  raises("sample: watch: expected a function, got number", function() euler:sample(model, { watch = 3 }) end)
  raises("sample: expected a model, got nil", function() euler:sample() end)
end)

test("an error of the watcher ends the sampling, and no more", function()
  local function watch()
    error("enough", 0)
  end
  raises("sample: enough", function() euler:sample(model, { watch = watch }) end)
  equal(euler:sample(model, { n = 2 }):shape(), { 2, 1, 1, 2 })
end)

check.finish()
