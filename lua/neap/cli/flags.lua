--- The options of verbs. A list has entries { name = "-n", value = "N", rule = rule.whole(1), help = "...", usual = words for the
-- default }; an option without a value has no `value` and no `rule`. `many`, `follow`: see arguments.split; `required`: the verb
-- fails without it.
local flags = {}

local LONG = { ["-n"] = "n", ["-o"] = "out" }

-- The key of an option: n of -n, sample_labels of --sample-labels.
local function key_of(name)
  return LONG[name] or (name:gsub("^%-%-", ""):gsub("%-", "_"))
end

local function rule_of(entry)
  local wanted = entry.rule or {}
  return {
    key = key_of(entry.name), kind = wanted.kind, read = wanted.read, alone = not entry.rule, many = entry.many,
    follow = entry.follow,
  }
end

--- The rules of arguments.split for lists of options.
function flags.rules(...)
  local rules = {}
  for _, list in ipairs { ... } do
    for _, entry in ipairs(list) do
      rules[entry.name] = rule_of(entry)
    end
  end
  return rules
end

return flags
