-- The architecture matcher, the objective contrastive, and retrieval.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local core = require "neap.core"
local neap = require "neap"
local test, equal, close, raises = check.test, check.equal, check.close, check.raises

neap.seed(5)

local BYTES, WIDTH = 49, 12

local function network(settings)
  local own = {
    rows = 24, columns = 24, channels = 3, patch = 8, width = 16, depth = 1, heads = 2, embedding = WIDTH,
    text = BYTES, text_width = 8, text_depth = 1, text_heads = 2, text_words = 11,
  }
  for key, value in pairs(settings or {}) do
    own[key] = value
  end
  return neap.architecture.matcher(own)
end

local function random_network()
  local model = network()
  for _, entry in ipairs(model:parameters()) do
    if entry[1] ~= "logit_scale" then
      entry[2]:assign(neap.randn_like(entry[2]) * 0.3)
    end
  end
  return model
end

local function parameter(model, name)
  for _, entry in ipairs(model:parameters()) do
    if entry[1] == name then
      return entry[2]
    end
  end
end

local function texts(list)
  local text, lengths = core.texts("text", list, BYTES)
  return { text = text, lengths = lengths }
end

local function lengths_of(rows)
  return (rows * rows):sum(1):sqrt()
end

local function filled(count, value)
  return neap.full({ count }, value):tolist()
end

-- --- The network --------------------------------------------------------------------------------------------------------

test("pictures and texts become vectors of one width, those of texts as long as the inverse temperature", function()
  local model, x = random_network(), neap.randn(3, 24, 24, 3)
  equal(model:spec(), { height = 24, width = 24, channels = 3, classes = 0, text = BYTES })
  local features, prepared = model:features(x), model:prepare(texts { "red heart", "", "blue" }, 3)
  equal({ features:shape(), prepared.pooled:shape() }, { { 3, WIDTH }, { 3, WIDTH } })
  equal({ prepared.text, prepared.tokens, prepared.lengths }, {})
  close(lengths_of(features), filled(3, 1), 1e-4)
  for _, case in ipairs { { 0, 1 / 0.07 }, { math.log(2), 2 / 0.07 }, { 9, 100 }, { -9, 1 } } do
    parameter(model, "logit_scale"):assign(neap.full({ 1 }, case[1]))
    close(lengths_of(model:prepare(texts { "red heart", "" }, 2).pooled), filled(2, case[2]), 0.02)
  end
end)

test("a vector depends on its own picture or text alone, and on all of it", function()
  local model, x = random_network(), neap.randn(2, 24, 24, 3)
  equal(model:features(x):slice(0, 0, 1), model:features(x:slice(0, 0, 1)):tolist())
  local few, many = model:prepare(texts { "red", "star" }, 2), model:prepare(texts { "red", "star", "a longer text" }, 3)
  equal(few.pooled, many.pooled:slice(0, 0, 2):tolist())
  local changed = model:prepare(texts { "reds", "star" }, 2)
  check.truth((few.pooled - changed.pooled):slice(0, 0, 1):abs():max():item() > 1e-3, "a letter changes nothing")
  equal(model:prepare({}, 1).pooled, model:prepare(texts { "" }, 1).pooled:tolist())
end)

test("saved and loaded", function()
  local model, path, x = random_network(), os.tmpname(), neap.randn(2, 24, 24, 3)
  neap.checkpoint.save_network(path, model, neap.objective.contrastive {}, {})
  local loaded = neap.checkpoint.load(path).model
  os.remove(path)
  equal(loaded:features(x), model:features(x):tolist())
  equal(loaded:prepare(texts { "red" }, 1).pooled, model:prepare(texts { "red" }, 1).pooled:tolist())
end)

test("settings that do not fit", function()
  raises("matcher: text: expected a number of bytes from 1, got 0", function() network { text = 0 } end)
  raises("matcher: text_heads: expected a divisor of text_width 8, got 3", function() network { text_heads = 3 } end)
  raises("matcher: patch: expected a divisor of 24 and 24, got 5", function() network { patch = 5 } end)
  raises("condition: text: expected 2 rows, got 1", function() network():prepare(texts { "red" }, 2) end)
  raises("prepare: condition: expected labels or a table of tensors, got string", function() network():prepare("red", 1) end)
end)

-- --- The objective --------------------------------------------------------------------------------------------------------

local six = neap.dataset.captioned_shapes { size = 24, count = 6, seed = 2 }

-- The mean of -log softmax along an axis, where rows of the same text share their target.
local function cross_entropy(logits, shares, axis)
  return -(logits:log_softmax(axis) * shares):sum():item() / logits:size(0)
end

local function strings(condition)
  return require("neap.prompt").strings(condition)
end

local function shares_of(list)
  local rows = {}
  for i, one in ipairs(list) do
    local count = 0
    for _, other in ipairs(list) do
      count = count + (one == other and 1 or 0)
    end
    rows[i] = {}
    for k, other in ipairs(list) do
      rows[i][k] = one == other and 1 / count or 0
    end
  end
  return neap.tensor(rows)
end

-- The loss and the accuracy of a batch, by the formula of the paper.
local function expected(model, x, condition)
  local list, right = strings(condition), 0
  local logits = neap.matmul(model:features(x), model:prepare(condition, #list).pooled, { transpose_b = true })
  local shares = shares_of(list)
  for i, row in ipairs(logits:tolist()) do
    local best = 1
    for k = 2, #row do
      best = row[k] > row[best] and k or best
    end
    right = right + (list[i] == list[best] and 1 or 0)
  end
  return (cross_entropy(logits, shares, 1) + cross_entropy(logits, shares, 0)) / 2, right / #list
end

-- A batch of 10 of 6 examples has some twice. Examples 0 and 3 of `alike` are two pictures of one text.
local alike = neap.dataset.captioned_shapes { size = 24, count = 4, seed = 120 }

for _, case in ipairs { { six, 4, 4 }, { six, 10, 6 }, { alike, 4, 3 } } do
  local data, batch, different = table.unpack(case)
  test(("contrastive: the loss of %d pictures with %d texts, from both sides"):format(batch, different), function()
    local model = random_network()
    local x, _, condition = data:batch(1, batch, 7)
    local seen, count = {}, 0
    for _, text in ipairs(strings(condition)) do
      count, seen[text] = count + (seen[text] and 0 or 1), true
    end
    equal(count, different)
    local loss, accuracy = expected(model, x, condition)
    local objective, settings = core.component("objective", "contrastive", {}), { batch = batch, seed = 7, lr = 1e-9 }
    local trainer = core.trainer(model, data, objective, settings)
    local report = trainer:step(1, 1)
    close(report.loss, loss, 1e-4)
    close(report.reports.accuracy, accuracy)
  end)
end

test("contrastive: training moves all parameters, and learns", function()
  local model, before = network(), {}
  local source = neap.dataset.captioned_shapes { size = 24, count = 200, seed = 2 }
  for i, entry in ipairs(model:parameters()) do
    before[i] = entry[2]:tolist()
  end
  local trainer = core.trainer(model, source, core.component("objective", "contrastive", {}), { batch = 16, seed = 1, lr = 3e-3 })
  local first, last = 0, 0
  for step = 1, 120 do
    local loss = trainer:step(step, 1).loss
    first, last = first + (step <= 10 and loss or 0), last + (step > 110 and loss or 0)
  end
  for i, entry in ipairs(model:parameters()) do
    check.truth(not pcall(equal, entry[2], before[i]), entry[1] .. " has not moved")
  end
  check.truth(last < 0.9 * first, ("%g, then %g"):format(first / 10, last / 10))
end)

test("contrastive: networks and data without texts", function()
  local objective, settings = core.component("objective", "contrastive", {}), { batch = 2, seed = 1, lr = 1e-3 }
  local shapes = neap.dataset.shapes { size = 24 }
  local vit = neap.architecture.vit { rows = 24, columns = 24, classes = 10, patch = 8 }
  raises("contrastive: expected a network that takes texts", function()
    core.trainer(vit, shapes, objective, settings)
  end)
  raises("contrastive needs 'features'; mlp offers 'velocity', 'average'", function()
    core.trainer(neap.architecture.mlp {}, shapes, objective, settings)
  end)
  raises("matcher: takes 'text'; the data set 'shapes' provides 'labels'", function()
    core.trainer(network { channels = 1 }, shapes, objective, settings)
  end)
end)

-- --- Retrieval ------------------------------------------------------------------------------------------------------------

local function retrieved(logits, labels)
  local evidence = { logits = neap.tensor(logits), labels = neap.tensor(labels, "i32") }
  local scores = {}
  for _, score in ipairs(neap.evaluate.score(neap.metric.retrieval {}, evidence, nil, { resamples = 0 })) do
    scores[score.name] = score.value
  end
  return scores
end

test("retrieval: the rank of the own text among all; an equal one is better", function()
  equal(retrieved({ { 9, 1, 2, 3, 4, 5, 6 } }, { 0 }), { top_1 = 1, top_5 = 1 })
  equal(retrieved({ { 9, 1, 2, 3, 4, 5, 6 } }, { 3 }), { top_1 = 0, top_5 = 1 })
  equal(retrieved({ { 9, 1, 2, 3, 4, 5, 6 } }, { 2 }), { top_1 = 0, top_5 = 0 })
  equal(retrieved({ { 9, 9, 2 }, { 1, 2, 1 } }, { 0, 1 }), { top_1 = 0.5, top_5 = 1 })
  equal(retrieved({ { 1, 1, 1, 1, 1, 1 } }, { 0 }), { top_1 = 0, top_5 = 0 })
end)

test("retrieval: evidence that is refused", function()
  raises("retrieval: expected logits of the samples, got none", function()
    neap.evaluate.score(neap.metric.retrieval {}, { labels = neap.tensor({ 0 }, "i32") })
  end)
  raises("retrieval: expected labels of the samples, got none", function()
    neap.evaluate.score(neap.metric.retrieval {}, { logits = neap.zeros(1, 2) })
  end)
  local evidence = { logits = neap.zeros(1, 2), labels = neap.tensor({ 2 }, "i32") }
  raises("retrieval: labels of the samples: expected 0 to 1, got 2 in row 0", function()
    neap.evaluate.score(neap.metric.retrieval {}, evidence)
  end)
  evidence = { logits = neap.full({ 1, 2 }, 1 / 0), labels = neap.tensor({ 1 }, "i32") }
  raises("retrieval: logits of the samples: expected finite numbers, got inf in row 0", function()
    neap.evaluate.score(neap.metric.retrieval {}, evidence)
  end)
end)

-- Three pictures of two texts: the classes are two, and pictures of the same text are the same class.
test("retrieval of pictures by their own texts", function()
  local model, x, condition = random_network(), neap.randn(3, 24, 24, 3), texts { "red", "blue", "red" }
  local logits = neap.matmul(model:features(x), model:prepare(texts { "red", "blue" }, 2).pooled, { transpose_b = true })
  local scores = neap.evaluate.retrieval(model, x, condition, { resamples = 0 })
  close(scores[1].value, retrieved(logits:tolist(), { 0, 1, 0 }).top_1)
  equal({ scores[1].name, scores[2].name, scores[2].value }, { "top_1", "top_5", 1 })
end)

check.finish()
