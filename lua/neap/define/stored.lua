--- Definitions in the metadata of checkpoints, under neap.definitions: { parts = { { kind, name, fingerprint, file } },
-- files = { { path, text } } }. A component that is defined in a file of neap.define.load is defined again from its text;
-- one that is defined in a recipe is found again only where the recipe runs.
local core = require "neap.core"
local config = require "neap.config"
local known = require "neap.define.known"

local stored = {}

-- Calls f(kind, name) for a component { name, config } and those inside.
local function each(kind, entry, f)
  f(kind, entry.name)
  for _, value in pairs(entry.config) do
    if type(value) == "table" and type(value.config) == "table" and type(value.kind) == "string" then
      each(value.kind, value, f)
    end
  end
end

-- Adds a definition to what the metadata holds, once.
local function add(result, definition)
  for _, part in ipairs(result.parts) do
    if part.kind == definition.kind and part.name == definition.name then
      return
    end
  end
  local file = definition.file
  result.parts[#result.parts + 1] = { kind = definition.kind, name = definition.name, fingerprint = definition.fingerprint,
    origin = definition.origin, file = file and file.path }
  for _, other in ipairs(result.files) do
    if not file or other.path == file.path then
      return
    end
  end
  result.files[#result.files + 1] = file and { path = file.path, text = file.text }
end

--- What the metadata holds of the definitions of these components; nil if all are those of plugins.
function stored.describe(instances)
  local result = { parts = {}, files = {} }
  for _, instance in ipairs(instances) do
    each(instance:kind(), { name = instance:name(), config = config.of(instance) }, function(kind, name)
      local definition = known.find(kind, name)
      if definition then
        add(result, definition)
      end
    end)
  end
  return #result.parts > 0 and result or nil
end

--- The components among these that are defined in a recipe, as texts "sampler 'name'".
function stored.without_file(instances)
  local names, described = {}, stored.describe(instances)
  for _, part in ipairs(described and described.parts or {}) do
    names[#names + 1] = not part.file and ("%s '%s'"):format(part.kind, part.name) or nil
  end
  return names
end

-- A file may come from anywhere.
local function check_list(path, list, keys)
  for _, entry in ipairs(type(list) == "table" and list or { false }) do
    for _, key in ipairs(keys) do
      if type(entry) ~= "table" or type(entry[key]) ~= "string" then
        core.fail(("%s: metadata 'neap.definitions': expected lists of parts and files"):format(path))
      end
    end
  end
end

local function find_part(path, definitions, kind, name)
  check_list(path, definitions.parts, { "kind", "name", "fingerprint", "origin" })
  check_list(path, definitions.files, { "path", "text" })
  for _, part in ipairs(definitions.parts) do
    if part.kind == kind and part.name == name then
      return part
    end
  end
end

local function define_again(path, definitions, part)
  for _, file in ipairs(definitions.files) do
    if file.path == part.file then
      require("neap.define").run(file.path, file.text)
    end
  end
  if known.find(part.kind, part.name) then
    return
  elseif part.file then
    core.fail(("%s: metadata 'neap.definitions': %s does not define %s '%s'"):format(path, tostring(part.file), part.kind,
      part.name))
  end
  core.fail(("%s: %s '%s' is defined in the recipe %s; define it in a file of its own, which the recipe loads by "
    .. "neap.define.load, so that checkpoints hold it"):format(path, part.kind, part.name, part.origin))
end

--- Makes sure that a component { name, config } of a checkpoint, and those inside, have the definitions that it was saved
-- with. `definitions` is the object in the metadata, or nil. `format` is that of the message for another definition, from
-- kind and name.
function stored.ensure(path, definitions, kind, entry, format)
  each(kind, entry, function(of_kind, name)
    local part = definitions and find_part(path, definitions, of_kind, name)
    if not part then
      return
    elseif not known.find(of_kind, name) then
      define_again(path, definitions, part)
    end
    if known.find(of_kind, name).fingerprint ~= part.fingerprint then
      core.fail(format:format(of_kind, name))
    end
  end)
end

return stored
