--- Progress on standard error: a bar on a terminal, a line every ten seconds elsewhere.
local core = require "neap.core"
local format = require "neap.format"

local progress = {}
progress.__index = progress

local BAR, TERMINAL_PERIOD, PLAIN_PERIOD = 24, 0.1, 10 -- characters; seconds between updates

function progress.new(total, first)
  local terminal = core.is_terminal(2) and (os.getenv "TERM" or "dumb") ~= "dumb"
  return setmetatable({
    total = total, first = first, began = core.now(), shown = core.now(),
    terminal = terminal, period = terminal and TERMINAL_PERIOD or PLAIN_PERIOD,
  }, progress)
end

local function bar(share)
  local full = math.floor(share * BAR + 0.5)
  return ("#"):rep(full) .. ("-"):rep(BAR - full)
end

--- Shows step `step` with a text, such as the loss, at most once a period. `seconds` is the training time of the run so far,
-- including before a resume; `limit` is the time at which it ends.
function progress:update(step, seconds, limit, text)
  local now = core.now()
  if now - self.shown < self.period then
    return
  end
  self.shown = now
  local rate = (step - self.first) / (now - self.began)
  local left = math.max(0, math.min((self.total - step) / rate, limit - seconds))
  local line = ("step %d/%d  %s  %.3g steps/s  %s left"):format(step, self.total, text, rate, format.duration(left))
  if self.terminal then
    io.stderr:write("\r[", bar(seconds / (seconds + left)), "] ", line, "\27[K")
  else
    io.stderr:write(line, "\n")
  end
  io.stderr:flush()
end

--- Removes the bar, so that other lines can be printed.
function progress:clear()
  if self.terminal then
    io.stderr:write "\r\27[K"
    io.stderr:flush()
  end
end

return progress
