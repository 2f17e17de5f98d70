--- neap bench WORK [batch= steps= threads= precision=] [settings of the work]
--
-- The same work as PyTorch's side of the comparison, with the same keys in its one line of JSON, and the share of the
-- measured multiply-add peak that the products alone amount to.
local core = require "neap.core"
local arguments = require "neap.cli.arguments"
local check = require "neap.check"
local works = require "neap.cli.bench_workloads"

local COMMON = { batch = 32, steps = 5, threads = 0, precision = "fp32" } -- threads 0: as many as the machine has
local WARMUP = 2

local function read_settings(name, pairs_)
  local settings, names = {}, {}
  for _, defaults in ipairs { COMMON, works[name].settings } do
    for key, value in pairs(defaults) do
      settings[key], names[#names + 1] = value, key
    end
  end
  for _, pair in ipairs(pairs_) do
    local key, value = pair[1], pair[2]
    local number = math.tointeger(tonumber(value))
    if settings[key] == nil then
      core.fail_usage(("bench: %s: unknown key '%s'%s"):format(name, key, check.suggestion(key, names)))
    elseif key == "precision" then
      number = (value == "fp32" or value == "bf16") and value
    end
    if not number or number ~= value and number < 1 then
      core.fail_usage(("bench: %s: expected %s, got '%s'"):format(key,
        key == "precision" and "fp32 or bf16" or "a whole number from 1", value))
    end
    settings[key] = number
  end
  return settings
end

local function time(step, count)
  local times = {}
  for _ = 1, WARMUP do
    step()
  end
  for i = 1, count do
    local began = core.now()
    step()
    times[i] = core.now() - began
  end
  table.sort(times)
  return times[#times // 2 + 1], times[1]
end

local function measure(name, s)
  if s.threads > 0 then
    core.threads(s.threads)
  end
  core.precision(s.precision == "bf16" and "bf16" or "f32")
  local work, step = works[name].begin(s)
  local median, least = time(step, s.steps)
  local resident = core.memory().resident_peak
  return {
    peer = "neap " .. core.version, work = name, batch = s.batch, size = s.size, precision = s.precision,
    compile = false, channels_last = true, -- the only layout of pictures here
    threads = core.threads(), median_s = median, min_s = least, samples_per_s = s.batch / median,
    peak_rss_mib = resident // (1 << 20), gflops = work / least / 1e9,
    peak_share = work / least / core.fma_peak(s.precision == "bf16"), isa = core.machine().isa,
  }
end

return function(list)
  local _, rest = arguments.split(list, {})
  local name, names = table.remove(rest, 1), {}
  for known in pairs(works) do
    names[#names + 1] = known
  end
  table.sort(names)
  if not name or not works[name] then
    core.fail_usage(("bench: expected %s, got '%s'%s"):format(table.concat(names, ", "), name or "",
      check.suggestion(name or "", names)))
  end
  print(core.json_encode(measure(name, read_settings(name, arguments.pairs(rest)))))
end
