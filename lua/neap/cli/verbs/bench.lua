--- neap bench WORKLOAD [batch= steps= threads= precision=] [settings of the workload]
--
-- Prints one line of JSON with the keys of the PyTorch benchmark that it is compared with. `gflops` and `peak_share` count the
-- matrix products alone; the peak is the measured rate of multiply-adds. Work that the speed of memory limits prints its rate,
-- `gb_per_s`, and `copy_share`, the median share of the rate of copies that alternate with the steps.
local core = require "neap.core"
local arguments = require "neap.cli.arguments"
local check = require "neap.check"
local keys = require "neap.cli.keys"
local precision = require "neap.train.precision"
local rule = require "neap.rule"
local setting = require "neap.setting"
local workloads = require "neap.cli.bench_workloads"

local COMMON = setting.defaults(keys.bench())
local WARMUP = 2
local COUNT = rule.whole(1)
local RULES = { precision = precision.rule, conditioning = rule.choice("adaln", "cross", "joint"),
  text = rule.whole(0), text_depth = rule.whole(0) }

local function read_settings(name, pairs_)
  local settings = {}
  for _, defaults in ipairs { COMMON, workloads[name].settings } do
    for key, value in pairs(defaults) do
      settings[key] = value
    end
  end
  for _, pair in ipairs(pairs_) do
    local key, value = pair[1], pair[2]
    if settings[key] == nil then
      check.fail_key(("bench: %s: unknown key"):format(name), key, check.names(settings))
    end
    settings[key] = rule.parse("bench: " .. key, RULES[key] or COUNT, value)
  end
  settings.precision = precision.choose(settings.precision)
  return settings
end

-- Median and least.
local function order(values)
  table.sort(values)
  return values[#values // 2 + 1], values[1]
end

-- The times of `count` steps, and, with traffic, each step's share of the rate of a copy that follows it.
local function time(step, count, traffic)
  local times, shares = {}, {}
  for _ = 1, WARMUP do
    step()
  end
  for i = 1, count do
    local began = core.now()
    step()
    times[i] = core.now() - began
    shares[i] = traffic and traffic.moved / times[i] / core.copy_rate(traffic.array)
  end
  return times, shares
end

local function measure(name, s)
  if s.threads > 0 then
    core.threads(s.threads)
  end
  precision.set(s.precision)
  local work, step, traffic = workloads[name].begin(s)
  local times, shares = time(step, s.steps, traffic)
  local median, least = order(times)
  local resident = core.memory().resident_peak
  return {
    peer = "neap " .. core.version, work = name, batch = s.batch, size = s.size, precision = s.precision,
    compile = false, channels_last = true, -- the only layout
    threads = core.threads(), median_s = median, min_s = least, samples_per_s = s.batch / median,
    peak_rss_mib = resident // (1 << 20), gflops = work / least / 1e9,
    peak_share = work / least / core.fma_peak(s.precision == "bf16"), isa = core.machine().isa,
    conditioning = s.conditioning, text = s.text,
    gb_per_s = traffic and traffic.moved / least / 1e9, copy_share = traffic and (order(shares)),
  }
end

return function(list)
  local _, rest = arguments.split(list, {})
  local name, names = table.remove(rest, 1) or "", check.names(workloads)
  if not workloads[name] then
    check.fail_name(("bench: expected %s, got"):format(table.concat(names, ", ")), name, names)
  end
  print(core.json_encode(measure(name, read_settings(name, arguments.pairs(rest)))))
end
