--- neap repl: a plain prompt. An expression is printed; an error ends the line, not the session.
local core = require "neap.core"
local arguments = require "neap.arguments"

local function evaluate(line)
  local chunk, message = load("return " .. line, "=prompt", "t")
  if not chunk then
    chunk, message = load(line, "=prompt", "t")
  end
  if not chunk then
    return false, message
  end
  return pcall(chunk)
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
  while true do
    io.write(prompt)
    io.flush()
    local line = io.read "l"
    if not line then
      break
    end
    local results = table.pack(evaluate(line))
    if results[1] then
      show(results)
    else
      io.stderr:write(tostring(results[2]), "\n")
    end
  end
  io.write(prompt ~= "" and "\n" or "")
  return 0
end
