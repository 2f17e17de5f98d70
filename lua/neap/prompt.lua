--- Texts as conditions: one for each sample, or a few that are repeated.
local core = require "neap.core"

local prompt = {}

-- The size of each kind in a spec, in the order of messages, and the word for it.
local KINDS = { { "classes", "labels" }, { "text", "a text" }, { "tokens", "tokens" }, { "pooled", "a pooled vector" },
  { "picture", "a picture" } }

--- What a network of this spec takes, in words: "labels and a text", or "no condition".
function prompt.kinds(spec)
  local words = {}
  for _, kind in ipairs(KINDS) do
    if spec[kind[1]] and spec[kind[1]] ~= 0 then
      words[#words + 1] = kind[2]
    end
  end
  return #words > 0 and table.concat(words, " and ") or "no condition"
end

--- Does a network of this spec take any condition?
function prompt.conditional(spec)
  return prompt.kinds(spec) ~= "no condition"
end

-- A list of texts from one text or a list; `who` begins messages.
local function list_of(who, text)
  local list = type(text) == "string" and { text } or text
  if type(list) ~= "table" or #list == 0 then
    core.fail_usage(("%s: expected a text or a list of texts, got %s"):format(who,
      type(list) == "table" and "an empty table" or type(list)))
  end
  for i, one in ipairs(list) do
    if type(one) ~= "string" then
      core.fail_usage(("%s: expected texts, got %s as text %d"):format(who, type(one), i))
    end
  end
  return list
end

--- The number of texts that one text or a list of them is.
function prompt.count(text)
  return type(text) == "table" and #text or 1
end

--- Which of `count` labels or texts, from 0, each of n samples gets: each n / count times in succession when n is a multiple of
-- their number, else cyclically.
function prompt.repeated(count, n)
  local rows, each = {}, n % count == 0 and n // count or 1
  for i = 0, n - 1 do
    rows[i + 1] = i // each % count
  end
  return rows
end

--- Rows of a tensor [count, ...] for n samples, as the rule above repeats them.
function prompt.rows(x, n)
  local shape = core.methods.shape(x)
  if shape[1] == n then
    return x
  end
  local column = { n }
  for axis = 2, #shape do
    column[axis] = 1
  end
  local rows = core.ops.reshape(core.tensor(prompt.repeated(shape[1], n), "i32"), column)
  shape[1] = n
  return core.ops.gather(x, core.ops.contiguous(core.ops.expand(rows, shape)), { axis = 0 })
end

--- The condition { text, lengths } of n samples: one text for all, or a list that is repeated as labels are. Fails if a network
-- of `spec`, called `name`, takes no text; `who` begins messages.
function prompt.texts(who, text, n, spec, name)
  local list = list_of(who, text)
  if not spec.text then
    core.fail_usage(("%s: %s takes no text, but %s"):format(who, name, prompt.kinds(spec)))
  elseif #list > n then
    core.fail_usage(("%s: expected at most %d texts, one for each sample, got %d"):format(who, n, #list))
  end
  local texts, lengths = core.texts(who, list, spec.text)
  return { text = prompt.rows(texts, n), lengths = prompt.rows(lengths, n) }
end

--- neap.texts(text, model [, n]): the condition { text, lengths } for a call of the model with n rows, by default one for each
-- text: model(x, t, neap.texts({ "red heart", "" }, model)).
function prompt.condition(text, model, n)
  local meta = type(model) == "userdata" and getmetatable(model)
  if not meta or meta.__name ~= "neap.model" then
    core.fail_usage(("texts: expected a model, got %s"):format(type(model)))
  end
  return prompt.texts("texts", text, n or math.max(1, prompt.count(text)), model:spec(), model:component():name())
end

--- The texts of a condition { text, lengths }, as a list of strings.
function prompt.strings(condition)
  local list, lengths = {}, condition.lengths and condition.lengths:tolist()
  for i, row in ipairs(condition.text:tolist()) do
    local characters = {}
    for k = 1, lengths and lengths[i] or #row do
      characters[k] = string.char(row[k])
    end
    list[i] = table.concat(characters)
  end
  return list
end

-- --- Files -----------------------------------------------------------------------------------------------------------

local LARGEST = 1 << 24 -- bytes of a file of prompts

-- The bytes of a file, or of standard input for "-"; at most one more than LARGEST.
local function read_all(who, path)
  local file, reason = io.stdin, nil
  if path ~= "-" then
    file, reason = io.open(path, "rb")
  end
  if not file then
    core.fail(("%s: %s"):format(who, reason))
  end
  local text
  text, reason = file:read(LARGEST + 1) -- nil without a reason at the end of the file
  return not reason and (text or "") or core.fail(("%s: %s: %s"):format(who, path, reason))
end

-- Why a line is no prompt, or nil.
local function fault(line)
  return not line:find "%S" and "expected a text, got a blank line" or core.text_check(line)
end

--- The lines of a file of prompts, "-" for standard input; `who` begins messages. A byte order mark and carriage returns at the
-- ends of lines are left out. Fails for a blank line, and for one that is no text, with its number.
function prompt.read(who, path)
  local name, list = path == "-" and "standard input" or path, {}
  local text = read_all(who, path):gsub("^\xEF\xBB\xBF", "")
  if text == "" or #text > LARGEST then
    core.fail(("%s: %s: expected %s"):format(who, name, text == "" and "a text in each line, got none"
      or ("at most %d bytes"):format(LARGEST)))
  end
  for line in (text:sub(-1) == "\n" and text or text .. "\n"):gmatch "([^\n]*)\n" do
    line = line:gsub("\r$", "")
    list[#list + 1] = line
    local reason = fault(line)
    if reason then
      core.fail(("%s: %s: line %d: %s"):format(who, name, #list, reason))
    end
  end
  return list
end

return prompt
