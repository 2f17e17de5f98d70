--- Scores of samples: the evidence that metrics compare, and their scores. `neap eval` uses this; in a recipe:
--
--   local real = neap.evaluate.evidence(classifier, pictures, labels)
--   local made = neap.evaluate.evidence(classifier, samples, asked_for)
--   for _, score in ipairs(neap.evaluate.score(neap.metric.frechet {}, made, real)) do
--     print(score.name, score.value, score.low, score.high)
--   end
local core = require "neap.core"
local names = require "neap.evaluate.names"
local tensor = require "neap.tensor"

local evaluate = {}

local BATCH = 250
local RESAMPLES = 100
-- These compare all pairs of rows, or read every picture again. Fewer resamples keep the interval from taking most of the time.
local COSTLY = { kernel = 20, precision_recall = 10, shape_attributes = 20 }

-- The largest number of tensors of one concat.
local MOST_JOINED = 16

--- Joins the tensors of a list along axis 0.
function evaluate.join(list)
  while #list > 1 do
    local joined = {}
    for first = 1, #list, MOST_JOINED do
      joined[#joined + 1] = core.ops.concat(table.move(list, first, math.min(first + MOST_JOINED - 1, #list), 1, {}), 0)
    end
    list = joined
  end
  return list[1]
end

--- Calls f(rows) -> tensor, tensor, ... for each batch of rows of x, and joins the results. `tell`, if given, is called with the
-- number of rows that are done and of all rows.
function evaluate.by_batches(x, batch, f, tell)
  local count, parts = core.methods.shape(x)[1], {}
  for first = 0, count - 1, batch do
    local results = table.pack(f(core.ops.slice(x, 0, first, math.min(first + batch, count))))
    for i = 1, results.n do
      parts[i] = parts[i] or {}
      table.insert(parts[i], results[i])
    end
    if core.interrupted() then
      core.fail "interrupted"
    end
    if tell then
      tell(math.min(first + batch, count), count)
    end
  end
  for i, list in ipairs(parts) do
    parts[i] = evaluate.join(list)
  end
  return table.unpack(parts)
end

local function need(model, what)
  if not model:offers(what) then
    core.fail(("evaluate: expected a classifier that offers '%s'; %s does not"):format(what, model:component():name()))
  end
end

-- Logits of pairs of classes, [N, A B]; the class of b changes fastest.
local function of_pairs(a, b)
  local rows, many, more = core.methods.shape(a)[1], core.methods.shape(a)[2], core.methods.shape(b)[2]
  local sums = core.ops.add(core.ops.reshape(a, { rows, many, 1 }), core.ops.reshape(b, { rows, 1, more }))
  return core.ops.reshape(sums, { rows, many * more })
end

-- Features and logits of pictures. Groups of channels, each as many as the classifier has, are classified one after
-- another: their features are concatenated, and the logits are those of tuples of classes, numbered as in the data set
-- `stacked`.
local function classify(classifier, x)
  local channels, features, logits = classifier:spec().channels
  for first = 0, core.methods.shape(x)[4] - 1, channels do
    local part = core.ops.contiguous(core.ops.slice(x, 3, first, first + channels))
    local own, answers = classifier:features(part), classifier:classify(part)
    features = features and core.ops.concat({ features, own }, 1) or own
    logits = logits and of_pairs(logits, answers) or answers
  end
  return features, logits
end

--- The evidence of pictures [N, H, W, C]: features and logits of a classifier, and the labels. C may be a multiple of the
-- classifier's channels; the features are then those of all groups of channels, and the classes are tuples. `batch` may be nil;
-- `tell` is that of by_batches.
function evaluate.evidence(classifier, x, labels, batch, tell)
  need(classifier, "features")
  need(classifier, "classify")
  local features, logits = tensor.no_grad(evaluate.by_batches, x, batch or BATCH, function(rows)
    return classify(classifier, rows)
  end, tell)
  return { features = features, logits = logits, labels = labels }
end

--- The share of pictures whose largest logit is at their label.
function evaluate.accuracy(classifier, x, labels)
  local answers = evaluate.evidence(classifier, x, labels)
  return evaluate.score(core.component("metric", "agreement", {}), answers, nil, { resamples = 0 })[1].value
end

-- The logits of vectors of pictures with those of texts, [N, texts].
local function match(matcher, features, condition)
  local count = core.methods.shape(condition.text)[1]
  local texts = tensor.no_grad(matcher.prepare, matcher, condition, count).pooled
  return core.ops.matmul(features, texts, { transpose_b = true })
end

--- The evidence of pictures [N, H, W, C] for the metric retrieval: a matcher's features, their logits with the texts of a
-- condition { text =, lengths = }, and the number of each picture's own text from 0, i32 [N]; or nil.
function evaluate.matching(matcher, x, texts, labels, batch, tell)
  need(matcher, "features")
  local features = tensor.no_grad(evaluate.by_batches, x, batch or BATCH, function(rows)
    return matcher:features(rows)
  end, tell)
  return { features = features, logits = match(matcher, features, texts), labels = labels }
end

--- The scores of the metric retrieval for pictures with their own texts, a condition { text =, lengths = }: the choices.
-- `settings` as for evaluate.score.
function evaluate.retrieval(matcher, x, condition, settings)
  local own = names.of(condition)
  local evidence = evaluate.matching(matcher, x, own:condition(matcher:spec().text), own:labels(condition))
  return evaluate.score(core.component("metric", "retrieval", {}), evidence, nil, settings)
end

--- The evidence of pictures [N, H, W, C] themselves, under a condition { text =, lengths = }: for metrics that read pixels, as
-- shape_attributes. Without `condition`, for those that need none.
function evaluate.pictures(x, condition)
  return { pictures = x, condition = condition }
end

local MOST_PIXELS = 16 -- rows and columns of a picture as features

--- The evidence of pictures [N, H, W, C] without a classifier: their pixels as features, those of larger pictures as means of
-- blocks, so that there are at most 16 rows and columns. They tell colours and coarse forms, not what a picture shows.
function evaluate.pixels(x, labels)
  local shape = core.methods.shape(x)
  local block = math.max(1, math.ceil(math.max(shape[2], shape[3]) / MOST_PIXELS))
  block = math.min(block, shape[2], shape[3])
  local small = block > 1 and tensor.no_grad(core.average_pool, x, block, block, 0) or core.ops.contiguous(x)
  return { features = core.ops.reshape(small, { shape[1], -1 }), labels = labels }
end

--- The evidence of points [N, 1, 1, D]: the points themselves.
function evaluate.points(x, labels)
  local shape = core.methods.shape(x)
  return { features = core.ops.reshape(x, { shape[1], shape[2] * shape[3] * shape[4] }), labels = labels }
end

--- The scores of a metric, { { name, better, value, deviation, low, high }, ... }, with their bootstrap intervals. `better` is
-- "lower", "higher" or nil: which values are better. `settings` may have `resamples`, 0 for no interval, and their `seed`.
function evaluate.score(metric, samples, reference, settings)
  settings = settings or {}
  local resamples = settings.resamples or COSTLY[metric:name()] or RESAMPLES
  return core.score(metric, samples, reference, resamples, settings.seed or 0)
end

return evaluate
