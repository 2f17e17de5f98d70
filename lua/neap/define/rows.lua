--- Rows of parameter tables: { "steps", "int", default = 50, low = 1, high = 1000, help = "Steps." } in a definition, and
-- the form that core.define reads.
local core = require "neap.core"
local check = require "neap.check"

local rows = {}

local function fail(who, format, ...)
  core.fail_usage(who .. ": " .. format:format(...))
end

local function expect(who, row, key, kind, test)
  if not test(row[key]) then
    fail(who, "%s: expected %s, got %s", key, kind, tostring(row[key]))
  end
  return row[key]
end

local function is_text(value)
  return type(value) == "string"
end

local function is_number(value)
  return math.type(value) ~= nil
end

local function optional(test)
  return function(value)
    return value == nil or test(value)
  end
end

local function range(who, row, test, kind)
  local default = row.default
  if not row.required then
    expect(who, row, "default", kind .. ", or required = true", test)
  end
  return { default = default or expect(who, row, "low", kind .. " for a required parameter", optional(is_number)) or 0,
    low = expect(who, row, "low", "a number", optional(is_number)),
    high = expect(who, row, "high", "a number", optional(is_number)) }
end

-- What each type of parameter needs, as the fields that core.define reads.
local TYPES = {
  int = function(who, row)
    return range(who, row, math.tointeger, "a whole number")
  end,
  real = function(who, row)
    return range(who, row, is_number, "a number")
  end,
  flag = function(who, row)
    expect(who, row, "default", "true or false", optional(function(value) return type(value) == "boolean" end))
    return { default = row.default and 1 or 0 }
  end,
  text = function(who, row)
    return { text = expect(who, row, "default", "a text", optional(is_text)) }
  end,
  choice = function(who, row)
    local choices = expect(who, row, "choices", "a list of texts", function(list) return type(list) == "table" and #list > 0 end)
    for i, choice in ipairs(choices) do
      expect(who, choices, i, "a text", is_text)
      if choice == row.default or row.default == nil and i == 1 then
        return { default = i - 1, choices = choices }
      end
    end
    check.fail_name(who .. ": default: no such choice", row.default, choices)
  end,
  component = function(who, row)
    return { text = expect(who, row, "kind", "a kind of component", is_text) }
  end,
  network = function(who, row)
    return { text = expect(who, row, "offers", "what the network must offer, as 'velocity'", is_text) }
  end,
}

local KEYS = { "default", "low", "high", "help", "required", "choices", "kind", "offers", 1, 2 }

local function check_keys(who, row)
  local known, names = {}, {}
  for _, key in ipairs(KEYS) do
    known[key] = true
    names[#names + 1] = type(key) == "string" and key or nil
  end
  for key in pairs(row) do
    if not known[key] then
      check.fail_name(who .. ": unknown key", key, names)
    end
  end
end

local function read(who, row)
  if type(row) ~= "table" or not is_text(row[1]) then
    fail(who, "params: expected rows as { \"steps\", \"int\", default = 50, help = \"Steps.\" }")
  end
  who = ("%s: params: %s"):format(who, row[1])
  check_keys(who, row)
  if not TYPES[row[2]] then
    check.fail_name(who .. ": no such type", row[2], check.names(TYPES))
  end
  local result = TYPES[row[2]](who, row)
  result.name, result.type, result.required = row[1], row[2], row.required and true or false
  result.help = expect(who, row, "help", "a line of help", is_text)
  return result
end

--- The rows of a definition as core.define reads them. Messages begin with `who`.
function rows.read(who, given)
  local result = {}
  if given ~= nil and type(given) ~= "table" then
    fail(who, "params: expected a table of rows, got %s", type(given))
  end
  for i, row in ipairs(given or {}) do
    result[i] = read(who, row)
  end
  return result
end

--- The rows of a grid of times; core.define reads them by their places, which are the first three.
function rows.grid(steps)
  return {
    { "steps", "int", default = steps, low = 1, high = 100000, help = "Steps." },
    { "shift", "real", default = 1, low = 0.01, high = 100,
      help = "Above 1, more of the steps lie near the noise; 1: even steps." },
    { "times", "text", default = "", help = "The times themselves, descending from 1 to 0, in place of steps and shift." },
  }
end

return rows
