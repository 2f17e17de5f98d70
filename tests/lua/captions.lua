-- Data sets with captions and with pictures as conditions, and the metric that reads captioned shapes.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local core = require "neap.core"
local neap = require "neap"
local test, equal, raises = check.test, check.equal, check.raises

local evaluate = neap.evaluate

-- The texts of a condition.
local function texts_of(condition)
  local rows, lengths, texts = condition.text:tolist(), condition.lengths:tolist(), {}
  for i, bytes in ipairs(rows) do
    texts[i] = string.char(table.unpack(bytes, 1, lengths[i]))
  end
  return texts
end

-- The condition of a list of texts.
local function captions(texts)
  local rows, lengths, most = {}, {}, 1
  for i, text in ipairs(texts) do
    lengths[i], most = #text, math.max(most, #text)
  end
  for i, text in ipairs(texts) do
    rows[i] = { (text .. ("\0"):rep(most - #text)):byte(1, -1) }
  end
  return { text = core.tensor(rows, "u8"), lengths = core.tensor(lengths, "i32") }
end

local function range(n)
  local list = {}
  for i = 1, n do
    list[i] = i - 1
  end
  return list
end

local function scores(evidence, resamples)
  local values = {}
  for _, score in ipairs(evaluate.score(neap.metric.shape_attributes {}, evidence, nil, { resamples = resamples or 0 })) do
    values[score.name] = score.value
  end
  return values
end

local ALL = { colour = 1, shape = 1, place = 1, combination = 1, size = 1 }

-- --- Captioned shapes -------------------------------------------------------------------------------------------------

test("captioned shapes have texts and no labels", function()
  local data = neap.dataset.captioned_shapes { count = 20 }
  equal(data:spec(), { height = 28, width = 28, channels = 3, classes = 0, text = 49 })
  local x, labels, condition = data:read { 3, 4 }
  equal({ x:shape(), labels, condition.text:shape(), condition.lengths:shape() }, { { 2, 28, 28, 3 }, nil, { 2, 49 }, { 2 } })
  for _, text in ipairs(texts_of(condition)) do
    check.truth(text:match "^[a-z ,]+$", text)
  end
end)

for _, split in ipairs { "train", "test" } do
  test(split .. ": every picture shows what its caption says, and no other caption", function()
    local data = neap.dataset.captioned_shapes { split = split, count = 1200, seed = 4 }
    local x, _, condition = data:read(range(1200))
    equal(scores(evaluate.pictures(x, condition), 2), ALL)
    local texts = texts_of(condition)
    table.insert(texts, table.remove(texts, 1))
    local chance = scores(evaluate.pictures(x, captions(texts)))
    for name, values in pairs { colour = 8, shape = 6, place = 9, size = 2, combination = split == "test" and 54 or 378 } do
      -- four standard deviations of 1200 draws
      local share = 1 / values
      check.close(chance[name], share, 4 * math.sqrt(share * (1 - share) / 1200))
    end
  end)
end

test("threads change neither examples nor scores", function()
  local results = {}
  for i, threads in ipairs { 1, 3 } do
    core.threads(threads)
    neap.seed(1)
    local x, _, condition = neap.dataset.captioned_shapes({ count = 300 }):read(range(300))
    local noisy = core.ops.clamp(x + neap.randn(300, 28, 28, 3) * 0.5, -1, 1)
    results[i] = { x:tolist(), texts_of(condition), scores(evaluate.pictures(noisy, condition)) }
  end
  equal(results[1], results[2])
  core.threads(0)
end)

test("what is asked for may be said in other words", function()
  local x, _, condition = neap.dataset.captioned_shapes({ count = 1, seed = 2 }):read { 0 }
  local text = texts_of(condition)[1]
  equal(scores(evaluate.pictures(x, captions { "draw: " .. text })), ALL)
end)

test("evidence that cannot be read is refused", function()
  local x, _, condition = neap.dataset.captioned_shapes({ count = 3 }):read { 0, 1, 2 }
  local function refused(message, evidence)
    raises(message, function() evaluate.score(neap.metric.shape_attributes {}, evidence) end)
  end
  refused("shape_attributes: expected pictures of the samples, got none", { condition = condition, features = neap.randn(3, 2) })
  refused("shape_attributes: expected captions of the samples, got none", { pictures = x })
  refused("shape_attributes: expected captions of the samples, got none",
    { pictures = x, condition = { labels = core.tensor({ 0, 1, 2 }, "i32") } })
  refused("shape_attributes: captions of the samples: expected one colour, got 'a large circle' in row 1",
    evaluate.pictures(x, captions { "a red big disc at the top", "a large circle", "" }))
  refused("shape_attributes: captions of the samples: expected one place, got 'a big red circle, left or right' in row 0",
    evaluate.pictures(x, captions { "a big red circle, left or right", "", "" }))
  refused("shape_attributes: pictures of the samples: expected squares of 3 channels, got [28, 28, 1]",
    evaluate.pictures(x:slice(3, 0, 1), condition))
  refused("shape_attributes: pictures of the samples: expected squares of 3 channels, got [28, 20, 3]",
    evaluate.pictures(x:slice(2, 0, 20), condition))
  refused("shape_attributes: condition of the samples: expected 3 rows as before, got 1",
    evaluate.pictures(x, captions { "a small red disc at the top" }))
  refused("shape_attributes: pictures of the samples: expected finite numbers, got -inf in row 1",
    evaluate.pictures(x * core.tensor({ { { { 1 } } }, { { { 1 / 0 } } }, { { { 1 } } } }, "f32"), condition))
  refused("score: the samples: condition: text: expected a tensor, got string", evaluate.pictures(x, { text = "red" }))
  refused("score: pictures of the samples: expected a tensor, got number", evaluate.pictures(3))
end)

-- --- Pictures under smaller and grey versions of themselves -------------------------------------------------------------

local shapes = neap.dataset.captioned_shapes { count = 40, size = 24, seed = 3 }

local function degraded(settings)
  settings.of = settings.of or shapes:component()
  return neap.dataset.degraded(settings)
end

-- The mean over squares of f by f pixels.
local function shrunk(x, f)
  local shape = x:shape()
  return x:reshape(shape[1], shape[2] // f, f, shape[3] // f, f, shape[4]):mean(2):mean(3)
end

local function greyed(x)
  return x:slice(3, 0, 1) * 0.299 + x:slice(3, 1, 2) * 0.587 + x:slice(3, 2, 3) * 0.114
end

for _, case in ipairs {
  { factor = 2, grey = false }, { factor = 4, grey = false }, { factor = 1, grey = true }, { factor = 3, grey = true },
  { factor = 24, grey = false },
} do
  test(("degraded: factor %d, grey %s"):format(case.factor, case.grey), function()
    local data = degraded { factor = case.factor, grey = case.grey }
    local side, channels = 24 // case.factor, case.grey and 1 or 3
    equal(data:spec(), {
      height = 24, width = 24, channels = 3, classes = 0, text = 49,
      picture = { height = side, width = side, channels = channels },
    })
    equal(data:count(), 40)
    local x, labels, condition = data:read { 7, 0, 39 }
    local own, _, own_condition = shapes:read { 7, 0, 39 }
    equal({ x:tolist(), labels, texts_of(condition) }, { own:tolist(), nil, texts_of(own_condition) })
    local wanted = shrunk(own, case.factor)
    check.close(condition.picture, case.grey and greyed(wanted) or wanted)
  end)
end

test("degraded: labels, their names, and parts are those of the data set inside", function()
  local inside = neap.dataset.shapes { size = 12, count = 30, seed = 5 }
  local data = degraded { of = inside:component(), factor = 3 }
  equal(data:spec(), { height = 12, width = 12, channels = 1, classes = 10, picture = { height = 4, width = 4, channels = 1 } })
  equal(data:label_names(), inside:label_names())
  equal((select(2, data:read { 4, 11 })), { 4, 1 })
  local part, drawn = core.dataset_part(data:component(), "test", 2, 11)
  local source <close> = core.source(part)
  equal({ drawn, source:count() }, { true, 11 })
  equal((source:read { 10 }), (neap.dataset.shapes({ size = 12, count = 11, seed = 7 }):read { 10 }):tolist())
  local held <close> = core.source((core.dataset_part(degraded({}):component(), "test", 1, 5)))
  local same = neap.dataset.captioned_shapes { size = 24, count = 5, seed = 4, split = "test" }
  equal((held:read { 4 }), (same:read { 4 }):tolist())
end)

test("degraded: threads do not change an example", function()
  local data, results = degraded { factor = 2, grey = true }, {}
  for i, threads in ipairs { 1, 3 } do
    core.threads(threads)
    local _, _, condition = data:read(range(40))
    results[i] = condition.picture:tolist()
  end
  equal(results[1], results[2])
  core.threads(0)
end)

test("degraded: settings that do not fit", function()
  raises("degraded: of: expected a data set", function() neap.dataset.degraded {} end)
  raises("degraded: factor: expected a divisor of the size [24, 24], got 5", function() degraded { factor = 5 } end)
  raises("degraded: factor: expected a divisor of the size [24, 24], got 48", function() degraded { factor = 48 } end)
  raises("degraded: factor: expected at least 2 for pictures that are not made grey, got 1", function()
    degraded { factor = 1 }
  end)
  raises("degraded: factor: expected 1 to 1024, got 0", function() degraded { factor = 0 } end)
  raises("degraded: grey: expected pictures of 3 channels, got 1", function()
    degraded { of = neap.dataset.shapes({ size = 8 }):component(), grey = true }
  end)
  raises("degraded: of: expected pictures without pictures as their conditions", function()
    degraded { of = degraded({}):component() }
  end)
  raises("degraded: emoji: list: /nowhere: No such file or directory; install the package unicode-data, or name another file",
    function() degraded { of = core.component("dataset", "emoji", { list = "/nowhere" }) } end)
end)

check.finish()
