--- Points of a curve that arrive one by one, in bounded memory: all points of a short curve; of a long one, evenly spaced
-- points and the last.
local series = {}
series.__index = series

--- Keeps fewer than 2 * least points, and at least `least` once that many were added.
function series.new(least)
  return setmetatable({ least = least, stride = 1, count = 0, points = {} }, series)
end

-- Drops every other point; their number is even.
local function halve(self)
  for i = 1, self.least do
    self.points[i] = self.points[2 * i - 1]
  end
  for i = 2 * self.least, self.least + 1, -1 do
    self.points[i] = nil
  end
  self.stride = 2 * self.stride
end

function series:add(x, y)
  if self.count % self.stride == 0 then
    self.points[#self.points + 1] = { x, y }
    if #self.points == 2 * self.least then
      halve(self)
    end
  end
  self.count, self.x, self.y = self.count + 1, x, y
end

--- { { x, y }, ... } in the order of arrival.
function series:list()
  local list = table.move(self.points, 1, #self.points, 1, {})
  if self.count > 0 and (self.count - 1) % self.stride ~= 0 then
    list[#list + 1] = { self.x, self.y }
  end
  return list
end

return series
