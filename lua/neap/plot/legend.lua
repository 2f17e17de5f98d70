--- The legend of a figure: its place and its look.
local core = require "neap.core"
local color = require "neap.plot.color"
local primitive = require "neap.plot.primitive"

local legend = {}

local crisp, SIZE = primitive.crisp, primitive.SIZE
local FAINT, VEIL = color.read("plot", "light"), color.read("plot", "white", 0.85)
local SAMPLE, PAD, STEP = 18, 8, 18 -- pixels: line beside a text, padding, distance of texts

local function width_of(entries)
  local width = 0
  for _, entry in ipairs(entries) do
    width = math.max(width, core.draw_text_width(entry.label, SIZE) * 1.1) -- an SVG viewer's font may be wider
  end
  return math.ceil(width) + SAMPLE + 3 * PAD
end

--- The width that a legend outside the box needs.
function legend.breadth(entries)
  return PAD + width_of(entries)
end

-- --- Its place -----------------------------------------------------------------------------------------------------

-- The upper left corner of a legend of a given size.
local PLACES = {
  left = function(box) return box.left + PAD, box.top + PAD end,
  right = function(box, width) return box.right - PAD - width, box.top + PAD end,
  ["lower left"] = function(box, _, height) return box.left + PAD, box.bottom - PAD - height end,
  ["lower right"] = function(box, width, height) return box.right - PAD - width, box.bottom - PAD - height end,
  outside = function(box) return box.right + PAD, box.top end,
}
local CORNERS = { "right", "left", "lower right", "lower left" } -- the first of equally good ones is taken
local STRIDE = 4 -- pixels between the tested points of a line

--- Is this a value of the setting `legend`?
function legend.is_place(name)
  return name == "best" or PLACES[name] ~= nil
end

local function inside(frame, x, y)
  return x >= frame.left and x <= frame.right and y >= frame.top and y <= frame.bottom and 1 or 0
end

-- The length of a line inside a frame, in strides.
local function crossed(frame, points)
  local count = 0
  for i = 3, #points, 2 do
    local x, y, dx, dy = points[i - 2], points[i - 1], points[i] - points[i - 2], points[i + 1] - points[i - 1]
    local parts = math.max(1, math.ceil(math.min(math.sqrt(dx * dx + dy * dy), 1e4) / STRIDE))
    for k = 1, parts do
      count = count + inside(frame, x + dx * k / parts, y + dy * k / parts)
    end
  end
  return count
end

local function covered(frame, points)
  local count = 0
  for i = 1, #points, 2 do
    count = count + inside(frame, points[i], points[i + 1])
  end
  return count
end

-- How much of the primitives a legend in the frame would hide: strides of lines plus points.
local function hidden(frame, drawn)
  local count = 0
  for _, p in ipairs(drawn) do
    if p.kind == "text" then
      count = count + inside(frame, p.x, p.y)
    else
      count = count + (p.kind == "line" and crossed or covered)(frame, p.points)
    end
  end
  return count
end

local function frame_at(place, box, width, height)
  local left, top = PLACES[place](box, width, height)
  left, top = crisp(left), crisp(top)
  return { left = left, top = top, right = left + width, bottom = top + height }
end

local function best(box, width, height, drawn)
  local found, least
  for _, place in ipairs(CORNERS) do
    local frame = frame_at(place, box, width, height)
    local count = hidden(frame, drawn)
    if not least or count < least then
      found, least = frame, count
    end
  end
  return found
end

-- --- Its look -------------------------------------------------------------------------------------------------------

local function sample(entry, x, y)
  if entry.kind == "points" then
    local radius = math.max(2.5, entry.radius)
    return { kind = "discs", points = { x + SAMPLE / 2, y }, radius = radius, color = entry.opaque }
  elseif entry.kind == "bars" then
    local left, right, top, bottom = x + 3, x + SAMPLE - 3, y - SIZE / 2, y + SIZE / 2
    return { kind = "polygon", points = { left, bottom, right, bottom, right, top, left, top }, color = entry.opaque }
  end
  return { kind = "line", points = { x, y, x + SAMPLE, y }, width = entry.width, color = entry.opaque }
end

--- Adds the legend of entries { kind, label, opaque, width or radius } to list. place = "best" is the corner of the box where
-- the legend hides least of the primitives in `drawn`.
function legend.draw(list, box, entries, place, drawn)
  local width, height = width_of(entries), #entries * STEP + PAD
  local frame = place == "best" and best(box, width, height, drawn) or frame_at(place, box, width, height)
  local corners = {
    frame.left, frame.top, frame.right, frame.top, frame.right, frame.bottom, frame.left, frame.bottom, frame.left, frame.top,
  }
  list[#list + 1] = { kind = "polygon", points = corners, color = VEIL }
  list[#list + 1] = primitive.line(corners, FAINT)
  for i, entry in ipairs(entries) do
    local y = frame.top + PAD / 2 + (i - 0.5) * STEP
    list[#list + 1] = sample(entry, frame.left + PAD, y)
    list[#list + 1] = primitive.text(frame.left + 2 * PAD + SAMPLE, y + SIZE * 0.35, entry.label, {})
  end
end

return legend
