--- neap eval RUN [OPTION ...]: scores what a run draws, or given samples, against examples that it was not trained on; a
-- table for people, and one line of JSON.
local core = require "neap.core"
local accuracy = require "neap.evaluate.accuracy"
local arguments = require "neap.arguments"
local checkpoint = require "neap.checkpoint"
local drawn = require "neap.cli.drawn"
local evaluate = require "neap.evaluate"
local real = require "neap.evaluate.real"
local report = require "neap.cli.report"
local rule = require "neap.rule"
local sampler = require "neap.sampler"

local function option(key, wanted)
  return { key = key, kind = wanted.kind, read = wanted.read }
end

local RULES = {
  ["-n"] = option("n", rule.whole(2, 1000000)),
  ["--seed"] = option("seed", rule.whole(0)),
  ["--steps"] = option("steps", rule.whole(1)),
  ["--sampler"] = option("sampler", rule.text "a sampler"),
  ["--w"] = { key = "w", kind = "a number", read = tonumber },
  ["--labels"] = option("labels", rule.text "'each', or labels with commas between"),
  ["--precision"] = option("precision", rule.choice("fp32", "bf16")),
  ["--evaluator"] = option("evaluator", rule.text "a classifier's checkpoint"),
  ["--data"] = option("data", rule.text "a folder"),
  ["--batch"] = option("batch", rule.whole(1)),
  ["--metric"] = { key = "metric", kind = "a metric", read = rule.text().read, many = true },
  ["--resamples"] = { key = "resamples", kind = "0 or a whole number from 2", read = function(text)
    local number = rule.whole(0).read(text)
    return number ~= 1 and number or nil -- one resample has no spread
  end },
  ["--samples"] = option("samples", rule.text "a file"),
  ["--sample-labels"] = option("sample_labels", rule.text "a file"),
  ["--raw"] = option("raw", rule.text "a file"),
  ["--cas"] = { key = "cas", alone = true },
  ["--cas-steps"] = option("cas_steps", rule.whole(1)),
  ["--json"] = option("json", rule.text "a file"),
  ["--threads"] = option("threads", rule.whole(1)),
}

local N = 10000
local PICTURES, POINTS = { "frechet", "kernel", "precision_recall" }, { "sliced_wasserstein", "support" }
local DRAWS = 8 -- pairs of real draws of points: the distance of one pair varies by as much as what is measured
local EVALUATOR = "recipes/evaluator_fashion.safetensors"

-- --- What is scored -----------------------------------------------------------------------------------------------------

-- Labels in turn, so that classes have equal shares in any number of samples.
local function in_turn(list, n)
  local labels = {}
  for i = 1, n do
    labels[i] = list[(i - 1) % #list + 1]
  end
  return labels
end

local function labels_for(given, n, classes, names)
  if classes == 0 then
    return sampler.labels(given.labels, n, classes, names)
  end
  local words = {}
  for word in (given.labels or "each"):gmatch "[^,]+" do
    words[#words + 1] = word
  end
  if #words == 1 and words[1] == "each" then
    for label = 0, classes - 1 do
      words[label + 1] = label
    end
  end
  return core.tensor(sampler.labels(in_turn(words, n), n, classes, names), "i32")
end

local function is_points(spec)
  return spec.height * spec.width == 1
end

local function draw(given, run, pairs_)
  local spec = run.model:spec()
  local labels = labels_for(given, given.n, spec.classes, run.labels)
  local own = drawn.adjust(run, given, pairs_)
  local before = core.precision(given.precision == "bf16" and "bf16" or "f32")
  local done, x = pcall(own.sample, own, run.model, {
    n = given.n, seed = given.seed, labels = labels and labels:tolist(), batch = given.batch, watch = drawn.progress,
  })
  core.precision(before)
  if not done then
    error(x, 0)
  end
  return is_points(spec) and x or core.ops.clamp(x, -1, 1), labels
end

local function check_samples(path, x, spec)
  local shape = core.methods.shape(x)
  local fits = x.dtype == "f32" and #shape == 4 and shape[1] >= 2
  if not fits or shape[2] ~= spec.height or shape[3] ~= spec.width or shape[4] ~= spec.channels then
    core.fail(("%s: expected f32 [N, %d, %d, %d] with N from 2, got %s [%s]"):format(path, spec.height, spec.width,
      spec.channels, x.dtype, table.concat(shape, ", ")))
  end
  local most = core.ops.max(core.ops.abs(x)):item()
  if not is_points(spec) and not (most <= 1.001) then -- as bytes brought to [-1, 1] may be, and no picture in [0, 255]
    core.fail(("%s: expected pictures in [-1, 1], got %g"):format(path, most))
  end
end

local function load_labels(path, n, classes)
  local labels = core.npy_load(path)
  local shape = core.methods.shape(labels)
  if labels.dtype ~= "i32" or #shape ~= 1 or shape[1] ~= n then
    core.fail(("%s: expected i32 [%d], got %s [%s]"):format(path, n, labels.dtype, table.concat(shape, ", ")))
  end
  for i, label in ipairs(labels:tolist()) do
    if label < 0 or label >= classes then
      core.fail(("%s: expected labels from 0 to %d, got %d in row %d"):format(path, classes - 1, label, i - 1))
    end
  end
  return labels
end

local function load_samples(given, spec, names)
  local x = core.npy_load(given.samples)
  check_samples(given.samples, x, spec)
  given.n = core.methods.shape(x)[1]
  if given.sample_labels then
    return x, load_labels(given.sample_labels, given.n, spec.classes)
  end
  return x, labels_for(given, given.n, spec.classes, names)
end

-- --- By whom ------------------------------------------------------------------------------------------------------------

-- Beside the recipes, which stand beside the folder of Lua files or where the program was called.
local function default_evaluator()
  local lua = package.path:match "^(.-)/%?%.lua"
  local beside = (lua and lua:match "^(.*)/[^/]*$" or "..") .. "/" .. EVALUATOR
  return core.exists(beside) == "file" and beside or EVALUATOR
end

local function load_evaluator(given)
  local path = given.evaluator or default_evaluator()
  if core.exists(path) ~= "file" then
    core.fail(("eval: there is no evaluator '%s'; train one with recipes/evaluator_fashion.lua, or give one with "
      .. "--evaluator FILE"):format(path))
  end
  local model = checkpoint.load(path).model
  for _, what in ipairs { "encode", "classify" } do
    if not model:offers(what) then
      core.fail(("eval: %s: expected a classifier that offers '%s'; %s does not"):format(path, what,
        model:component():name()))
    end
  end
  return model, path
end

local function same_pictures(a, b)
  return a.height == b.height and a.width == b.width and a.channels == b.channels
end

local function check_evaluator(model, spec)
  local own = model:spec()
  if not same_pictures(own, spec) or (spec.classes > 0 and spec.classes ~= own.classes) then
    core.fail(("eval: the evaluator judges [%d, %d, %d] and %d classes, the run draws [%d, %d, %d] and %d"):format(
      own.height, own.width, own.channels, own.classes, spec.height, spec.width, spec.channels, spec.classes))
  end
end

-- --- Pictures -----------------------------------------------------------------------------------------------------------

local function metrics_of(given, default)
  local list = {}
  for i, name in ipairs(given.metric or default) do
    list[i] = core.component("metric", name, {})
  end
  return list
end

local function add_accuracy(rows, given, job)
  local settings = { steps = given.cas_steps, seed = given.seed }
  local score = { name = "accuracy_score" }
  score.value = accuracy.score(job.evaluator:component(), job.x, job.labels, job.test, settings)
  if job.train.labels then
    score.real = accuracy.score(job.evaluator:component(), job.train.x, job.train.labels, job.test, settings)
  end
  rows[#rows + 1] = score
end

local function score_pictures(given, job)
  local samples = evaluate.evidence(job.evaluator, job.x, job.labels)
  local test = evaluate.evidence(job.evaluator, job.test.x, job.test.labels)
  local train = evaluate.evidence(job.evaluator, job.train.x, job.train.labels)
  local default = { table.unpack(PICTURES) }
  default[#default + 1] = job.labels and "agreement" or nil
  local rows = {}
  for _, metric in ipairs(metrics_of(given, default)) do
    local context = evaluate.score(metric, train, test, { resamples = 0 })
    for i, score in ipairs(evaluate.score(metric, samples, test, { resamples = given.resamples, seed = given.seed })) do
      score.real = context[i].value
      rows[#rows + 1] = score
    end
  end
  if given.cas then
    add_accuracy(rows, given, job)
  end
  return rows
end

-- --- Points -------------------------------------------------------------------------------------------------------------

-- Against each of several real draws, and the same number of pairs of real draws with each other.
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

local function score_points(given, job)
  local rows = {}
  local samples = evaluate.points(job.x, job.labels)
  for _, name in ipairs(given.metric or (job.examples.name == "toy2d" and POINTS or { POINTS[1] })) do
    local metric = metric_of_points(name, job.examples)
    local settings = { resamples = given.resamples, seed = given.seed }
    for _, row in ipairs(over_draws(metric, samples, job.examples, settings)) do
      rows[#rows + 1] = row
      if row.name == "sliced_wasserstein" then
        rows[#rows + 1] = { name = "ratio", value = row.value / row.real, low = row.low / row.real,
          high = row.high / row.real }
      end
    end
  end
  return rows
end

-- --- The verb -----------------------------------------------------------------------------------------------------------

local function check_given(given, path)
  if not path and not (given.samples and given.data) then
    core.fail_usage "eval: expected a run: neap eval RUN [OPTION ...]; or samples and data: --samples FILE --data FOLDER"
  end
  for _, pair in ipairs { { "sample_labels", "samples" }, { "cas_steps", "cas" } } do
    if given[pair[1]] and not given[pair[2]] then
      core.fail_usage(("eval: --%s needs --%s"):format((pair[1]:gsub("_", "-")), pair[2]))
    end
  end
  for _, name in ipairs(given.metric or {}) do
    core.find("metric", name)
  end
end

-- Real examples for pictures; those of points are drawn as they are needed.
local function add_examples(given, job, component)
  job.examples = real.open(component, given.data, given.n)
  job.test, job.train = {}, {}
  job.test.x, job.test.labels = job.examples:test()
  if not job.points then
    job.train.x, job.train.labels = job.examples:train()
  end
  local shape = core.methods.shape(job.test.x)
  if not same_pictures(job.spec, { height = shape[2], width = shape[3], channels = shape[4] }) then
    core.fail(("eval: expected real examples of [%d, %d, %d], got [%d, %d, %d]"):format(job.spec.height, job.spec.width,
      job.spec.channels, shape[2], shape[3], shape[4]))
  end
end

local function prepare(given, path, pairs_)
  local job, run = {}, path and checkpoint.load(path)
  job.spec = run and run.model:spec()
  job.points = run and is_points(job.spec)
  if not job.points then
    job.evaluator, job.judge = load_evaluator(given)
    job.spec = job.spec or job.evaluator:spec()
    check_evaluator(job.evaluator, job.spec)
  end
  if given.cas and (job.points or job.spec.classes == 0) then
    core.fail_usage "eval: --cas needs pictures with classes"
  end
  if given.samples then
    job.x, job.labels = load_samples(given, job.spec, run and run.labels)
  end
  add_examples(given, job, path and checkpoint.dataset(path)) -- what is not there is told before samples are drawn
  if not job.x then
    job.x, job.labels = draw(given, run, pairs_)
  end
  return job
end

local function run_all(given, path, pairs_)
  local began = core.now()
  local job = prepare(given, path, pairs_)
  local drawn_at = core.now()
  if given.raw then
    core.npy_save(given.raw, job.x)
  end
  local rows = (job.points and score_points or score_pictures)(given, job)
  report.write(rows, {
    run = path, samples = given.samples, n = given.n, seed = given.seed, steps = given.steps, w = given.w,
    sampler = given.sampler, evaluator = job.judge, draw_seconds = drawn_at - began,
    score_seconds = core.now() - drawn_at,
  }, { json = given.json, real = job.points and "real draws" or "training pictures" })
end

return function(list)
  local given, rest = arguments.split(list, RULES)
  local path = table.remove(rest, 1)
  local pairs_ = arguments.pairs(rest)
  check_given(given, path)
  given.n, given.seed = given.n or N, given.seed or 0
  if given.threads then
    core.threads(given.threads)
  end
  core.poll(true)
  run_all(given, path and drawn.find("eval", path), pairs_)
  core.poll(false)
  return 0
end
