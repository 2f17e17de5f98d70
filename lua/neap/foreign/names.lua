--- Names of tensors in other programs, by tables of rules { own, foreign [, change] }:
--
--   { "blocks.#.attn.qkv", { "layers.#.q", "layers.#.k", "layers.#.v" }, "rows" }
--
-- A rule applies to the name `own` and to names that begin with `own` and a dot; the rest of the name is appended to `foreign`.
-- In `own`, `#` matches a whole number. In `foreign`, `#` is the next of these numbers, `~` the same counted backwards from the
-- last level, and `@` each block's number: one foreign tensor for each block. The first rule that applies is used. `change` is
-- one of neap.foreign.changes.
local changes = require "neap.foreign.changes"

local names = {}

--- The key of the metadata of an export that says what the network predicts.
names.PREDICTION = "neap.prediction"

local compiled = setmetatable({}, { __mode = "k" })

local function pattern_of(rule)
  if not compiled[rule] then
    local escaped = rule[1]:gsub("[%.%-]", "%%%0"):gsub("#", "(%%d+)")
    compiled[rule] = "^" .. escaped .. "%f[%.\0](.*)$"
  end
  return compiled[rule]
end

-- The numbers of a name, and its end, where a rule applies; else nil.
local function match(rule, name)
  local found = { name:match(pattern_of(rule)) }
  local tail = table.remove(found)
  return tail and found, tail
end

local function fill(text, numbers, sizes, block)
  local i = 0
  return (text:gsub("[#~@]", function(sign)
    if sign == "@" then
      return tostring(block)
    end
    i = i + 1
    return sign == "#" and numbers[i] or tostring(sizes.levels - 1 - tonumber(numbers[i]))
  end))
end

local function add(list, text, numbers, tail, sizes)
  for block = 0, text:find "@" and sizes.depth - 1 or 0 do
    list[#list + 1] = fill(text, numbers, sizes, block) .. tail
  end
end

--- The place of an own tensor in a format: { names of the foreign tensors, change = .. }; nil where no rule applies.
function names.place(rules, sizes, own)
  for _, rule in ipairs(rules) do
    local numbers, tail = match(rule, own)
    if numbers then
      local place = { change = changes[rule[3] or "none"] }
      for _, text in ipairs(type(rule[2]) == "table" and rule[2] or { rule[2] }) do
        add(place, text, numbers, tail, sizes)
      end
      return place
    end
  end
end

--- Does a name match one of these patterns?
function names.match_any(patterns, name)
  for _, pattern in ipairs(patterns) do
    if name:find(pattern) then
      return true
    end
  end
  return false
end

return names
