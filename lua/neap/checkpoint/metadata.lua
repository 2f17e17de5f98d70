--- The metadata of checkpoints: pairs of key and text, which describe components, settings and conventions.
local core = require "neap.core"
local compare = require "neap.checkpoint.compare"
local stored = require "neap.define.stored"

local metadata = {}

-- The conventions of docs/architecture.md, so that a reader of the file needs no other source.
local CONVENTIONS = {
  time = "t=0 is data, t=1 is noise; x_t=(1-t)x+tz; the network sees 1000t",
  guidance = "v=(1+w)v_y-w v_0",
  null_label = "classes",
  pictures = "NHWC in [-1,1]",
  layouts = "linear [out,in], convolution [out,in,rows,columns]",
}

-- Of networks whose spec has such a kind of condition.
local OF_CONDITIONS = {
  text = "UTF-8 bytes; bytes from its length on are masked in attention; the null text is empty",
  tokens = "tokens from their length on are masked in attention; null tokens have length 0",
}

local UNKNOWN = "unknown" -- prediction of a network that another program trained

local function conventions(model, objective)
  local own = {}
  if model:offers "velocity" then
    own.prediction = objective and core.objective_predicts(objective) or UNKNOWN
  end
  for key, value in pairs(CONVENTIONS) do
    own[key] = value
  end
  for kind, value in pairs(OF_CONDITIONS) do
    own[kind] = model:spec()[kind] and model:spec()[kind] > 0 and value or nil
  end
  return own
end

local function add_component(pairs_, key, instance)
  if instance then
    pairs_[#pairs_ + 1] = { "neap." .. key, core.json_encode(compare.describe(instance), true) }
  end
end

-- Adds the definitions in Lua of a list of components.
local function add_definitions(pairs_, instances)
  local definitions = stored.describe(instances)
  if definitions then
    pairs_[#pairs_ + 1] = { "neap.definitions", core.json_encode(definitions, true) }
  end
end

local function append(list, value)
  list[#list + 1] = value
end

--- The components of { model, objective, data, sampler }, with that of the autoencoder; all but the model may be nil.
function metadata.components(run)
  local list, autoencoder = { run.model:component() }, run.model:autoencoder()
  append(list, run.objective)
  append(list, run.data and run.data:component())
  append(list, autoencoder and autoencoder:component())
  append(list, run.sampler and run.sampler.instance)
  append(list, run.sampler and run.sampler.guidance)
  return list
end

-- What every checkpoint with a network begins with.
local function begin(model, objective, step)
  return {
    { "neap.version", core.version },
    { "neap.step", tostring(step) },
    { "neap.conventions", core.json_encode(conventions(model, objective)) },
    { "neap.spec", core.json_encode(model:spec()) },
  }
end

-- Adds the components of { model, objective, data, sampler }, and what the data set says of its pictures and labels.
local function add_components(pairs_, run, labels)
  local autoencoder, data = run.model:autoencoder(), run.data
  add_component(pairs_, "architecture", run.model:component())
  add_component(pairs_, "autoencoder", autoencoder and autoencoder:component())
  add_component(pairs_, "objective", run.objective)
  add_component(pairs_, "dataset", data and data:component())
  add_component(pairs_, "sampler", run.sampler and run.sampler.instance)
  add_component(pairs_, "guidance", run.sampler and run.sampler.guidance)
  add_definitions(pairs_, metadata.components(run))
  if data and data:encoded_from() then
    pairs_[#pairs_ + 1] = { "neap.pictures", data:encoded_from() }
  end
  labels = labels or data and data:label_names()
  if labels then
    pairs_[#pairs_ + 1] = { "neap.labels", core.json_encode(labels) }
  end
end

--- The pairs { key, text } of the checkpoint of a run.
function metadata.of_run(run)
  local pairs_ = begin(run.model, run.objective, run.step)
  for _, pair in ipairs {
    { "neap.rate", tostring(run.rate) },
    { "neap.ended", run.ended and "1" or "0" },
    { "neap.plan", core.json_encode(run.plan:describe(), true) },
    { "neap.guard", core.json_encode(run.guard:describe(), true) },
    { "neap.settings", core.json_encode(run.settings, true) },
  } do
    pairs_[#pairs_ + 1] = pair
  end
  add_components(pairs_, run)
  if run.from then
    pairs_[#pairs_ + 1] = { "neap.from", run.from }
  end
  return pairs_
end

--- The pairs of a checkpoint of a network that no run of neap trained.
function metadata.of_network(model, objective)
  local pairs_ = begin(model, objective, 0)
  add_component(pairs_, "architecture", model:component())
  add_component(pairs_, "objective", objective)
  add_definitions(pairs_, { model:component(), objective })
  return pairs_
end

--- The pairs of the checkpoint of a recipe's own loop; `state` is a table of what only its resume needs.
function metadata.of_loop(loop, state)
  local pairs_ = { { "neap.version", core.version }, { "neap.step", tostring(loop.step) } }
  if loop.model then
    pairs_ = begin(loop.model, loop.objective, loop.step)
    add_components(pairs_, loop, loop.labels)
  end
  pairs_[#pairs_ + 1] = { "neap.loop", core.json_encode(state, true) }
  return pairs_
end

-- --- Reading --------------------------------------------------------------------------------------------------------------

--- The object under a key in the metadata `meta` of the file at `path`; nil where there is none.
function metadata.object(path, meta, key)
  local text = meta["neap." .. key]
  if not text then
    return nil
  end
  local value, reason = core.json_decode(text)
  if type(value) ~= "table" then
    core.fail(("%s: metadata 'neap.%s': %s"):format(path, key, reason or "expected an object"))
  end
  return value
end

--- The description { name, config } of a component under a key; nil where there is none.
function metadata.entry(path, meta, kind)
  local entry = metadata.object(path, meta, kind)
  if entry and (type(entry.name) ~= "string" or type(entry.config) ~= "table") then
    core.fail(("%s: metadata 'neap.%s': expected a name and a config"):format(path, kind))
  end
  return entry
end

-- Fails when no plugin with a component of this entry was loaded, and says which plugin the run had.
local function check_known(path, kind, entry)
  for _, component in ipairs(core.components(kind)) do
    if component.name == entry.name then
      return
    end
  end
  local searched = core.searched()
  core.fail(("%s: %s '%s' of plugin '%s', version %s, is not known%s"):format(path, kind, entry.name,
    tostring(entry.plugin or entry.name), tostring(entry.version),
    searched ~= "" and "; plugins were searched in " .. searched or ""))
end

--- The component under a key, which is its kind where no other is named.
function metadata.component(path, meta, key, kind)
  local entry = metadata.entry(path, meta, key)
  if entry then
    stored.ensure(path, metadata.object(path, meta, "definitions"), kind or key, entry,
      path .. ": %s '%s' is not the one that the run was saved with: it has changed, or another has its name")
    check_known(path, kind or key, entry)
  end
  return entry and core.component_from_json(kind or key, entry.name, core.json_encode(entry.config, true))
end

return metadata
