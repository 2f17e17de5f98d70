--- Sample grids during training, always from the same noise and labels, so that they show the progress. Those of an autoencoder
-- show examples that it is not trained on above their reconstructions.
local core = require "neap.core"
local folder = require "neap.folder"
local image = require "neap.image"
local plot = require "neap.plot"
local reconstruction = require "neap.reconstruction"
local sampler = require "neap.sampler"

local preview = {}

local ROW, WITHOUT_CLASSES, MOST_CLASSES, ENLARGED_SIDE = 8, 64, 10, 560
local RECONSTRUCTED = 32
local POINTS, REACH = 1000, 2.5 -- points in the plane: their number, and the axes from -REACH to REACH

local function is_picture(spec)
  return spec.height * spec.width > 1 and (spec.channels == 1 or spec.channels == 3)
end

--- The recipe's sampler, or the model's default, or nil when the data are no pictures or the model is an autoencoder.
function preview.sampler(settings)
  if settings.sampler then
    return settings.sampler
  end
  local picture = is_picture(settings.model:spec()) and not reconstruction.fits(settings.model)
  if picture and (settings.model:offers "velocity" or settings.model:offers "generate") then
    return sampler.default(settings.model)
  end
end

-- The number of pictures in a grid, and its layout.
local function grid_of(settings, spec)
  local columns = spec.classes > 0 and ROW or nil
  local n = settings.samples or (spec.classes > 0 and ROW * math.min(spec.classes, MOST_CLASSES) or WITHOUT_CLASSES)
  return n, { columns = columns, scale = preview.scale(spec, columns or ROW) }
end

local function labels_of(n, spec)
  return spec.classes > 0 and sampler.labels("each", n, math.min(spec.classes, MOST_CLASSES)) or nil
end

--- The whole factor by which pictures are enlarged, for a grid of about 560 pixels.
function preview.scale(spec, columns)
  return math.max(1, ENLARGED_SIDE // (spec.width * columns))
end

local function drawn(run, settings, n)
  return settings.sampler:sample(run.model, { n = n, seed = settings.seed, labels = labels_of(n, run.model:spec()) })
end

local function scatter(run, settings)
  local range = { -REACH, REACH }
  local figure = plot { width = 400, height = 400, x = range, y = range, equal = true }
  return figure:points(drawn(run, settings, settings.samples or POINTS), { size = 3, alpha = 0.6 }):picture()
end

local function grid(run, settings)
  local n, layout = grid_of(settings, run.model:spec())
  return image.grid(drawn(run, settings, n), layout)
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
  local done, message = pcall(settings.sampler.sample, settings.sampler, settings.model, {
    n = 1, seed = settings.seed, labels = labels_of(1, settings.model:spec()), watch = function(step)
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
    image.grid_size("train: samples", n, spec.height, spec.width, layout)
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
  })
  return path
end

return preview
