--- Values as the prompt prints them: things of neap in a line or two, tables with limited depth and length.
local core = require "neap.core"
local format = require "neap.format"

local show = {}

local DEPTH, ENTRIES, WIDTH, TEXT, NAMES = 3, 20, 76, 200, 12 -- levels, entries, columns, bytes of a text, names of labels

-- --- Things of neap ------------------------------------------------------------------------------------------------------

local function labels_of(data)
  local names = data:label_names()
  if not names then
    return ""
  end
  local more = #names > NAMES and ", .." or ""
  return ": " .. table.concat(names, ", ", 1, math.min(#names, NAMES)) .. more
end

-- What a network takes or a data set has beside pictures: ", 10 classes, texts of 32 bytes".
local function conditions(spec)
  local words = spec.classes > 0 and (", %d classes"):format(spec.classes) or ""
  words = words .. (spec.text and (", texts of %d bytes"):format(spec.text) or "")
  return words .. (spec.picture and ", pictures " .. format.pictures(spec.picture) or "")
end

local function model(value)
  local spec = value:spec()
  return ("model %s: %s parameters, %s%s"):format(tostring(value:component()), format.count(value:size()), format.pictures(spec),
    conditions(spec))
end

local function dataset(value)
  local spec = value:spec()
  return ("data set %s: %d examples %s%s%s"):format(tostring(value:component()), value:count(), format.pictures(spec),
    conditions(spec), labels_of(value))
end

local function sampler(value)
  return ("sampler %s%s"):format(tostring(value.instance), value.guidance and ", guidance " .. tostring(value.guidance) or "")
end

local function component(value)
  return value:kind() .. " " .. tostring(value)
end

-- A large tensor may leave no room to read its elements.
local function tensor(value)
  local done, text = pcall(tostring, value)
  return done and text or ("tensor %s %s: %s"):format(value.dtype, format.shape(value:shape()), core.reason(text))
end

-- By the name of a metatable.
local KINDS = {
  ["neap.tensor"] = tensor,
  ["neap.model"] = model, ["neap.dataset"] = dataset, ["neap.sampler"] = sampler, ["neap.component"] = component,
}

local function meta_of(value)
  local meta = type(value) ~= "string" and getmetatable(value)
  return type(meta) == "table" and meta or {}
end

-- A thing with its own text, on lines of its own; nil for others.
local function thing(value)
  local meta = meta_of(value)
  local own = KINDS[rawget(meta, "__name")] or rawget(meta, "__tostring") and tostring
  if not own then
    return nil
  end
  local done, text = pcall(own, value)
  return done and text or ("%s: %s"):format(rawget(meta, "__name") or type(value), core.reason(text))
end

-- --- Plain values --------------------------------------------------------------------------------------------------------

-- A text inside a table, with escapes; bytes of UTF-8 stay as they are.
local function quoted(text)
  local cut = #text > TEXT and text:sub(1, TEXT) or text
  local escaped = cut:gsub("[%c\\\"\127]", function(c)
    return c == "\n" and "\\n" or (c == '"' or c == "\\") and "\\" .. c or ("\\%d"):format(c:byte())
  end)
  return ('"%s"%s'):format(escaped, #text > TEXT and (" .. %d bytes"):format(#text) or "")
end

local function function_text(f)
  local place = debug.getinfo(f, "S")
  return place.what == "C" and "function" or ("function, line %d of %s"):format(place.linedefined, place.short_src)
end

local function scalar(value)
  if type(value) == "string" then
    return quoted(value)
  elseif type(value) == "function" then
    return function_text(value)
  end
  return tostring(value)
end

-- --- Tables --------------------------------------------------------------------------------------------------------------

local function by_type_and_value(a, b)
  if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then
    return a < b
  end
  return type(a) < type(b)
end

-- Keys after the list part, sorted; raw, so that no metamethod runs.
local function named_keys(value, count)
  local keys = {}
  for key in next, value do
    if not (math.type(key) == "integer" and key >= 1 and key <= count) then
      keys[#keys + 1] = key
    end
  end
  table.sort(keys, by_type_and_value)
  return keys
end

local function key_text(key)
  if type(key) == "string" then
    return key:find "^[%a_][%w_]*$" and key or ("[%s]"):format(quoted(key))
  end
  return ("[%s]"):format(tostring(key))
end

local text_of

local function entries(value, depth, seen)
  local count, parts = rawlen(value), {}
  for i = 1, math.min(count, ENTRIES) do
    parts[i] = text_of(rawget(value, i), depth + 1, seen)
  end
  local keys = named_keys(value, count)
  for i = 1, math.min(#keys, ENTRIES - #parts) do
    parts[#parts + 1] = key_text(keys[i]) .. " = " .. text_of(rawget(value, keys[i]), depth + 1, seen)
  end
  local left = count + #keys - #parts
  parts[#parts + 1] = left > 0 and (".. %d more"):format(left) or nil
  return parts
end

local function on_one_line(parts, indent)
  local line = "{ " .. table.concat(parts, ", ") .. " }"
  return #line + #indent <= WIDTH and not line:find "\n" and line or nil
end

local function table_text(value, depth, seen)
  if seen[value] then
    return "{ itself }"
  elseif next(value) == nil then
    return "{}"
  elseif depth >= DEPTH then
    return "{ .. }"
  end
  seen[value] = true
  local parts, indent = entries(value, depth, seen), ("  "):rep(depth)
  seen[value] = nil
  return on_one_line(parts, indent) or ("{\n%s  %s,\n%s}"):format(indent, table.concat(parts, ",\n" .. indent .. "  "), indent)
end

function text_of(value, depth, seen)
  local own = thing(value)
  if own then
    return own:match "^[^\n]*" -- a tensor inside a table: without its elements
  end
  return type(value) == "table" and table_text(value, depth, seen) or scalar(value)
end

--- The text of a value.
function show.text(value)
  if type(value) == "string" then
    return value
  end
  return thing(value) or text_of(value, 0, {})
end

--- Prints values from index `first` to n: side by side, or below each other if one has several lines.
function show.values(values, first)
  local texts = {}
  for i = first, values.n do
    texts[#texts + 1] = show.text(values[i])
  end
  local line = table.concat(texts, "\t")
  io.write(line:find "\n" and table.concat(texts, "\n") or line, "\n")
end

return show
