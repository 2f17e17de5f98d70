--- The modes of `neap sample` other than noise to picture: from a picture, around a mask, inversion to noise, interpolation
-- between two noises or two classes. Each turns options into settings of sampler:sample.
local core = require "neap.core"
local arguments = require "neap.cli.arguments"
local image = require "neap.image"
local mix = require "neap.mix"
local sampler = require "neap.sampler"

local sample_modes = {}

local DEFAULT_LEVEL = 0.6

local function fail_without_effect(key, reason)
  arguments.fail_without_effect("sample", arguments.option(key), reason)
end

local function load_picture(path, spec, load)
  local picture = load(path)
  local shape = core.methods.shape(picture)
  if shape[1] ~= spec.height or shape[2] ~= spec.width then
    core.fail(("%s: expected a picture of %d by %d, got %d by %d"):format(path, spec.height, spec.width, shape[1], shape[2]))
  end
  return picture
end

local function picture_of(path, spec)
  local picture = load_picture(path, spec, image.load)
  local channels = core.methods.shape(picture)[3]
  if channels ~= spec.channels then
    core.fail(("%s: expected a picture of %d channels, got %d"):format(path, spec.channels, channels))
  end
  return picture
end

-- A mask: 1 where the picture is white, with any number of channels; 0 where it is black or transparent.
local function keep_of(path, spec)
  return load_picture(path, spec, image.load_mask)
end

--- The picture of a file as a batch of one, for a model with this spec.
function sample_modes.picture(path, spec)
  return core.ops.reshape(picture_of(path, spec), { 1, spec.height, spec.width, spec.channels })
end

local function from_picture(given, spec, settings)
  settings.picture = picture_of(given.image, spec)
  settings.keep = given.keep and keep_of(given.keep, spec)
  settings.invert = given.invert
  settings.level = given.level or not (given.keep or given.invert) and DEFAULT_LEVEL or nil
end

-- The initial noise of sample 0 of a seed, in the shape of a picture or of a generator's latent vector.
local function first_noise(run, seed)
  local shape = run.model:noise_shape(1)
  return core.ops.reshape(core.sample_noise(seed, 0, shape), table.move(shape, 2, #shape, 1, {}))
end

local function between_noises(given, run, settings)
  settings.noise = mix.interpolate(first_noise(run, settings.seed), first_noise(run, given.interpolate), settings.n)
end

-- All samples use one noise, so only the class changes.
local function between_classes(given, run, settings)
  local ends = sampler.labels({ given.label, given.morph }, 2, run.model:spec().classes, run.labels)
  if ends[1] == ends[2] then
    fail_without_effect("morph", (": '%s' is the --label"):format(given.morph))
  end
  local noise = first_noise(run, settings.seed)
  settings.mixture = mix.morph(run.model:spec().classes, ends[1], ends[2], settings.n)
  settings.labels = nil
  settings.noise = settings.noise or mix.interpolate(noise, noise, settings.n)
end

-- { a, b, reason }: option b has no effect beside option a.
local EXCLUDED = {
  { "film", "batch", "a film shows all samples in one batch" },
  { "invert", "interpolate", "an inversion begins from the picture alone" },
  { "invert", "seed", "an inversion begins from the picture alone" },
}

local NEEDS = { { "level", "image" }, { "keep", "image" }, { "invert", "image" }, { "morph", "label" } }

--- Fails for options that need another one, exclude each other or would change nothing.
function sample_modes.check(given)
  arguments.check_needs("sample", given, NEEDS)
  for _, pair in ipairs(EXCLUDED) do
    if given[pair[1]] and given[pair[2]] then
      fail_without_effect(pair[2], (" beside --%s: %s"):format(pair[1], pair[3]))
    end
  end
  if given.invert and not given.morph and (given.n or 1) > 1 then
    fail_without_effect("n", " beside --invert: all samples would be equal")
  elseif given.interpolate and given.interpolate == (given.seed or 0) then
    fail_without_effect("interpolate", (": %d is the seed"):format(given.interpolate))
  end
end

--- Adds to settings what the options ask for.
function sample_modes.apply(given, run, settings)
  if given.image then
    from_picture(given, run.model:spec(), settings)
  end
  if given.interpolate then
    between_noises(given, run, settings)
  end
  if given.morph then
    between_classes(given, run, settings)
  end
  return settings
end

return sample_modes
