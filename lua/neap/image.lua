--- Pictures: grids, files. Pictures are f32 [N, H, W, C] or [H, W, C] in [-1, 1].
local core = require "neap.core"
local check = require "neap.check"

local image = {}

local BACKGROUND = -1

local function whole(who, value, low)
  if math.type(value) ~= "integer" or value < low then
    core.fail(("%s: expected a whole number from %d, got %s"):format(who, low, tostring(value)))
  end
  return value
end

local function text_of(who, value)
  return type(value) == "string" and value or core.fail(("%s: expected a path, got %s"):format(who, type(value)))
end

-- The sizes of a tensor that has `axes`, as a message names them.
local function sizes(who, x, axes, count)
  local shape = core.methods.shape(x)
  if #shape ~= count then
    core.fail(("%s: expected %s, got %d axes"):format(who, axes, #shape))
  end
  return table.unpack(shape)
end

local GRID_KEYS, POINTS_KEYS = { "columns", "gap", "scale" }, { "side", "reach", "ink" }

local function columns_for(count)
  return math.ceil(math.sqrt(count))
end

--- One picture [rows, columns, C] of many, with a gap around each; columns default to a square. Settings are columns,
-- gap (1), and scale (1): how many pixels the side of one becomes.
function image.grid(pictures, settings)
  settings = settings or {}
  check.keys("grid", settings, GRID_KEYS)
  local n, h, w, c = sizes("grid", pictures, "pictures [N, H, W, C]", 4)
  local columns = whole("grid: columns", settings.columns or columns_for(whole("grid: pictures", n, 1)), 1)
  local gap = whole("grid: gap", settings.gap or 1, 0)
  local rows = (n + columns - 1) // columns
  local spare = rows * columns - n
  local ops = core.ops
  local x = ops.affine(pictures, 1, -BACKGROUND) -- padding fills with zeros
  x = ops.pad(x, { 0, spare, 0, gap, 0, gap, 0, 0 })
  x = ops.permute(ops.reshape(x, { rows, columns, h + gap, w + gap, c }), { 0, 2, 1, 3, 4 })
  x = ops.reshape(x, { rows * (h + gap), columns * (w + gap), c })
  x = ops.affine(ops.pad(x, { gap, 0, gap, 0, 0, 0 }), 1, BACKGROUND)
  return settings.scale and settings.scale ~= 1 and image.enlarge(x, settings.scale) or x
end

--- Every pixel becomes a square of `scale` pixels.
function image.enlarge(x, scale)
  local h, w, c = sizes("enlarge", x, "a picture [H, W, C]", 3)
  local ops = core.ops
  whole("enlarge: scale", scale, 1)
  x = ops.expand(ops.reshape(x, { h, 1, w, 1, c }), { h, scale, w, scale, c })
  return ops.reshape(x, { h * scale, w * scale, c })
end

local POINTS_SIDE, POINTS_REACH, POINTS_INK = 240, 2.5, 0.5

-- The flat index of the pixel of each point; what lies outside goes to the border.
local function pixels_of(points, side, reach)
  local ops, shape = core.ops, core.methods.shape(points)
  if shape[#shape] ~= 2 then
    core.fail(("points: expected points [.., 2], got [%s]"):format(table.concat(shape, ", ")))
  end
  local last = side - 1
  local place = ops.clamp(ops.floor(ops.affine(points, side / (2 * reach), side / 2)), 0, last)
  local column, row = core.methods.chunk(ops.reshape(place, { -1, 2 }), 2, 1)
  return ops.cast(ops.reshape((last - row) * side + column, { -1 }), "i32")
end

--- Clouds of points of the plane { [N, .., 2], ... } as pictures [count, side, side, 1], brighter where there are more.
function image.points(clouds, settings)
  settings = settings or {}
  check.keys("points", settings, POINTS_KEYS)
  if type(clouds) ~= "table" or not clouds[1] then
    local got = type(clouds) == "table" and "none" or type(clouds)
    core.fail("points: expected a table of clouds of points, got " .. got)
  end
  local side, reach = whole("points: side", settings.side or POINTS_SIDE, 1), settings.reach or POINTS_REACH
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
  if text_of("save", path):lower():match "%.jpe?g$" then
    core.fail(path .. ": pictures are written as PNG")
  end
  core.png_save(path, picture, text)
end

--- Reads a PNG or JPEG as f32 [H, W, C].
function image.load(path)
  return text_of("load", path):lower():match "%.jpe?g$" and core.jpeg_load(path) or core.png_load(path)
end

return image
