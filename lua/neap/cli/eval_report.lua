--- What `neap eval` prints: an aligned table, and everything once more as one line of JSON.
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

--- Prints scores { name, value, low, high, real }; `about` says what was scored and goes into the line of JSON with
-- them. settings = { real = what the last column is, json = a file for the line, too }.
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
