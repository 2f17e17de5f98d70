--- neap sample RUN [OPTION ...] [key=value ...]: samples pictures from a run; the pairs are parameters of its sampler. An
-- autoencoder reconstructs pictures.
local core = require "neap.core"
local arguments = require "neap.cli.arguments"
local checkpoint = require "neap.checkpoint"
local film = require "neap.film"
local flags = require "neap.cli.flags"
local image = require "neap.image"
local output = require "neap.output"
local preview = require "neap.preview"
local reconstruct = require "neap.cli.reconstruct"
local sample_conditions = require "neap.cli.sample_conditions"
local sample_modes = require "neap.cli.sample_modes"
local sampler = require "neap.sampler"
local sampling_options = require "neap.cli.sampling_options"

local OWN = require "neap.cli.flags.sample"
local RULES = flags.rules(OWN, require "neap.cli.flags.sampling")

local ROW, WITHOUT_LABEL, WIDEST = 8, 64, 16

-- The file of the pictures; nil if --raw alone is given.
local function picture_path(given)
  return given.out or not given.raw and "samples.png" or nil
end

local PNG, NPY = { "png" }, { "npy" }

local function check_files(given, path)
  local read = {
    { name = "the run", path = path }, { name = "--image", path = given.image }, { name = "--keep", path = given.keep },
    { name = "--prompts", path = given.prompts ~= "-" and given.prompts or nil },
  }
  for _, picture in ipairs(given.picture or {}) do
    read[#read + 1] = { name = "--picture", path = picture }
  end
  output.check_all("sample", {
    { name = "--raw", path = given.raw, endings = NPY }, { name = "--film", path = given.film, endings = PNG },
    { name = "-o", path = picture_path(given), endings = PNG },
  }, read)
end

-- Called before sampling.
local function check_drawable(run, given)
  local spec = run.model:spec()
  if (given.film or picture_path(given)) and spec.channels ~= 1 and spec.channels ~= 3 then
    core.fail_usage(("sample: %s makes no pictures, but arrays [%d, %d, %d]; write them with --raw FILE.npy"):format(
      run.model:component():name(), spec.height, spec.width, spec.channels))
  end
end

-- Text entries of the PNG files.
local function origin(run, given)
  local entries = sample_conditions.entries(given)
  entries["neap.checkpoint"], entries["neap.seed"] = run.path, tostring(given.seed or 0)
  return entries
end

-- A group has a row of its own, or more rows when it is wide.
local function columns_of(run, given, n)
  local groups = sample_conditions.groups(given)
  local each = n // (groups or 1)
  if groups and groups > 1 then
    return each > WIDEST and each % ROW == 0 and ROW or each
  end
  local square = not groups and given.label == nil and run.model:spec().classes == 0
  return math.min(n, square and math.ceil(math.sqrt(n)) or ROW)
end

local function layout_of(run, given, n)
  local columns = columns_of(run, given, n)
  return { columns = columns, scale = preview.scale(run.model:spec(), columns) }
end

-- Writes pictures; `grid` is that of the PNG.
local function write(run, given, pictures, grid)
  local spec = run.model:spec()
  if given.raw then
    local points = spec.height * spec.width == 1
    core.npy_save(given.raw, points and pictures or core.ops.clamp(pictures, -1, 1)) -- the values of the PNG
    output.announce(given.raw)
  end
  local path = picture_path(given)
  if path then
    image.save(path, grid or image.grid(pictures, layout_of(run, given, pictures:size(0))), origin(run, given))
    output.announce(path)
  end
end

local DEFAULT_FRAMES = 8 -- of an interpolation or a morph

-- The number of samples, of all groups.
local function count_of(given, classes)
  local groups = sample_conditions.groups(given)
  local frames = (given.interpolate or given.morph) and DEFAULT_FRAMES or given.image and (given.invert and 1 or ROW)
  local each = given.n or frames or ((given.label or groups) and ROW)
    or (classes > 0 and ROW * math.min(classes, ROW + 2)) or WITHOUT_LABEL
  if each * (groups or 1) > OWN.most then
    core.fail_usage(("sample: -n: expected at most %d samples in all, got %d of each of %d"):format(OWN.most, each, groups))
  end
  return each * (groups or 1)
end

-- Picture [H, W, C] for each of n samples.
local function for_each(picture, n)
  local shape = core.methods.shape(picture)
  return core.ops.expand(core.ops.reshape(picture, { 1, table.unpack(shape) }), { n, table.unpack(shape) })
end

-- The picture, its noise, and the picture sampled from that noise, along axis 0. The noise of a run in latents is no
-- picture and is left out.
local function invert_and_sample(given, own, model, settings)
  local noise = sampling_options.sample(given, own, model, settings)
  settings.invert, settings.noise = nil, noise
  local picture = settings.picture
  settings.picture = nil
  local back, _, decoding = sampling_options.sample(given, own, model, settings)
  if model:autoencoder() then
    return core.ops.concat({ for_each(picture, settings.n), back }, 0), decoding
  end
  return core.ops.concat({ for_each(picture, settings.n), noise, back }, 0), decoding
end

local function sample(given, own, model, settings)
  local pictures, _, decoding = sampling_options.sample(given, own, model, settings)
  return pictures, decoding
end

-- Prints the share of decoding in the time of a run in latents.
local function report(run, n, seconds, decoding)
  if run.model:autoencoder() then
    io.stderr:write(("%d samples in %.3g s, %.0f%% of it decoding\n"):format(n, seconds, 100 * decoding / seconds))
  end
end

-- The number of frames: the noise and each step; nil if the sampler chooses its steps.
local function frames_of(own, settings)
  local there = own:times(settings.invert and 0 or settings.level or 1, settings.invert and 1 or 0)
  local back = settings.invert and own:times(1, 0) or {}
  return there and #there + #back
end

-- A film has all samples in one batch, so that each frame shows all of them.
local function film_of(run, given, own, settings)
  local layout, spec = layout_of(run, given, settings.n), run.model:spec()
  if core.sampler_needs(own.instance, "generate") then
    core.fail_usage(("sample: --film: %s samples in one step; there are no steps to show"):format(own.instance:name()))
  end
  local recorder = film.new { columns = layout.columns, scale = layout.scale, text = origin(run, given), path = given.film }
  recorder:check(frames_of(own, settings) or 1, settings.n, spec.height, spec.width)
  settings.batch, settings.watch = settings.n, recorder:watch(run.model)
  return recorder
end

-- An inversion writes three pictures for each sample, or two without that of the noise.
local function check_size(run, given, n)
  local spec, path, each = run.model:spec(), picture_path(given), run.model:autoencoder() and 2 or 3
  if path then
    image.grid_size(path, given.invert and each * n or n, spec.height, spec.width, layout_of(run, given, n))
  end
end

local function draw(run, given, pairs_)
  sampler.check_labels(given.label, run.model:spec())
  local classes, each = run.model:spec().classes, not (given.image or sample_conditions.groups(given)) and "each" or nil
  local settings = sample_modes.apply(given, run, sample_conditions.apply(given, run, {
    n = count_of(given, classes), seed = given.seed or 0, labels = given.label or each,
    names = run.labels, batch = given.batch,
  }))
  local own = sampling_options.adjust("sample", run, given, pairs_)
  sample_conditions.check_negative(given, own)
  if not given.invert then
    sampling_options.check_interval("sample", own, given, settings.level or 1)
  end
  local recorder = given.film and film_of(run, given, own, settings)
  check_size(run, given, settings.n)
  local began = core.now()
  local pictures, decoding = (given.invert and invert_and_sample or sample)(given, own, run.model, settings)
  report(run, settings.n, core.now() - began, decoding)
  if recorder then
    recorder:save()
    output.announce(given.film)
  end
  return pictures
end

local function write_samples(run, given, pairs_)
  core.poll(true)
  local pictures = draw(run, given, pairs_)
  core.poll(false)
  write(run, given, pictures)
end

local function write_reconstructions(run, given, pairs_)
  reconstruct.check("sample", run, given, pairs_)
  core.poll(true)
  local pair = sampling_options.in_precision(given, reconstruct.pair, run, given)
  core.poll(false)
  write(run, given, pair, picture_path(given) and reconstruct.grid(pair))
end

return function(list)
  local given, rest = arguments.split(list, RULES)
  local path = table.remove(rest, 1)
  local pairs_ = path and arguments.pairs(rest)
  if not path then
    core.fail_usage "sample: expected a run: neap sample RUN [OPTION ...] [key=value ...]"
  end
  if given.threads then
    core.threads(given.threads)
  end
  sample_modes.check(given)
  sample_conditions.check(given)
  path = sampling_options.find("sample", path)
  check_files(given, path)
  local run = checkpoint.load(path)
  check_drawable(run, given)
  local write_all = reconstruct.wanted(run, given) and write_reconstructions or write_samples
  write_all(run, given, pairs_)
end
