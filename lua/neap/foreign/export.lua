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

local function is_kept(made, name)
  for _, pattern in ipairs(made.kept or {}) do
    if name:find(pattern) then
      return true
    end
  end
end

-- { { foreign name, tensor }, ... }, and the number of own tensors that are kept back. Fails for any other tensor that the format
-- has no name for.
local function tensors(format, made, model)
  local list, kept = {}, 0
  for _, entry in ipairs(model:parameters()) do
    local place = names.place(format.rules, made.sizes, entry[1])
    if place then
      for i, x in ipairs(place.change.write(layout.to_file(entry[2]), made.sizes, #place)) do
        list[#list + 1] = { place[i], x }
      end
    elseif is_kept(made, entry[1]) then
      kept = kept + 1
    else
      core.fail(("export: %s: the format has no place for '%s'"):format(format.title, entry[1]))
    end
  end
  return table.move(made.extra or {}, 1, #(made.extra or {}), #list + 1, list), kept
end

local function save_folder(to, made, list)
  core.folder_make(to)
  core.file_save(to .. "/" .. source.CONFIG, core.json_encode(made.config) .. "\n")
  core.safetensors_save(to .. "/" .. source.WEIGHTS, list, made.metadata or {})
end

-- Removes what a failed save left.
local function remove_folder(to)
  os.remove(to .. "/" .. source.CONFIG)
  os.remove(to .. "/" .. source.WEIGHTS)
  os.remove(to)
end

local function save(to, made, list)
  if not made.config then
    core.safetensors_save(to, list, made.metadata or {})
    return
  end
  local done, reason = pcall(save_folder, to, made, list)
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

local function report(to, format, list, kept, model)
  local lines = { ("%s: %s: %d tensors"):format(to, format.title, #list) }
  if kept > 0 then
    lines[2] = ("not written as tensors: what stands in config.json or serves training alone (%d)"):format(kept)
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
  local made = format.write(format, model)
  local list, kept = tensors(format, made, model)
  save(to, made, list)
  return report(to, format, list, kept, model)
end

return export
