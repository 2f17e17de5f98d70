--- A picture [H, W, C] as sixels: bands of six rows, each with a run-length coded layer for each of its colours. Greys have 101
-- levels, as many as the format has; colours are dithered to 6 x 7 x 6 levels.
local core = require "neap.core"
local check = require "neap.check"

-- An ordered dither: thresholds around 0, in steps of a level.
local BAYER = { { 0, 8, 2, 10 }, { 12, 4, 14, 6 }, { 3, 11, 1, 9 }, { 15, 7, 13, 5 } }

-- The level 0 to count - 1 of a value 0 to 255 at a pixel.
local function dithered(value, count, row, column)
  local shift = (BAYER[row % 4 + 1][column % 4 + 1] + 0.5) / 16
  return math.min(count - 1, math.floor(value * (count - 1) / 255 + shift))
end

local GREY = { read = function(bytes, at)
  return (bytes:byte(at) * 100 + 127) // 255
end, describe = function(index)
  return index, index, index
end }

local COLOUR = { read = function(bytes, at, row, column)
  local r, g, b = bytes:byte(at, at + 2)
  return dithered(r, 6, row, column) * 42 + dithered(g, 7, row, column) * 6 + dithered(b, 6, row, column)
end, describe = function(index)
  return index // 42 * 20, (index // 6 % 7 * 100 + 3) // 6, index % 6 * 20
end }

-- The bits of each colour of a band, by column.
local function band_of(bytes, shape, kind, top)
  local height, width, channels = table.unpack(shape)
  local layers = {}
  for row = top, math.min(top + 5, height - 1) do
    for column = 0, width - 1 do
      local index = kind.read(bytes, (row * width + column) * channels + 1, row, column)
      local layer = layers[index] or {}
      layers[index], layer[column] = layer, (layer[column] or 0) | 1 << (row - top)
    end
  end
  return layers
end

local function repeated(character, count)
  return count > 3 and ("!%d%s"):format(count, character) or character:rep(count)
end

local function layer_text(layer, width)
  local parts, last, count = {}, nil, 0
  for column = 0, width - 1 do
    local character = string.char(63 + (layer[column] or 0))
    if character ~= last then
      parts[#parts + 1] = last and repeated(last, count)
      last, count = character, 0
    end
    count = count + 1
  end
  parts[#parts + 1] = last ~= "?" and repeated(last, count) or nil -- nothing more in this row
  return table.concat(parts)
end

-- A band; colours are defined where they are first used.
local function band_text(layers, width, kind, defined)
  local parts = {}
  for i, index in ipairs(check.names(layers)) do
    local definition = ""
    if not defined[index] then
      defined[index] = true
      definition = (";2;%d;%d;%d"):format(kind.describe(index))
    end
    parts[i] = ("#%d%s%s"):format(index, definition ~= "" and definition .. "#" .. index or "", layer_text(layers[index], width))
  end
  return table.concat(parts, "$")
end

return function(picture)
  local bytes, shape = core.picture_bytes(picture), picture:shape()
  local kind, defined, bands = shape[3] == 1 and GREY or COLOUR, {}, {}
  for top = 0, shape[1] - 1, 6 do
    bands[#bands + 1] = band_text(band_of(bytes, shape, kind, top), shape[2], kind, defined)
  end
  return ('\27Pq"1;1;%d;%d%s\27\\'):format(shape[2], shape[1], table.concat(bands, "-"))
end
