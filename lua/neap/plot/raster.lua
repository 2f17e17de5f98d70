--- Figures as pictures: draws primitives on a canvas.
local core = require "neap.core"

local raster = {}

-- Points of the figure on a canvas whose corner is at (left, top), with `scale` canvas pixels per pixel of the figure.
local function place(points, frame)
  local placed = {}
  for i = 1, #points, 2 do
    placed[i] = points[i] * frame.scale - frame.left
    placed[i + 1] = points[i + 1] * frame.scale - frame.top
  end
  return placed
end

local draw = {}

function draw.line(frame, p)
  core.draw_line(frame.canvas, place(p.points, frame), p.width * frame.scale, p.color)
end

function draw.polygon(frame, p)
  core.draw_polygon(frame.canvas, place(p.points, frame), p.color)
end

function draw.discs(frame, p)
  core.draw_discs(frame.canvas, place(p.points, frame), p.radius * frame.scale, p.color)
end

function draw.text(frame, p)
  local at = place({ p.x, p.y }, frame)
  local style = { size = p.size * frame.scale, anchor = p.anchor, angle = p.angle }
  core.draw_text(frame.canvas, at[1], at[2], p.text, style, p.color)
end

-- A slice of the canvas clips.
function draw.clip(frame, p)
  local left, top = math.floor(p.left * frame.scale + 0.5), math.floor(p.top * frame.scale + 0.5)
  local right, bottom = math.floor(p.right * frame.scale + 0.5), math.floor(p.bottom * frame.scale + 0.5)
  local part = core.ops.slice(core.ops.slice(frame.canvas, 0, top, bottom), 1, left, right)
  local inner = { canvas = part, scale = frame.scale, left = left, top = top }
  for _, inside in ipairs(p.list) do
    draw[inside.kind](inner, inside)
  end
end

--- A list of primitives as a picture f32 [height * scale, width * scale, 3].
function raster.render(list, width, height, scale)
  local canvas = core.full({ math.floor(height * scale + 0.5), math.floor(width * scale + 0.5), 3 }, 1)
  local frame = { canvas = canvas, scale = scale, left = 0, top = 0 }
  for _, p in ipairs(list) do
    draw[p.kind](frame, p)
  end
  return canvas
end

return raster
