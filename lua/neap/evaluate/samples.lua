--- Samples from files, and the labels of samples.
local core = require "neap.core"
local sampler = require "neap.sampler"

local samples = {}

--- Are the examples points, which are pictures of one pixel?
function samples.are_points(spec)
  return spec.height * spec.width == 1
end

-- Repeats the labels of a list cyclically, so that classes have equal shares in n samples.
local function in_turn(list, n)
  local labels = {}
  for i = 1, n do
    labels[i] = list[(i - 1) % #list + 1]
  end
  return labels
end

-- The labels of real examples in a random order, i32 [N]: samples with them have the shares of classes that these have.
local function list_of(real)
  return real and real:tolist() or core.fail "eval: --labels real: the real examples have no labels"
end

--- The labels of n samples, i32 [n], or nil. `text` is "each", "real", for the labels of real examples, or labels with commas
-- between. All are repeated cyclically.
function samples.labels(text, n, classes, names, real)
  if classes == 0 then
    return sampler.labels(text, n, classes, names)
  elseif text == "real" then
    return core.tensor(sampler.labels(in_turn(list_of(real), n), n, classes, names), "i32")
  end
  local words = {}
  for word in ((text or "each") .. ","):gmatch "([^,]*)," do
    if word == "" then
      core.fail_usage(("eval: --labels: expected labels with commas between, got '%s'"):format(text))
    end
    words[#words + 1] = word
  end
  if #words == 1 and words[1] == "each" then
    for label = 0, classes - 1 do
      words[label + 1] = label
    end
  end
  return core.tensor(sampler.labels(in_turn(words, n), n, classes, names), "i32")
end

-- The metric that reads the pictures of a data set, and compares them with their captions, without an evaluator.
local READERS = { captioned_shapes = "shape_attributes" }

--- The name of that metric for a data set's component, or nil.
function samples.reader(component)
  return component and READERS[component:name()]
end

local function check_samples(path, x, spec)
  local shape = core.methods.shape(x)
  local fits = x.dtype == "f32" and #shape == 4 and shape[1] >= 2
  if not fits or shape[2] ~= spec.height or shape[3] ~= spec.width or shape[4] ~= spec.channels then
    core.fail(("%s: expected f32 [N, %d, %d, %d] with N from 2, got %s [%s]"):format(path, spec.height, spec.width,
      spec.channels, x.dtype, table.concat(shape, ", ")))
  end
  local most = core.ops.max(core.ops.abs(x)):item()
  if not samples.are_points(spec) and not (most <= 1.001) then -- rounding may exceed 1 slightly; bytes exceed it far
    core.fail(("%s: expected pictures in [-1, 1], got %g%s"):format(path, most,
      most <= 255 and "; bytes become x / 127.5 - 1" or ""))
  end
end

local LEAST_SHARE = 0.01 -- with fewer negative values, real pictures say nothing about the range of samples

-- The share of values below 0.
local function share_below(x)
  return core.ops.mean(core.ops.cast(core.ops.lt(x, core.full({}, 0)), "f32")):item()
end

--- Fails for pictures in [0, 1]: samples without negative values, when a noticeable share of the real pictures' values is
-- negative.
function samples.check_range(path, x, real)
  local share = share_below(real)
  if share >= LEAST_SHARE and share_below(x) == 0 then
    core.fail(("%s: expected pictures in [-1, 1], got none below 0, as %.0f%% of the real pictures' values are; "
      .. "pictures in [0, 1] become x * 2 - 1"):format(path, 100 * share))
  end
end

-- Loads an array and casts it to `dtype` when it has the dtype `from`: NumPy's default, f64, or compact labels, u8.
local function load_as(dtype, path, from)
  local x = core.npy_load(path)
  return x.dtype == from and core.ops.cast(x, dtype) or x
end

local function load_labels(path, n, classes)
  local labels = load_as("i32", path, "u8")
  local shape = core.methods.shape(labels)
  if labels.dtype ~= "i32" or #shape ~= 1 or shape[1] ~= n then
    core.fail(("%s: expected whole numbers [%d], got %s [%s]%s"):format(path, n, labels.dtype, table.concat(shape, ", "),
      labels.dtype:match "^f" and "; save labels.astype(numpy.int64)" or ""))
  end
  for i, label in ipairs(labels:tolist()) do
    if label < 0 or label >= classes then
      core.fail(("%s: expected labels from 0 to %d, got %d in row %d"):format(path, classes - 1, label, i - 1))
    end
  end
  return labels
end

--- Samples of a file, and their labels: from another file, or from samples.labels(given.labels).
function samples.load(given, spec, names)
  local x = load_as("f32", given.samples, "f64")
  check_samples(given.samples, x, spec)
  local n = core.methods.shape(x)[1]
  if given.sample_labels and spec.classes == 0 then
    core.fail_usage "eval: --sample-labels needs a run with classes"
  elseif given.sample_labels then
    return x, load_labels(given.sample_labels, n, spec.classes)
  end
  return x, samples.labels(given.labels, n, spec.classes, names)
end

return samples
