--- The tensors of checkpoints: which they are, and their way into a file and back.
local core = require "neap.core"
local format = require "neap.format"
local layout = require "neap.layout"

local files = {}

-- The prefix of the tensors of the autoencoder that a network works in.
local AUTOENCODER = "autoencoder."

--- { { name, tensor }, ... } of a network and of its autoencoder.
function files.weights(model)
  local list, autoencoder = model:parameters(), model:autoencoder()
  for _, entry in ipairs(autoencoder and autoencoder:parameters() or {}) do
    list[#list + 1] = { AUTOENCODER .. entry[1], entry[2] }
  end
  return list
end

-- The same list with the layouts of the file.
local function in_file_layout(list)
  local result = {}
  for i, entry in ipairs(list) do
    result[i] = { entry[1], layout.to_file(entry[2]) }
  end
  return result
end

--- Writes tensors { { name, tensor }, ... } and metadata { { key, text }, ... }.
function files.write(path, list, pairs_)
  core.safetensors_save(path, in_file_layout(list), pairs_)
end

--- The bytes of such a file.
function files.size(list, pairs_)
  return core.safetensors_size(in_file_layout(list), pairs_)
end

--- Fails unless the file has every wanted tensor in the right shape.
function files.check(path, file, wanted)
  local shapes = {}
  for _, entry in ipairs(file:tensors()) do
    shapes[entry.name] = format.shape(entry.shape)
  end
  for _, entry in ipairs(wanted) do
    local want, got = format.shape(layout.shape(entry[2]:shape())), shapes[entry[1]]
    if got ~= want then
      core.fail(("%s: '%s': expected %s, got %s"):format(path, entry[1], want, got or "no such tensor"))
    end
  end
end

--- Reads the wanted tensors, { { name, tensor }, ... }, from an open file.
function files.assign(file, wanted)
  for _, entry in ipairs(wanted) do
    local loaded <close> = file:load(entry[1])
    entry[2]:assign(layout.from_file(loaded))
  end
end

--- The names of the tensors of an open file as a set.
function files.names(file)
  local names = {}
  for _, entry in ipairs(file:tensors()) do
    names[entry.name] = true
  end
  return names
end

return files
