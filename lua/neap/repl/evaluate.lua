--- A line of the prompt: compiled as an expression or as statements, and run.
local core = require "neap.core"

local evaluate = {}

local NAME, MOST_CALLS, MOST_LEVELS = "=prompt", 10, 1000

--- The chunk of a text, or nil and a message.
function evaluate.compile(text, env)
  local chunk, as_expression = load("return " .. text, NAME, "t", env)
  if chunk then
    return chunk
  end
  local statements, message = load(text, NAME, "t", env)
  return statements, message, as_expression
end

-- A quoted text has to end on its line.
local function breaks_off(message)
  return message:find "<eof>$" and not message:find "unfinished string near"
end

--- Does a text break off inside an expression or a statement?
function evaluate.unfinished(text)
  local chunk, as_statements, as_expression = evaluate.compile(text)
  return not chunk and (breaks_off(as_statements) or breaks_off(as_expression)) and true or false
end

--- What in a text no keyboard means to enter: nil, or a message. Lua takes a text that begins with ESC for a binary chunk.
function evaluate.stray(text)
  local at, _, character = text:find "([%z\1-\8\11-\31\127])"
  if at then
    return ("column %d is the control character 0x%02x; the line was not run"):format(at, character:byte())
  end
end

-- The calls of the user's own functions that led to an error, innermost first. Those of a recursion are one.
local function calls()
  local lines = {}
  for level = 3, math.huge do
    local frame = debug.getinfo(level, "Sln")
    if not frame or #lines == MOST_CALLS or level > MOST_LEVELS then
      break
    elseif frame.currentline > 0 and frame.what ~= "main" and not core.is_library(frame.source) then
      local name = frame.name or "a function" -- one called at the end of another
      local line = ("  in %s, line %d of %s"):format(name, frame.currentline, frame.short_src)
      lines[#lines + 1] = line ~= lines[#lines] and line or nil
    end
  end
  return #lines > 1 and "\n" .. table.concat(lines, "\n") or ""
end

-- The message of an error with the calls that led to it.
local function explain(problem)
  local meta = getmetatable(problem)
  if core.interrupted() or problem == nil then
    return tostring(problem)
  end
  if type(problem) == "string" or type(problem) == "number" or type(meta) == "table" and meta.__tostring then
    return tostring(problem) .. calls()
  end
  return ("the error is a %s value, not text"):format(type(problem))
end

--- Runs a chunk: true and its results, or false and a message.
function evaluate.run(chunk)
  local results = table.pack(core.protect(false, xpcall, chunk, explain))
  if not results[1] then -- stopped between the chunk and here
    return table.unpack(results, 1, 2)
  end
  return table.unpack(results, 2, results.n)
end

return evaluate
