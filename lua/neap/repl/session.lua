--- The prompt: reads a line, runs it, shows its values. An error or Ctrl-C ends the line, and not the session.
local core = require "neap.core"
local complete = require "neap.repl.complete"
local evaluate = require "neap.repl.evaluate"
local input = require "neap.repl.input"
local show = require "neap.repl.show"
local train = require "neap.train"
local words = require "neap.repl.words"

local session = {}

local PROMPT, MORE = "> ", ">> "
local LONG = 1 -- seconds from which the time of a line is shown

local function say(text)
  io.stdout:flush()
  io.stderr:write(text, "\n")
end

-- Ctrl-C at a prompt ends the line. Any other signal, or SIGINT without a terminal, ends the session. Returns whether there was
-- a signal.
local function check_signal(own)
  local signal = core.caught_signal()
  if signal == "INT" and own.terminal then
    core.forget_signal()
    return true
  elseif signal then
    core.fail "interrupted"
  end
  return false
end

-- Lines may have been copied with their prompts.
local function without_prompts(text)
  text = text:gsub("\r\n?", "\n"):gsub("^>>? ", "")
  return (text:gsub("\n>>? ", "\n"))
end

-- Does the next line continue a text? Only a person may still be typing it.
local function goes_on(own, text)
  return own.terminal and not text:find "^%s*%?" and evaluate.unfinished(text)
end

-- A line and those that continue it; nil at the end of the input or after a signal.
local function read(own)
  local text
  repeat
    local line = own.input.read(text and MORE or PROMPT, own.completer)
    if not line then
      return not core.interrupted() and text or nil
    end
    text = without_prompts(text and text .. "\n" .. line or line)
  until not goes_on(own, text)
  return text
end

-- An interrupted or failed training can go on: the prompt calls it `run`.
local function keep_run(own)
  local unfinished = train.unfinished
  train.unfinished = nil
  if unfinished and unfinished:can_resume() then
    own.env.run = unfinished
    return true
  end
  return false
end

local function report(own, problem)
  local resumes = keep_run(own)
  if core.interrupted() and not own.terminal then
    return -- the signal ends the session
  elseif core.interrupted() and not tostring(problem):find "^interrupted at" then
    say(resumes and "interrupted; run:resume() goes on from the last checkpoint" or "interrupted")
  else
    say(tostring(problem) .. (resumes and not core.interrupted() and "\nrun:resume() goes on from the last checkpoint" or ""))
  end
end

local function show_all(own, values, silent)
  if values.n > 1 and values[2] ~= nil then
    own.env._ = values[2]
  end
  if not silent and values.n > 1 then
    show.values(values, 2)
  end
end

local function show_time(own, began)
  local seconds = core.now() - began
  if own.terminal and seconds >= LONG then
    say(("(%.1f s)"):format(seconds))
  end
end

local function run(own, text)
  local chunk, message = evaluate.compile(text, own.env)
  if not chunk then
    say(message)
    return
  end
  local began = core.now()
  local values = table.pack(evaluate.run(chunk))
  if values[1] and not core.interrupted() then
    train.unfinished = nil
    local shown, problem = core.protect(false, show_all, own, values, text:find ";%s*$" ~= nil)
    if not shown then
      report(own, problem)
    end
  else
    report(own, values[2])
  end
  show_time(own, began)
end

-- Runs a text; true if it ends the session.
local function handle(own, text)
  local stray = evaluate.stray(text)
  if not text:find "%S" then
    return false
  elseif stray then
    say(stray)
    return false
  end
  own.input.remember(text)
  local word = words.command(text, own.env)
  if word then
    return word() == "end"
  end
  run(own, text)
  return false
end

local function new()
  local terminal = core.is_terminal(0)
  local env = words.environment()
  return {
    terminal = terminal, env = env, input = input.new(), completer = complete.completer(env),
  }
end

--- Runs a session to the end of its input.
function session.run()
  local own = new()
  core.poll(true)
  core.prompt(own.terminal)
  train.resume_hint = "run:resume() goes on"
  while true do
    local text = read(own)
    local ended = not text or handle(own, text)
    local signalled = check_signal(own)
    if signalled and not text then
      io.write "\n"
    elseif ended then
      break
    end
  end
  io.write(own.terminal and "\n" or "")
end

return session
