-- A picture with increasing noise: x_t = (1 - t) x + t z from the picture, t = 0, to noise, t = 1. Draws
-- runs/noise_levels/noise_levels.png.
--
--   neap run recipes/noise_levels.lua
--   neap run recipes/noise_levels.lua image=photo.jpg levels=5
--
-- Time: 1 second on one core. Reaches: a figure of noise levels.
local neap = require "neap"

local o = neap.options {
  image = "", -- a PNG or JPEG instead of the data set
  data = "/usr/share/datasets/fashion-mnist", -- a folder of IDX files; "shapes" for generated pictures
  first = neap.whole(0, 0), rows = neap.whole(4), -- index of the first picture, and number of pictures
  levels = neap.whole(11, 2), -- noise levels
  out = "runs/noise_levels",
}

local function pictures()
  if o.image ~= "" then
    local x = neap.image.load(o.image)
    return x:reshape(1, table.unpack(x:shape()))
  end
  local known = o.data ~= "shapes" and neap.exists(o.data)
  if o.data ~= "shapes" and not known then
    print(("noise_levels: there is no %s; taking drawn shapes instead"):format(o.data))
  end
  local indices = {}
  for i = 1, o.rows do
    indices[i] = o.first + i - 1
  end
  return (known and neap.dataset.idx { path = o.data } or neap.dataset.shapes { size = 28 }):read(indices)
end

-- One row of levels for each picture; every level of a row has the same noise.
local function noised(x)
  local n, h, w, c = table.unpack(x:shape())
  local z, t = neap.randn_like(x), neap.linspace(0, 1, o.levels):reshape(1, o.levels, 1, 1, 1)
  x, z = x:reshape(n, 1, h, w, c), z:reshape(n, 1, h, w, c)
  return ((1 - t) * x + t * z):reshape(n * o.levels, h, w, c)
end

local x, captions = noised(pictures()), {}
for t in neap.linspace(0, 1, o.levels):each() do
  captions[#captions + 1] = ("t = %.2g"):format(t)
end
local scale = math.max(1, 84 // x:size(2))
neap.folder(o.out)
local picture = neap.image.grid(x:clamp(-1, 1), { columns = o.levels, scale = scale })
neap.image.save(o.out .. "/noise_levels.png", neap.image.caption(picture, captions, { size = 16 }))
print(o.out .. "/noise_levels.png")
