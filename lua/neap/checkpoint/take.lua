--- Weights of another run as the start of a model, part by part. A part of a model is what has the same first word:
-- `encoder` in `encoder.conv_in.weight`.
local core = require "neap.core"

local take = {}

local function part_of(name)
  return name:match "^[^.]*"
end

-- Adds a name once to a list that is also a set.
local function add(list, name)
  if not list[name] then
    list[name], list[#list + 1] = true, name
  end
end

-- The tensors of the file that a part must have to be taken: all of those that the model has, and no others.
local function check_surplus(path, names, model, parts)
  local known = {}
  for _, entry in ipairs(model:parameters()) do
    known[entry[1]] = true
  end
  for name in pairs(names) do
    if parts[part_of(name)] and not known[name] then
      core.fail(("train: from: %s: '%s': %s has no such parameter"):format(path, name, model:component():name()))
    end
  end
end

--- The parts of a model that a file has, as a list, and those that it lacks. `names` are the tensors of the file as a set.
-- Fails when it has none, and for a part with parameters that the model lacks.
function take.parts(path, names, model)
  local inside, taken, left = {}, {}, {}
  for name in pairs(names) do
    inside[part_of(name)] = true
  end
  for _, entry in ipairs(model:parameters()) do
    local part = part_of(entry[1])
    add(inside[part] and taken or left, part)
  end
  if #taken == 0 then
    core.fail(("train: from: %s has no part of %s, which has %s"):format(path, model:component():name(),
      table.concat(left, ", ")))
  end
  check_surplus(path, names, model, taken)
  return taken, left
end

--- The entries { name, tensor } of a model that belong to the parts in a list.
function take.entries(model, parts)
  local list = {}
  for _, entry in ipairs(model:parameters()) do
    list[#list + 1] = parts[part_of(entry[1])] and entry or nil
  end
  return list
end

return take
