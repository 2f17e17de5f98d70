--- The output of `neap eval`: an aligned table, or the same scores as one line of JSON.
local core = require "neap.core"
local columns = require "neap.cli.columns"

local report = {}

local STANDARD_OUTPUT = "-" -- as a file

-- Four digits: the interval is seldom narrower, and a line then fits 80 columns.
local function number(value)
  return value and ("%.4g"):format(value) or ""
end

local function interval(row)
  return row.low and row.high > row.low and ("%s to %s"):format(number(row.low), number(row.high)) or ""
end

local function lines_of(rows, settings)
  local lines = { { settings.score or "score", "value", "95% interval", settings.real, "better" } }
  for _, row in ipairs(rows) do
    lines[#lines + 1] = { row.name, number(row.value), interval(row), number(row.real), row.better or "" }
  end
  return lines
end

-- The line of JSON: `about` with the scores added.
local function json_of(rows, about)
  about.scores = {}
  for _, row in ipairs(rows) do
    about.scores[row.name] = {
      value = row.value, low = row.low, high = row.high, deviation = row.deviation, real = row.real, better = row.better,
    }
  end
  return core.json_encode(about)
end

--- The path of a file for JSON; nil for none, or for standard output.
function report.file(json)
  return json ~= STANDARD_OUTPUT and json or nil
end

--- Prints rows { name, better, value, low, high, real } as a table. settings = { score, real = titles of columns, json = path of
-- a file that gets a line of JSON, or "-": the line is printed in place of the table }.
function report.write(rows, about, settings)
  if settings.json == STANDARD_OUTPUT then
    print(json_of(rows, about))
    return
  end
  columns.print(lines_of(rows, settings))
  if settings.json then
    core.file_save(settings.json, json_of(rows, about) .. "\n")
  end
end

return report
