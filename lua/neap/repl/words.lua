--- The words of the prompt: help, load, show, exit, quit. They stand in the environment of its lines, so programs that a line
-- runs see Lua's own functions.
local core = require "neap.core"
local check = require "neap.check"
local pictures = require "neap.repl.pictures"
local run = require "neap.run"

local words = {}

local TEXT = [[
neap is the library; a line is Lua, and the prompt shows its value. `_` is the last value; ; at the end of a line shows nothing.
  ?x, help(x)                      help on a name, as ?dit or ?"neap.train", or on a value
  run = load "runs/x"              a run; run:sample { label = "Sneaker", n = 8, w = 2 }, run:resume()
  show(x)                          pictures [N, H, W, C] or [H, W, C] in the terminal
  Ctrl-C                           stops a line; twice: abandons a step. run:resume() goes on with a training
  Tab, Ctrl-R                      completion; search in the history
  exit, quit, Ctrl-D               end. loadstring is Lua's load
]]

-- --- Help --------------------------------------------------------------------------------------------------------------

-- The name of a value of the library: "neap.sampler.euler" or "softmax"; nil for others.
local function name_of(value)
  if type(value) == "userdata" and getmetatable(value).__name == "neap.component" then
    return value:name()
  end
  for name, entry in pairs(require "neap") do
    if entry == value then
      return name
    end
    for inner, own in pairs(type(entry) == "table" and entry or {}) do
      if own == value then
        return inner
      end
    end
  end
end

-- Help from the verb alone, which knows names of components, ops and verbs.
local function show_by_verb(subject)
  local name = type(subject) == "string" and subject or name_of(subject)
  if not name then
    core.fail(("help: there is none on a %s"):format(type(subject)))
  end
  require "neap.cli.verbs.help" { (name:gsub("^neap%.", "")) }
end

local function help(subject)
  if subject == nil then
    io.write(TEXT)
    return
  end
  local found, module = pcall(require, "neap.help")
  local shown = found and type(module) == "table" and module.show or show_by_verb
  shown(subject)
end

-- The subject of `?x`: a value of the prompt, by an expression without calls, or a name.
local function subject_of(text, env)
  local quoted = text:match "^[\"'](.*)[\"']$"
  if quoted or not text:find "%." then
    return quoted or text
  end
  local value = env
  for part in text:gmatch "[^.]+" do
    local found, inner = pcall(function()
      return value[part]
    end)
    value = found and inner or nil
  end
  return value ~= nil and type(value) ~= "table" and value or text
end

-- --- The environment -----------------------------------------------------------------------------------------------------

local function leave()
  return "end"
end

-- Typed without parentheses, these are calls.
local COMMANDS = { exit = leave, quit = leave, help = help }

--- The function that a line calls which is no Lua: `exit`, `quit`, `help`, `?x`; nil for other lines. It returns "end" to end the
-- session. A global of the user hides a word.
function words.command(text, env)
  local subject = text:match "^%s*%?+%s*(.-)%s*$"
  local name = text:match "^%s*(%a+)%s*%(?%s*%)?%s*;?%s*$"
  if subject then
    return function()
      local done, problem = core.protect(true, help, subject ~= "" and subject_of(subject, env) or nil)
      if not done then
        io.stderr:write(tostring(problem), "\n")
      end
    end
  end
  return name and rawget(env, name) == COMMANDS[name] and COMMANDS[name] or nil
end

--- The environment of the lines: the words of the prompt before the globals.
function words.environment()
  _G.neap = require "neap"
  _G.loadstring = load
  run.on_pictures = pictures.offer
  local env = { help = help, exit = leave, quit = leave, show = pictures.show, load = run.load }
  return setmetatable(env, {
    __index = _G,
    __newindex = function(_, name, value)
      _G[name] = value
    end,
  })
end

--- The names of the words.
words.names = check.names { help = true, exit = true, quit = true, show = true, load = true }

return words
