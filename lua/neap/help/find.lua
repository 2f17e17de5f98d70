--- Finds entries of help by what users write: train, neap.train, train.minutes, image.save, save, x:backward, backward, euler,
-- sampler.euler, euler.steps, sample, --text, matmul.
local entries = require "neap.help.entries"

local indexed -- the list of entries that both tables below are of
local whole, last -- entries by all names that are theirs alone, and by the last word of these

local function add(index, name, entry)
  index[name] = index[name] or {}
  for _, other in ipairs(index[name]) do
    if other == entry then
      return
    end
  end
  table.insert(index[name], entry)
end

-- The names of an entry that say all: with and without `neap.`, of components also without their kind.
local function names_of(entry)
  local short = entry.name:gsub("^neap%.", "")
  local names = { short, entry.name }
  local component = entry.kind == "component" and entry or entry.of
  if component and component.kind == "component" then
    names[#names + 1] = short:match "^%w+%.(.*)$"
  elseif entry.kind == "op" then
    names[#names + 1] = "tensor:" .. short
  end
  return names
end

local function index_all()
  local list = entries()
  if list == indexed then
    return
  end
  indexed, whole, last = list, {}, {}
  for _, entry in ipairs(list) do
    for _, name in ipairs(names_of(entry)) do
      add(whole, name, entry)
    end
    local word = entry.name:match "[^.: ]+$"
    add(last, word, entry)
  end
end

-- A method of any object: x:backward.
local function methods(name)
  local list, word = {}, name:match "^[%a_][%w_]*:([%a_][%w_]*)$"
  for _, entry in ipairs(word and last[word] or {}) do
    list[#list + 1] = (entry.kind == "method" or entry.kind == "op") and entry or nil
  end
  return list
end

local function is_part(entry)
  return entry.kind == "setting" or entry.kind == "option"
end

-- Of entries that only end with a name: functions, methods and values; where there are none, settings and options.
local function ends_with(name, except)
  local main, parts = {}, {}
  for _, entry in ipairs(last[name] or {}) do
    local known = false
    for _, other in ipairs(except) do
      known = known or other == entry
    end
    if not known then
      table.insert(is_part(entry) and parts or main, entry)
    end
  end
  return main, parts
end

--- Returns the entries that a name means, and others that end with it. Both may be empty.
local function find(name)
  index_all()
  name = name:match "^(.-)%s*[({]" or name -- without the parentheses of a call
  local found = whole[name] or {}
  if #found == 0 then
    found = methods(name)
  end
  local main, parts = ends_with(name, found)
  if #found > 0 then
    return found, main
  elseif #main > 0 then
    return main, {}
  end
  return parts, {}
end

--- All names that find() knows, sorted.
local function names()
  index_all()
  local list, seen = {}, {}
  for _, index in ipairs { whole, last } do
    for name in pairs(index) do
      if not seen[name] and not name:find "^neap%." then
        list[#list + 1], seen[name] = name, true
      end
    end
  end
  table.sort(list)
  return list
end

return { find = find, names = names }
