--- Completion at the prompt: of names, keys and methods, of parameters inside the braces of a call, and of files inside texts.
-- Values are looked up, and never called.
local core = require "neap.core"
local check = require "neap.check"
local run = require "neap.run"
local train_settings = require "neap.train.settings"
local verbs = require "neap.cli.verbs"

local complete = {}

local WIDTH = 80
local KEYWORDS = {
  "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil", "not", "or",
  "repeat", "return", "then", "true", "until", "while",
}
local TENSOR_PROPERTIES = { "dtype", "requires_grad", "grad" }

-- --- The text before the cursor --------------------------------------------------------------------------------------------

-- The open text of a literal at the end of a line, or nil; and the positions of its open braces and parentheses.
local function scan(line)
  local quote, start, open = nil, nil, {}
  local i = 1
  while i <= #line do
    local c = line:sub(i, i)
    if quote then
      i = c == "\\" and i + 1 or i
      quote = c ~= quote and quote or nil
    elseif c == '"' or c == "'" then
      quote, start = c, i + 1
    elseif c == "{" or c == "(" then
      open[#open + 1] = i
    elseif c == "}" or c == ")" then
      open[#open] = nil
    end
    i = i + 1
  end
  return quote and line:sub(start) or nil, open
end

-- --- Values ----------------------------------------------------------------------------------------------------------------

local function index(value, key)
  return value[key]
end

-- The value of a chain of names, as `neap.sampler`; nil where there is none.
local function value_of(chain, env)
  local value = env
  for name in chain:gmatch "[^.:]+" do
    local found, inner = pcall(index, value, name)
    if not found then
      return nil
    end
    value = inner
  end
  return value
end

-- The names of the components if a table is the namespace of a kind.
local function components(value)
  local neap = require "neap"
  for _, kind in ipairs(core.kinds()) do
    if value == neap[kind] then
      return check.named(core.components(kind))
    end
  end
end

local function add_keys(names, value)
  for key, entry in pairs(type(value) == "table" and value or {}) do
    if type(key) == "string" and not key:find "^__" then
      names[key] = type(entry)
    end
  end
end

-- Names after a value and a separator: their types by name. Only functions follow a colon.
local function members(value, separator)
  local names = {}
  if core.methods.shape and type(value) == "userdata" and getmetatable(value).__name == "neap.tensor" then
    add_keys(names, core.methods)
    for _, name in ipairs(separator == "." and TENSOR_PROPERTIES or {}) do
      names[name] = "property"
    end
    return names
  end
  add_keys(names, value)
  for _, name in ipairs(components(value) or {}) do
    names[name] = "function"
  end
  local meta = getmetatable(value)
  add_keys(names, type(meta) == "table" and rawget(meta, "__index"))
  return names
end

local function after(head, separator, env)
  local value, list = value_of(head, env), {}
  for name, kind in pairs(value ~= nil and members(value, separator) or {}) do
    if separator == "." or kind == "function" then
      list[#list + 1] = name
    end
  end
  return list
end

local function globals(env)
  local names, list = {}, {}
  add_keys(names, env)
  add_keys(names, _G)
  for name in pairs(names) do
    list[#list + 1] = name
  end
  return table.move(KEYWORDS, 1, #KEYWORDS, #list + 1, list)
end

-- --- Parameters ------------------------------------------------------------------------------------------------------------

-- The parameters of a function called `chain`; nil if they are unknown.
local function parameters(chain, env)
  local kind, name = chain:match "^neap%.(%a+)%.([%w_]+)$"
  local found, component = pcall(core.find, kind or "", name or "")
  if kind and found then
    local names = check.named(component.params)
    names[#names + 1] = kind == "sampler" and "guidance" or nil
    return names
  end
  local owner, method = chain:match "^(.-):(%a+)$"
  local value = value_of(chain, env)
  if value ~= nil and value == require("neap").train then
    return train_settings.names()
  elseif method == "sample" and getmetatable(value_of(owner, env)) == run then
    return run.KEYS
  end
end

-- The parameters where a key may stand: after `{` or a comma of a call's table.
local function keys_at(line, open, env)
  local brace = open[#open]
  if not brace or line:sub(brace, brace) ~= "{" then
    return nil
  end
  local chain = line:sub(1, brace - 1):match "([%a_][%w_.:]*)%s*%(?%s*$"
  local is_key = line:sub(brace):find "^{%s*[%w_]*$" or line:sub(brace):find ",%s*[%w_]*$"
  return chain and is_key and parameters(chain, env) or nil
end

-- --- Files and labels ------------------------------------------------------------------------------------------------------

local function files(text)
  local place = text:match "^(.*/)" or ""
  local where = place:gsub("^~/", (os.getenv "HOME" or "~") .. "/")
  local found, list = pcall(core.folder_list, where == "" and "." or where)
  for i, name in ipairs(found and list or {}) do
    list[i] = place .. name .. (core.exists(where .. name) == "folder" and "/" or "")
  end
  return found and list or {}
end

-- The labels of a run inside run:sample { label = "..
local function labels(line, env)
  local name = line:match "([%a_][%w_]*):sample%s*%(?%s*{[^}]*label%s*=%s*[\"'][^\"']*$"
  local value = name and value_of(name, env)
  return getmetatable(value) == run and value:loaded().labels or nil
end

-- --- Help -------------------------------------------------------------------------------------------------------------------

-- The names that have help.
local function subjects()
  local found, help = pcall(require, "neap.help")
  if found and type(help) == "table" and help.names then
    return help.names()
  end
  local names = check.named(core.op_table())
  for _, kind in ipairs(core.kinds()) do
    for _, component in ipairs(core.components(kind)) do
      names[#names + 1] = component.name
    end
  end
  return table.move(verbs.names, 1, #verbs.names, #names + 1, names)
end

-- --- The answer --------------------------------------------------------------------------------------------------------------

-- The part before the cursor that is completed, and all names that may stand there.
local function candidates(line, env)
  local literal, open = scan(line)
  local subject = line:match "^%s*%?+%s*([%w_]*)$"
  if subject then
    return subject, subjects()
  elseif literal then
    return literal, labels(line, env) or files(literal)
  end
  local chain = line:match "[%a_][%w_.:]*$" or ""
  local head, separator, partial = chain:match "^(.*)([.:])([%w_]*)$"
  if head then
    return partial, after(head, separator, env)
  end
  return chain, keys_at(line, open, env) or globals(env)
end

-- The distinct names that begin with a text, sorted.
local function beginning(partial, names)
  local seen, list = {}, {}
  for _, name in ipairs(names) do
    if name:sub(1, #partial) == partial and not seen[name] then
      seen[name], list[#list + 1] = true, name
    end
  end
  table.sort(list)
  return list
end

local function common(list)
  local first, last = list[1], list[#list]
  local length = 0
  while length < #first and first:byte(length + 1) == last:byte(length + 1) do
    length = length + 1
  end
  return first:sub(1, length)
end

-- The names in columns, sorted downwards.
local function columns_of(list)
  local width = core.terminal_size(1)
  local widest, lines = 0, {}
  for _, name in ipairs(list) do
    widest = math.max(widest, #name + 2)
  end
  local columns = math.max(1, (width or WIDTH) // widest)
  local rows = (#list + columns - 1) // columns
  for i, name in ipairs(list) do
    local row = (i - 1) % rows + 1
    lines[row] = (lines[row] or "") .. name .. (" "):rep(widest - #name)
  end
  for i, line in ipairs(lines) do
    lines[i] = line:gsub(" +$", "")
  end
  return "\n" .. table.concat(lines, "\n") .. "\n"
end

--- A completer for core.line_read: function(text before the cursor) -> what to insert, and a list to show; either may be nil.
function complete.completer(env)
  return function(text)
    local line = text:match "[^\n]*$"
    local partial, names = candidates(line, env)
    local list = beginning(partial, names)
    if #list == 0 then
      return nil
    end
    local insert = common(list):sub(#partial + 1)
    if insert ~= "" then
      return insert
    end
    return nil, #list > 1 and columns_of(list) or nil
  end
end

return complete
