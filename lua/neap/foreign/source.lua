--- Weights of other programs: one safetensors file, or a folder of diffusers with a config.json and one or more of them.
local core = require "neap.core"
local check = require "neap.check"
local format = require "neap.format"
local layout = require "neap.layout"

local source = {}
source.__index = source

source.CONFIG, source.WEIGHTS = "config.json", "diffusion_pytorch_model.safetensors"
local INDEX = source.WEIGHTS .. ".index.json"

local PICKLES = { "bin", "ckpt", "pkl", "pt", "pth" }

local function read_text(path)
  local file <close>, reason = io.open(path, "rb")
  local text = file and file:read "a"
  return text or core.fail(("%s: cannot be read: %s"):format(path, reason or "not a file"))
end

-- The object in a JSON file.
local function read_object(path)
  local value, reason = core.json_decode(read_text(path))
  if type(value) ~= "table" or value[1] ~= nil then
    core.fail(("%s: %s"):format(path, reason or "expected an object"))
  end
  return value
end

local function config_beside(path)
  local beside = (path:match "^(.*/)[^/]*$" or "") .. source.CONFIG
  return core.exists(beside) == "file" and beside or nil
end

-- The files that the index of a sharded checkpoint names, each once; and its map from tensors to files.
local function shards(folder)
  local path = folder .. "/" .. INDEX
  local map = read_object(path).weight_map
  local seen, files = {}, {}
  for _, name in pairs(type(map) == "table" and map or {}) do
    if type(name) ~= "string" or name:find "/" then
      core.fail(("%s: weight_map: expected names of files in this folder"):format(path))
    elseif not seen[name] then
      seen[name], files[#files + 1] = true, folder .. "/" .. name
    end
  end
  table.sort(files)
  if #files == 0 then
    core.fail(("%s: weight_map: expected names of files"):format(path))
  end
  return files, map
end

local function check_map(self, map)
  for _, name in ipairs(check.names(map)) do
    if not self.tensors[name] then
      core.fail(("%s/%s: weight_map: '%s' is in none of the files"):format(self.path, INDEX, name))
    end
  end
end

-- Files of a folder by the end of their names.
local function files_ending(folder, ending)
  local files = {}
  for _, name in ipairs(core.folder_list(folder)) do
    if name:match "%.(%w+)$" == ending then
      files[#files + 1] = folder .. "/" .. name
    end
  end
  table.sort(files)
  return files
end

local function fail_for_pickle(path)
  core.fail(("%s: expected safetensors, got a .%s file, which may run code when it is read; in Python: %s"):format(path,
    path:match "%.(%w+)$", "safetensors.torch.save_file(torch.load(FILE, weights_only=True), 'FILE.safetensors')"))
end

local function fail_without_weights(folder, found)
  for _, ending in ipairs(PICKLES) do
    local pickle = #found == 0 and files_ending(folder, ending)[1]
    if pickle then
      fail_for_pickle(pickle)
    end
  end
  if core.exists(folder .. "/model_index.json") then
    core.fail(("%s: expected one network, got a pipeline; name a folder inside, such as %s/vae or %s/transformer"):format(
      folder, folder, folder))
  end
  core.fail(("%s: expected %s, got %s"):format(folder, source.WEIGHTS,
    #found > 1 and ("%d safetensors files; name one"):format(#found) or "no safetensors file"))
end

local function files_of(path)
  if core.exists(path) ~= "folder" then
    return { path }
  elseif core.exists(path .. "/" .. source.WEIGHTS) then
    return { path .. "/" .. source.WEIGHTS }
  elseif core.exists(path .. "/" .. INDEX) then
    return shards(path)
  end
  local found = files_ending(path, "safetensors")
  return #found == 1 and found or fail_without_weights(path, found)
end

local function check_kind(path)
  local kind = core.exists(path)
  if not kind then
    core.fail(("there is no '%s'"):format(path))
  end
  for _, ending in ipairs(kind == "file" and PICKLES or {}) do
    if path:lower():match "%.(%w+)$" == ending then
      fail_for_pickle(path)
    end
  end
end

local function add_file(self, path)
  local file = core.safetensors_open(path)
  for key, text in pairs(file:metadata()) do
    self.metadata[key] = text
  end
  for _, entry in ipairs(file:tensors()) do
    if self.tensors[entry.name] then
      core.fail(("%s: '%s': the tensor is in another file too"):format(path, entry.name))
    end
    self.tensors[entry.name] = { file = file, name = entry.name, shape = entry.shape }
    self.names[#self.names + 1] = entry.name
  end
end

--- Opens a file or folder: { path, config = the object of config.json or {}, config_path or nil, names = sorted list,
-- metadata, tensors = { [name] = { shape, ... } } }. The files are open as long as it is in use.
function source.open(path)
  check_kind(path)
  path = path:match "^(.-)/+$" or path
  local self = setmetatable({ path = path, tensors = {}, names = {}, metadata = {} }, source)
  local files, map = files_of(path)
  for _, name in ipairs(files) do
    add_file(self, name)
  end
  check_map(self, map or {})
  table.sort(self.names)
  self.config_path = config_beside(core.exists(path) == "folder" and path .. "/" or path)
  self.config = self.config_path and read_object(self.config_path) or {}
  return self
end

--- Drops what does not begin with `prefix` and removes the prefix from the rest. Returns the number of dropped tensors.
function source:narrow(prefix)
  local tensors, names, dropped = {}, {}, 0
  for _, name in ipairs(self.names) do
    if name:sub(1, #prefix) == prefix then
      local short = name:sub(#prefix + 1)
      tensors[short], names[#names + 1] = self.tensors[name], short
    else
      dropped = dropped + 1
    end
  end
  self.tensors, self.names = tensors, names
  return dropped
end

--- The shape of a tensor, which must have this rank and elements.
function source:shape(name, rank)
  local entry = self.tensors[name]
  local shape = entry and entry.shape
  if not shape or #shape ~= rank or math.min(table.unpack(shape)) == 0 then
    core.fail(("%s: '%s': expected %d axes, none of them empty, got %s"):format(self.path, name, rank,
      shape and format.shape(shape) or "no such tensor"))
  end
  return shape
end

--- The number of indices in names of the form BEFORE.INDEX.AFTER: the highest and 1.
function source:count(before)
  local most = -1
  local pattern = "^" .. before:gsub("%p", "%%%0") .. "%.(%d+)%."
  for _, name in ipairs(self.names) do
    most = math.max(most, tonumber(name:match(pattern)) or -1)
    if most >= #self.names then
      core.fail(("%s: '%s': expected indices without gaps"):format(self.path, name))
    end
  end
  return most + 1
end

function source:elements()
  return layout.elements(self.tensors)
end

function source:load(name)
  local entry = self.tensors[name]
  return entry.file:load(entry.name)
end

--- Fails where config.json states another value than the weights have; expected = { { key, value }, ... }. Keys that it
-- lacks, or has as null, are not compared.
function source:check_config(expected)
  for _, pair in ipairs(expected) do
    local key, want, got = pair[1], pair[2], self.config[pair[1]]
    if got ~= nil and core.json_encode(got) ~= core.json_encode(want) then
      core.fail(("%s: %s: expected %s, which the weights have, got %s"):format(self.config_path, key, core.json_encode(want),
        core.json_encode(got)))
    end
  end
end

return source
