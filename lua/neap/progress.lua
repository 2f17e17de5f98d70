--- Progress on standard error: a bar that rewrites itself on a terminal, a plain line now and then elsewhere.
local core = require "neap.core"
local format = require "neap.format"

local progress = {}
progress.__index = progress

local BAR, TERMINAL_PERIOD, PLAIN_PERIOD = 24, 0.1, 10 -- characters; seconds between updates

function progress.new(total, first)
  local terminal = core.is_terminal(2) and os.getenv "TERM" ~= "dumb"
  return setmetatable({
    total = total, first = first, began = core.now(), shown = core.now(),
    terminal = terminal, period = terminal and TERMINAL_PERIOD or PLAIN_PERIOD,
  }, progress)
end

local function bar(share)
  local full = math.floor(share * BAR + 0.5)
  return ("#"):rep(full) .. ("-"):rep(BAR - full)
end

--- Shows step `step`, with text such as the loss, at most once a period; `share` of the way to the end.
function progress:update(step, share, text)
  local now = core.now()
  if now - self.shown < self.period then
    return
  end
  self.shown = now
  local spent, done = now - self.began, step - self.first
  local rate = done / spent
  local left = share > 0 and math.min((self.total - step) / rate, self:left(share, spent)) or 0
  local line = ("step %d/%d  %s  %.3g steps/s  %s left"):format(step, self.total, text, rate, format.duration(left))
  if self.terminal then
    io.stderr:write("\r[", bar(share), "] ", line, "\27[K")
  else
    io.stderr:write(line, "\n")
  end
  io.stderr:flush()
end

-- Time to the end at the rate at which the share has grown here; a run that was resumed began with some of it.
function progress:left(share, spent)
  self.share = self.share or share
  if share <= self.share then
    return math.huge
  end
  return spent * (1 - share) / (share - self.share)
end

--- Takes the bar away, so that other lines can be printed.
function progress:clear()
  if self.terminal then
    io.stderr:write "\r\27[K"
    io.stderr:flush()
  end
end

return progress
