--- Marks of a figure (lines, points, bars, arrows, texts) as primitives in pixels. A point without a place, such as one with NaN,
-- is left out.
local axes = require "neap.plot.axes"

local marks = {}

local function is_placed(x, y)
  return x == x and y == y
end

-- The stretches of a flat list between points without a place.
local function stretches(points)
  local list, open = {}, nil
  for i = 1, #points, 2 do
    local x, y = points[i], points[i + 1]
    if not is_placed(x, y) then
      open = nil
    else
      open = open or {}
      list[#list + 1] = #open == 0 and open or nil
      open[#open + 1], open[#open + 2] = x, y
    end
  end
  return list
end

function marks.line(list, box, mark)
  for _, points in ipairs(stretches(axes.place(box, mark.points))) do
    if #points == 2 then
      points[3], points[4] = points[1], points[2] -- a point alone becomes a dot
    end
    list[#list + 1] = { kind = "line", points = points, width = mark.width, color = mark.color }
  end
end

function marks.points(list, box, mark)
  local points = {}
  for _, part in ipairs(stretches(axes.place(box, mark.points))) do
    table.move(part, 1, #part, #points + 1, points)
  end
  list[#list + 1] = { kind = "discs", points = points, radius = mark.radius, color = mark.color }
end

-- Opposite corners of each bar are two points, the first at its foot; on a logarithmic axis, bars stand on the edge of the box.
function marks.bars(list, box, mark)
  local corners = axes.place(box, mark.points)
  for i = 1, #corners, 4 do
    local left, foot, right, tip = corners[i], corners[i + 1], corners[i + 2], corners[i + 3]
    foot = foot == foot and foot or box.bottom
    if is_placed(left, right) and tip == tip then
      list[#list + 1] = { kind = "polygon", points = { left, foot, right, foot, right, tip, left, tip }, color = mark.color }
    end
  end
end

-- A head is 2 widths + HEAD pixels long and SLIM times as wide on each side; arrows below SHORTEST pixels are left out.
local HEAD, SLIM, SHORTEST = 4, 0.4, 0.5

-- The shaft ends at the base of the head, so that its round end does not stick out at the tip.
local function arrow(list, x, y, tip_x, tip_y, mark)
  local length = math.sqrt((tip_x - x) ^ 2 + (tip_y - y) ^ 2)
  if not (length >= SHORTEST) then -- nor an arrow without a place, whose length is NaN
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
  list[#list + 1] = is_placed(at[1], at[2]) and {
    kind = "text", x = at[1], y = at[2], text = mark.text, size = mark.size, anchor = mark.anchor, angle = 0,
    color = mark.color,
  } or nil
end

-- The least and the greatest coordinate along an axis (1 or 2), on a logarithmic one above 0; and does a bar stand at 0?
local function extremes(list, axis, log)
  local low, high, bars = math.huge, -math.huge, false
  for _, mark in ipairs(list) do
    bars = bars or mark.kind == "bars"
    for _, points in ipairs { mark.points, mark.to } do
      for i = axis, #points, 2 do
        local value = points[i]
        if value == value and not (log and value <= 0) then
          low, high = math.min(low, value), math.max(high, value)
        end
      end
    end
  end
  return low, high, bars and axis == 2
end

local ROOM = 0.05 -- of a range, on each side

local function log_range(low, high)
  if low > high then
    return { 1, 10 }
  end
  local room = high > low and (high / low) ^ ROOM or 2
  return { low / room, high * room }
end

--- The range of all marks along one axis (1 or 2), with a margin of 5 %; there is none beyond the feet of bars.
function marks.range(list, axis, log)
  local low, high, bars = extremes(list, axis, log)
  if log then
    return log_range(low, high)
  elseif low > high then
    return { 0, 1 }
  end
  local room = high > low and (high - low) * ROOM or low == 0 and 0.5 or math.abs(low) * 2 * ROOM
  return { bars and low == 0 and 0 or low - room, bars and high == 0 and low < 0 and 0 or high + room }
end

return marks
