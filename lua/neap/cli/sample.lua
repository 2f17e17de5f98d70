--- neap sample RUN [OPTION ...] [key=value ...]: draws pictures from a run; the pairs are parameters of its sampler.
local core = require "neap.core"
local arguments = require "neap.arguments"
local checkpoint = require "neap.checkpoint"
local drawn = require "neap.cli.drawn"
local film = require "neap.film"
local image = require "neap.image"
local preview = require "neap.preview"
local rule = require "neap.rule"
local ways = require "neap.cli.ways"

local MOST = 1000000 -- pictures: more is a slip of the keyboard, and would fill the memory before it is noticed

local RULES = drawn.rules {
  ["-n"] = { "n", rule.whole(1, MOST) },
  ["--label"] = { "label", rule.text "a label" },
  ["--image"] = { "image", rule.text "a picture" },
  ["--level"] = { "level", rule.number(0.001, 0.999) },
  ["--keep"] = { "keep", rule.text "a picture" },
  ["--invert"] = { key = "invert", alone = true },
  ["--interpolate"] = { "interpolate", rule.whole(0) },
  ["--morph"] = { "morph", rule.text "a label" },
  ["--film"] = { "film", rule.text "a file" },
  ["-o"] = { "out", rule.text "a file" },
}

local ROW, WITHOUT_LABEL = 8, 64

-- Told before anything is drawn.
local function check_drawable(run, given)
  local spec = run.model:spec()
  if (given.out or given.film or not given.raw) and spec.channels ~= 1 and spec.channels ~= 3 then
    core.fail_usage(("sample: %s makes no pictures, but arrays [%d, %d, %d]; write them with --raw FILE.npy"):format(
      run.model:component():name(), spec.height, spec.width, spec.channels))
  end
end

-- What stands in the files beside the pictures.
local function origin(run, given)
  return { ["neap.checkpoint"] = run.path, ["neap.seed"] = tostring(given.seed or 0) }
end

local function columns_of(run, given, n)
  local square = given.label == nil and run.model:spec().classes == 0
  return math.min(n, square and math.ceil(math.sqrt(n)) or ROW)
end

local function write(run, given, pictures)
  local spec = run.model:spec()
  if given.raw then
    local points = spec.height * spec.width == 1
    core.npy_save(given.raw, points and pictures or core.ops.clamp(pictures, -1, 1)) -- pictures as a PNG has them
    print(given.raw)
  end
  if given.raw and not given.out then
    return
  end
  local columns, path = columns_of(run, given, pictures:size(0)), given.out or "samples.png"
  image.save(path, image.grid(pictures, { columns = columns, scale = preview.scale(spec, columns) }), origin(run, given))
  print(path)
end

local DEFAULT_FRAMES = 8 -- of an interpolation or a morph

local function count_of(given, classes)
  local frames = (given.interpolate or given.morph) and DEFAULT_FRAMES or given.image and (given.invert and 1 or ROW)
  return given.n or frames or (given.label and ROW) or (classes > 0 and ROW * math.min(classes, ROW + 2)) or WITHOUT_LABEL
end

-- The picture, the noise that the flow takes it to, and what that noise is taken back to.
local function there_and_back(own, model, settings)
  local noise = own:sample(model, settings)
  settings.invert, settings.noise = nil, noise
  local picture = settings.picture
  settings.picture = nil
  local back = own:sample(model, settings)
  local shape = core.methods.shape(noise)
  picture = core.ops.expand(core.ops.reshape(picture, { 1, shape[2], shape[3], shape[4] }), shape)
  return core.ops.concat({ picture, noise, back }, 0)
end

-- All samples in one batch, so that a step shows every one.
local function film_of(run, given, settings)
  local columns = columns_of(run, given, settings.n)
  local taken = film.new { columns = columns, scale = preview.scale(run.model:spec(), columns), text = origin(run, given) }
  settings.batch, settings.watch = settings.n, taken:watch()
  return taken
end

local function draw(run, given, pairs_)
  local classes = run.model:spec().classes
  local settings = ways.apply(given, run, {
    n = count_of(given, classes), seed = given.seed or 0, labels = given.label or (not given.image and "each" or nil),
    names = run.labels, batch = given.batch, watch = drawn.progress,
    worse = drawn.worse("sample", given),
  })
  local own, taken = drawn.adjust(run, given, pairs_), given.film and film_of(run, given, settings)
  local pictures = given.invert and there_and_back(own, run.model, settings) or own:sample(run.model, settings)
  if taken then
    taken:save(given.film)
    print(given.film)
  end
  return pictures
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
  local run = checkpoint.load(drawn.find("sample", path))
  check_drawable(run, given)
  core.poll(true)
  local pictures = draw(run, given, pairs_)
  core.poll(false)
  write(run, given, pictures)
  return 0
end
