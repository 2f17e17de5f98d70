-- Where sampling begins from Lua: noises between two, mixtures of classes, pictures and what is kept of them, inversion.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local neap = require "neap"
local test, equal, close, raises = check.test, check.equal, check.close, check.raises

neap.seed(5)
local CLASSES = 2
local model = neap.architecture.mlp { hidden = 8, depth = 1, time_features = 4, classes = CLASSES }
local data = neap.dataset.toy2d { shape = "gaussians8" }
local euler = neap.sampler.euler { steps = 4 }

for _, entry in ipairs(model:parameters()) do
  entry[2]:assign(neap.randn_like(entry[2]) * 0.3) -- a fresh MLP's velocity is 0
end

test("between two noises lies noise of their length", function()
  local a, b = neap.tensor { { { 3, 0 } } }, neap.tensor { { { 0, 3 } } }
  local between = neap.interpolate(a, b, 3)
  local half = 3 * math.sqrt(0.5)
  close(between, { { { { 3, 0 } } }, { { { half, half } } }, { { { 0, 3 } } } }, 1e-6)
  close(neap.interpolate(a, a, 2), { { { { 3, 0 } } }, { { { 3, 0 } } } }, 1e-6)
  raises("interpolate: expected two noises of one shape", function() neap.interpolate(a, neap.zeros(2), 3) end)
  raises("interpolate: expected noise with a norm above 0", function() neap.interpolate(a, a * 0, 3) end)
  raises("interpolate: count: expected a whole number from 2, got 1", function() neap.interpolate(a, b, 1) end)
end)

test("a morph gives weights of the label table", function()
  equal(neap.morph(3, 0, 2, 3), { { 1, 0, 0, 0 }, { 0.5, 0, 0.5, 0 }, { 0, 0, 1, 0 } })
  raises("morph: count: expected a whole number from 2, got two", function() neap.morph(3, 0, 2, "two") end)
  raises("morph: expected classes from 0 to 3, got 0 and 4", function() neap.morph(3, 0, 4, 2) end)
  raises("morph: expected whole numbers, got nil", function() neap.morph(3, nil, 1, 2) end)
  raises("morph: expected whole numbers, got 0.5", function() neap.morph(3, 0.5, 1, 2) end)
end)

test("a mixture of one class is that class", function()
  local mixed = euler:sample(model, { mixture = neap.morph(CLASSES, 0, 1, 3), seed = 4 })
  close(mixed:slice(0, 0, 1), euler:sample(model, { labels = 0, seed = 4 }):tolist(), 1e-5)
  check.truth((mixed:slice(0, 0, 1) - euler:sample(model, { labels = 1, seed = 4 })):abs():max():item() > 1e-3,
    "two classes draw the same")
end)

test("given noise is where it begins", function()
  local noise = neap.randn(3, 1, 1, 2)
  local first
  local drawn = euler:sample(model, { noise = noise, labels = 1, watch = function(step, _, _, x)
    first = step == 0 and x or first
  end })
  equal(drawn:shape(), { 3, 1, 1, 2 })
  equal(first, noise:tolist())
end)

test("from a picture at a level", function()
  local picture, noise = data:read { 0, 1 }, neap.randn(2, 1, 1, 2)
  local first, at
  euler:sample(model, { picture = picture, noise = noise, level = 0.25, watch = function(step, _, t, x)
    if step == 0 then
      first, at = x, t
    end
  end })
  equal(at, 0.25)
  close(first, (0.75 * picture + 0.25 * noise):tolist(), 1e-6)
  local one = euler:sample(model, { picture = picture:slice(0, 0, 1):reshape(1, 1, 2), level = 0.25, n = 3 })
  equal(one:shape(), { 3, 1, 1, 2 })
end)

test("what is kept stays, and one mask serves all", function()
  local picture = data:read { 0, 1, 2 }
  equal(euler:sample(model, { picture = picture, keep = neap.ones(1, 1, 1) }), picture:tolist())
  close(euler:sample(model, { picture = picture, keep = neap.zeros(1, 1, 1), seed = 8 }),
    euler:sample(model, { n = 3, seed = 8 }):tolist(), 1e-5)
end)

test("to the noise and back", function()
  local heun = neap.sampler.heun { steps = 200 }
  local picture = data:read { 0, 1, 2, 3 }
  local noise = heun:sample(model, { picture = picture, invert = true })
  check.truth((noise - picture):abs():max():item() > 0.1, "the noise is the picture")
  -- Heun's error is of the order of 1 / steps^2 both ways.
  close(heun:sample(model, { noise = noise }), picture:tolist(), 1e-2)
end)

test("what does not fit is refused by name", function()
  local picture = data:read { 0 }
  local function refused(message, settings)
    raises(message, function() euler:sample(model, settings) end)
  end
  refused("sample: a level needs a picture", { level = 0.5 })
  refused("sample: keep needs a picture", { keep = neap.ones(1, 1, 1, 1) })
  refused("sample: an inversion needs a picture", { invert = true })
  refused("sample: a picture needs a level, keep or an inversion", { picture = picture })
  refused("sample: level: expected a time above 0 and below 1, got 1", { picture = picture, level = 1 })
  refused("sample: picture: expected f32 [1, 1, 1, 2], got f32 [1, 1, 1, 3]",
    { n = 1, picture = neap.zeros(1, 1, 1, 3), level = 0.5 })
  refused("sample: keep: expected f32 [1, 1, 1, 1], got f32 [1, 2, 2, 1]",
    { picture = picture, keep = neap.ones(1, 2, 2, 1) })
  refused("sample: noise: expected f32 [2, 1, 1, 2], got f32 [3, 1, 1, 2]", { n = 2, noise = neap.zeros(3, 1, 1, 2) })
  refused("sample: mixture: expected f32 [2, 3], got f32 [2, 2]", { mixture = neap.ones(2, 2) })
  refused("sample: expected labels or a mixture, got both", { labels = 1, mixture = neap.morph(CLASSES, 0, 1, 2) })
end)

check.finish()
