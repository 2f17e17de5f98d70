--- neap runs [FOLDER]: lists the runs in a folder and below it.
local core = require "neap.core"
local arguments = require "neap.cli.arguments"
local columns = require "neap.cli.columns"
local format = require "neap.format"
local run_of = require "neap.report.run"
local values = require "neap.report.values"

local HEADING = { "run", "recipe", "steps", "time", "loss", "state", "size" }
local RIGHT, SOFT = { [3] = true, [4] = true, [5] = true, [7] = true }, { 1, 2 }

local function steps_of(run)
  local wanted = type(run.settings.settings) == "table" and run.settings.settings.steps
  return (run.last and values.text(run.last.step) or "0") .. (wanted and "/" .. values.text(wanted) or "")
end

-- The recipe without its folder and ending.
local function recipe_of(run)
  local recipe = type(run.settings.recipe) == "string" and run.settings.recipe or ""
  return (recipe:match "[^/]*$":gsub("%.lua$", ""))
end

local function row_of(run, name)
  local last = run.last
  return {
    name, recipe_of(run), steps_of(run), last and format.duration(last.seconds) or "", last and ("%.4g"):format(last.loss) or "",
    run.state, format.size(run.size),
  }
end

return function(list)
  local _, rest = arguments.split(list, {})
  local path = table.remove(rest, 1) or "runs"
  arguments.none("runs " .. path, rest)
  local found = core.exists(path) == "folder" and run_of.find(path) or {}
  if #found == 0 then
    core.fail(("runs: there are no runs in '%s'"):format(path))
  end
  local rows, above = { HEADING }, #path:match "^(.-)/*$" + 1
  for i, one in ipairs(found) do
    local name = one:sub(above):match "^/*(.+)$" or one
    rows[i + 1] = row_of(run_of.read("runs", one), name)
  end
  columns.print(rows, { right = RIGHT, soft = SOFT })
end
