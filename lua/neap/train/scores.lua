--- Scores of a run's samples during training, against examples that are not in its training data. They show the progress of
-- adversarial training, whose losses do not.
local conditions = require "neap.evaluate.conditions"
local core = require "neap.core"
local evaluate = require "neap.evaluate"
local evaluator = require "neap.evaluate.evaluator"
local real = require "neap.evaluate.real"
local samples = require "neap.evaluate.samples"

local scores = {}
scores.__index = scores

local LEAST_PICTURES = 4 -- precision and recall use the three nearest neighbours of each picture
local PICTURES, POINTS = { "frechet", "precision_recall", "modes" }, { "sliced_wasserstein" }

local function open_reference(self, spec, path)
  local x, _, condition = self.examples:test()
  self.condition = conditions.needed(spec) and conditions.rows(condition, self.n, spec) or nil
  if self.points then
    return evaluate.points(x)
  end
  self.classifier = evaluator.load("train", path)
  evaluator.check("train", self.classifier, spec)
  return evaluate.evidence(self.classifier, core.ops.contiguous(core.ops.slice(x, 0, 0, math.min(self.n, x:shape()[1]))))
end

--- The scorer of a run { model, data, sampler, averaged, trainer } with the settings of neap.train; nil when score_every
-- is 0.
function scores.new(run, settings)
  if settings.score_every == 0 then
    return nil
  end
  if not settings.sampler then
    core.fail_usage "train: score_every: expected a sampler to draw with"
  end
  local spec = run.model:spec()
  if not samples.are_points(spec) and settings.score_samples < LEAST_PICTURES then
    core.fail_usage(("train: score_samples: expected at least %d pictures, got %d"):format(LEAST_PICTURES,
      settings.score_samples))
  end
  local self = setmetatable({
    run = run, sampler = settings.sampler, n = settings.score_samples, seed = settings.seed,
    points = samples.are_points(spec),
  }, scores)
  self.examples = real.open("train: score_every", run.data:pictures(), nil, self.n)
  self.labels = samples.labels(nil, self.n, spec.classes)
  self.reference = open_reference(self, spec, settings.evaluator)
  return self
end

local function draw(self)
  local x = self.sampler:sample(self.run.model, {
    n = self.n, seed = self.seed, condition = self.condition,
    labels = not self.condition and self.labels and self.labels:tolist() or nil,
  })
  return self.points and evaluate.points(x) or evaluate.evidence(self.classifier, core.ops.clamp(x, -1, 1))
end

--- Draws and scores samples: { frechet, precision, recall, modes, divergence }, for points { sliced_wasserstein }.
function scores:take()
  local drawn, row = draw(self), {}
  for _, name in ipairs(self.points and POINTS or PICTURES) do
    local metric = core.component("metric", name, {})
    for _, score in ipairs(evaluate.score(metric, drawn, self.reference, { resamples = 0 })) do
      row[score.name] = score.value
    end
  end
  return row
end

return scores
