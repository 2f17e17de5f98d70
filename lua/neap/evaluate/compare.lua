--- Scores of samples, and of real examples for comparison.
local core = require "neap.core"
local accuracy = require "neap.evaluate.accuracy"
local evaluate = require "neap.evaluate"
local evaluator = require "neap.evaluate.evaluator"

local compare = {}

local PIXELS = { "sliced_wasserstein", "precision_recall" } -- of pictures without an evaluator
local FEATURES = { "frechet", "kernel", "precision_recall" }
local PICTURES, POINTS = { "frechet", "kernel", "precision_recall", "modes" }, { "sliced_wasserstein", "support" }
local DRAWS = 8 -- pairs of draws of real points; the distance of one pair varies as much as the score itself

-- --- Pictures --------------------------------------------------------------------------------------------------------

local function metrics_of(given, default)
  local list = {}
  for i, name in ipairs(given.metric or default) do
    list[i] = core.component("metric", name, {})
  end
  return list
end

local function add_accuracy(rows, given, job)
  local settings = { steps = given.cas_steps, seed = given.seed }
  local score = { name = "accuracy_score", better = "higher" }
  score.value = accuracy.score(job.evaluator:component(), job.x, job.labels, job.test, settings)
  if job.train.labels then
    score.real = accuracy.score(job.evaluator:component(), job.train.x, job.train.labels, job.test, settings)
  end
  rows[#rows + 1] = score
end

-- What by_batches calls for a part of the evidence.
local function teller(job, part)
  local what = part == job and "samples" or part == job.test and "reference" or "other pictures"
  return job.tell and function(done, count)
    job.tell(done / count, ("features of the %s: %d/%d"):format(what, done, count))
  end
end

-- The evidence of an evaluator on pictures { x, labels, condition }. The classes of a matcher are texts; samples may have none.
local function evidence_by(job, part)
  local tell = teller(job, part)
  if not evaluator.is_matcher(job.evaluator) then
    return evaluate.evidence(job.evaluator, part.x, part.labels, nil, tell)
  end
  local n, source = part == job and core.methods.shape(part.x)[1] or nil, part == job and job.conditioned or part
  local labels = (part ~= job or job.condition and job.condition.text) and job.names:labels(source.condition, n) or nil
  return evaluate.matching(job.evaluator, part.x, job.names:condition(job.evaluator:spec().text), labels, nil,
    tell)
end

-- The evidence of pictures: of an evaluator or of pixels, and for a reader the pictures and their condition.
local function evidence_of(job, part)
  local evidence = job.evaluator and evidence_by(job, part) or job.pixels and evaluate.pixels(part.x, part.labels) or {}
  if job.reader then
    evidence.pictures, evidence.condition = part.x, part.condition
  end
  return evidence
end

local function default_metrics(job)
  local default = {}
  if job.evaluator and evaluator.is_matcher(job.evaluator) then
    default = { table.unpack(FEATURES) }
    default[#default + 1] = job.condition and job.condition.text and "retrieval" or nil
  elseif job.evaluator then
    default = { table.unpack(PICTURES) }
    default[#default + 1] = job.labels and "agreement" or nil
  elseif job.pixels then
    default = { table.unpack(PIXELS) }
  end
  default[#default + 1] = job.reader
  return default
end

local function tell_metric(job, name, i, count)
  if job.tell then
    job.tell((i - 1) / count, ("scoring %s, %d of %d"):format(name, i, count), true)
  end
end

-- The scores of one metric with those of real pictures.
local function add_scores(rows, metric, given, sides)
  local context = evaluate.score(metric, sides.train, sides.test, { resamples = 0 })
  local settings = { resamples = given.resamples, seed = given.seed }
  for i, score in ipairs(evaluate.score(metric, sides.samples, sides.test, settings)) do
    score.real = context[i].value
    rows[#rows + 1] = score
  end
end

--- Scores of pictures. job: { evaluator, pixels, reader, names, conditioned, x, labels, condition, tell, test = { x, labels,
-- condition }, train = the same }; given: the options of the command line. `pixels`: they are scored by their pixels, without an
-- evaluator; `reader` is a metric that reads pictures without an evaluator, or nil; `names` are a matcher's texts; `conditioned`
-- is that of test and train whose conditions the samples have; tell(share, text), or nil, is told what is done. Returns rows
-- { name, better, value, low, high, real }, where `real` is the score of real pictures.
function compare.pictures(given, job)
  local sides = { samples = evidence_of(job, job), test = evidence_of(job, job.test), train = evidence_of(job, job.train) }
  local rows, metrics = {}, metrics_of(given, default_metrics(job))
  for i, metric in ipairs(metrics) do
    tell_metric(job, metric:name(), i, #metrics)
    add_scores(rows, metric, given, sides)
  end
  if given.cas then
    add_accuracy(rows, given, job)
  end
  return rows
end

-- --- Points ----------------------------------------------------------------------------------------------------------

-- Mean scores against several draws of real points, and of pairs of such draws.
local function over_draws(metric, samples, examples, settings)
  local rows = evaluate.score(metric, samples, evaluate.points(examples:test(1)), settings)
  for _, row in ipairs(rows) do
    row.half, row.value, row.real = row.high - row.value, 0, 0
  end
  for i = 1, DRAWS do
    local one, other = evaluate.points(examples:test(i)), evaluate.points(examples:test(DRAWS + i))
    local ours = evaluate.score(metric, samples, one, { resamples = 0 })
    local theirs = evaluate.score(metric, other, one, { resamples = 0 })
    for k, row in ipairs(rows) do
      row.value, row.real = row.value + ours[k].value / DRAWS, row.real + theirs[k].value / DRAWS
    end
  end
  for _, row in ipairs(rows) do
    row.low, row.high, row.half = row.value - row.half, row.value + row.half, nil
  end
  return rows
end

local function metric_of_points(name, examples)
  local settings = {}
  if name == "support" then
    if examples.name ~= "toy2d" then
      core.fail(("eval: support knows the sets of toy2d, not %s"):format(examples.name))
    end
    settings = { shape = examples.config.shape, noise = examples.config.noise }
  end
  return core.component("metric", name, settings)
end

--- Scores of points. job: { x, labels, examples, tell }; `examples` draws real points.
function compare.points(given, job)
  local rows = {}
  local samples = evaluate.points(job.x, job.labels)
  local names = given.metric or (job.examples.name == "toy2d" and POINTS or { POINTS[1] })
  for i, name in ipairs(names) do
    tell_metric(job, name, i, #names)
    local metric = metric_of_points(name, job.examples)
    local settings = { resamples = given.resamples, seed = given.seed }
    for _, row in ipairs(over_draws(metric, samples, job.examples, settings)) do
      rows[#rows + 1] = row
      if row.name == "sliced_wasserstein" then
        rows[#rows + 1] = { name = "ratio", better = "lower", value = row.value / row.real, low = row.low / row.real,
          high = row.high / row.real }
      end
    end
  end
  return rows
end

return compare
