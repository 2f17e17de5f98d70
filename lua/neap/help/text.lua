--- Entries of help as text of at most 80 columns.
local entries = require "neap.help.entries"
local verbs = require "neap.cli.verbs"
local wrap = require "neap.help.wrap"

local text = {}

local NAMES, VALUES = 19, 30 -- columns at which texts begin: beside parameters, and beside names of entries

--- What is expected of a parameter and its default, in words: "int from 1 to 100; default 50".
function text.expected(param)
  local default
  if param.required then
    default = "required"
  elseif param.default ~= nil then
    default = "default " .. (param.default == "" and "''" or tostring(param.default))
  elseif param.component then
    default = param.usual
  elseif param.text then
    default = "no default"
  elseif param.usual then
    default = "default: " .. param.usual
  end
  local words = {}
  words[#words + 1] = param.type
  words[#words + 1] = default
  return table.concat(words, "; ")
end

local function parameter(param)
  local expected = text.expected(param)
  local words = expected .. (expected ~= "" and ". " or "") .. (param.help or "")
  return wrap.row(4, NAMES, param.name, words)
end

local function add_all(texts, params, head)
  texts[#texts + 1] = #params > 0 and head or nil
  for _, param in ipairs(params) do
    texts[#texts + 1] = parameter(param)
  end
end

local function add_example(texts, entry)
  if not entry.example then
    return
  end
  texts[#texts + 1] = "\n"
  for line in (entry.example .. "\n"):gmatch "(.-)\n" do
    texts[#texts + 1] = line == "" and "" or "    " .. line .. "\n"
  end
end

--- One line for an entry in a list.
function text.line(entry)
  return wrap.row(2, VALUES, entry.name, entry.help or "")
end

-- Is an entry a part of another one, as image.save of image and tensor:item of tensor?
local function is_part(entry, of)
  local parent = entry.name:match "^(.*)[.:][^.:]*$"
  if of.name == "ops" then
    return entry.kind == "op"
  end
  return parent == of.name and entry.kind ~= "setting" and entry.kind ~= "op"
end

local function add_parts(texts, of)
  local first = true
  for _, entry in ipairs(entries()) do
    if is_part(entry, of) then
      texts[#texts + 1] = (first and "\n" or "") .. text.line(entry)
      first = false
    end
  end
end

-- Each of these returns the lines of an entry of its kind as a list of texts.
local of_kind = {}

function of_kind.component(entry)
  local component = entry.source
  local texts = {
    wrap.text("", 2, ("%s %s: %s"):format(entry.of_kind, component.name, component.help)),
    wrap.text("  ", 4, ("plugin %s %s, %s, %s"):format(component.plugin, component.version, component.license, component.origin)),
    ("  %s {\n"):format(entry.name),
  }
  add_all(texts, entry.params)
  texts[#texts + 1] = "  }\n"
  return texts
end

function of_kind.op(entry)
  local op, words = entry.source, {}
  for i, attr in ipairs(op.attrs) do
    words[i] = attr.required and attr.name or "[" .. attr.name .. "]"
  end
  local texts = { wrap.text("", 2, ("op %s: %s"):format(op.name, op.help)), wrap.text("  ", 4, entry.call) }
  texts[3] = entry.method and wrap.text("  ", 4, entry.method) or nil
  local tensors = op.min == op.max and op.min or op.min .. " to " .. op.max
  texts[#texts + 1] = wrap.text("  ", 4, ("%s tensor%s; attributes: %s%s"):format(tensors, tensors == 1 and "" or "s",
    #words > 0 and table.concat(words, ", ") or "none", op.differentiable and "" or "; no gradient"))
  add_all(texts, entry.params)
  return texts
end

function of_kind.verb(entry)
  return { verbs.usage(entry.name) }
end

function of_kind.setting(entry)
  local expected = text.expected(entry.param)
  return {
    wrap.text("", 2, ("%s { %s = .. }%s"):format(entry.of.name, entry.param.name, expected ~= "" and ": " .. expected or "")),
    wrap.text("  ", 2, entry.help or ""),
  }
end

local function other(entry)
  local texts = { wrap.text("", 2, entry.call or entry.name), wrap.text("  ", 2, entry.help) }
  add_all(texts, entry.params or {}, "\n")
  add_all(texts, entry.settings or {}, "\n")
  add_all(texts, entry.inner or {}, "\n  A stage:\n")
  add_parts(texts, entry)
  add_example(texts, entry)
  return texts
end

--- The whole help of an entry.
function text.of(entry)
  return table.concat((of_kind[entry.kind] or other)(entry))
end

return text
