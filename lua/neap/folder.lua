--- The folder of a run: the recipe, its settings, metrics line by line, checkpoints and pictures.
local core = require "neap.core"
local options = require "neap.options"

local folder = {}
folder.__index = folder

folder.CHECKPOINT = "checkpoint.safetensors"

local NO_SUCH_FILE = 2 -- ENOENT

-- nil where there is no such file; a file that cannot be read is an error.
local function read_all(path)
  local text
  local file <close>, reason, code = io.open(path, "rb")
  if file then
    text, reason = file:read "a"
  elseif code == NO_SUCH_FILE then
    return nil
  end
  return text or core.fail(("%s: cannot be read: %s"):format(path, reason))
end

--- The folder at a path, which need not be there yet; slashes at its end would get in the way of other names.
function folder.at(path)
  local trimmed = path:match "^(.-)/*$"
  return setmetatable({ path = trimmed ~= "" and trimmed or "/" }, folder)
end

--- Locks the folder where there is one: from here to folder:release no other run may use it. Fails with the name of the
-- process that does.
function folder:claim()
  if core.exists(self.path) == "folder" then
    local owner
    self.lock, owner = core.folder_lock(self.path)
    if not self.lock then
      core.fail(("train: %s is in use by %s"):format(self.path, owner))
    end
  end
end

function folder:release()
  if self.lock then
    self.lock:close()
    self.lock = nil
  end
end

folder.__close = folder.release

-- Locks the folder at the path, whichever that is by now.
local function claim_anew(self)
  self:release()
  self:claim()
end

--- Fails where the path no longer leads to the folder that was locked: another run may use the path by now. A lock file that
-- someone removed is made anew, unless another run has been faster.
function folder:check()
  local is_here, is_locked = self.lock:holds(self.path)
  if not is_here then
    core.fail(("train: %s was moved or removed while the run used it"):format(self.path))
  elseif not is_locked then
    claim_anew(self)
  end
end

-- A new run never writes over an old one: that moves to the next free number. Its lock is held until the new folder has
-- one; of two runs that begin at once only one moves it. A link stays, and what it leads to moves and is made anew.
local function move_aside(self)
  local earlier <close> = self.lock -- luacheck: ignore 211
  local now, reason = core.folder_aside(self.path)
  if not now then
    core.fail(("train: %s holds an earlier run and cannot be moved: %s"):format(self.path, reason))
  end
  self.lock = nil
  io.stderr:write(("%s held an earlier run, which is now %s\n"):format(self.path, now))
  core.folder_make(self.path)
  self:claim()
end

--- Makes the folder ready for a new run, or for one that goes on, locks it and removes what killed saves left there. A path
-- may be a link to a folder, also to one that is not there yet: the run is written where the link leads.
function folder:open(resume)
  core.folder_make(self.path)
  if not (self.lock and self.lock:holds(self.path)) then
    claim_anew(self)
  end
  if not resume and (core.exists(self:file "metrics.jsonl") or core.exists(self:checkpoint())) then
    move_aside(self)
  end
  local reason = core.writable(self.path)
  if reason then
    core.fail(("train: %s: cannot write there: %s"):format(self.path, reason))
  end
  core.folder_clean(self.path)
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

--- Keeps the recipe as it was, and all that it was run with; `plan` as neap.train.plan describes it.
function folder:describe(settings, plan)
  local recipe = folder.recipe and read_all(folder.recipe)
  if recipe then
    self:save_text("recipe.lua", recipe)
  end
  local machine = core.machine()
  self:save_text("settings.json", core.json_encode {
    settings = settings, plan = plan, recipe = folder.recipe, overrides = options.overrides(), version = core.version,
    machine = { cpu = machine.cpu, isa = machine.isa, threads = core.threads(), build = machine.flags },
  } .. "\n")
end

local function is_row(row)
  return type(row) == "table" and math.type(row.step) and math.type(row.loss) and math.type(row.seconds)
end

-- Iterates over rows and their lines; a line that was cut short by the end of the process is left out.
local function rows_in(path)
  local file, reason = io.open(path, "rb")
  if not file then
    core.fail("metrics: " .. reason)
  end
  local lines = file:lines()
  return function()
    for line in lines do
      local row = core.json_decode(line)
      if is_row(row) then
        return row, line
      end
    end
    file:close()
  end
end

--- Iterates over the rows of the metrics of a run in a folder, in their order; one at a time is in memory.
function folder.metric_rows(path)
  local file = folder.at(path):file "metrics.jsonl"
  if core.exists(file) ~= "file" then
    core.fail(("metrics: there is no %s"):format(file))
  end
  return rows_in(file)
end

--- All rows of the metrics of a run in a folder, in their order.
function folder.metrics(path)
  local rows = {}
  for row in folder.metric_rows(path) do
    rows[#rows + 1] = row
  end
  return rows
end

--- The last row of the metrics up to a step; one without training where there is none.
function folder:last_row(step)
  local path, last = self:file "metrics.jsonl", { seconds = 0 }
  for row in core.exists(path) and rows_in(path) or function() end do
    last = row.step <= step and row or last
  end
  return last
end

--- Opens the metrics to go on after `step`; returns their last row up to there, one without training where there is none.
-- Metrics of later steps would stand twice once those steps are done again.
function folder:open_metrics(step)
  local path, last = self:file "metrics.jsonl", { seconds = 0 }
  local rows = core.exists(path) and rows_in(path) or function() end
  core.file_save(path, function()
    for row, line in rows do
      if row.step <= step then
        last = row
        return line .. "\n"
      end
    end
  end)
  local reason
  self.metrics, reason = io.open(path, "a")
  if not self.metrics then
    core.fail("train: " .. reason)
  end
  return last
end

function folder:log(row)
  local written, reason = self.metrics:write(core.json_encode(row), "\n")
  if written then
    written, reason = self.metrics:flush()
  end
  if not written then
    core.fail(("train: %s: cannot be written: %s"):format(self:file "metrics.jsonl", reason))
  end
end

function folder:close()
  if self.metrics then
    self.metrics:close()
    self.metrics = nil
  end
end

return folder
