--- Scores of samples: what a metric sees of them, and what it says. `neap eval` is built on this; a recipe uses it so:
--
--   local real = neap.evaluate.evidence(classifier, pictures, labels)
--   local made = neap.evaluate.evidence(classifier, samples, asked_for)
--   for _, score in ipairs(neap.evaluate.score(neap.metric.frechet {}, made, real)) do
--     print(score.name, score.value, score.low, score.high)
--   end
local core = require "neap.core"
local tensor = require "neap.tensor"

local evaluate = {}

local BATCH = 250
local RESAMPLES = 100
-- These compare all rows with all others: fewer resamples, so that the interval is not all of the work.
local COSTLY = { kernel = 20, precision_recall = 10 }

-- One op joins so many tensors at most.
local MOST_JOINED = 16

local function join(list)
  while #list > 1 do
    local joined = {}
    for first = 1, #list, MOST_JOINED do
      joined[#joined + 1] = core.ops.concat(table.move(list, first, math.min(first + MOST_JOINED - 1, #list), 1, {}), 0)
    end
    list = joined
  end
  return list[1]
end

--- Runs f on one batch of rows after another and joins what it gives: f(rows) -> tensor, tensor, ...
function evaluate.by_batches(x, batch, f)
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
  end
  for i, list in ipairs(parts) do
    parts[i] = join(list)
  end
  return table.unpack(parts)
end

local function need(model, what)
  if not model:offers(what) then
    core.fail(("evaluate: expected a classifier that offers '%s'; %s does not"):format(what, model:component():name()))
  end
end

-- Logits of pairs of classes, [N, A B], the class of the second changing fastest.
local function of_pairs(a, b)
  local rows, many, more = core.methods.shape(a)[1], core.methods.shape(a)[2], core.methods.shape(b)[2]
  local sums = core.ops.add(core.ops.reshape(a, { rows, many, 1 }), core.ops.reshape(b, { rows, 1, more }))
  return core.ops.reshape(sums, { rows, many * more })
end

-- Pictures of several times the classifier's channels are seen one after another: features beside each other, and logits
-- of tuples of classes, as they are numbered by the data set `stacked`.
local function see(classifier, x)
  local channels, features, logits = classifier:spec().channels
  for first = 0, core.methods.shape(x)[4] - 1, channels do
    local part = core.ops.contiguous(core.ops.slice(x, 3, first, first + channels))
    local own, answers = classifier:features(part), classifier:classify(part)
    features = features and core.ops.concat({ features, own }, 1) or own
    logits = logits and of_pairs(logits, answers) or answers
  end
  return features, logits
end

--- What metrics see of pictures [N, H, W, C]: features and logits of a classifier, and the labels. C may be several times
-- the classifier's channels: features are then of all parts, and classes tuples.
function evaluate.evidence(classifier, x, labels, batch)
  need(classifier, "features")
  need(classifier, "classify")
  local features, logits = tensor.no_grad(evaluate.by_batches, x, batch or BATCH, function(rows)
    return see(classifier, rows)
  end)
  return { features = features, logits = logits, labels = labels }
end

--- What they see of points [N, 1, 1, D]: the points.
function evaluate.points(x, labels)
  local shape = core.methods.shape(x)
  return { features = core.ops.reshape(x, { shape[1], shape[2] * shape[3] * shape[4] }), labels = labels }
end

--- { { name, value, deviation, low, high }, ... }: the scores of a metric with their bootstrap intervals. `settings`
-- may hold the number of resamples, 0 for none, and their seed.
function evaluate.score(metric, samples, reference, settings)
  settings = settings or {}
  local resamples = settings.resamples or COSTLY[metric:name()] or RESAMPLES
  return core.score(metric, samples, reference, resamples, settings.seed or 0)
end

return evaluate
