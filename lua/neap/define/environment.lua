--- What a file of definitions can use: Lua without files and programs, and neap's tensors, ops and definitions. A
-- checkpoint holds the text of the file, and loading a checkpoint, perhaps one of a stranger, runs it. So nothing here
-- may write a file, start a program, or change a table that code outside uses.
local core = require "neap.core"
local check = require "neap.check"

local environment = {}

local BASE = {
  "assert", "error", "ipairs", "next", "pairs", "pcall", "print", "rawequal", "rawlen", "select", "tonumber", "tostring", "type",
  "xpcall",
}

local function copy(from, names)
  local result = {}
  for _, name in ipairs(names or check.names(from)) do
    result[name] = from[name]
  end
  return result
end

-- A table that cannot be changed, and that names what it does not have.
local function sealed(name, fields)
  return setmetatable({}, {
    __index = function(_, key)
      local value = fields[key]
      if value == nil then
        check.fail_name(name .. " has no", key, check.names(fields))
      end
      return value
    end,
    __newindex = function(_, key)
      core.fail(("%s: cannot be changed, got '%s'"):format(name, tostring(key)))
    end,
    __metatable = false,
  })
end

-- `define` is that of require "neap.define".
local function library(define)
  local fields = copy(core.ops)
  for _, part in ipairs { "neap.tensor", "neap.mix", "neap.pixels" } do
    for name, f in pairs(require(part)) do
      fields[name] = f
    end
  end
  fields.seed = nil -- it would change the random numbers of the recipe
  local definers = {}
  for _, kind in ipairs(define.kinds) do
    definers[kind] = function(given)
      define[kind](given) -- the constructor that it returns leads to tables of the library
    end
  end
  fields.define = sealed("define", definers)
  fields.npy = sealed("npy", { load = core.npy_load })
  return sealed("neap", fields)
end

local function require_only(neap)
  return function(name)
    if name ~= "neap" then
      core.fail(("require: a file of definitions is stored in checkpoints, and can only require 'neap', got '%s'"):format(
        tostring(name)))
    end
    return neap
  end
end

-- Metatables of values that code outside uses stay out of reach.
local function own_metatables(result)
  local own = setmetatable({}, { __mode = "k" })
  function result.setmetatable(value, meta)
    if type(meta) == "table" and rawget(meta, "__gc") ~= nil then
      core.fail "setmetatable: expected a metatable without __gc"
    end
    own[meta or 0] = true
    return setmetatable(value, meta)
  end
  function result.getmetatable(value)
    local meta = getmetatable(value)
    return own[meta or 0] and meta or nil
  end
end

--- A new environment, for one file.
function environment.new(define)
  local result = copy(_G, BASE)
  for _, name in ipairs { "math", "string", "table", "utf8", "coroutine" } do
    result[name] = copy(_G[name])
  end
  result.string.dump = nil
  own_metatables(result)
  local neap = library(define)
  result.require, result.neap = require_only(neap), nil
  result._G = result
  return result
end

return environment
