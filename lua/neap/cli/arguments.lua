--- The words behind a verb: options, key=value pairs, and the rest.
local core = require "neap.core"
local check = require "neap.check"

local arguments = {}

-- A suggestion for an unknown option: -n for --n, an option with a similar name, or key=VALUE.
local function hint(name, rules)
  local letter = name:match "^%-(%-%a)$"
  local near = rules[letter] and ("; did you mean '%s'?"):format(letter) or check.suggestion(name, check.names(rules))
  local key = near == "" and name:match "^%-%-(.+)$"
  return key and ("; keys are written %s=VALUE"):format((key:gsub("-", "_"))) or near
end

-- Shells expand ~ at the start of a word; many do not expand it after "=".
local function expand_home(word, value)
  if not value or not (value == "~" or value:find "^~/") then
    return value
  end
  local home = os.getenv "HOME"
  if not home or home == "" then
    core.fail_usage(("'%s': HOME is not set; write the path in full"):format(word))
  end
  return home .. value:sub(2)
end

local function convert(name, rule, value)
  if value == nil then
    core.fail_usage(("%s: expected %s"):format(name, rule.kind))
  end
  local result = rule.read(value)
  if result == nil then
    core.fail_usage(("%s: expected %s, got '%s'"):format(name, rule.kind, value))
  end
  return result
end

local function put(found, name, rule, value)
  if rule.many then
    found[rule.key] = found[rule.key] or {}
    table.insert(found[rule.key], value)
  elseif found[rule.key] ~= nil and not rule.alone then
    core.fail_usage(("%s: expected once, got it again"):format(name))
  else
    found[rule.key] = value
  end
end

-- Puts the option of word i, whose value may be the next word; returns the index of the last word used.
local function put_option(found, list, i, name, value, rule)
  if rule.alone and value then
    core.fail_usage(("%s: expected no value, got '%s'"):format(name, value))
  elseif rule.alone then
    put(found, name, rule, true)
    return i
  end
  local last = value == nil and i + 1 or i
  put(found, name, rule, convert(name, rule, expand_home(list[i], value or list[last])))
  return last
end

-- Does a word go on with the values of the option before it? A pair does not.
local function follows(word, rule)
  return rule and rule.follow and not word:find "^[%a_][%w_%.]*="
end

--- Splits a list of words by rules { ["-n"] = { key = "n", kind = "a whole number", read = function } }. Returns the
-- options by key, and a list of the other words. `--name value` and `--name=value` are the same; a leading ~/ in a value is the
-- user's home folder. A rule with alone = true takes no value; one with many = true may be repeated and yields a list; one with
-- follow = true, too, also takes the words after its value, if another word came before: RUN --picture a.png b.png.
function arguments.split(list, rules)
  local found, rest, i, last = {}, {}, 1, nil
  while i <= #list do
    local word = list[i]
    local name, value = word:match "^(%-%-[%w%-]+)=(.*)$"
    name = name or word:match "^%-[%-%a].*$"
    if name and not rules[name] then
      core.fail_usage(("unknown option '%s'%s"):format(name, hint(name, rules)))
    elseif name then
      i, last = put_option(found, list, i, name, value, rules[name]), #rest > 0 and name or nil
    elseif follows(word, rules[last]) then
      put(found, last, rules[last], convert(last, rules[last], expand_home(word, word)))
    else
      rest[#rest + 1] = word
    end
    i = i + 1
  end
  return found, rest
end

--- Fails if a verb that takes no arguments gets any.
function arguments.none(verb, list)
  if #list > 0 then
    core.fail_usage(("%s: expected no arguments, got '%s'"):format(verb, list[1]))
  end
end

--- { "a=1", "b=~/2" } -> { { "a", "1" }, { "b", "/home/user/2" } }; fails on a repeated key.
function arguments.pairs(list)
  local result, seen = {}, {}
  for i, word in ipairs(list) do
    local key, value = word:match "^([%a_][%w_%.]*)=(.*)$"
    if not key then
      core.fail_usage(("expected key=value, got '%s'"):format(word))
    end
    if seen[key] then
      core.fail_usage(("%s: expected once, got %s=%s and %s=%s"):format(key, key, seen[key], key, value))
    end
    result[i], seen[key] = { key, expand_home(word, value) }, value
  end
  return result
end

local SHORT = { n = "-n", out = "-o" }

--- The option of a key: n -> -n, sample_labels -> --sample-labels.
function arguments.option(key)
  return SHORT[key] or "--" .. key:gsub("_", "-")
end

--- Fails if an option is given without one that it needs; needs = { { key, needed key }, .. }.
function arguments.check_needs(verb, given, needs)
  for _, pair in ipairs(needs) do
    if given[pair[1]] and not given[pair[2]] then
      core.fail_usage(("%s: %s needs %s"):format(verb, arguments.option(pair[1]), arguments.option(pair[2])))
    end
  end
end

--- Fails because an option would change nothing; the message goes on with `reason`.
function arguments.fail_without_effect(verb, option, reason)
  core.fail_usage(("%s: %s has no effect%s"):format(verb, option, reason))
end

return arguments
