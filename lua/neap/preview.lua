--- Sample grids during training, always from the same noise and conditions, so that they show the progress. Captions are those of
-- held-out examples, a row each; pictures as conditions stand above their samples. Grids of an autoencoder show examples that it
-- is not trained on above their reconstructions.
local conditions = require "neap.evaluate.conditions"
local core = require "neap.core"
local folder = require "neap.folder"
local image = require "neap.image"
local pixels = require "neap.pixels"
local plot = require "neap.plot"
local prompt = require "neap.prompt"
local reconstruction = require "neap.reconstruction"
local sampler = require "neap.sampler"

local preview = {}

local ROW, WITHOUT_CLASSES, MOST_CLASSES, ENLARGED_SIDE = 8, 64, 10, 560
local RECONSTRUCTED = 32
local POINTS, REACH = 1000, 2.5 -- points in the plane: their number, and the axes from -REACH to REACH

local function is_picture(spec)
  return spec.height * spec.width > 1 and (spec.channels == 1 or spec.channels == 3)
end

-- The recipe's sampler, without a guidance that would have no effect.
local function own_sampler(settings)
  local own, model = settings.sampler, settings.model
  if not own.guidance or sampler.guides(own.guidance, model:spec()) then
    return own
  elseif core.guidance_uses_null(own.guidance) then
    io.stderr:write(("train: sampler: guidance: %s is left out: %s takes no condition to guide away from\n"):format(
      own.guidance:name(), model:component():name()))
  end
  return sampler.of(own.instance)
end

--- The recipe's sampler, or the model's default, or nil when the data are no pictures or the model is an autoencoder.
function preview.sampler(settings)
  if settings.sampler then
    return own_sampler(settings)
  end
  local picture = is_picture(settings.model:spec()) and not reconstruction.fits(settings.model)
  if picture and (settings.model:offers "velocity" or settings.model:offers "generate") then
    return sampler.default(settings.model)
  end
end

-- The number of pictures in a grid, and its layout.
local function grid_of(settings, spec)
  local columns = (spec.classes > 0 or conditions.needed(spec)) and ROW or nil
  local default = spec.classes > 0 and ROW * math.min(spec.classes, MOST_CLASSES) or WITHOUT_CLASSES
  local n = settings.samples or spec.picture and RECONSTRUCTED or spec.text and WITHOUT_CLASSES or default
  return n, { columns = columns, scale = preview.scale(spec, columns or ROW) }
end

local function labels_of(n, spec)
  return spec.classes > 0 and sampler.labels("each", n, math.min(spec.classes, MOST_CLASSES)) or nil
end

--- The whole factor by which pictures are enlarged, for a grid of about 560 pixels.
function preview.scale(spec, columns)
  return math.max(1, ENLARGED_SIDE // (spec.width * columns))
end

-- The conditions of held-out examples by the settings of a run, so that all of its previews have the same.
local fixed = setmetatable({}, { __mode = "k" })

-- The condition of n samples, nil when labels are all that the model takes. A text has a row of the grid to itself.
local function condition_of(settings, n)
  local spec = settings.model:spec()
  if not conditions.needed(spec) then
    return nil
  elseif not fixed[settings] then
    local examples = not spec.picture and n % ROW == 0 and n // ROW or n
    fixed[settings] = conditions.of(settings.data:pictures() or settings.data:component(), examples, spec)
  end
  return conditions.rows(fixed[settings], n, spec)
end

local function drawn(run, settings, n)
  local condition = condition_of(settings, n)
  return settings.sampler:sample(run.model, {
    n = n, seed = settings.seed, condition = condition, labels = not condition and labels_of(n, run.model:spec()) or nil,
  }), condition
end

local function scatter(run, settings)
  local range = { -REACH, REACH }
  local figure = plot { width = 400, height = 400, x = range, y = range, equal = true }
  local points = drawn(run, settings, settings.samples or POINTS)
  return figure:points(points, { size = 3, alpha = 0.6 }):picture()
end

-- Pictures as conditions in the size and channels of the samples.
local function shown(pictures, spec)
  local x = pixels.resize(pictures, spec.height, spec.width)
  local shape = core.methods.shape(x)
  shape[4] = spec.channels
  if x:size(3) == spec.channels then
    return x
  end
  return core.ops.contiguous(core.ops.expand(core.ops.mean(x, { axes = { 3 }, keep = true }), shape))
end

-- The captions of a grid, one for each row or one for each sample, as text of a PNG.
local function captions(settings)
  local condition = fixed[settings]
  return condition and condition.text and table.concat(prompt.strings(condition), "\n") or nil
end

local function grid(run, settings)
  local spec = run.model:spec()
  local n, layout = grid_of(settings, spec)
  local samples, condition = drawn(run, settings, n)
  if condition and condition.picture then
    return preview.rows { shown(condition.picture, spec), samples }
  end
  return image.grid(samples, layout)
end

-- --- Reconstructions -------------------------------------------------------------------------------------------------

local function layout_of(spec, n)
  local columns = math.min(n, ROW)
  return { columns = columns, scale = preview.scale(spec, columns) }
end

--- A grid of a list of tensors of one shape [N, H, W, C]: a row of the first, below it the same row of the second, and so on.
function preview.rows(list)
  local shape = core.methods.shape(list[1])
  local layout = layout_of({ width = shape[3] }, shape[1])
  return image.grid(reconstruction.rows(list, layout.columns), layout)
end

--- Fails if the grid of n originals and their reconstructions is too large for a file; the message begins with `who`.
function preview.check_rows(who, spec, n)
  local layout = layout_of(spec, n)
  local rows = (n + layout.columns - 1) // layout.columns
  image.grid_size(who, 2 * rows * layout.columns, spec.height, spec.width, layout)
end

local function examples(settings)
  return reconstruction.examples(settings.data:component(), settings.samples or RECONSTRUCTED)
end

local function reconstructions(run, settings)
  local x = examples(settings)
  return preview.rows { x, reconstruction.of(run.model, x) }
end

local function draws_reconstructions(settings)
  return not settings.sampler and is_picture(settings.model:spec()) and reconstruction.fits(settings.model)
end

-- --- Samples ---------------------------------------------------------------------------------------------------------

-- How to draw samples: a grid of pictures, a scatter plot of points in the plane, or nil for anything else.
local function drawing_of(spec)
  if spec.height * spec.width > 1 then
    return (spec.channels == 1 or spec.channels == 3) and grid or nil
  end
  return spec.channels == 2 and scatter or nil
end

-- Takes one step of one sample, to find errors of the sampler or its guidance.
local function try_step(settings)
  local reached = false
  local spec = settings.model:spec()
  local condition = condition_of(settings, (grid_of(settings, spec)))
  local done, message = pcall(settings.sampler.sample, settings.sampler, settings.model, {
    n = 1, seed = settings.seed, condition = condition and conditions.rows(condition, 1, spec),
    labels = not condition and labels_of(1, spec) or nil, watch = function(step)
      if step > 0 then
        reached = true
        error "one step is enough"
      end
    end,
  })
  if not (done or reached) then
    error(message, 0)
  end
end

--- Fails before training when the pictures at its end could not be drawn.
function preview.check(settings)
  if draws_reconstructions(settings) then
    preview.check_rows("train: samples", settings.model:spec(), settings.samples or RECONSTRUCTED)
    local x, reason = examples(settings)
    x:close()
    reconstruction.explain("train: samples", reason)
    return
  elseif not settings.sampler then
    return
  end
  core.sampler_fits(settings.model, settings.sampler.instance)
  settings.model:set_objective(settings.objective) -- its label dropout says which conditions will be trained
  local spec = settings.model:spec()
  if drawing_of(spec) == grid then
    local n, layout = grid_of(settings, spec)
    image.grid_size("train: samples", spec.picture and 2 * n or n, spec.height, spec.width, layout)
  end
  try_step(settings)
end

--- Calls f(...) with the averaged weights in the model, if the run keeps averages, and returns its result.
function preview.averaged(run, f, ...)
  if not run.averaged then
    return f(...)
  end
  run.trainer:swap_ema()
  local done, result = pcall(f, ...)
  run.trainer:swap_ema()
  return done and result or error(result, 0)
end

--- Draws samples or reconstructions with the averaged weights, if there are any, writes the picture and returns its path; nil
-- when nothing is drawn.
function preview.draw(run, settings, path)
  local drawing = settings.sampler and drawing_of(run.model:spec())
    or draws_reconstructions(settings) and reconstructions
  if not drawing then
    return nil
  end
  image.save(path, preview.averaged(run, drawing, run, settings), {
    ["neap.recipe"] = folder.recipe or "", ["neap.seed"] = tostring(settings.seed), ["neap.step"] = tostring(run.step),
    ["neap.text"] = captions(settings),
  })
  return path
end

return preview
