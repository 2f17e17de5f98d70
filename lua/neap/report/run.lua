--- What the files of a run's folder say: for lists, comparisons and reports. Each file may be missing: the run may have been
-- stopped at any time.
local core = require "neap.core"
local checkpoint = require "neap.checkpoint"
local folder = require "neap.folder"

local run_of = {}

local DEEPEST = 3 -- levels of folders below the first one in which runs are looked for

--- Is there a run in this folder?
function run_of.is_there(path)
  local place = folder.at(path)
  return core.exists(place:file "settings.json") == "file" or core.exists(place:file "metrics.jsonl") == "file"
end

-- Does the last checkpoint of a run say that it has ended? Of one that cannot be read, nothing is known.
local function has_ended(place)
  local read, ended = pcall(checkpoint.ended, place:checkpoint())
  return read and ended
end

-- "in progress", "ended" or "stopped".
local function state_of(place, own)
  if not own and core.folder_owner(place.path) then
    return "in progress"
  end
  return has_ended(place) and "ended" or "stopped"
end

-- The bytes of the files in a folder, not of those in folders inside it.
local function size_of(place)
  local size = 0
  for _, name in ipairs(core.folder_list(place.path)) do
    local path = place:file(name)
    local plain = core.exists(path) == "file" and not core.is_special(path)
    local file <close> = plain and io.open(path, "rb") or nil
    size = size + (file and file:seek "end" or 0)
  end
  return size
end

local function picture_in(place, name)
  local path = place:file(name)
  return core.exists(path) == "file" and path or nil
end

--- The run in a folder: { path, name, place, settings (what settings.json has, or {}), last (row of the metrics, or nil), state,
-- size, previews, picture (path of the last samples, or nil), recipe (path, or nil) }. Messages begin with `who`. `own`: the
-- caller holds the lock of the folder.
function run_of.read(who, path, own)
  if core.exists(path) ~= "folder" or not run_of.is_there(path) then
    core.fail(("%s: there is no run in '%s'"):format(who, path))
  end
  local place = folder.at(path)
  return {
    path = place.path, name = place.path:match "[^/]+$" or place.path, place = place, settings = place:settings() or {},
    last = place:tail(), state = state_of(place, own), size = size_of(place), previews = place:previews(),
    picture = picture_in(place, "samples.png"), recipe = picture_in(place, folder.RECIPE),
  }
end

-- Is it a folder that can be looked into? One that cannot hides no other.
local function is_folder(path)
  local known, what = pcall(core.exists, path)
  return known and what == "folder" and pcall(core.folder_list, path)
end

local function add(list, path, depth)
  if run_of.is_there(path) then
    list[#list + 1] = path
  end
  local names = depth < DEEPEST and core.folder_list(path) or {}
  table.sort(names)
  for _, name in ipairs(names) do
    local inner = path .. "/" .. name
    if is_folder(inner) then
      add(list, inner, depth + 1)
    end
  end
end

--- The folders with runs in a folder and up to three levels below it, in order of their names.
function run_of.find(path)
  local list = {}
  add(list, folder.at(path).path, 0)
  return list
end

return run_of
