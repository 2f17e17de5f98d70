--- The folder of a run: the recipe, its settings, metrics line by line, checkpoints and pictures.
local core = require "neap.core"
local options = require "neap.options"

local folder = {}
folder.__index = folder

folder.CHECKPOINT = "checkpoint.safetensors"

local function read_all(path)
  local file = io.open(path, "rb")
  if not file then
    return nil
  end
  local text = file:read "a"
  file:close()
  return text
end

-- A new run never writes over an old one: that moves to the next free number.
local function move_aside(path)
  local number = 1
  while core.exists(path .. "." .. number) do
    number = number + 1
  end
  local moved, reason = os.rename(path, path .. "." .. number)
  if not moved then
    core.fail(("train: %s holds an earlier run and cannot be moved: %s"):format(path, reason))
  end
  io.stderr:write(("%s held an earlier run, which is now %s.%d\n"):format(path, path, number))
end

--- Makes the folder ready for a new run, or for one that goes on.
function folder.open(path, resume)
  local self = setmetatable({ path = path }, folder)
  if not resume and core.exists(self:file "metrics.jsonl") then
    move_aside(path)
  end
  core.folder_make(path)
  local reason = core.writable(path)
  if reason then
    core.fail(("train: %s: cannot write there: %s"):format(path, reason))
  end
  return self
end

function folder:file(name)
  return self.path .. "/" .. name
end

function folder:checkpoint()
  return self:file(folder.CHECKPOINT)
end

function folder:save_text(name, text)
  core.file_save(self:file(name), text)
end

--- Keeps the recipe as it was, and all that it was run with.
function folder:describe(settings)
  local recipe = folder.recipe and read_all(folder.recipe)
  if recipe then
    self:save_text("recipe.lua", recipe)
  end
  local machine = core.machine()
  self:save_text("settings.json", core.json_encode {
    settings = settings, recipe = folder.recipe, overrides = options.overrides(), version = core.version,
    machine = { cpu = machine.cpu, isa = machine.isa, threads = core.threads(), build = machine.flags },
  } .. "\n")
end

-- Metrics of steps after the checkpoint would stand twice once those steps are done again.
local function lines_up_to(path, step)
  local kept, seconds = {}, 0
  for line in (read_all(path) or ""):gmatch "[^\n]+" do
    local row = core.json_decode(line)
    if type(row) == "table" and (row.step or math.huge) <= step then
      kept[#kept + 1] = line
      seconds = row.seconds or seconds
    end
  end
  return kept, seconds
end

--- Opens the metrics to go on after `step`; returns the seconds of training spent so far.
function folder:open_metrics(step)
  local path = self:file "metrics.jsonl"
  local kept, seconds = lines_up_to(path, step)
  core.file_save(path, #kept > 0 and table.concat(kept, "\n") .. "\n" or "")
  local reason
  self.metrics, reason = io.open(path, "a")
  if not self.metrics then
    core.fail("train: " .. reason)
  end
  return seconds
end

function folder:log(row)
  self.metrics:write(core.json_encode(row), "\n")
  self.metrics:flush()
end

function folder:close()
  if self.metrics then
    self.metrics:close()
    self.metrics = nil
  end
end

return folder
