--- Samples on their way from noise to pictures, frame by frame, as an animated PNG.
local core = require "neap.core"
local image = require "neap.image"

local film = {}
film.__index = film

local FPS, HOLD = 12, 1.5 -- frames a second, and seconds that the last one stays
local CAPTION_SIZE = 14

--- film.new { columns, scale, fps, hold, text }: `text` is written into the file.
function film.new(settings)
  return setmetatable({ settings = settings, frames = {} }, film)
end

--- What a sampler is given as `watch`, with all samples in one batch.
function film:watch()
  return function(_, _, t, x)
    local settings = self.settings
    if #core.methods.shape(x) ~= 4 then
      core.fail_usage "film: expected pictures on the way; a generator draws them from latents in one step"
    end
    local picture = image.grid(core.ops.clamp(x, -1, 1), { columns = settings.columns, scale = settings.scale })
    self.frames[#self.frames + 1] = image.caption(picture, { ("t = %.2f"):format(math.abs(t)) }, { size = CAPTION_SIZE })
  end
end

function film:save(path)
  local settings, frames = self.settings, self.frames
  local fps = settings.fps or FPS
  local all = table.move(frames, 1, #frames, 1, {})
  for _ = 1, math.floor((settings.hold or HOLD) * fps) do
    all[#all + 1] = frames[#frames]
  end
  image.film(path, all, { fps = fps, text = settings.text })
end

return film
