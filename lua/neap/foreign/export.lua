--- Export of checkpoints of neap to formats of other programs.
local core = require "neap.core"
local checkpoint = require "neap.checkpoint"
local config = require "neap.config"
local formats = require "neap.foreign.formats"
local layout = require "neap.layout"
local names = require "neap.foreign.names"
local source = require "neap.foreign.source"

local export = {}

export.NAMES = { "diffusers", "dit", "neap" }

-- { { foreign name, tensor }, ... }, and the number of own tensors that the format omits. Fails for other tensors that it
-- has no name for.
local function tensors(format, description, model)
  local list, omitted = {}, 0
  for _, entry in ipairs(model:parameters()) do
    local place = names.place(format.rules, description.sizes, entry[1])
    if place then
      for i, x in ipairs(place.change.write(layout.to_file(entry[2]), description.sizes, #place)) do
        list[#list + 1] = { place[i], x }
      end
    elseif names.match_any(description.omitted or {}, entry[1]) then
      omitted = omitted + 1
    else
      core.fail(("export: %s: the format has no place for '%s'"):format(format.title, entry[1]))
    end
  end
  return table.move(description.extra or {}, 1, #(description.extra or {}), #list + 1, list), omitted
end

local function save_folder(to, description, list)
  core.folder_make(to)
  core.file_save(to .. "/" .. source.CONFIG, core.json_encode(description.config) .. "\n")
  core.safetensors_save(to .. "/" .. source.WEIGHTS, list, description.metadata or {})
end

-- Removes what a failed save left.
local function remove_folder(to)
  os.remove(to .. "/" .. source.CONFIG)
  os.remove(to .. "/" .. source.WEIGHTS)
  os.remove(to)
end

local function save(to, description, list)
  if not description.config then
    core.safetensors_save(to, list, description.metadata or {})
    return
  end
  local done, reason = pcall(save_folder, to, description, list)
  if not done then
    remove_folder(to)
    error(reason, 0)
  end
end

local function format_of(as, model)
  local component = model:component()
  return formats.writer(as, component:name(), config.of(component)) or core.fail(
    ("export: --as %s: no format of this name holds networks of the architecture %s"):format(as, component:name()))
end

local function report(to, format, list, omitted, model)
  local lines = { ("%s: %s: %d tensors"):format(to, format.title, #list) }
  if omitted > 0 then
    lines[2] = ("not written as tensors: what stands in config.json or serves training alone (%d)"):format(omitted)
  end
  lines[#lines + 1] = format.note
  if model:autoencoder() then
    lines[#lines + 1] = "not written: the autoencoder; export its own checkpoint"
  end
  return lines
end

--- Writes the network of a checkpoint in the format `as`, one of export.NAMES but "neap": a folder, or a file. Nothing may exist
-- at `to`. Returns lines that say what was done.
function export.run(path, to, as)
  local model = checkpoint.model("export", path)
  local format = format_of(as, model)
  local description = format.write(format, model)
  local list, omitted = tensors(format, description, model)
  save(to, description, list)
  return report(to, format, list, omitted, model)
end

return export
