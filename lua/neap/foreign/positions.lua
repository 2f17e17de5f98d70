--- The fixed positions of a diffusion transformer (Peebles and Xie 2023): half the channels for the column, then half for the
-- row; each sines, then cosines.
local core = require "neap.core"

local positions = {}

local function add_axis(row, at, width)
  local pairs_ = width // 4
  for _, wave in ipairs { math.sin, math.cos } do
    for i = 0, pairs_ - 1 do
      row[#row + 1] = wave(at * 10000 ^ (-i / pairs_))
    end
  end
end

--- { { width numbers } for each of rows * columns patches }
function positions.list(rows, columns, width)
  local list = {}
  for i = 0, rows * columns - 1 do
    list[i + 1] = {}
    add_axis(list[i + 1], i % columns, width)
    add_axis(list[i + 1], i // columns, width)
  end
  return list
end

--- The same as a tensor [1, rows * columns, width].
function positions.tensor(rows, columns, width)
  return core.tensor { positions.list(rows, columns, width) }
end

--- The largest difference between them and a tensor of that shape.
function positions.difference(x, rows, columns, width)
  return core.ops.max(core.ops.abs(core.ops.cast(x, "f32") - positions.tensor(rows, columns, width))):item()
end

return positions
