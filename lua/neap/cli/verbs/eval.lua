--- neap eval RUN [OPTION ...]: scores samples of a run, or given samples, against held-out examples; of an autoencoder, its
-- reconstructions of these. Prints a table, or one line of JSON.
local core = require "neap.core"
local arguments = require "neap.cli.arguments"
local checkpoint = require "neap.checkpoint"
local compare = require "neap.evaluate.compare"
local conditions = require "neap.evaluate.conditions"
local evaluator = require "neap.evaluate.evaluator"
local flags = require "neap.cli.flags"
local names = require "neap.evaluate.names"
local output = require "neap.output"
local real = require "neap.evaluate.real"
local reconstruct = require "neap.cli.reconstruct"
local reconstruction = require "neap.reconstruction"
local report = require "neap.cli.eval_report"
local progress = require "neap.progress"
local prompt = require "neap.prompt"
local sampler = require "neap.sampler"
local samples = require "neap.evaluate.samples"
local sampling_options = require "neap.cli.sampling_options"

local RULES = flags.rules(require "neap.cli.flags.eval", require "neap.cli.flags.sampling")

local N = 10000

-- --- Samples, and the evaluator -------------------------------------------------------------------------------------

-- The labels of the samples, or nil. A run that takes more than labels samples under the conditions of real examples; their
-- labels are those of the samples, too, where the evaluator has such classes.
local function labels_of(given, run, job)
  local spec, condition = run.model:spec(), job.condition
  if not condition then
    return samples.labels(given.labels, given.n, spec.classes, run.labels, job.test.labels)
  elseif given.labels then
    arguments.fail_without_effect("eval", "--labels", ": each sample has the condition of a real example; the run takes "
      .. prompt.kinds(spec))
  end
  return condition.labels
    or job.evaluator and conditions.labels(job.conditioned.condition, given.n, job.evaluator:spec().classes)
end

local function draw(given, run, pairs_, job)
  local labels = labels_of(given, run, job)
  local own = sampling_options.adjust("eval", run, given, pairs_)
  sampling_options.check_interval("eval", own, given, 1)
  local x = sampling_options.sample(given, own, run.model, {
    n = given.n, seed = given.seed, condition = job.condition or { labels = labels }, batch = given.batch,
  })
  return samples.are_points(run.model:spec()) and x or core.ops.clamp(x, -1, 1), labels
end

-- --- The verb --------------------------------------------------------------------------------------------------------

-- Options that --samples makes useless.
local DRAWING = { "n", "steps", "sampler", "w", "interval", "rescale", "worse", "batch", "precision", "raw" }

local function check_samples(given, pairs_)
  local useless = pairs_[1] and pairs_[1][1] .. "="
  for _, key in ipairs(DRAWING) do
    useless = useless or given[key] and arguments.option(key)
  end
  if useless then
    arguments.fail_without_effect("eval", useless, " beside --samples: no samples are drawn")
  elseif given.labels and given.sample_labels then
    arguments.fail_without_effect("eval", "--labels", " beside --sample-labels")
  elseif given.labels == "real" then
    arguments.fail_without_effect("eval", "--labels real", " beside --samples: their labels are not drawn")
  end
end

local function check_given(given, path, pairs_)
  if not path and not (given.samples and given.data) then
    core.fail_usage("eval: expected a run: neap eval RUN [OPTION ...]; "
      .. "or samples and data: --samples FILE --data FOLDER")
  end
  arguments.check_needs("eval", given, { { "sample_labels", "samples" }, { "cas_steps", "cas" } })
  if given.samples then
    check_samples(given, pairs_)
  end
  for _, name in ipairs(given.metric or {}) do
    core.find("metric", name)
  end
end

-- The texts of all examples, which a matcher chooses from.
local function names_of(job)
  local _, _, condition = job.examples:train(true)
  return names.of(job.test.condition, condition) or core.fail "eval: the evaluator matches texts; the data set has none"
end

-- Real examples: job.test is the reference, and job.train what else is compared with it; the samples have the conditions of
-- job.conditioned, one of the two. Those of points beyond the test half are drawn later, as needed.
local function add_examples(given, job, component)
  job.examples = real.open("eval", component, given.data, given.n)
  job.test, job.train = {}, {}
  job.test.x, job.test.labels, job.test.condition = job.examples:test()
  if not job.points then
    local training = given.reference == "training"
    job.train.x, job.train.labels, job.train.condition = job.examples:train(training)
  end
  job.conditioned = given.conditions == "training" and job.train or job.test
  job.names = job.evaluator and evaluator.is_matcher(job.evaluator) and names_of(job) or nil
  if given.reference == "training" then
    job.test, job.train = job.train, job.test
  end
  local shape = core.methods.shape(job.test.x)
  if not evaluator.same_pictures(job.spec, { height = shape[2], width = shape[3], channels = shape[4] }) then
    core.fail(("eval: expected real examples of [%d, %d, %d], got [%d, %d, %d]"):format(job.spec.height, job.spec.width,
      job.spec.channels, shape[2], shape[3], shape[4]))
  end
end

local NO_EVALUATOR = "none" -- given in place of one

-- Are pictures to be scored by their pixels: because no evaluator is wanted, or because that of the recipes is not for them?
local function by_pixels(given, job)
  if given.evaluator or not job.spec then
    return given.evaluator == NO_EVALUATOR
  end
  local fits = evaluator.has_default() and evaluator.fits(evaluator.load("eval"):spec(), job.spec)
  if not fits then
    io.stderr:write "eval: no evaluator knows these pictures: their pixels are scored; --evaluator FILE gives a classifier\n"
  end
  return not fits
end

-- Reconstructions, and pictures that a metric reads, are scored without an evaluator unless one is given.
local function load_evaluator(given, job)
  if job.points or not (given.evaluator or not (job.reconstructs or job.reader)) then
    if job.reconstructs and given.metric then
      core.fail_usage "eval: --metric needs --evaluator for reconstructions"
    end
    return
  end
  job.pixels = by_pixels(given, job)
  if job.pixels and not job.spec then
    core.fail_usage "eval: --evaluator none needs a run"
  elseif not job.pixels then
    job.evaluator, job.judge = evaluator.load("eval", given.evaluator)
    job.spec = job.spec or job.evaluator:spec()
    evaluator.check("eval", job.evaluator, job.spec)
  end
end

-- The reconstructions of the first n held-out examples.
local function reconstruct_examples(given, run, job)
  given.n = math.min(given.n, job.test.x:size(0))
  job.test.x = core.ops.contiguous(core.ops.slice(job.test.x, 0, 0, given.n))
  job.test.labels = nil
  return sampling_options.in_precision(given, reconstruction.of, run.model, job.test.x, given.batch)
end

-- Loads run and evaluator, and checks that the options fit them.
local function load(given, path, pairs_)
  local job, run = {}, path and checkpoint.load(path)
  job.spec = run and run.model:spec()
  job.reconstructs = run and not given.samples and reconstruct.wanted(run, given)
  if job.reconstructs then
    reconstruct.check("eval", run, given, pairs_)
  end
  job.points = run and samples.are_points(job.spec)
  if job.points and given.evaluator then
    arguments.fail_without_effect("eval", "--evaluator", ": points are scored without an evaluator")
  elseif job.points and given.reference then
    arguments.fail_without_effect("eval", "--reference", ": points are compared with draws of the data set")
  end
  job.reader = run and job.spec.text and not given.data and samples.reader(checkpoint.dataset(path)) or nil
  load_evaluator(given, job)
  if given.cas and (job.pixels or job.evaluator and evaluator.is_matcher(job.evaluator)) then
    core.fail_usage "eval: --cas needs a classifier as the evaluator"
  elseif given.cas and (job.points or job.spec.classes == 0) then
    core.fail_usage "eval: --cas needs pictures with classes"
  elseif given.cas and given.reference == "training" then
    core.fail_usage "eval: --cas tests on held-out pictures; it cannot be combined with --reference training"
  end
  return job, run
end

local function prepare(given, path, pairs_)
  local job, run = load(given, path, pairs_)
  if given.samples then
    sampler.check_labels(given.labels, job.spec)
    job.x, job.labels = samples.load(given, job.spec, run and run.labels)
    given.n = core.methods.shape(job.x)[1]
  end
  add_examples(given, job, path and checkpoint.dataset(path)) -- before sampling, so that missing data fail early
  if given.samples and not job.points then
    samples.check_range(given.samples, job.x, job.test.x)
  end
  if run and conditions.needed(job.spec) then
    conditions.check("eval", job.conditioned.condition, job.spec)
    job.condition = conditions.rows(job.conditioned.condition, given.n, job.spec)
  elseif given.conditions then
    arguments.fail_without_effect("eval", "--conditions", ": the run takes no text and no picture")
  end
  if job.reconstructs then
    job.x = reconstruct_examples(given, run, job)
  elseif not job.x then
    job.x, job.labels = draw(given, run, pairs_, job)
  end
  return job
end

local function check_files(given, path)
  output.check_all("eval", {
    { name = "--raw", path = given.raw, endings = { "npy" } }, { name = "--json", path = report.file(given.json) },
  }, {
    { name = "the run", path = path }, { name = "--samples", path = given.samples },
    { name = "--sample-labels", path = given.sample_labels },
    { name = "--evaluator", path = given.evaluator ~= NO_EVALUATOR and given.evaluator or nil },
  })
end

-- f(given, job) with its progress on a terminal.
local function scored(f, given, job)
  local bar = progress.new(1, 0, { quiet = true })
  job.tell = function(...)
    bar:say(...)
  end
  local done, rows = pcall(f, given, job)
  bar:clear()
  return done and rows or error(rows, 0)
end

local function run_all(given, path, pairs_)
  local began = core.now()
  local job = prepare(given, path, pairs_)
  local drawn_at = core.now()
  if given.raw then
    core.npy_save(given.raw, job.x)
  end
  local score = job.reconstructs and reconstruct.scores or job.points and compare.points or compare.pictures
  local rows = scored(score, given, job)
  local others = given.reference == "training" and "held-out pictures" or "training pictures"
  report.write(rows, {
    run = path, samples = given.samples, n = given.n, seed = given.seed, steps = given.steps, w = given.w,
    sampler = given.sampler, evaluator = job.judge, features = job.pixels and "pixels" or nil,
    reference = given.reference, draw_seconds = drawn_at - began, score_seconds = core.now() - drawn_at,
  }, { json = given.json, score = job.pixels and "score of pixels" or nil, real = job.points and "real draws" or others })
end

return function(list)
  local given, rest = arguments.split(list, RULES)
  local path = table.remove(rest, 1)
  local pairs_ = arguments.pairs(rest)
  check_given(given, path, pairs_)
  given.n, given.seed = given.n or N, given.seed or 0
  if given.threads then
    core.threads(given.threads)
  end
  path = path and sampling_options.find("eval", path)
  check_files(given, path)
  core.poll(true)
  run_all(given, path, pairs_)
  core.poll(false)
end
