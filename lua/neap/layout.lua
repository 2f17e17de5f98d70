--- The layout of tensors in checkpoints is PyTorch's. A tensor of four axes is the weight of a convolution: [out, rows, columns,
-- in] in memory and [out, in, rows, columns] in the file.
local core = require "neap.core"

local layout = {}

local TO_FILE, FROM_FILE = { 0, 3, 1, 2 }, { 0, 2, 3, 1 }

local function moved(x, axes)
  if #x:shape() ~= 4 then
    return x
  end
  local view <close> = core.ops.permute(x, axes)
  return core.ops.contiguous(view)
end

--- The tensor in the layout of the file; the same tensor if the layout is the same.
function layout.to_file(x)
  return moved(x, TO_FILE)
end

function layout.from_file(x)
  return moved(x, FROM_FILE)
end

--- The shape in the file of a tensor of this shape in memory.
function layout.shape(shape)
  if #shape ~= 4 then
    return shape
  end
  local turned = {}
  for i, axis in ipairs(TO_FILE) do
    turned[i] = shape[axis + 1]
  end
  return turned
end

--- The elements of all tensors, a table of entries with a shape.
function layout.elements(tensors)
  local elements = 0
  for _, entry in pairs(tensors) do
    local size = 1
    for _, n in ipairs(entry.shape) do
      size = size * n
    end
    elements = elements + size
  end
  return elements
end

return layout
