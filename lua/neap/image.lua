--- Pictures: grids, files. Pictures are f32 [N, H, W, C] or [H, W, C] in [-1, 1].
local core = require "neap.core"
local check = require "neap.check"
local setting = require "neap.setting"
local output = require "neap.output"
local read = require "neap.plot.read"

local image = {}

local BACKGROUND = -1

local function whole(who, value, low)
  if math.type(value) ~= "integer" or value < low then
    core.fail(("%s: expected a whole number from %d, got %s"):format(who, low, tostring(value)))
  end
  return value
end

local function positive(who, value)
  if type(value) ~= "number" or not (value > 0 and value < math.huge) then
    core.fail(("%s: expected a number above 0, got %s"):format(who, tostring(value)))
  end
  return value
end

local function text_of(who, value)
  return type(value) == "string" and value or core.fail(("%s: expected a path, got %s"):format(who, type(value)))
end

-- The sizes of a tensor of `count` axes; `axes` describes them in the message.
local function sizes(who, x, axes, count)
  local shape = core.methods.shape(x)
  if #shape ~= count then
    core.fail(("%s: expected %s, got %d axes"):format(who, axes, #shape))
  end
  check.interleaved(who, shape)
  return table.unpack(shape)
end

local GAP, FPS, MAX_SECONDS = 1, 12, 65
local TEXT_SIZE, TEXT_COLOR = 12, { 1, 1, 1 }
local POINTS_SIDE, POINTS_REACH, POINTS_INK = 240, 2.5, 0.5

local GRID_KEYS = setting.declare("neap.image.grid", {
  { "columns", "a whole number from 1", "Pictures in a row.", usual = "about a square" },
  { "gap", "a whole number from 0", "Pixels around each picture.", default = GAP },
  { "scale", "a whole number from 1", "Factor by which the result is enlarged.", default = 1 },
})
local POINTS_KEYS = setting.declare("neap.image.points", {
  { "side", "a whole number from 1", "Pixels of a side.", default = POINTS_SIDE },
  { "reach", "a number above 0", "The picture shows -reach to reach on both axes.", default = POINTS_REACH },
  { "ink", "a number from 0 to 1", "What each point adds to its pixel.", default = POINTS_INK },
})
local FILM_KEYS = setting.declare("neap.image.film", {
  { "fps", "a number above 0", "Frames in a second.", default = FPS },
  { "hold", "a number from 0", "Extra seconds of the last frame.", default = 0 },
  { "text", "{ key = text }", "Text chunks of the file.", usual = "none" },
})
local CAPTION_KEYS = setting.declare("neap.image.caption", {
  { "size", "a whole number from 1", "Font size in pixels.", default = TEXT_SIZE },
})

local function columns_for(count)
  return math.ceil(math.sqrt(count))
end

--- Height and width in pixels of a grid of n pictures [h, w, C]; settings as in image.grid. Fails if that is too large for a
-- picture file; the message begins with `who`.
function image.grid_size(who, n, h, w, settings)
  local columns, gap = settings.columns or columns_for(n), settings.gap or GAP
  local scale = whole("grid: scale", settings.scale or 1, 1)
  local height = (((n + columns - 1) // columns) * (h + gap) + gap) * scale
  local width = (columns * (w + gap) + gap) * scale
  core.picture_check(who, height, width)
  return height, width
end

--- Pictures [N, H, W, C] as one picture [rows, columns, C]. Settings: columns (default: about a square), gap (1) in pixels
-- around each picture, and scale (1), by which the result is enlarged.
function image.grid(pictures, settings)
  settings = settings or {}
  check.keys("grid", settings, GRID_KEYS)
  local n, h, w, c = sizes("grid", pictures, "pictures [N, H, W, C]", 4)
  local columns = whole("grid: columns", settings.columns or columns_for(whole("grid: pictures", n, 1)), 1)
  local gap = whole("grid: gap", settings.gap or GAP, 0)
  image.grid_size("grid", n, h, w, settings)
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

--- Each pixel becomes a square of scale x scale pixels.
function image.enlarge(x, scale)
  local h, w, c = sizes("enlarge", x, "a picture [H, W, C]", 3)
  local ops = core.ops
  whole("enlarge: scale", scale, 1)
  core.picture_check("enlarge", h * scale, w * scale)
  x = ops.expand(ops.reshape(x, { h, 1, w, 1, c }), { h, scale, w, scale, c })
  return ops.reshape(x, { h * scale, w * scale, c })
end

-- The flat index of the pixel of each point; points outside go to the border.
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

--- Clouds of points in the plane, { [N, .., 2], ... }, as pictures [count, side, side, 1]: each point adds `ink` (0.5) to its
-- pixel. Settings: side (240) in pixels, reach (2.5): the picture shows [-reach, reach] on both axes; ink.
function image.points(clouds, settings)
  settings = settings or {}
  check.keys("points", settings, POINTS_KEYS)
  if type(clouds) ~= "table" or not clouds[1] then
    local got = type(clouds) == "table" and "none" or type(clouds)
    core.fail("points: expected a table of clouds of points, got " .. got)
  end
  local side, reach = whole("points: side", settings.side or POINTS_SIDE, 1), settings.reach or POINTS_REACH
  positive("points: reach", reach)
  local ink = read.number("points: ink", settings.ink or POINTS_INK, 0, 1)
  core.picture_check("points: side", side, side)
  local ops, pictures = core.ops, {}
  for i, points in ipairs(clouds) do
    local at = pixels_of(points, side, reach)
    local hits = ops.scatter_add(core.full(at:shape(), ink), at, 0, side * side)
    pictures[i] = ops.reshape(ops.affine(ops.clamp(hits, 0, 1), 2, -1), { 1, side, side, 1 })
  end
  return ops.concat(pictures, 0)
end

--- The picture, in colour, with a strip below it that shows the texts side by side, each centred in an equal part. Settings:
-- size (12), the font size in pixels.
function image.caption(picture, texts, settings)
  settings = settings or {}
  check.keys("caption", settings, CAPTION_KEYS)
  local h, w, c = sizes("caption", picture, "a picture [H, W, C]", 3)
  if c ~= 1 and c ~= 3 then
    core.fail(("caption: expected 1 or 3 channels, got %d"):format(c))
  elseif type(texts) ~= "table" then
    core.fail(("caption: expected a table of texts, got %s"):format(type(texts)))
  end
  local size = whole("caption: size", settings.size or TEXT_SIZE, 1)
  local canvas = core.full({ h + 2 * size, w, 3 }, BACKGROUND)
  core.methods.assign(core.ops.slice(canvas, 0, 0, h), core.ops.expand(picture, { h, w, 3 }))
  for i, text in ipairs(texts) do
    local x = (i - 0.5) * w / #texts
    core.draw_text(canvas, x, h + 1.4 * size, read.text("caption", text), { size = size, anchor = 0.5 }, TEXT_COLOR)
  end
  return canvas
end

--- Writes a PNG to a path that ends in .png; `text` has pairs for its text chunks.
function image.save(path, picture, text)
  output.ending("save", path, { "png" })
  local shape = type(picture) == "userdata" and core.methods.shape(picture) or {}
  if #shape == 3 then
    check.interleaved("save", shape)
  end
  core.png_save(path, picture, text)
end

--- Seconds per frame of a film and of its last frame, from settings { fps, hold }.
function image.delays(settings)
  local delay, hold = 1 / positive("film: fps", settings.fps or FPS), settings.hold or 0
  return delay, delay + read.number("film: hold", hold, 0, math.max(0, MAX_SECONDS - delay))
end

-- The number of frames, and function(i) -> picture, whether it was made for the call and can be closed after use.
local function frames_of(frames)
  if type(frames) ~= "table" then
    local n, h, w, c = sizes("film", frames, "frames [F, H, W, C]", 4)
    return n, function(i)
      return core.ops.reshape(core.ops.slice(frames, 0, i - 1, i), { h, w, c }), true
    end
  end
  return #frames, function(i)
    if type(frames[i]) == "function" then
      return frames[i](), true
    end
    return frames[i], false
  end
end

--- Writes an animated PNG; viewers without animation show its first frame. Frames are a tensor [F, H, W, C], or a table of
-- pictures or functions that return one; a function is called when its frame is written, so that one frame at a time is in
-- memory. Settings: fps (12), hold (0): extra seconds of the last frame, text: pairs for the text chunks.
function image.film(path, frames, settings)
  settings = settings or {}
  check.keys("film", settings, FILM_KEYS)
  output.ending("film", path, { "png" })
  local delay, last = image.delays(settings)
  local count, frame_at = frames_of(frames)
  if count == 0 then
    core.fail "film: expected pictures, got none"
  end
  local h, w, c = sizes("film", (frame_at(1)), "pictures [H, W, C]", 3)
  local film <close> = core.film_open(path, count, { h, w, c }, settings.text)
  for i = 1, count do
    local picture, made = frame_at(i)
    film:add(picture, i < count and delay or last)
    if made then
      picture:close()
    end
  end
  film:save()
end

--- Reads a PNG or JPEG, by its content and not its name, as f32 [H, W, C] with C = 1 or 3; transparent pixels over white.
function image.load(path)
  local picture = core.picture_load(text_of("load", path))
  return picture
end

--- Reads a PNG or JPEG as a mask f32 [H, W, 1]: 0 for black, 1 for white, times alpha (0: transparent).
function image.load_mask(path)
  local picture, alpha = core.picture_load(text_of("load_mask", path), true)
  local grey = core.ops.affine(core.ops.mean(picture, { axes = { 2 }, keep = true }), 0.5, 0.5)
  return alpha and grey * alpha or grey
end

return image
