--- A picture [H, W, C] as half blocks: each character shows two pixels, the upper one as its colour and the lower one behind it.
local core = require "neap.core"

local RESET = "\27[0m"

-- 24-bit colours where the terminal says that it has them, else the nearest of the cube of 6 x 6 x 6 colours of xterm.
local function colour_text()
  local term = os.getenv "COLORTERM"
  if term == "truecolor" or term == "24bit" then
    return function(layer, r, g, b)
      return ("%d;2;%d;%d;%d"):format(layer, r, g, b)
    end
  end
  local function level(value)
    return value < 48 and 0 or value < 115 and 1 or (value - 35) // 40
  end
  return function(layer, r, g, b)
    return ("%d;5;%d"):format(layer, 16 + 36 * level(r) + 6 * level(g) + level(b))
  end
end

-- The colour of a pixel, counted from 0; black below the picture.
local function reader(picture)
  local bytes, height, width, channels = core.picture_bytes(picture), table.unpack(picture:shape())
  return function(row, column)
    if row >= height then
      return 0, 0, 0
    end
    local at = (row * width + column) * channels
    if channels == 1 then
      local grey = bytes:byte(at + 1)
      return grey, grey, grey
    end
    return bytes:byte(at + 1, at + 3)
  end
end

return function(picture)
  local height, width = picture:size(0), picture:size(1)
  local pixel, colour, lines = reader(picture), colour_text(), {}
  for row = 0, height - 1, 2 do
    local parts, last = {}, nil
    for column = 0, width - 1 do
      local r, g, b = pixel(row, column)
      local code = colour(38, r, g, b) .. ";" .. colour(48, pixel(row + 1, column))
      parts[#parts + 1] = (code ~= last and "\27[" .. code .. "m" or "") .. "▀"
      last = code
    end
    lines[#lines + 1] = table.concat(parts) .. RESET
  end
  return table.concat(lines, "\n")
end
