--- The folder of a run: recipe, settings, metrics (one line each), checkpoints, pictures.
local core = require "neap.core"

local folder = {}
folder.__index = folder

folder.CHECKPOINT, folder.RECIPE = "checkpoint.safetensors", "recipe.lua"
folder.MOST_PREVIEWS = 64

local SETTINGS, METRICS = "settings.json", "metrics.jsonl"

local NO_SUCH_FILE = 2 -- ENOENT
local TAIL = 1 << 16   -- bytes, which hold the last row of most metrics

-- The bytes of a file; nil if it does not exist; fails if it cannot be read.
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

--- The folder at a path, which need not exist. Trailing slashes are dropped, so that names can be appended.
function folder.at(path)
  local trimmed = path:match "^(.-)/*$"
  return setmetatable({ path = trimmed ~= "" and trimmed or "/" }, folder)
end

--- Locks the folder, if it exists: until folder:release no other run can use it. Fails with the process that holds the
-- lock.
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

-- Locks the folder that the path leads to now.
local function claim_anew(self)
  self:release()
  self:claim()
end

--- Fails if the path no longer leads to the locked folder: another run may use the path by now. If the lock file was removed,
-- locks again, which fails if another run has locked meanwhile.
function folder:check()
  local is_here, is_locked = self.lock:holds(self.path)
  if not is_here then
    core.fail(("train: %s was moved or removed while the run used it"):format(self.path))
  elseif not is_locked then
    claim_anew(self)
  end
end

-- Moves an earlier run to the next free number, so that a new run never overwrites it. Its lock is held until the new folder
-- is locked, so of two runs that start together only one moves it. If the path is a link, the folder behind it moves and is
-- made again; the link stays.
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

--- Makes the folder ready for a new or resumed run: creates and locks it, and removes temporary files of killed saves. The path
-- may be a link to a folder, also to one that does not exist yet; the run is written to that folder.
function folder:open(resume)
  core.folder_make(self.path)
  if not (self.lock and self.lock:holds(self.path)) then
    claim_anew(self)
  end
  if not resume and (core.exists(self:file(METRICS)) or core.exists(self:checkpoint())) then
    move_aside(self)
  end
  local reason = core.writable(self.path)
  if reason then
    core.fail(("train: %s: cannot be written: %s"):format(self.path, reason))
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

-- The object in a JSON file; nil where there is none.
local function read_object(path)
  local text = core.exists(path) == "file" and not core.is_special(path) and read_all(path)
  local value = text and core.json_decode(text)
  return type(value) == "table" and value or nil
end

--- What settings.json says of the run; nil where there is none. See neap/train/record.lua.
function folder:settings()
  return read_object(self:file(SETTINGS))
end

--- Saves the recipe and what `record(path of the recipe, earlier settings)` returns.
function folder:describe(record)
  local recipe = folder.recipe and read_all(folder.recipe)
  if recipe then
    self:save_text(folder.RECIPE, recipe)
  end
  self:save_text(SETTINGS, core.json_encode(record(folder.recipe, self:settings())) .. "\n")
end

-- --- Pictures --------------------------------------------------------------------------------------------------------

--- The name of the preview of a step.
function folder.preview(step)
  return ("samples-%06d.png"):format(step)
end

--- The previews in the folder, { { step, path }, ... } in order of their steps.
function folder:previews()
  local list = {}
  for _, name in ipairs(core.folder_list(self.path)) do
    local step = math.tointeger(tonumber(name:match "^samples%-(%d+)%.png$"))
    list[#list + 1] = step and { step = step, path = self:file(name) }
  end
  table.sort(list, function(a, b) return a.step < b.step end)
  return list
end

--- Keeps the number of previews in bounds after that of `step`, when one is drawn every `every` steps: where these would be more
-- than MOST_PREVIEWS, those of every second, fourth, .. of these steps stay, and the newest. It depends on the steps alone, so a
-- resumed run keeps what the stopped one would have kept.
function folder:thin(step, every)
  local list, stride = self:previews(), every
  while step // stride > folder.MOST_PREVIEWS do
    stride = 2 * stride
  end
  if stride == every and #list <= folder.MOST_PREVIEWS then
    return
  end
  for _, preview in ipairs(list) do
    if preview.step % stride ~= 0 and preview.step ~= step then
      os.remove(preview.path)
    end
  end
end

-- --- Metrics ---------------------------------------------------------------------------------------------------------

local function is_row(row)
  return type(row) == "table" and math.type(row.step) and math.type(row.loss) and math.type(row.seconds)
end

-- Iterates over rows and their lines; skips a line that a killed process did not finish.
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

--- Iterates over the metrics of the run in a folder, in order, with one row at a time in memory.
function folder.metric_rows(path)
  local file = folder.at(path):file(METRICS)
  if core.exists(file) ~= "file" then
    core.fail(("metrics: there is no %s"):format(file))
  end
  return rows_in(file)
end

--- All metrics of the run in a folder, in order.
function folder.metrics(path)
  local rows = {}
  for row in folder.metric_rows(path) do
    rows[#rows + 1] = row
  end
  return rows
end

--- The last row of the metrics up to a step; { seconds = 0 } if there is none.
function folder:last_row(step)
  local path, last = self:file(METRICS), { seconds = 0 }
  for row in core.exists(path) and rows_in(path) or function() end do
    last = row.step <= step and row or last
  end
  return last
end

-- The last row in the last `bytes` of a file; nil if no line there is one. The first line may be a part of one.
local function tail_of(path, bytes)
  local file <close> = io.open(path, "rb")
  local size = file and file:seek "end" or 0
  local last
  if file then
    file:seek("set", math.max(0, size - bytes))
  end
  for line in file and file:lines() or function() end do
    local row = core.json_decode(line)
    last = is_row(row) and row or last
  end
  return last
end

--- The last row of the metrics, read from the end of the file; nil if there is none.
function folder:tail()
  local path = self:file(METRICS)
  local plain = core.exists(path) == "file" and not core.is_special(path)
  return plain and (tail_of(path, TAIL) or tail_of(path, math.maxinteger)) or nil
end

--- Opens the metrics to continue after `step`; returns the last row up to it, or { seconds = 0 }. Drops the rows of later
-- steps: those steps are done again.
function folder:open_metrics(step)
  local path, last = self:file(METRICS), { seconds = 0 }
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
    core.fail(("train: %s: cannot be written: %s"):format(self:file(METRICS), reason))
  end
end

function folder:close()
  if self.metrics then
    self.metrics:close()
    self.metrics = nil
  end
end

return folder
