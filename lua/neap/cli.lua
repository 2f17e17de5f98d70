--- The command line: neap VERB ...
local core = require "neap.core"
local check = require "neap.check"
local usage = require "neap.cli.usage"

-- What a mistyped first word may have been meant as.
local FIRST_WORDS = table.move(usage.verbs, 1, #usage.verbs, 3, { "--version", "--help" })

local function usage_error(message)
  io.stderr:write("neap: ", message, "\n")
  return 2
end

-- What `require` raises is a line for each place that it looked at; the first line says which module.
local function first_line(text)
  return (text:gsub("(module '[^'\n]*' not found):\n\tno .*", "%1"):gsub("(error loading module [^\n]*:)\n\t", "%1 "))
end

-- A recipe may raise anything; what is no text and cannot be made one is told by its type.
local function text_of(problem)
  local meta = getmetatable(problem)
  if type(problem) == "string" or type(problem) == "number" or (type(meta) == "table" and meta.__tostring) then
    return first_line(tostring(problem))
  end
  return ("an error that is no text but a %s value"):format(type(problem))
end

-- The status of the process for what a verb raised, after telling it: as shells have it after a signal, 2 for a mistake
-- in what was asked for, else 1.
local function report(problem)
  io.stderr:write("neap: ", text_of(problem), "\n")
  local signal, status = core.caught_signal()
  if signal then
    return status
  end
  return problem ~= nil and problem == core.usage_message() and 2 or 1
end

local function asks_for_help(word)
  return word == "--help" or word == "-h"
end

local function any_asks_for_help(words)
  for _, word in ipairs(words) do
    if asks_for_help(word) then
      return true
    end
  end
  return false
end

local function main(arguments)
  local verb = table.remove(arguments, 1)
  if verb == nil or asks_for_help(verb) or (verb == "help" and #arguments == 0) then
    (verb and io.stdout or io.stderr):write(usage.all())
    return verb and 0 or 2
  end
  for _, known in ipairs(usage.verbs) do
    if verb == known and any_asks_for_help(arguments) then
      io.stdout:write(usage.of(verb))
      return 0
    elseif verb == known then
      local done, result = core.protect(false, require("neap.cli." .. verb), arguments)
      return done and (result or 0) or report(result)
    end
  end
  return usage_error(("unknown verb '%s'%s"):format(verb, check.suggestion(verb, FIRST_WORDS)))
end

return main
