--- Shared by the formats of autoencoders.
local latents = require "neap.foreign.latents"
local size = require "neap.foreign.size"

local autoencoder = {}

--- Settings of an import.
autoencoder.KEYS = { size = size.COUNT, rows = size.COUNT, columns = size.COUNT, scale = latents.SCALE, shift = latents.SHIFT }

--- Patterns of tensors that an export omits: statistics, which config.json has, and the discriminator.
autoencoder.OMITTED = { "^latents%.", "^discriminator%." }

--- A list of `count` times the value.
function autoencoder.repeated(value, count)
  local list = {}
  for i = 1, count do
    list[i] = value
  end
  return list
end

--- Whether an architecture's config has this style.
function autoencoder.has_style(style)
  return function(c)
    return c.style == style
  end
end

return autoencoder
