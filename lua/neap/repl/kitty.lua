--- A picture [H, W, C] by the graphics protocol of kitty: a PNG in base64, in chunks of at most 4096 bytes.
local core = require "neap.core"
local base64 = require "neap.base64"

local CHUNK = 4096

return function(picture)
  local text, parts = base64.encode(core.png_bytes(picture)), {}
  for first = 1, #text, CHUNK do
    local keys = first == 1 and "a=T,f=100,q=2," or "" -- transmit and show; PNG; no answer
    local more = first + CHUNK <= #text and 1 or 0
    parts[#parts + 1] = ("\27_G%sm=%d;%s\27\\"):format(keys, more, text:sub(first, first + CHUNK - 1))
  end
  return table.concat(parts)
end
