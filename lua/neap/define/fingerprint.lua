--- Fingerprints of definitions: a hash of what a definition does. It covers the lines of its functions, the functions and
-- the plain values that these use from outside, and all plain values of the definition. It does not cover what `require`
-- loads.
local core = require "neap.core"

local fingerprint = {}

--- The texts of files by the source that Lua names them by, "@samplers.lua", where they were not loaded from a file of that name.
fingerprint.texts = {}

local OWN = debug.getinfo(1, "S").source:match "^(.*)define/fingerprint%.lua$" -- the folder of the library

local function text_of(source)
  local text = fingerprint.texts[source]
  local file <close> = not text and source:sub(1, 1) == "@" and io.open(source:sub(2), "rb") or nil
  return text or file and file:read "a" or nil
end

local function lines(text, first, last)
  local result, number = {}, 0
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    number = number + 1
    result[#result + 1] = number >= first and number <= last and line or nil
  end
  return table.concat(result, "\n")
end

local add -- of any value

local function add_table(parts, value, seen)
  local keys = {}
  for key in pairs(value) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for _, key in ipairs(keys) do
    parts[#parts + 1] = tostring(key)
    add(parts, value[key], seen)
  end
end

local function add_function(parts, f, seen)
  local info = debug.getinfo(f, "S")
  if info.what == "C" or info.source:sub(1, #OWN) == OWN then
    return
  end
  local text = text_of(info.source)
  parts[#parts + 1] = text and lines(text, info.linedefined, info.lastlinedefined) or string.dump(f, true)
  for i = 1, math.huge do
    local name, value = debug.getupvalue(f, i)
    if not name then
      return
    elseif name ~= "_ENV" then
      add(parts, value, seen)
    end
  end
end

local function is_library(value)
  for _, module in pairs(package.loaded) do
    if module == value then
      return true
    end
  end
  return getmetatable(value) ~= nil
end

function add(parts, value, seen)
  local kind = type(value)
  if seen[value] then
    return
  elseif kind == "number" or kind == "string" or kind == "boolean" then
    parts[#parts + 1] = ("%s %s"):format(kind, kind == "number" and ("%.17g"):format(value) or tostring(value))
  elseif kind == "function" then
    seen[value] = true
    add_function(parts, value, seen)
  elseif kind == "table" and not is_library(value) then
    seen[value] = true
    add_table(parts, value, seen)
  end
end

--- The fingerprint of a definition, as text.
function fingerprint.of(definition)
  local parts = {}
  add(parts, definition, {})
  return core.hash(table.concat(parts, "\0"))
end

return fingerprint
