--- Stubs of the library for editors with the Lua language server: types, parameters and help of each function.
local entries = require "neap.help.entries"

local CLASSES = { "tensor", "model", "dataset", "component", "sampler", "run", "optimizer", "film", "figure", "series" }

-- Words for a type that stand alone, and ones that the words begin with.
local EXACT = {
  tensor = "neap.tensor", number = "number", text = "string", flag = "boolean", list = "table", table = "table",
  ["function"] = "function", any = "any", int = "integer", real = "number", choice = "string", network = "neap.model|string",
  iterator = "function", ["whole number"] = "integer", ["number or tensor"] = "number|neap.tensor",
  ["tensor or table"] = "neap.tensor|table", ["tensor or list"] = "neap.tensor|table", ["text or list"] = "string|table",
  ["a model"] = "neap.model", ["a data set"] = "neap.dataset", ["a sampler"] = "neap.sampler", ["true or false"] = "boolean",
  ["a function"] = "function", ["a run or a checkpoint"] = "string", ["name of a dtype"] = "string",
  ["a model, a run or a checkpoint"] = "neap.model|string",
}
local BEGINNINGS = {
  { "a whole number", "integer" }, { "a number", "number" }, { "a component", "neap.component" }, { "a tensor", "neap.tensor" },
  { "a path", "string" }, { "a name", "string" }, { "int ", "integer" }, { "real ", "number" }, { "{", "table" },
}
for _, class in ipairs(CLASSES) do
  EXACT[class] = "neap." .. class
end

local function quoted(choices)
  return '"' .. choices:gsub(" | ", '"|"') .. '"'
end

local function type_of(words)
  if words == nil or EXACT[words] then
    return EXACT[words] or "any"
  elseif words:find " | " then
    return quoted(words)
  end
  for _, row in ipairs(BEGINNINGS) do
    if words:sub(1, #row[1]) == row[1] then
      return row[2]
    end
  end
  return "any"
end

local function add(lines, format, ...)
  lines[#lines + 1] = format:format(...)
end

local function optional(param)
  return (param.default ~= nil or param.usual) and "?" or ""
end

-- A class for the settings of a function, and its name; nil without settings.
local function add_settings(lines, name, params)
  if #params == 0 then
    return nil
  end
  add(lines, "---@class %s.settings", name)
  for _, param in ipairs(params) do
    add(lines, "---@field %s%s %s %s", param.name, param.required and "" or "?", type_of(param.type), param.help or "")
  end
  add(lines, "")
  return name .. ".settings"
end

-- The parameters of a call: those of its table, else the names in its parentheses.
local function arguments_of(entry)
  local list = {}
  for _, param in ipairs(entry.params) do
    list[#list + 1] = param
  end
  if #list == 0 then
    for name in (entry.call:match "%b()" or ""):gmatch "[%a_]+" do
      list[#list + 1] = { name = name }
    end
  end
  return list
end

local function add_function(lines, name, help, arguments, results)
  local names = {}
  add(lines, "--- %s", help)
  for i, argument in ipairs(arguments) do
    names[i] = argument.name
    local mark = argument.name == "..." and "" or optional(argument)
    add(lines, "---@param %s%s %s %s", argument.name, mark, type_of(argument.type), argument.help or "")
  end
  for result in (results or ""):gmatch "[^,]+" do
    add(lines, "---@return %s", result:match "%S+" == "..." and "any ..." or type_of(result:match "^%s*(.-)%s*$"))
  end
  add(lines, "function %s(%s) end\n", name, table.concat(names, ", "))
end

local function add_call(lines, entry)
  local settings = add_settings(lines, entry.name:gsub(":", "."), entry.settings or {})
  local arguments = arguments_of(entry)
  if settings then
    EXACT[settings] = settings
    arguments = entry.call:find "[(]" and entry.params or {}
    arguments = table.move(arguments, 1, #arguments, 1, {})
    arguments[#arguments + 1] = { name = "settings", type = settings, usual = entry.call:find "%[, {" and "none" or nil }
  end
  add_function(lines, entry.name, entry.help, arguments, entry.call:match "%-> (.*)$")
end

local MADE = { architecture = "model", dataset = "dataset", sampler = "sampler" } -- what a component's function returns

local function add_component(lines, entry)
  local params = table.move(entry.params, 1, #entry.params, 1, {})
  if entry.of_kind == "sampler" then
    params[#params + 1] = { name = "guidance", type = "component", help = "The guidance.", usual = "none" }
  end
  local settings = add_settings(lines, entry.name, params)
  EXACT[settings or "table"] = settings or "table"
  add_function(lines, entry.name, entry.help, { { name = "settings", type = settings or "table", usual = "none" } },
    MADE[entry.of_kind] or "component")
end

local function add_op(lines, entry)
  local op, inputs = entry.source, {}
  if op.max > 4 then
    inputs[1] = { name = "tensors", type = "table" }
  else
    for i, name in ipairs { "x", "y", "z", "w" } do
      inputs[i] = i <= op.max and { name = name, type = "tensor", usual = i > op.min and "none" or nil } or nil
    end
  end
  if #entry.params > 0 then
    inputs[#inputs + 1] = { name = "attributes", type = "any", usual = "none" }
  end
  add_function(lines, entry.name, entry.help, inputs, "tensor")
  if entry.method then
    add_function(lines, "tensor:" .. op.name, entry.help, table.move(inputs, 2, #inputs, 1, {}), "tensor")
  end
end

local function add_classes(lines)
  for _, class in ipairs(CLASSES) do
    add(lines, "---@class neap.%s", class)
    for _, entry in ipairs(entries()) do
      if entry.kind == "property" and entry.name:match "^(.*)%." == class then
        add(lines, "---@field %s %s %s", entry.name:match "[^.]+$", type_of(entry.type), entry.help)
      end
    end
    for _, operator in ipairs(class == "tensor" and { "add", "sub", "mul", "div", "pow" } or {}) do
      add(lines, "---@operator %s(neap.tensor|number): neap.tensor", operator)
    end
    add(lines, "local %s = {}\n", class)
  end
end

-- neap.image of neap.image.save, and so for each table of functions.
local function add_modules(lines)
  add(lines, "---@class neap\nlocal neap = {}\n")
  for _, entry in ipairs(entries()) do
    if entry.kind == "module" and entry.name:find "^neap%." then
      add(lines, "--- %s\n%s = {}\n", entry.help, entry.name)
    elseif entry.name == "neap.plot" then
      add(lines, "--- %s\n---@overload fun(settings: table): neap.figure\nneap.plot = {}\n", entry.help)
    elseif entry.kind == "value" then
      add(lines, "--- %s\n---@type %s\n%s = nil\n", entry.help, type_of(entry.type), entry.name)
    end
  end
end

--- { path = text } of the stubs.
return function()
  local lines = { "---@meta neap", "-- Written by `neap help --write docs`; do not edit it.\n" }
  add_classes(lines)
  add_modules(lines)
  for _, entry in ipairs(entries()) do
    if entry.kind == "component" then
      add_component(lines, entry)
    elseif entry.kind == "op" then
      add_op(lines, entry)
    elseif (entry.kind == "function" or entry.kind == "method") and entry.name ~= "neap.plot" then
      add_call(lines, entry)
    end
  end
  lines[#lines + 1] = "return neap\n"
  return { ["reference/neap.lua"] = (table.concat(lines, "\n"):gsub(" +\n", "\n")) }
end
