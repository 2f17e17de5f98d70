--- settings.json of a run: all that its steps depend on, and on what machine they were taken.
--
--   settings      of training, with their defaults
--   components    by role: { name, version, config } with every parameter
--   overrides     key=value pairs of the command line; `sessions` has those of each call that went on with the run
--   plugins       that the components come from: { name, version, origin, hash }, the hash of a shared object
--   machine       processor, instruction set, threads, libraries, how neap was built
local core = require "neap.core"
local compare = require "neap.checkpoint.compare"
local hash = require "neap.hash"
local options = require "neap.options"

local record = {}

--- The roles of components, in the order of a recipe, and the kind of each.
record.ROLES = {
  { "model", "architecture" }, { "autoencoder", "architecture" }, { "data", "dataset" }, { "objective", "objective" },
  { "sampler", "sampler" }, { "guidance", "guidance" },
}

local function instances(run)
  local autoencoder = run.model:autoencoder()
  return {
    model = run.model:component(), autoencoder = autoencoder and autoencoder:component(), data = run.data:component(),
    objective = run.objective, sampler = run.sampler and run.sampler.instance, guidance = run.sampler and run.sampler.guidance,
  }
end

local function describe(run)
  local components, found = {}, instances(run)
  for _, role in ipairs(record.ROLES) do
    components[role[1]] = found[role[1]] and compare.describe(found[role[1]])
  end
  return components
end

-- Adds the plugin of a component, and those of the components inside it.
local function add_plugins(list, kind, entry)
  local known, component = pcall(core.find, kind, entry.name)
  if known and component.plugin and not list[component.plugin] then
    local plugin = { name = component.plugin, version = component.version, origin = component.origin }
    plugin.hash = core.exists(component.origin) == "file" and hash.file(component.origin) or nil
    list[component.plugin], list[#list + 1] = true, plugin
  end
  for _, value in pairs(entry.config) do
    if type(value) == "table" and value.kind and value.config then
      add_plugins(list, value.kind, value)
    end
  end
end

local function plugins_of(components)
  local list = {}
  for _, role in ipairs(record.ROLES) do
    if components[role[1]] then
      add_plugins(list, role[2], components[role[1]])
    end
  end
  local plugins = table.move(list, 1, #list, 1, {})
  table.sort(plugins, function(a, b) return a.name < b.name end)
  return #plugins > 0 and plugins or nil
end

local function machine()
  local own = core.machine()
  return {
    cpu = own.cpu, isa = own.isa, threads = core.threads(), build = own.flags, compiler = own.compiler, products = own.gemm,
    openblas = own.gemm == "openblas" and core.openblas() or nil, -- loaded by now; else it is left alone
  }
end

-- The calls that took steps of this run: those before, and this one.
local function sessions(run, before)
  local list = type(before) == "table" and type(before.sessions) == "table" and run.step > 0 and before.sessions or {}
  list[#list + 1] = { began = os.date "!%Y-%m-%dT%H:%M:%SZ", step = run.step, overrides = options.overrides() }
  return list
end

--- The table for settings.json of a run { model, data, objective, sampler, plan, step } whose settings are described by
-- `settings`; `recipe` is the path of the recipe, or nil, and `before` the table of the earlier session, or nil.
function record.of(run, settings, recipe, before)
  local components = describe(run)
  return {
    settings = settings, plan = run.plan:describe(), recipe = recipe, overrides = options.overrides(), version = core.version,
    components = components, plugins = plugins_of(components), machine = machine(), parameters = run.model:size(),
    sessions = sessions(run, before),
  }
end

return record
