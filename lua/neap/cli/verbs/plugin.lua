--- neap plugin new KIND NAME, neap plugin check FILE.so
local core = require "neap.core"
local arguments = require "neap.cli.arguments"
local check = require "neap.check"
local flags = require "neap.cli.flags"
local plugin_check = require "neap.plugin.check"
local new = require "neap.plugin.new"

local RULES = flags.rules(require "neap.cli.flags.plugin")

-- "  3 sampler.euler/accuracy   passed   order 1.0": results of fuzz only where they failed.
local function show(result)
  if result.status == "failed" or not result.case:find "/fuzz%." then
    local tail = result.text ~= "" and "  " .. result.text:gsub("%s*\n%s*", " ") or ""
    print(("%d %-36s %s%s"):format(result.level, result.case, result.status, tail))
  end
  if result.reproduce then
    print("  " .. result.reproduce)
  end
end

local function settings_of(words)
  local settings = {}
  for _, pair in ipairs(arguments.pairs(words)) do
    settings[pair[1]] = pair[2]
  end
  return settings
end

local function summary(path, report)
  return ("%s: %d cases passed, %d failed, %d skipped"):format(path, report.passed, report.failed, report.skipped)
end

local function run_check(list)
  local given, words = arguments.split(list, RULES)
  local path = table.remove(words, 1)
  if not path then
    core.fail_usage "plugin check: expected a file, as build/mine.so"
  elseif core.exists(path) ~= "file" then
    core.fail_usage(("plugin check: there is no file '%s'"):format(path))
  end
  local report = plugin_check.run {
    path = path, level = given.level or plugin_check.levels, seed = given.seed or 0,
    seconds = given.seconds or plugin_check.seconds, settings = settings_of(words), case = given.case,
    watch = given.json and function() end or show,
  }
  print(given.json and core.json_encode { file = path, passed = report.passed, failed = report.failed, skipped = report.skipped,
    cases = report.cases } or summary(path, report))
  if report.failed > 0 then
    core.fail(("plugin check: %s"):format(summary(path, report)))
  end
end

local function run_new(list)
  local given, words = arguments.split(list, RULES)
  if #words ~= 2 then
    core.fail_usage(("plugin new: expected a kind and a name, got %d words; kinds are %s"):format(#words,
      table.concat(core.kinds(), ", ")))
  end
  new.write(words[1], words[2], given.out or words[2])
end

local ACTIONS = { check = run_check, new = run_new }

return function(list)
  local action = table.remove(list, 1)
  if not ACTIONS[action] then
    check.fail_name("plugin: expected new or check, got", action or "", { "new", "check" })
  end
  ACTIONS[action](list)
end
