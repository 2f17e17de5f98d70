--- The command line: neap VERB ...
local core = require "neap.core"
local check = require "neap.check"
local hint = require "neap.help.hint"
local verbs = require "neap.cli.verbs"

-- What a misspelt first word is compared with.
local FIRST_WORDS = table.move(verbs.names, 1, #verbs.names, 3, { "--version", "--help" })

-- `require` adds a line for each path that it tried; the first line names the module.
local function first_line(text)
  return (text:gsub("(module '[^'\n]*' not found):\n\tno .*", "%1"):gsub("(error loading module [^\n]*:)\n\t", "%1 "))
end

-- A recipe may raise any value; one that has no text is described by its type.
local function text_of(problem)
  local meta = getmetatable(problem)
  if type(problem) == "string" or type(problem) == "number" or (type(meta) == "table" and meta.__tostring) then
    return hint(first_line(tostring(problem)))
  end
  return ("the error is a %s value, not text"):format(type(problem))
end

-- Prints the error that a verb raised and returns the exit status: 128 + the signal after a signal, as in shells, 2 for an
-- error in the request, else 1.
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

local function main(words)
  local verb = table.remove(words, 1)
  if verb == nil or asks_for_help(verb) or (verb == "help" and #words == 0) then
    (verb and io.stdout or io.stderr):write(verbs.usage_of_all())
    return verb and 0 or 2
  elseif not verbs.usage(verb) then
    io.stderr:write(("neap: unknown verb '%s'%s\n"):format(verb, check.suggestion(verb, FIRST_WORDS)))
    return 2
  elseif any_asks_for_help(words) then
    io.stdout:write(verbs.usage(verb))
    return 0
  end
  local done, problem = core.protect(false, require("neap.cli.verbs." .. verb), words)
  return done and 0 or report(problem)
end

return main
