--- Primitives of axes and legends: texts and thin lines, in pixels.
local color = require "neap.plot.color"

local primitive = { SIZE = 12 } -- font size

local INK = color.read("plot", "black")

--- A text whose baseline is at (x, y); settings { size, anchor, angle }.
function primitive.text(x, y, s, settings)
  return {
    kind = "text", x = x, y = y, text = s, size = settings.size or primitive.SIZE, anchor = settings.anchor or 0,
    angle = settings.angle or 0, color = INK,
  }
end

function primitive.line(points, ink)
  return { kind = "line", points = points, width = 1, color = ink or INK }
end

--- Rounds a coordinate to the middle of a pixel, where a line of width 1 fills one row.
function primitive.crisp(x)
  return math.floor(x) + 0.5
end

return primitive
