--- Records the steps of a sampler as an animated PNG.
local core = require "neap.core"
local check = require "neap.check"
local image = require "neap.image"
local output = require "neap.output"
local rule = require "neap.rule"
local setting = require "neap.setting"

local film = {}
film.__index = film

local HOLD = 1.5 -- seconds that the last frame stays
local CAPTION_SIZE = 14
local SETTINGS = {
  { "columns", rule.whole(1), "Samples in a row of the grid.", usual = "about a square" },
  { "scale", rule.whole(1), "Factor by which the grid is enlarged.", default = 1 },
  { "fps", rule.number_above(0), "Frames in a second.", default = setting.defaults(setting.of "neap.image.film").fps },
  { "hold", rule.number(0), "Extra seconds of the last frame.", default = HOLD },
  { "text", "{ key = text }", "Text chunks of the file.", usual = "none" },
  { "path", "text", "Where film:save() writes; checked here, before sampling.", usual = "none" },
}
local KEYS, RULES = setting.declare("neap.film", SETTINGS), setting.rules(SETTINGS)

--- film.new { columns, scale, fps, hold, text, path }: `text` are pairs for the text chunks of the file; `path` is where
-- film:save() writes, checked here, before sampling.
function film.new(settings)
  local own = { hold = HOLD }
  check.keys("film", settings, KEYS)
  for key, value in pairs(settings) do
    own[key] = RULES[key] and rule.read("film: " .. key, RULES[key], value) or value
  end
  image.delays(own)
  if own.path then
    output.check("film", own.path, { "png" })
  end
  return setmetatable({ settings = own, frames = {} }, film)
end

--- Fails if a film of that many frames of n samples [h, w, C] would be too large.
function film:check(frames, n, h, w)
  local name = self.settings.path or "film"
  local height, width = image.grid_size(name, n, h, w, self.settings)
  core.film_check(name, frames, { height + 2 * CAPTION_SIZE, width, 3 })
end

-- A frame is kept as the bytes of its grid, before it is scaled up.
local function bytes_of(x, columns)
  local ops = core.ops
  local most = ops.max(ops.abs(x)):item()
  if most ~= most then
    core.fail "film: expected numbers for a picture, got NaN"
  end
  local grid = image.grid(ops.clamp(x, -1, 1), { columns = columns })
  return ops.cast(ops.affine(grid, 127.5, 128), "u8") -- 127.5 and 0.5 to round: the cast truncates
end

local function picture_of(frame, scale)
  local grid = core.ops.affine(core.ops.cast(frame.bytes, "f32"), 1 / 127.5, -1)
  return image.caption(image.enlarge(grid, scale or 1), { ("t = %.2f"):format(frame.t) }, { size = CAPTION_SIZE })
end

--- The `watch` function of a sampler, which must have all samples in one batch. `model`, where it is given, decodes latents.
function film:watch(model)
  return function(_, steps, t, x)
    x = model and model:to_pictures(x) or x
    local shape = core.methods.shape(x)
    if #shape ~= 4 then
      core.fail_usage "film: expected pictures at each step; a generator makes them from latents in one step"
    end
    self:check(math.max(steps, #self.frames) + 1, shape[1], shape[2], shape[3])
    table.insert(self.frames, { t = math.abs(t), bytes = bytes_of(x, self.settings.columns) })
  end
end

--- Writes the film to `path`, by default that of film.new.
function film:save(path)
  local settings, pictures = self.settings, {}
  for i, frame in ipairs(self.frames) do
    pictures[i] = function()
      return picture_of(frame, settings.scale)
    end
  end
  image.film(path or settings.path, pictures, { fps = settings.fps, hold = settings.hold, text = settings.text })
end

return film
