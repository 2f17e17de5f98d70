--- What `neap sample` and `neap eval` do with an autoencoder: its pictures are reconstructions.
local core = require "neap.core"
local arguments = require "neap.cli.arguments"
local checkpoint = require "neap.checkpoint"
local compare = require "neap.evaluate.compare"
local preview = require "neap.preview"
local reconstruction = require "neap.reconstruction"
local sample_modes = require "neap.cli.sample_modes"

local reconstruct = {}

local N = 32 -- pictures of a grid

-- Options that have an effect.
local OPTIONS = {
  sample = { "n", "seed", "batch", "threads", "raw", "out", "image", "precision" },
  eval = { "n", "seed", "batch", "threads", "raw", "data", "evaluator", "metric", "resamples", "json", "precision" },
}

--- Is an autoencoder to reconstruct pictures? One that generates samples them with --sampler, or when its recipe named a sampler.
function reconstruct.wanted(run, given)
  return run.reconstructs and not given.sampler
end

--- Fails for options and key=value pairs that change nothing.
function reconstruct.check(verb, run, given, pairs_)
  local reason = ": the run is an autoencoder, whose pictures are reconstructions"
  if run.model:offers "generate" then
    reason = reason .. "; --sampler latent draws samples"
  end
  local known = {}
  for _, key in ipairs(OPTIONS[verb]) do
    known[key] = true
  end
  for key in pairs(given) do
    if not known[key] then
      arguments.fail_without_effect(verb, arguments.option(key), reason)
    end
  end
  if pairs_[1] then
    arguments.fail_without_effect(verb, pairs_[1][1] .. "=", reason)
  end
end

-- The pictures to encode: of a file, or examples that the run was not trained on.
local function originals(run, given)
  if given.image then
    return sample_modes.picture(given.image, run.model:spec())
  end
  local component = checkpoint.dataset(run.path)
  if not component then
    core.fail "sample: the run names no data set; give a picture with --image FILE"
  end
  local x, reason = reconstruction.examples(component, given.n or N, given.seed)
  reconstruction.explain("sample", reason)
  return x
end

--- Originals and their reconstructions, [2 N, H, W, C]: all originals come first.
function reconstruct.pair(run, given)
  local x = originals(run, given)
  preview.check_rows(given.out or "sample", run.model:spec(), x:size(0))
  return core.ops.concat({ x, reconstruction.of(run.model, x, given.batch) }, 0)
end

--- The grid of such a pair: originals above reconstructions.
function reconstruct.grid(pair)
  local n = pair:size(0) // 2
  return preview.rows { core.ops.slice(pair, 0, 0, n), core.ops.slice(pair, 0, n, 2 * n) }
end

--- Scores of reconstructions of x, as rows of a report; with an evaluator, also against the originals. job: { evaluator, test =
-- { x, labels }, train = { x, labels }, x = reconstructions }.
function reconstruct.scores(given, job)
  local rows = require("neap.evaluate.fidelity").score(job.test.x, job.x)
  if job.evaluator then
    for _, row in ipairs(compare.pictures({ metric = given.metric or { "frechet" }, resamples = given.resamples,
      seed = given.seed }, job)) do
      rows[#rows + 1] = row
    end
  end
  return rows
end

return reconstruct
