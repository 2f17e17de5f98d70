--- Marks of a figure (lines, points, arrows, texts) as primitives in pixels.
local axes = require "neap.plot.axes"

local marks = {}

function marks.line(list, box, mark)
  if #mark.points > 0 then
    list[#list + 1] = { kind = "line", points = axes.place(box, mark.points), width = mark.width, color = mark.color }
  end
end

function marks.points(list, box, mark)
  list[#list + 1] = { kind = "discs", points = axes.place(box, mark.points), radius = mark.radius, color = mark.color }
end

-- A head is 2 widths + HEAD pixels long and SLIM times as wide on each side; arrows below SHORTEST pixels are left out.
local HEAD, SLIM, SHORTEST = 4, 0.4, 0.5

-- The shaft ends at the base of the head, so that its round end does not stick out at the tip.
local function arrow(list, x, y, tip_x, tip_y, mark)
  local length = math.sqrt((tip_x - x) ^ 2 + (tip_y - y) ^ 2)
  if length < SHORTEST then
    return
  end
  local right, down = (tip_x - x) / length, (tip_y - y) / length
  local head = math.min(length, 2 * mark.width + HEAD)
  local neck_x, neck_y = tip_x - head * right, tip_y - head * down
  local side = SLIM * head
  list[#list + 1] = { kind = "line", points = { x, y, neck_x, neck_y }, width = mark.width, color = mark.color }
  list[#list + 1] = {
    kind = "polygon", color = mark.color,
    points = { tip_x, tip_y, neck_x - side * down, neck_y + side * right, neck_x + side * down, neck_y - side * right },
  }
end

function marks.arrows(list, box, mark)
  local from, to = axes.place(box, mark.points), axes.place(box, mark.to)
  for i = 1, #from, 2 do
    arrow(list, from[i], from[i + 1], to[i], to[i + 1], mark)
  end
end

function marks.text(list, box, mark)
  local at = axes.place(box, mark.points)
  list[#list + 1] = {
    kind = "text", x = at[1], y = at[2], text = mark.text, size = mark.size, anchor = mark.anchor, angle = 0,
    color = mark.color,
  }
end

--- The range of all marks along one axis (1 or 2), with a margin of 5 %.
function marks.range(list, axis)
  local low, high = math.huge, -math.huge
  for _, mark in ipairs(list) do
    for _, points in ipairs { mark.points, mark.to } do
      for i = axis, #points, 2 do
        low, high = math.min(low, points[i]), math.max(high, points[i])
      end
    end
  end
  if low > high then
    return { 0, 1 }
  end
  local room = high > low and (high - low) * 0.05 or math.max(math.abs(low) * 0.05, 0.5)
  return { low - room, high + room }
end

return marks
