--- Pictures: grids, files. Pictures are f32 [N, H, W, C] or [H, W, C] in [-1, 1].
local core = require "neap.core"

local image = {}

local BACKGROUND = -1

local function columns_for(count)
  return math.ceil(math.sqrt(count))
end

--- One picture [rows, columns, C] of many, with a gap between them; columns default to a square.
function image.grid(pictures, settings)
  settings = settings or {}
  local shape = pictures:shape()
  if #shape ~= 4 then
    core.fail("grid: expected pictures [N, H, W, C], got " .. #shape .. " axes")
  end
  local n, h, w, c = table.unpack(shape)
  local columns, gap = settings.columns or columns_for(n), settings.gap or 1
  local rows = (n + columns - 1) // columns
  local spare = rows * columns - n
  local ops = core.ops
  local x = ops.affine(pictures, 1, -BACKGROUND) -- padding fills with zeros
  x = ops.pad(x, { 0, spare, 0, gap, 0, gap, 0, 0 })
  x = ops.permute(ops.reshape(x, { rows, columns, h + gap, w + gap, c }), { 0, 2, 1, 3, 4 })
  x = ops.reshape(x, { rows * (h + gap), columns * (w + gap), c })
  x = ops.affine(ops.pad(x, { gap, 0, gap, 0, 0, 0 }), 1, BACKGROUND)
  if settings.scale and settings.scale > 1 then
    x = image.enlarge(x, settings.scale)
  end
  return x
end

--- Every pixel becomes a square of `scale` pixels.
function image.enlarge(x, scale)
  local h, w, c = table.unpack(x:shape())
  local ops = core.ops
  x = ops.expand(ops.reshape(x, { h, 1, w, 1, c }), { h, scale, w, scale, c })
  return ops.reshape(x, { h * scale, w * scale, c })
end

local POINTS_SIDE, POINTS_REACH, POINTS_INK = 240, 2.5, 0.5

-- The flat index of the pixel of each point; what lies outside goes to the border.
local function pixels_of(points, side, reach)
  local ops = core.ops
  local last = side - 1
  local place = ops.clamp(ops.floor(ops.affine(points, side / (2 * reach), side / 2)), 0, last)
  local column, row = core.methods.chunk(ops.reshape(place, { -1, 2 }), 2, 1)
  return ops.cast(ops.reshape((last - row) * side + column, { -1 }), "i32")
end

--- Clouds of points of the plane { [N, .., 2], ... } as pictures [count, side, side, 1], brighter where there are more.
function image.points(clouds, settings)
  settings = settings or {}
  local side, reach = settings.side or POINTS_SIDE, settings.reach or POINTS_REACH
  local ops, pictures = core.ops, {}
  for i, points in ipairs(clouds) do
    local at = pixels_of(points, side, reach)
    local hits = ops.scatter_add(core.full(at:shape(), settings.ink or POINTS_INK), at, 0, side * side)
    pictures[i] = ops.reshape(ops.affine(ops.clamp(hits, 0, 1), 2, -1), { 1, side, side, 1 })
  end
  return ops.concat(pictures, 0)
end

--- Writes a PNG; `text` are pairs for its text chunks.
function image.save(path, picture, text)
  core.png_save(path, picture, text)
end

--- Reads a PNG or JPEG as f32 [H, W, C].
function image.load(path)
  return path:lower():match "%.jpe?g$" and core.jpeg_load(path) or core.png_load(path)
end

return image
