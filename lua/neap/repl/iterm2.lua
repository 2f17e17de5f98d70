--- A picture [H, W, C] by the inline images of iTerm2: a PNG in base64, in its own size.
local core = require "neap.core"
local base64 = require "neap.base64"

return function(picture)
  local png = core.png_bytes(picture)
  local keys = ("inline=1;size=%d;width=%dpx;height=%dpx"):format(#png, picture:size(1), picture:size(0))
  return ("\27]1337;File=%s:%s\7"):format(keys, base64.encode(png))
end
