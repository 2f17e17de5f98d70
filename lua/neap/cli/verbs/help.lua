--- neap help NAME: a component (NAME or KIND.NAME), an op or a verb
local core = require "neap.core"
local check = require "neap.check"
local verbs = require "neap.cli.verbs"

local function range(param)
  if param.type == "choice" then
    return table.concat(param.choices, " | ")
  elseif param.type == "int" or param.type == "real" then
    return ("%s from %s to %s"):format(param.type, param.low, param.high)
  end
  return param.type
end

local function default(param)
  if param.required then
    return "required"
  elseif param.type == "text" then
    return param.text and "default '" .. param.text .. "'" or "no default"
  elseif param.type == "component" then
    return "a " .. param.text
  elseif param.type == "flag" then
    return "default " .. tostring(param.default ~= 0)
  elseif param.type == "choice" then
    return "default " .. param.choices[param.default + 1]
  end
  return "default " .. tostring(param.default)
end

local function describe(kind, component)
  print(("%s %s: %s"):format(kind, component.name, component.help))
  print(("  plugin %s %s, %s, %s"):format(component.plugin, component.version, component.license, component.origin))
  print(("  neap.%s.%s {"):format(kind, component.name))
  for _, param in ipairs(component.params) do
    print(("    %-14s %s; %s. %s"):format(param.name, range(param), default(param), param.help or ""))
  end
  print "  }"
end

local function describe_op(op)
  local words = {}
  for i, attr in ipairs(op.attrs) do
    words[i] = attr.required and attr.name or "[" .. attr.name .. "]"
  end
  print(("op %s: %s"):format(op.name, op.help))
  print(("  %s tensors; attributes: %s%s"):format(op.min == op.max and op.min or op.min .. " to " .. op.max,
    #words > 0 and table.concat(words, ", ") or "none", op.differentiable and "" or "; no gradient"))
end

-- Each of these prints what is called `name`, returns how many it found, and adds all names that it knows to `names`.

local function components_named(name, names)
  local found = 0
  for _, kind in ipairs(core.kinds()) do
    for _, component in ipairs(core.components(kind)) do
      names[#names + 1] = component.name
      if component.name == name or kind .. "." .. component.name == name then
        describe(kind, component)
        found = found + 1
      end
    end
  end
  return found
end

local function ops_named(name, names)
  local found = 0
  for _, op in ipairs(core.op_table()) do
    names[#names + 1] = op.name
    if op.name == name then
      describe_op(op)
      found = 1
    end
  end
  return found
end

local function verbs_named(name, names)
  table.move(verbs.names, 1, #verbs.names, #names + 1, names)
  io.stdout:write(verbs.usage(name) or "")
  return verbs.usage(name) and 1 or 0
end

return function(arguments)
  for _, name in ipairs(arguments) do
    local names = {}
    if components_named(name, names) + ops_named(name, names) + verbs_named(name, names) == 0 then
      check.fail_name("help: nothing is named", name, names)
    end
  end
end
