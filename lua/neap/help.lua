--- Help from one set of tables: for `neap help`, the prompt, the reference pages, stubs of editors and the completion of shells.
local core = require "neap.core"
local entries = require "neap.help.entries"
local find = require "neap.help.find"
local text = require "neap.help.text"

local help = {}

local MOST_WHOLE = 4 -- more entries are shown as a list

--- All names that have help, sorted: for completion and suggestions.
function help.names()
  return find.names()
end

--- The help of a name as text; nil if nothing has that name.
function help.of_name(name)
  local found, others = find.find(name)
  local texts = {}
  if #found == 0 then
    return nil
  end
  for i, entry in ipairs(found) do
    texts[i] = (#found <= MOST_WHOLE and text.of or text.line)(entry)
  end
  local whole = table.concat(texts, #found <= MOST_WHOLE and "\n" or "")
  for i, entry in ipairs(others) do
    whole = whole .. (i == 1 and "\nSee also:\n" or "") .. text.line(entry)
  end
  return whole
end

-- --- Values -----------------------------------------------------------------------------------------------------------

-- The function or table of the library that has a name: neap.image.save, tensor:item.
local function value_of(name)
  local method, path = name:match "^tensor:(.+)$", name:match "^neap%.(.+)$"
  local holder = method and core.methods[method] or path and require "neap"
  for word in (path or ""):gmatch "[^.]+" do
    holder = type(holder) == "table" and rawget(holder, word) or nil
  end
  return holder
end

local function entry_of(value)
  for _, entry in ipairs(entries()) do
    if rawequal(value_of(entry.name), value) then
      return entry
    end
  end
end

local CLASS = { ["neap.optimizer_settings"] = "optimizer" } -- names of metatables that are no name of a class

-- The name of help for an object: of a component its own, of others that of the class.
local function name_of(value)
  local meta = type(value) ~= "string" and getmetatable(value)
  local class = type(meta) == "table" and meta.__name
  if class == "neap.component" then
    return value:kind() .. "." .. value:name()
  end
  return class and (CLASS[class] or class:match "^neap%.(.+)$")
end

--- The help of a value or of a name, as text; nil if there is none.
function help.of(value)
  if type(value) == "string" then
    return help.of_name(value)
  end
  local entry = (type(value) == "function" or type(value) == "table") and entry_of(value)
  if entry then
    return text.of(entry)
  end
  local name = name_of(value)
  local found = name and find.find(name)
  for _, one in ipairs(found or {}) do
    if one.kind == "class" or one.kind == "component" then
      return text.of(one)
    end
  end
end

-- The names that a misspelt one is compared with: below a known part before the last dot or colon, only those with that part.
local function names_near(name)
  local prefix, list = name:match "^.*[.:]", {}
  for _, other in ipairs(prefix and help.names() or {}) do
    list[#list + 1] = other:sub(1, #prefix) == prefix and other:sub(#prefix + 1) or nil
  end
  return #list > 0 and list or help.names(), #list > 0 and prefix or ""
end

-- Fails for a name that nothing has.
local function fail_unknown(name)
  local names, prefix = names_near(name)
  local nearest = core.nearest(name:sub(#prefix + 1), names)
  core.fail_usage(("help: nothing is named '%s'%s"):format(name,
    nearest and ("; did you mean '%s%s'?"):format(prefix, nearest) or ""))
end

--- Prints the help of a name, such as "train.minutes", or of a value, such as neap.train, a tensor or a model. Fails for a name
-- that nothing has, with the nearest.
function help.show(value)
  local words = help.of(value)
  if words then
    io.stdout:write(words)
  elseif type(value) == "string" then
    fail_unknown(value)
  else
    core.fail_usage(("help: there is no help of a %s value"):format(type(value)))
  end
end

return help
