--- Where the lines of a prompt come from: the line editor on a terminal, else plain reading.
local core = require "neap.core"
local history = require "neap.repl.history"

local input = {}

local plain, edited = {}, {}

-- A terminal without cursor movement, such as that of an editor's shell, gets prompts but no line editor.
local function can_edit()
  local term = os.getenv "TERM" or "dumb"
  return core.is_terminal(0) and core.is_terminal(1) and term ~= "dumb" and term ~= "" and core.line_open()
end

--- A source of lines { read(prompt, completer), remember(text) }. read returns a line, or nil at the end of the input or after a
-- signal; completer is that of core.line_read.
function input.new()
  if not can_edit() then
    return plain
  end
  for _, text in ipairs(history.load()) do
    core.line_remember(text)
  end
  return edited
end

function plain.read(prompt)
  local terminal = core.is_terminal(0)
  io.write(terminal and prompt or "")
  io.flush()
  return terminal and core.line_plain() or not terminal and io.read "l" or nil
end

function plain.remember() end

function edited.read(prompt, completer)
  io.flush()
  return core.line_read(prompt, completer)
end

function edited.remember(text)
  core.line_remember(text)
  history.add(text)
end

return input
