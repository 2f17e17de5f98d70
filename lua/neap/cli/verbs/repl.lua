--- neap repl: a prompt. Prints the values of an expression; an error ends the line, not the session.
local core = require "neap.core"
local arguments = require "neap.cli.arguments"

local function evaluate(line)
  local chunk, message = load("return " .. line, "=prompt", "t")
  if not chunk then
    chunk, message = load(line, "=prompt", "t")
  end
  if not chunk then
    return false, message
  end
  return core.protect(false, chunk)
end

-- Ctrl-C on a terminal ends the line. Any other signal, or SIGINT without a terminal, ends the session.
local function check_signal()
  local signal = core.caught_signal()
  if signal == "INT" and core.is_terminal(0) then
    core.forget_signal()
    io.write "\n"
    return true
  elseif signal then
    core.fail "interrupted"
  end
end

local function show(results)
  for i = 2, results.n do
    io.write(tostring(results[i]), i < results.n and "\t" or "\n")
  end
end

return function(list)
  arguments.none("repl", list)
  neap = require "neap" -- luacheck: globals neap
  local prompt = core.is_terminal(0) and "> " or ""
  core.poll(true)
  while true do
    io.write(prompt)
    io.flush()
    local line = io.read "l"
    if line then
      local results = table.pack(evaluate(line))
      if results[1] then
        show(results)
      elseif not core.interrupted() then
        io.stderr:write(tostring(results[2]), "\n")
      end
    end
    if not check_signal() and not line then
      break
    end
  end
  io.write(prompt ~= "" and "\n" or "")
end
