--- Checks of a plugin: ABI, contract, numbers, determinism and leaks, parameters at random. Each case runs in its own process.
local core = require "neap.core"
local fuzz = require "neap.plugin.cases.fuzz"

local check = { levels = 5, seconds = 20 }

local KINDS = { "architecture", "objective", "sampler", "guidance", "dataset", "metric" }

-- --- One case in a process of its own ---------------------------------------------------------------------------------------

local ENDED = {
  time = "did not end within %d seconds of processor time; is there an endless loop?",
  exit = "ended the process (%s); a plugin returns an error, and never exits",
  signal = "crashed (%s)%s",
}

-- The component that the crash handler names on standard error.
local function crashed_in(output)
  local where = output:match "neap: SIG%u+ in ('[^\n]+)"
  return where and " in " .. where or ""
end

local function reason_of(how, output, seconds)
  if how == "time" then
    return ENDED.time:format(seconds)
  elseif how:find "^exit" then
    return ENDED.exit:format(how)
  end
  return ENDED.signal:format(how, crashed_in(output))
end

-- What the plugin printed itself: warnings go through neap_warn.
local function printed(output)
  return (output:gsub("neap: warning: [^\n]*\n", ""))
end

-- Runs f() -> text in a child: the status, and a note, a reason or what the plugin printed.
local function run(seconds, f)
  local how, answer, output = core.isolate(seconds, f)
  local text = answer:sub(2)
  if how ~= "" then
    return "failed", reason_of(how, output, seconds)
  elseif text:find "^skip: " then
    return "skipped", text:sub(7)
  elseif answer:sub(1, 1) == "-" then
    return "failed", text
  elseif printed(output) ~= "" then
    local words = printed(output):sub(1, 60):gsub("%c+", " ")
    return "failed", ("printed '%s'; a plugin records messages by neap_fail, and never prints"):format(words)
  end
  return "passed", text
end

-- --- The cases of a file ------------------------------------------------------------------------------------------------------

local function components_of(path)
  local place, list = core.found_path(path), {}
  for _, kind in ipairs(KINDS) do
    for _, component in ipairs(core.components(kind)) do
      if core.found_path(component.origin) == place then
        list[#list + 1] = { kind = kind, name = component.name, plugin = component.plugin, version = component.version,
          license = component.license }
      end
    end
  end
  return list
end

-- What a case of a component gets; made in the child, which has loaded the plugin.
local function context_of(options, entry)
  local context = { kind = entry.kind, component = core.find(entry.kind, entry.name), seed = options.seed,
    settings = options.settings }
  core.precision "f32"
  core.threads(1)
  function context.exact()
    if not context.network then
      context.spread = core.exact_register()
      local classes = entry.kind == "guidance" and 3 or 0
      context.network = core.network(core.component("architecture", "exact_gaussian", { classes = classes }), 0)
    end
    return context.network
  end
  return context
end

local function symbols(options)
  local strays = core.plugin_strays(options.path)
  if strays ~= "" then
    core.fail(("exports %s; only neap_plugin_v2 may be visible, so declare the rest static"):format(strays))
  end
end

local NO_END = "; does each parameter table end with NEAP_PARAMS_END, and the list of components with {0}?"

-- Loads the file and returns its components as text.
local function load(options)
  local done, problem = pcall(core.plugin_load, options.path)
  if not done then
    local reason = core.reason(problem)
    core.fail(reason .. (reason:find "parameter %d+ %(" and NO_END or "")) -- what follows a table without an end is no row
  end
  return core.json_encode(components_of(options.path))
end

local function of_component(options, entry, case)
  return {
    level = case.level, id = ("%s.%s/%s"):format(entry.kind, entry.name, case.name),
    run = function()
      core.plugin_load(options.path)
      return case.run(context_of(options, entry))
    end,
  }
end

local function cases_of(options, entries)
  local list = {}
  for _, entry in ipairs(entries) do
    local own = require("neap.plugin.cases." .. entry.kind)
    for _, case in ipairs(own) do
      list[#list + 1] = of_component(options, entry, case)
    end
    for trial = 1, fuzz.trials do
      list[#list + 1] = of_component(options, entry, { name = "fuzz." .. trial, level = 5, run = fuzz.case(own.use, trial) })
    end
  end
  table.sort(list, function(a, b) return a.level < b.level end)
  return list
end

-- --- The check ----------------------------------------------------------------------------------------------------------------

local function quoted(word)
  return word:find "[^%w%._/=,:+-]" and "'" .. word:gsub("'", "'\\''") .. "'" or word
end

local function command(options, id)
  local words = { "neap plugin check", quoted(options.path), "--case", id, "--seed", tostring(options.seed) }
  for key, value in pairs(options.settings) do
    words[#words + 1] = quoted(key .. "=" .. value)
  end
  return table.concat(words, " ")
end

local function add(report, options, level, id, status, text)
  local result = { level = level, case = id, status = status, text = text,
    reproduce = status == "failed" and command(options, id) or nil }
  report.cases[#report.cases + 1] = result
  report[status] = report[status] + 1
  options.watch(result)
end

-- Runs a case unless another one is asked for.
local function perform(report, options, level, id, f)
  if options.case and options.case ~= id then
    return
  end
  local status, text = run(options.seconds, f)
  add(report, options, level, id, status, text)
end

-- The components of the file, by a process that loads it; nil when it cannot be loaded.
local function find_entries(report, options)
  local status, text = run(options.seconds, function() return load(options) end)
  text = text .. (text:find "^crashed" and NO_END or "")
  if not options.case or options.case == "abi/load" or status ~= "passed" then
    add(report, options, 1, "abi/load", status, status == "passed" and "" or text)
  end
  return status == "passed" and core.json_decode(text) or {}
end

local function check_case(report, options)
  if options.case and #report.cases == 0 then
    core.fail_usage(("plugin check: %s has no case '%s'"):format(options.path, options.case))
  end
end

--- Checks the plugin at options.path: { path, level, seed, seconds, settings, case, watch(result) }. Returns { passed, failed,
-- skipped, components, cases = { { level, case, status, text, reproduce }, .. } }.
function check.run(options)
  local report = { passed = 0, failed = 0, skipped = 0, cases = {} }
  perform(report, options, 1, "abi/symbols", function() return symbols(options) end)
  report.components = find_entries(report, options)
  for _, case in ipairs(cases_of(options, report.components)) do
    if case.level <= options.level then
      perform(report, options, case.level, case.id, case.run)
    end
  end
  check_case(report, options)
  return report
end

return check
