--- The output of `neap eval`: an aligned table, then the same scores as one line of JSON.
local core = require "neap.core"

local report = {}

local function number(value)
  return value and ("%.5g"):format(value) or ""
end

local function interval(row)
  return row.low and row.high > row.low and ("%s to %s"):format(number(row.low), number(row.high)) or ""
end

local function lines_of(rows, real)
  local lines = { { "score", "value", "95% interval", real } }
  for _, row in ipairs(rows) do
    lines[#lines + 1] = { row.name, number(row.value), interval(row), number(row.real) }
  end
  return lines
end

local function print_table(lines)
  local widths = { 0, 0, 0, 0 }
  for _, line in ipairs(lines) do
    for i, cell in ipairs(line) do
      widths[i] = math.max(widths[i], #cell)
    end
  end
  for _, line in ipairs(lines) do
    local cells = {}
    for i, cell in ipairs(line) do
      cells[i] = cell .. (" "):rep(widths[i] - #cell)
    end
    print((table.concat(cells, "  "):gsub(" +$", "")))
  end
end

--- Prints rows { name, value, low, high, real }. The line of JSON is `about` with the scores added.
-- settings = { real = title of the last column, json = path of a file that also gets the line, or nil }.
function report.write(rows, about, settings)
  print_table(lines_of(rows, settings.real))
  about.scores = {}
  for _, row in ipairs(rows) do
    about.scores[row.name] = {
      value = row.value, low = row.low, high = row.high, deviation = row.deviation, real = row.real,
    }
  end
  local line = core.json_encode(about)
  print(line)
  if settings.json then
    core.file_save(settings.json, line .. "\n")
  end
end

return report
