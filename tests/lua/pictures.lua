-- Pictures: grids pixel by pixel, clouds of points, files.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local core = require "neap.core"
local neap = require "neap"
local test, equal, close, raises = check.test, check.equal, check.close, check.raises

-- Rows of grey values as text, "-" for the background: easy to see and to compare.
local function drawn(picture)
  local lines = {}
  for row in picture:each() do
    local marks = {}
    for pixel in row:reshape(-1):each() do
      marks[#marks + 1] = pixel == -1 and "-" or ("%g"):format(pixel * 8)
    end
    lines[#lines + 1] = table.concat(marks, " ")
  end
  return lines
end

-- n pictures of 1 by 2 pixels, numbered in reading order; eighths are exact in f32.
local function numbered(n)
  return (neap.arange(2 * n) / 8):reshape(n, 1, 2, 1)
end

test("grid: a gap around each picture, empty places at the end", function()
  equal(drawn(neap.image.grid(numbered(3), { columns = 2 })), {
    "- - - - - - -",
    "- 0 1 - 2 3 -",
    "- - - - - - -",
    "- 4 5 - - - -",
    "- - - - - - -",
  })
end)

test("grid: without a gap, in one column, in a square by default", function()
  equal(drawn(neap.image.grid(numbered(2), { columns = 1, gap = 0 })), { "0 1", "2 3" })
  equal(drawn(neap.image.grid(numbered(5), { gap = 0 })), { "0 1 2 3 4 5", "6 7 8 9 - -" })
  equal(drawn(neap.image.grid(numbered(1), { columns = 3, gap = 0 })), { "0 1 - - - -" })
end)

test("grid: gaps of two, enlarged, with channels", function()
  equal(drawn(neap.image.grid(numbered(1), { gap = 2 })), {
    "- - - - - -", "- - - - - -", "- - 0 1 - -", "- - - - - -", "- - - - - -",
  })
  equal(drawn(neap.image.grid(numbered(1), { gap = 0, scale = 2 })), { "0 0 1 1", "0 0 1 1" })
  local colours = neap.image.grid(neap.full({ 2, 4, 5, 3 }, 0.5), { columns = 2, gap = 1, scale = 3 })
  equal(colours:shape(), { 18, 39, 3 })
  equal(colours:slice(0, 3, 4):slice(1, 2, 4):reshape(2, 3), { { -1, -1, -1 }, { 0.5, 0.5, 0.5 } })
end)

test("enlarge", function()
  equal(drawn(neap.image.enlarge(numbered(2):reshape(2, 2, 1), 2)), { "0 0 1 1", "0 0 1 1", "2 2 3 3", "2 2 3 3" })
  equal(drawn(neap.image.enlarge(numbered(1):reshape(1, 2, 1), 1)), { "0 1" })
  local dot = neap.ones(1, 1, 1)
  raises("enlarge: scale: expected a whole number from 1, got 1.5", function() neap.image.enlarge(dot, 1.5) end)
  raises("enlarge: expected a picture [H, W, C], got 2 axes", function() neap.image.enlarge(neap.ones(2, 2), 2) end)
end)

test("grids that are refused", function()
  raises("grid: expected pictures [N, H, W, C], got 2 axes", function() neap.image.grid(neap.zeros(3, 3)) end)
  raises("expected a tensor, got number", function() neap.image.grid(3) end)
  local one = numbered(1)
  raises("grid: unknown key 'colums'; did you mean 'columns'?", function() neap.image.grid(one, { colums = 1 }) end)
  raises("grid: columns: expected a whole number from 1, got 0", function() neap.image.grid(one, { columns = 0 }) end)
  raises("grid: gap: expected a whole number from 0, got -1", function() neap.image.grid(one, { gap = -1 }) end)
  raises("grid: pictures: expected a whole number from 1, got 0", function()
    neap.image.grid(neap.zeros(0, 1, 1, 1))
  end)
end)

test("points: up is up, brighter where there are more, outsiders on the border", function()
  local cloud = neap.tensor { { 0.5, 0.5 }, { 0.5, 0.5 }, { -1.5, 1.5 }, { 9, -9 } }
  local picture = neap.image.points({ cloud }, { side = 4, reach = 2 })
  equal(picture:reshape(4, 4), { { 0, -1, -1, -1 }, { -1, -1, 1, -1 }, { -1, -1, -1, -1 }, { -1, -1, -1, 0 } })
  equal(neap.image.points({ cloud, cloud }, { ink = 1 }):shape(), { 2, 240, 240, 1 })
  raises("points: expected points [.., 2], got [3, 3]", function() neap.image.points { neap.zeros(3, 3) } end)
  raises("points: expected a table of clouds of points, got none", function() neap.image.points {} end)
  for _, reach in ipairs { 0, -1, 0 / 0, math.huge } do
    raises("points: reach: expected a number above 0, got " .. tostring(reach), function()
      neap.image.points({ cloud }, { reach = reach })
    end)
  end
  raises("points: ink: expected a number from 0 to 1, got -1", function() neap.image.points({ cloud }, { ink = -1 }) end)
  raises("points: side: expected at most 65536 pixels a side and 268435456 in all, got 65536 x 65536", function()
    neap.image.points({ cloud }, { side = 65536 })
  end)
  raises("points: unknown key 'sde'; did you mean 'side'?", function() neap.image.points({ cloud }, { sde = 3 }) end)
end)

-- A path that a picture may have, in a file that is there already.
local function temporary()
  local path = os.tmpname()
  os.rename(path, path .. ".png")
  return path .. ".png"
end

test("save and load: what 8 bits leave of each pixel", function()
  local path = temporary()
  for _, channels in ipairs { 1, 3, 4 } do
    local picture = neap.linspace(-1, 1, 6 * channels):reshape(2, 3, channels)
    neap.image.save(path, picture, { note = "a text" })
    local colours = picture:slice(2, 0, math.min(channels, 3))
    if channels == 4 then -- what is transparent shows white
      local alpha = (picture:slice(2, 3, 4) + 1) / 2
      colours = colours * alpha + 1 - alpha
    end
    close(neap.image.load(path), colours:tolist(), 3 * 1.001 / 255) -- half of a step of 2 / 255 in each factor, and f32
  end
  neap.image.save(path, neap.tensor { -3, 3 }:reshape(1, 2, 1))
  equal(neap.image.load(path), { { { -1 }, { 1 } } })
  os.remove(path)
end)

test("load goes by the content, and gives one value", function()
  local path = os.tmpname() .. ".jpg"
  core.npy_save(path, neap.ones(2, 2, 1)) -- by a name that neap.npy.save refuses
  raises(path .. ": expected a PNG or JPEG picture, got a NumPy array (.npy)", function() neap.image.load(path) end)
  local png = os.tmpname()
  core.png_save(png, neap.zeros(1, 2, 3))
  os.rename(png, path)
  equal(neap.image.load(path):shape(), { 1, 2, 3 })
  equal(select("#", neap.image.load(path)), 1)
  os.remove(path)
end)

test("masks: grey from 0 to 1, and 0 where it is transparent", function()
  local path = os.tmpname()
  local function mask(picture)
    core.png_save(path, picture)
    return neap.image.load_mask(path)
  end
  equal(mask(neap.tensor { -1, 0.2, 1 }:reshape(1, 3, 1)):shape(), { 1, 3, 1 })
  close(mask(neap.tensor { -1, 0.2, 1 }:reshape(1, 3, 1)), { { { 0 }, { 0.6 }, { 1 } } })
  close(mask(neap.tensor { { -1, 0.2, 1 }, { 1, 1, 1 } }:reshape(1, 2, 3)), { { { 1.6 / 3 }, { 1 } } })
  local seen = neap.tensor { { 1, 1, 1, -1 }, { 1, 1, 1, 0.2 }, { 1, 1, 1, 1 }, { -1, -1, -1, 1 }, { -1, -1, -1, -1 } }
  close(mask(seen:reshape(1, 5, 4)), { { { 0 }, { 0.6 }, { 1 }, { 0 }, { 0 } } })
  raises("load_mask: expected a path, got nil", function() neap.image.load_mask() end)
  os.remove(path)
end)

test("texts that would be cut short or left out", function()
  local one, path = neap.zeros(1, 1, 1), os.tmpname() .. ".png"
  local nul = "expected a text without NUL bytes, got one after 'a'"
  raises(nul, function() neap.image.save("a\0.png", one) end)
  raises(nul, function() local _ = neap.image.load "a\0.png" end)
  raises(nul, function() neap.npy.save("a\0.npy", one) end)
  raises("text of a picture: expected no NUL, got one in 'a'", function() neap.image.save(path, one, { note = "a\0b" }) end)
  raises(nul, function() local _ = neap.dataset.idx { path = "a\0b" } end)
  raises(nul, function() neap.checkpoint.load "a\0b" end)
  raises("safetensors: entry 1: expected text without NUL, got one in 'a'", function()
    core.safetensors_save(path, {}, { { "k", "a\0b" } })
  end)
  raises("text of a picture: expected a text for each name, got number", function() neap.image.save(path, one, { seed = 3 }) end)
  raises("text of a picture: expected names as keys, got number", function() neap.image.save(path, one, { "a" }) end)
  local many = {}
  for i = 1, 65 do
    many["k" .. i] = "v"
  end
  neap.image.save(path, one, many)
  os.remove(path)
end)

test("caption: texts below, each in the middle of its part", function()
  local picture = neap.full({ 4, 80, 1 }, 0.5)
  local captioned = neap.image.caption(picture, { "I", "", "I", "I" }, { size = 10 })
  equal(captioned:shape(), { 24, 80, 3 })
  equal(captioned:slice(0, 0, 4), neap.full({ 4, 80, 3 }, 0.5):tolist())
  local marked, column = {}, 0
  for part in neap.permute(captioned:slice(0, 4, 24), { 1, 0, 2 }):each() do
    marked[#marked + 1] = part:max():item() > -0.5 and column or nil
    column = column + 1
  end
  equal(marked, { 9, 10, 49, 50, 69, 70 }) -- a stroke is less than a pixel wide, and lies on the border of two
  equal(picture:max():item(), 0.5)
  raises("caption: expected 1 or 3 channels, got 4", function() neap.image.caption(neap.zeros(2, 2, 4), {}) end)
  raises("caption: expected a table of texts, got string", function() neap.image.caption(picture, "I") end)
  raises("caption: expected a text, got number", function() neap.image.caption(picture, { 3 }) end)
  raises("caption: size: expected a whole number from 1, got 0", function()
    neap.image.caption(picture, {}, { size = 0 })
  end)
end)

test("film: frames as a tensor or a table, the first of which is what a plain reader shows", function()
  local path = temporary()
  local frames = neap.linspace(-1, 1, 18):reshape(3, 2, 3, 1)
  neap.image.film(path, frames, { fps = 25, text = { note = "a text" } })
  close(neap.image.load(path), frames:slice(0, 0, 1):reshape(2, 3, 1):tolist(), 1.001 / 255)
  local function bytes()
    local file <close> = io.open(path, "rb")
    return file:read "a"
  end
  local whole = bytes()
  check.truth(whole:find("acTL\0\0\0\3", 1, true), "expected 3 frames")
  equal(select(2, whole:gsub("\0%\40\3\232", "")), 3) -- each for 40 of 1000 parts of a second
  local pictures = {}
  for picture in frames:each() do
    pictures[#pictures + 1] = picture
  end
  neap.image.film(path, pictures, { fps = 25, text = { note = "a text" } })
  equal(bytes(), whole)
  local first = pictures[1]
  for i = 1, 100 do
    pictures[i] = function() return first * 1 end
  end
  neap.image.film(path, pictures, { fps = 10, hold = 2 })
  check.truth(bytes():find("acTL\0\0\0\100", 1, true), "expected 100 frames")
  equal(select(2, bytes():gsub("\0\100\3\232", "")), 99)
  equal(select(2, bytes():gsub("\8\52\3\232", "")), 1) -- the last one stays for 2.1 seconds
  os.remove(path)
end)

test("films that are refused", function()
  local frames = neap.zeros(2, 2, 2, 1)
  raises("film: expected frames [F, H, W, C], got 3 axes", function()
    neap.image.film("a.png", neap.zeros(2, 2, 1))
  end)
  raises("film: fps: expected a number above 0, got 0", function() neap.image.film("a.png", frames, { fps = 0 }) end)
  raises("a.png: expected 0.001 to 65.535 seconds a frame, got 100", function()
    neap.image.film("a.png", frames, { fps = 0.01 })
  end)
  raises("film: unknown key 'fp'; did you mean 'fps'?", function() neap.image.film("a.png", frames, { fp = 2 }) end)
  raises("film: expected a path that ends in .png, got nil", function() neap.image.film(nil, frames) end)
  raises("film: expected pictures, got none", function() neap.image.film("a.png", {}) end)
  raises("a.png: expected f32 [1, 1, 1] for a frame, got f32 [2, 1, 1]", function()
    neap.image.film("a.png", { neap.zeros(1, 1, 1), neap.zeros(2, 1, 1) })
  end)
  check.truth(not neap.exists "a.png", "a film that failed leaves a file")
  raises("film: hold: expected a number from 0 to 64.9167, got -1", function()
    neap.image.film("a.png", frames, { hold = -1 })
  end)
  local huge = neap.expand(neap.zeros(1, 1, 1, 1), { 70000, 64, 64, 1 })
  raises("a.png: expected at most 268435456 pixels in all frames of a film, got 70000 frames of 64 x 64", function()
    neap.image.film("a.png", huge)
  end)
end)

test("a film of samples is checked before they are drawn", function()
  raises("film: fps: expected a number above 0, got '0'", function() neap.film { fps = 0 } end)
  raises("film: hold: expected a number from 0, got '-1'", function() neap.film { hold = -1 } end)
  raises("film: unknown key 'colums'; did you mean 'columns'?", function() neap.film { colums = 3 } end)
  raises("/nowhere/a.png: cannot be written: No such file or directory", function() neap.film { path = "/nowhere/a.png" } end)
  raises("film: expected a path that ends in .png, got a.gif", function() neap.film { path = "a.gif" } end)
  raises("a.png: expected at most 268435456 pixels in all frames of a film, got 3001 frames of 508 x 332", function()
    neap.film({ path = "a.png", columns = 6, scale = 4 }):check(3001, 15, 24, 20)
  end)
end)

test("a film of samples keeps bytes, and shows the pictures", function()
  local path = temporary()
  local x = neap.linspace(-1, 1, 24):reshape(2, 3, 4, 1)
  local film = neap.film { path = path, columns = 2, scale = 3, fps = 10, hold = 0 }
  local watch = film:watch()
  watch(0, 1, 1, x)
  watch(1, 1, 0, x)
  equal(film.frames[1].bytes.dtype, "u8")
  film:save()
  local picture = neap.image.grid(x, { columns = 2, scale = 3 })
  local shown = neap.image.load(path):slice(0, 0, picture:size(0)):slice(2, 0, 1)
  close(shown, picture:tolist(), 1.001 / 255)
  raises("film: expected numbers for a picture, got NaN", function() watch(2, 2, 0, x * (0 / 0)) end)
  os.remove(path)
end)

test("files that are refused", function()
  local path = temporary()
  raises(path .. ": expected numbers for a picture, got NaN at element 0", function()
    neap.image.save(path, neap.full({ 1, 1, 1 }, 0 / 0))
  end)
  raises(path .. ": expected f32 [height, width, 1, 3 or 4] for a picture, got f32 [2, 2, 2]", function()
    neap.image.save(path, neap.zeros(2, 2, 2))
  end)
  for _, name in ipairs { "a.jpg", "a.webp", "a.gif", "a.svg", "a", "png", "a.png/" } do
    raises("save: expected a path that ends in .png, got " .. name, function() neap.image.save(name, neap.ones(1, 1, 1)) end)
  end
  raises("npy.save: expected a path that ends in .npy, got a.png", function() neap.npy.save("a.png", neap.ones(1)) end)
  raises("/nowhere/a.png: cannot be written: No such file or directory", function()
    neap.image.save("/nowhere/a.png", neap.zeros(1, 1, 1))
  end)
  raises("/nowhere/a.png: cannot be read: No such file or directory", function() neap.image.load "/nowhere/a.png" end)
  raises("/nowhere/a.jpeg: cannot be read: No such file or directory", function() neap.image.load "/nowhere/a.jpeg" end)
  raises("save: expected a path that ends in .png, got nil", function() neap.image.save(nil, neap.ones(1, 1, 1)) end)
  raises("load: expected a path, got number", function() local _ = neap.image.load(3) end)
  os.remove(path)
end)

test("planar pictures are no pictures of three rows", function()
  local function hint(who, shape, axes)
    return ("%s: expected channels last, got [%s], which is 3 rows of 32 channels; "
      .. "x:permute(%s) moves channels to the end"):format(who, shape, axes)
  end
  local planar = neap.zeros(2, 3, 16, 32)
  raises(hint("grid", "2, 3, 16, 32", "0, 2, 3, 1"), function() neap.image.grid(planar) end)
  raises(hint("film", "2, 3, 16, 32", "0, 2, 3, 1"), function() neap.image.film("planar.png", planar) end)
  raises(hint("save", "3, 16, 32", "1, 2, 0"), function() neap.image.save("planar.png", neap.zeros(3, 16, 32)) end)
  raises(hint("enlarge", "3, 16, 32", "1, 2, 0"), function() neap.image.enlarge(neap.zeros(3, 16, 32), 2) end)
  equal(neap.image.grid(planar:permute(0, 2, 3, 1), { columns = 2 }):shape(), { 18, 67, 3 })
  equal(neap.image.grid(neap.zeros(2, 3, 16, 3), { columns = 2 }):shape(), { 5, 35, 3 })
  equal(neap.exists "planar.png", nil)
end)

check.finish()
