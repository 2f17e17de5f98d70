-- What reads the metrics of a run takes as much memory for a run of any length.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local core = require "neap.core"
local curves = require "neap.curves"
local folder = require "neap.folder"
local neap = require "neap"
local test, equal, truth, raises = check.test, check.equal, check.truth, check.raises

local ROWS = 120000
local BOUND = 16 * 1024 -- kilobytes; the file has 9 MB, and all of its rows as tables would take ten times as much

local path = os.tmpname()
os.remove(path)
core.folder_make(path)
local place = folder.at(path)
local metrics = place:file "metrics.jsonl"

local function write_rows(count)
  local file = io.open(metrics, "w")
  for i = 1, count do
    file:write(('{"loss": %.4f, "loss_real": 1, "gradient_norm": 2, "seconds": %d, "step": %d}\n'):format(1 / i, i, 10 * i))
  end
  file:write '{"loss": 0.5, "seco'
  file:close()
end

-- The kilobytes that Lua holds more than before at any time of the call.
local function growth(f, ...)
  collectgarbage()
  local before, most = collectgarbage "count", 0
  debug.sethook(function() most = math.max(most, collectgarbage "count") end, "", 1000)
  local done, message = pcall(f, ...)
  debug.sethook()
  truth(done, message)
  return most - before
end

local function lines_of(file)
  local count, last = 0, nil
  for line in io.lines(file) do
    count, last = count + 1, line
  end
  return count, last
end

write_rows(ROWS)

test("a hook sees what all rows would take", function()
  truth(growth(neap.metrics, path) > 2 * BOUND)
end)

test("curves", function()
  local drawn
  truth(growth(function() drawn = curves.draw(place) end) < BOUND)
  equal(drawn, place:file "curves.png")
end)

test("rows one after another", function()
  local count, sum = 0, 0
  truth(growth(function()
    for row in neap.metric_rows(path) do
      count, sum = count + 1, sum + row.step
    end
  end) < BOUND)
  equal(count, ROWS)
  equal(sum, 5 * ROWS * (ROWS + 1))
end)

test("metrics to go on with", function()
  local last
  truth(growth(function() last = place:open_metrics(10 * ROWS - 5) end) < BOUND)
  place:close()
  equal(last.step, 10 * (ROWS - 1))
  local count, line = lines_of(metrics)
  equal(count, ROWS - 1)
  equal(core.json_decode(line).step, 10 * (ROWS - 1))
end)

test("metrics to go on with: none, or none that are kept", function()
  equal(place:open_metrics(0), { seconds = 0 })
  place:close()
  equal(lines_of(metrics), 0)
  os.remove(metrics)
  equal(place:open_metrics(100), { seconds = 0 })
  place:log { loss = 1, step = 1, seconds = 1 }
  place:close()
  equal(#neap.metrics(path), 1)
end)

-- All points of a short series; of a long one evenly spaced ones from the first on, and the last.
test("series", function()
  local series = neap.plot.series(5)
  equal(series:list(), {})
  for i = 1, 500 do
    series:add(i, -i)
    local list = series:list()
    equal(list[1], { 1, -1 })
    equal(list[#list], { i, -i })
    if i < 10 then
      equal(#list, i)
    else
      truth(#list >= 5 and #list <= 10)
    end
    for j = 2, #list - 1 do
      equal(list[j][1] - list[j - 1][1], list[2][1] - list[1][1])
    end
    if #list > 2 then
      truth(list[#list][1] - list[#list - 1][1] <= list[2][1] - list[1][1])
    end
  end
end)

test("files in parts", function()
  local file, count = place:file "parts", 0
  core.file_save(file, function()
    count = count + 1
    return count <= 1000 and ("%d\0\n"):format(count) or nil
  end)
  local read = io.open(file, "rb"):read "a"
  equal(#read, 9 * 3 + 90 * 4 + 900 * 5 + 6)
  equal(read:sub(-6), "1000\0\n")
  raises("no more", function() core.file_save(file, function() error("no more", 0) end) end)
  raises("file_save: expected a string or nil, got boolean", function() core.file_save(file, function() return true end) end)
  equal(io.open(file, "rb"):read "a", read)
  equal(#core.folder_list(path), 3) -- and nothing half written
end)

for _, name in ipairs(core.folder_list(path)) do
  os.remove(place:file(name))
end
os.remove(path)
check.finish()
