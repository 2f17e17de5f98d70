--- The history file of the prompt: $XDG_STATE_HOME/neap/history, or ~/.local/state/neap/history. One entry a line, with line
-- ends as \n and backslashes as \\. Sessions that run side by side append to it.
local core = require "neap.core"

local history = {}

local KEPT, MOST = 1000, 2000 -- entries after the file is shortened, and at most

-- Set once the file cannot be used; the session goes on without one.
local off = false

-- Only an absolute path is valid, by the XDG base directory specification.
local function folder()
  local state, home = os.getenv "XDG_STATE_HOME" or "", os.getenv "HOME" or ""
  if state:sub(1, 1) == "/" then
    return state .. "/neap"
  end
  return home ~= "" and home .. "/.local/state/neap" or nil
end

local function path()
  local place = folder()
  return place and place .. "/history"
end

local function encoded(text)
  return (text:gsub("\\", "\\\\"):gsub("\n", "\\n"))
end

local function decoded(line)
  return (line:gsub("\\(.)", function(letter)
    return letter == "n" and "\n" or letter
  end))
end

local function give_up(reason)
  off = true
  io.stderr:write(("no history of the prompt is saved: %s\n"):format(reason))
end

-- Rewrites a long file with its last entries.
local function shorten(file, lines)
  if #lines > MOST then
    pcall(core.file_save, file, table.concat(lines, "\n", #lines - KEPT + 1) .. "\n")
  end
end

--- The entries of the file, oldest first.
function history.load()
  local file, lines, entries = path(), {}, {}
  local opened <close> = file and io.open(file, "rb")
  for line in opened and opened:lines() or function() end do
    lines[#lines + 1] = line
    if not line:find "%z" then
      entries[#entries + 1] = decoded(line)
    end
  end
  if file then
    shorten(file, lines)
  end
  return table.move(entries, math.max(1, #entries - KEPT + 1), #entries, 1, {})
end

--- Appends an entry. Without a home folder there is no file.
function history.add(text)
  local file = path()
  if off or not file then
    return
  end
  local made, reason = pcall(core.folder_make, folder())
  local opened <close>, problem = io.open(file, "ab")
  if not opened then
    give_up(made and problem or core.reason(reason))
  elseif not opened:write(encoded(text), "\n") then
    give_up(file .. " cannot be written")
  end
end

return history
