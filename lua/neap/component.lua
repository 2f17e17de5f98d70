--- Components by kind: neap.KIND.NAME { parameter = value, ... } looks NAME up in the registry, so components of any plugin
-- need no Lua code.
local core = require "neap.core"
local overrides = require "neap.options.components"
local sampler = require "neap.sampler"
local tensor = require "neap.tensor"
require "neap.dataset"

local component = {}

-- What a recipe gets of an instance; kinds without an entry yield the instance.
local wrap = {
  architecture = function(instance)
    return core.network(instance, tensor.seed())
  end,
  dataset = core.source,
}

local function construct(kind, name, settings)
  if settings ~= nil and type(settings) ~= "table" then
    core.fail_usage(("%s: expected one table of settings: %s { name = value }"):format(name, name))
  end
  local texts = overrides.texts(kind, name)
  if kind == "sampler" then
    return sampler.new(name, settings or {}, texts)
  elseif kind == "dataset" and name == "tensors" and settings and settings.x ~= nil then
    settings = require("neap.define.examples").config(settings)
  end
  local instance = core.component(kind, name, settings or {}, texts)
  return wrap[kind] and wrap[kind](instance) or instance
end

function component.namespace(kind)
  return setmetatable({}, {
    __index = function(namespace, name)
      core.find(kind, name)
      local function make(settings)
        return construct(kind, name, settings)
      end
      rawset(namespace, name, make)
      return make
    end,
  })
end

return component
