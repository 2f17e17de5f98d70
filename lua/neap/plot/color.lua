--- Colours of figures, { red, green, blue, alpha } from 0 to 1.
local core = require "neap.core"
local check = require "neap.check"

local color = {}

local NAMES = {
  black = "#000000", white = "#ffffff", gray = "#808080", light = "#d8d8d8", blue = "#1f5fb4", red = "#c8342c",
  green = "#2e8b57", orange = "#e08a1e", purple = "#7b4fa3",
}

local BY_HEX = {}
for name, hex in pairs(NAMES) do
  BY_HEX[hex] = name
end

-- The colours of lines and points that have none set, in order.
local CYCLE = { "blue", "red", "green", "orange", "purple", "gray" }

function color.cycle(number)
  return CYCLE[(number - 1) % #CYCLE + 1]
end

--- A name or "#rrggbb" as { red, green, blue, alpha }; the message of a failure begins with `who`.
function color.read(who, value, alpha)
  local red, green, blue = tostring(NAMES[value] or value):match "^#(%x%x)(%x%x)(%x%x)$"
  if not red then
    core.fail(("%s: color: expected a name or '#rrggbb', got '%s'%s"):format(who, tostring(value),
      check.suggestion(value, check.names(NAMES))))
  end
  return { tonumber(red, 16) / 255, tonumber(green, 16) / 255, tonumber(blue, 16) / 255, alpha or 1 }
end

--- The name of "#rrggbb"; nil if it has none.
function color.name(hex)
  return BY_HEX[hex]
end

--- Linear interpolation of two colours, as "#rrggbb"; share = 0 is `from`, 1 is `to`.
function color.mix(from, to, share)
  local a, b = color.read("mix", from), color.read("mix", to)
  if type(share) ~= "number" or not (share >= 0 and share <= 1) then
    core.fail(("mix: expected a share from 0 to 1, got %s"):format(tostring(share)))
  end
  local bytes = {}
  for i = 1, 3 do
    bytes[i] = math.floor((a[i] + share * (b[i] - a[i])) * 255 + 0.5)
  end
  return ("#%02x%02x%02x"):format(table.unpack(bytes))
end

return color
