--- Progress on standard error: a bar on a terminal, a line every ten seconds elsewhere. A line on a terminal is cut to its width,
-- since a longer one would scroll the terminal with each update.
local core = require "neap.core"
local format = require "neap.format"

local progress = {}
progress.__index = progress

local BAR, LEAST_BAR = 24, 8                -- characters
local TERMINAL_PERIOD, PLAIN_PERIOD = 0.1, 10 -- seconds between updates
local USUAL_WIDTH = 80                      -- of a terminal that does not say its own

local function is_drawable()
  return core.is_terminal(2) and (os.getenv "TERM" or "dumb") ~= "dumb"
end

--- Progress of `total` units of work, of which `first` are done. settings = { unit = "step", quiet = true: nothing is written
-- where standard error is no terminal }.
function progress.new(total, first, settings)
  settings = settings or {}
  local terminal = is_drawable()
  return setmetatable({
    total = total, first = first, began = core.now(), shown = core.now(), unit = settings.unit or "step",
    terminal = terminal, silent = settings.quiet and not terminal, period = terminal and TERMINAL_PERIOD or PLAIN_PERIOD,
  }, progress)
end

local function bar(share, width)
  local full = math.floor(share * width + 0.5)
  return "[" .. ("#"):rep(full) .. ("-"):rep(width - full) .. "] "
end

--- A line for a terminal of `columns` characters: a bar and a text. The last column stays free, where some terminals break lines.
-- The bar becomes shorter, then is left out, before the text is cut.
function progress.line(share, text, columns)
  local room = columns - 1 - #text - #"[] "
  if room >= LEAST_BAR then
    return bar(share, math.min(BAR, room)) .. text
  end
  return text:sub(1, math.max(0, columns - 1))
end

local function show(self, share, text)
  if self.terminal then
    local line = progress.line(share, text:gsub("%c", " "), core.terminal_size(2) or USUAL_WIDTH)
    io.stderr:write("\r", line, "\27[K")
  else
    io.stderr:write(text, "\n")
  end
  io.stderr:flush()
end

-- Is it time for the next line? An urgent one does not wait on a terminal.
local function is_due(self, now, urgent)
  if self.silent or now - self.shown < self.period and not (urgent and self.terminal) then
    return false
  end
  self.shown = now
  return true
end

--- Shows that `done` units are done, with a text such as the loss, at most once a period. `seconds` is the time of the work so
-- far, including before a resume; `limit` is the time at which it ends.
function progress:update(done, seconds, limit, text)
  local now = core.now()
  if not is_due(self, now) then
    return
  end
  local rate = (done - self.first) / math.max(1e-9, now - self.began)
  local left = math.max(0, math.min(rate > 0 and (self.total - done) / rate or math.huge, limit - seconds))
  local parts = {
    ("%s %d/%d"):format(self.unit, math.floor(done), self.total), ("%.3g %ss/s"):format(rate, self.unit),
    left < math.huge and format.duration(left) .. " left" or nil,
  }
  if text then
    table.insert(parts, 2, text)
  end
  show(self, left < math.huge and seconds / math.max(1e-9, seconds + left) or 0, table.concat(parts, "  "))
end

--- The same for work that began with this object and has no limit.
function progress:advance(done, text)
  self:update(done, core.now() - self.began, math.huge, text)
end

--- Shows a text alone, such as the name of a part of the work, of which a share from 0 to 1 is done. `urgent`: at once, because
-- the next part will take its time.
function progress:say(share, text, urgent)
  if is_due(self, core.now(), urgent) then
    show(self, share, text)
  end
end

--- Removes the bar, so that other lines can be printed.
function progress:clear()
  if self.terminal then
    io.stderr:write "\r\27[K"
    io.stderr:flush()
  end
end

return progress
