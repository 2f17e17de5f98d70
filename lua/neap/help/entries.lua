--- All that help knows, as one list of entries from the tables of the library: topics, settings, ops, components, verbs and their
-- options. An entry has
--
--   kind      function, method, property, value, module, class, setting, op, component, verb, option or environment
--   name      neap.image.save, tensor:backward, sampler.euler, sample --text, ..
--   call      the call in Lua or on the command line, if there is one
--   help      one or a few sentences
--   params    its parameters: { name, type =, help =, default =, usual = words for a default, required = }
--   source    of an op, a component or a verb: its row
--   example   lines of Lua
local core = require "neap.core"
local setting = require "neap.setting"
local verbs = require "neap.cli.verbs"

-- Files of neap/help/topics, and their titles in the reference pages.
local TOPICS = {
  { "process", "Process and environment" }, { "tensors", "Tensors" }, { "models", "Models, data sets and samplers" },
  { "training", "Training and runs" }, { "pictures", "Pictures, films and figures" }, { "scores", "Scores and checks" },
}

-- --- Functions of Lua -------------------------------------------------------------------------------------------------

local CLASSES = { tensor = true, model = true, dataset = true, component = true, sampler = true, run = true, optimizer = true,
  film = true, figure = true, series = true }

local function kind_of(row)
  local name = row[1]
  if row.environment then
    return "environment"
  elseif name:find ":" then
    return "method"
  elseif row[2] then
    return "function"
  elseif CLASSES[name] then
    return "class"
  elseif name:find "%." and row.type then
    return name:find "^neap%." and "value" or "property"
  end
  return "module"
end

-- A row of settings { name, rule or words, help, .. } as a parameter.
local function parameter(row)
  local wanted = row[2]
  return {
    name = row[1], type = type(wanted) == "table" and wanted.kind or wanted, help = row[3], default = row.default,
    usual = row.usual, required = row.required,
  }
end

local function parameters(rows)
  local list = {}
  for i, row in ipairs(rows or {}) do
    list[i] = parameter(row)
  end
  return list
end

-- A topic, and an entry for each setting that its function declares. Settings of a list inside, as of neap.stages, have a name
-- with a colon.
local function add_topic(list, title, row)
  local name, declared = row[1], setting.of(row[1]) or {}
  local entry = {
    kind = kind_of(row), topic = title, name = name, help = row[3], params = parameters(row[4]), example = row.example,
    call = row[2] and name .. (row[2]:find "^{" and " " or "") .. row[2], type = row.type, settings = parameters(declared),
    inner = parameters(setting.of(name .. ": stage")),
  }
  list[#list + 1] = entry
  for _, param in ipairs(entry.settings) do
    list[#list + 1] = { kind = "setting", name = name .. "." .. param.name, of = entry, param = param, help = param.help }
  end
end

-- --- Ops and components -----------------------------------------------------------------------------------------------

local INPUTS = { "x", "y", "z", "w" }

-- The tensors of an op in a call: "x, y", "x, y [, z]", or "{ x, y, .. }" where there may be many.
local function inputs_of(op)
  if op.max > #INPUTS then
    return "{ x, y, .. }"
  end
  local text = table.concat(INPUTS, ", ", 1, op.min)
  for i = op.min + 1, op.max do
    text = text .. " [, " .. INPUTS[i] .. "]"
  end
  return text
end

local function op_parameter(attr)
  local default = attr.default
  if attr.type == "flag" then
    default = default ~= 0
  elseif attr.type == "list" then
    default = nil
  elseif attr.type == "int" then
    default = math.tointeger(default)
  end
  if attr.required then
    default = nil
  end
  local kind = attr.name == "dtype" and "name of a dtype" or attr.type
  return { name = attr.name, type = kind, default = default, required = attr.required }
end

local function add_op(list, op)
  local params, words = {}, {}
  for i, attr in ipairs(op.attrs) do
    params[i], words[i] = op_parameter(attr), attr.name .. " = .."
  end
  local attributes = #words > 0 and "{ " .. table.concat(words, ", ") .. " }" or nil
  local inputs = inputs_of(op)
  local rest = inputs:match "^x,? ?(.*)$"
  list[#list + 1] = {
    kind = "op", name = "neap." .. op.name, help = op.help, params = params, source = op,
    call = ("neap.%s(%s%s)"):format(op.name, inputs, attributes and ", " .. attributes or ""),
    method = rest and ("x:%s(%s)"):format(op.name, rest .. (rest ~= "" and attributes and ", " or "") .. (attributes or "")),
  }
end

local function shown_choices(param)
  return param.type == "choice" and table.concat(param.choices, " | ")
end

local function range(param)
  if param.type == "int" or param.type == "real" then
    return ("%s from %s to %s"):format(param.type, param.low, param.high)
  end
  return shown_choices(param) or param.type
end

local function component_default(param)
  if param.type == "flag" then
    return param.default ~= 0
  elseif param.type == "choice" then
    return param.choices[param.default + 1]
  elseif param.type == "text" then
    return param.text and ("'%s'"):format(param.text)
  elseif param.type == "int" or param.type == "real" then
    return param.default
  end
end

local function component_parameter(param)
  local default = nil
  if not param.required then
    default = component_default(param)
  end
  return {
    name = param.name, type = range(param), help = param.help, default = default, required = param.required,
    usual = not param.required and param.type == "component" and "a " .. param.text or nil,
    component = param.type == "component", text = param.type == "text",
  }
end

local function add_component(list, kind, component)
  local name, params = kind .. "." .. component.name, {}
  local entry = {
    kind = "component", name = "neap." .. name, call = ("neap.%s { key = value, .. }"):format(name), help = component.help,
    params = params, source = component, of_kind = kind,
  }
  list[#list + 1] = entry
  for i, param in ipairs(component.params) do
    params[i] = component_parameter(param)
    list[#list + 1] = { kind = "setting", name = entry.name .. "." .. param.name, of = entry, param = params[i],
      help = param.help }
  end
end

-- --- The command line -------------------------------------------------------------------------------------------------

local function add_verb(list, name)
  local verb = verbs.find(name)
  local entry = { kind = "verb", name = name, call = verbs.synopsis(verb), help = verb.help, source = verb, params = {} }
  list[#list + 1] = entry
  for _, flag in ipairs(verbs.flags(verb)) do
    list[#list + 1] = {
      kind = "option", name = name .. " " .. flag.name, help = verbs.explained(flag, flag.help), of = entry, params = {},
      call = ("neap %s %s%s"):format(name, flag.name, flag.value and " " .. flag.value or ""),
    }
  end
end

-- --- All together -----------------------------------------------------------------------------------------------------

local function build()
  local list = {}
  for _, name in ipairs(verbs.names) do
    add_verb(list, name)
  end
  require "neap" -- its files declare their settings
  for _, topic in ipairs(TOPICS) do
    for _, row in ipairs(require("neap.help.topics." .. topic[1])) do
      add_topic(list, topic[2], row)
    end
  end
  for _, kind in ipairs(core.kinds()) do
    for _, component in ipairs(core.components(kind)) do
      add_component(list, kind, component)
    end
  end
  for _, op in ipairs(core.op_table()) do
    add_op(list, op)
  end
  return list
end

local built, known -- the list, and the number of components that it has

local function count_components()
  local count = 0
  for _, kind in ipairs(core.kinds()) do
    count = count + #core.components(kind)
  end
  return count
end

--- The list of entries: verbs, topics, components, ops, each followed by its settings or options. It is another list when there
-- are more components.
return function()
  local count = count_components()
  if count ~= known then
    built, known = build(), count
  end
  return built
end
