--- Rules for values from a recipe or the command line: { kind = what is expected, in words, read = function, plain = type }.
-- `read` takes a Lua value or its text and returns the value, or nil if it does not fit. `plain` is the type of a value in a
-- recipe, where no text stands for a number or a flag: rule.read refuses it, rule.parse reads the texts of a command line.
local core = require "neap.core"

local rule = {}

local function range(low, high)
  return high and (" from %s to %s"):format(low, high) or (" from %s"):format(low)
end

-- A number or its text; nil for infinity and NaN.
local function finite(value)
  local number = tonumber(value)
  return number and number - number == 0 and number or nil
end

rule.finite = { kind = "a number", plain = "number", read = finite }

function rule.whole(low, high)
  return { kind = "a whole number" .. range(low, high), plain = "number", read = function(value)
    local number = math.tointeger(tonumber(value))
    return number and number >= low and number <= (high or number) and number or nil
  end }
end

function rule.number(low, high)
  return { kind = "a number" .. range(low, high), plain = "number", read = function(value)
    local number = finite(value)
    return number and number >= low and number <= (high or number) and number or nil
  end }
end

function rule.number_above(low)
  return { kind = "a number above " .. low, plain = "number", read = function(value)
    local number = finite(value)
    return number and number > low and number or nil
  end }
end

function rule.choice(...)
  local words = { ... }
  local last = #words
  return { kind = table.concat(words, ", ", 1, last - 1) .. " or " .. words[last], read = function(value)
    for _, word in ipairs(words) do
      if word == value then
        return value
      end
    end
  end }
end

local function flag_of(value)
  if value == true or value == "true" or value == "yes" or value == "1" then
    return true
  elseif value == false or value == "false" or value == "no" or value == "0" then
    return false
  end
end

rule.flag = { kind = "true or false", plain = "boolean", read = flag_of }

function rule.text(kind)
  return { kind = kind or "text", read = function(value)
    return type(value) == "string" and value ~= "" and value or nil
  end }
end

rule.call = { kind = "a function", read = function(value)
  return type(value) == "function" and value or nil
end }

local function class_of(value)
  local meta = type(value) ~= "string" and getmetatable(value)
  return type(meta) == "table" and meta.__name or nil
end

--- An object of neap, by the name of its metatable.
function rule.thing(class, kind)
  return { kind = kind, read = function(value)
    return class_of(value) == class and value or nil
  end }
end

function rule.component(kind)
  return { kind = "a component of kind '" .. kind .. "'", read = function(value)
    return class_of(value) == "neap.component" and value:kind() == kind and value or nil
  end }
end

-- A value in a message: numbers and texts as they are, others by class or type.
local function shown(value)
  local plain = type(value) == "string" or type(value) == "number" or type(value) == "boolean"
  return plain and ("'%s'"):format(value) or class_of(value) or "a " .. type(value)
end

--- Reads a value of the command line; fails with a usage error that begins with `key` if it does not fit.
function rule.parse(key, wanted, value)
  local result = wanted.read(value)
  if result == nil then
    core.fail_usage(("%s: expected %s, got %s"):format(key, wanted.kind, shown(value)))
  end
  return result
end

--- The same for a value of a recipe.
function rule.read(key, wanted, value)
  if wanted.plain and type(value) ~= wanted.plain then
    core.fail_usage(("%s: expected %s, got %s"):format(key, wanted.kind, shown(value)))
  end
  return rule.parse(key, wanted, value)
end

return rule
