--- The reference pages: components, ops, the library of recipes, the command line.
local core = require "neap.core"
local entries = require "neap.help.entries"
local text = require "neap.help.text"
local verbs = require "neap.cli.verbs"

local WRITTEN = "Written by `neap help --write docs` from the tables of the program; do not edit it.\n"

local function page(title, about)
  return { ("# %s\n\n%s\n\n%s\n"):format(title, about, WRITTEN) }
end

local function add(lines, format, ...)
  lines[#lines + 1] = format:format(...) .. "\n"
end

local function add_params(lines, params)
  for _, param in ipairs(params or {}) do
    local expected = text.expected(param)
    local words = expected .. (expected ~= "" and param.help and ". " or "") .. (param.help or "")
    add(lines, "- `%s`%s", param.name, words ~= "" and ": " .. words or "")
  end
  if #(params or {}) > 0 then
    add(lines, "")
  end
end

local function add_code(lines, code)
  if code then
    add(lines, "```lua\n%s\n```\n", code)
  end
end

local function of_kind(kind)
  local list = {}
  for _, entry in ipairs(entries()) do
    list[#list + 1] = entry.kind == kind and entry or nil
  end
  return list
end

local function components()
  local lines = page("Components", "A recipe makes a component by `neap.KIND.NAME { parameter = value, .. }`.")
  for _, kind in ipairs(core.kinds()) do
    add(lines, "## %s\n", kind)
    for _, entry in ipairs(of_kind "component") do
      if entry.of_kind == kind then
        add(lines, "### neap.%s.%s\n\n%s\n", kind, entry.source.name, entry.help)
        add_params(lines, entry.params)
      end
    end
  end
  return table.concat(lines)
end

local function ops()
  local lines = page("Ops",
    "Each op is a function of `neap` and a method of tensors. Attributes follow the tensors in their order "
    .. "or by name. Axes and indices count from 0; negative axes count from the end.")
  for _, entry in ipairs(of_kind "op") do
    local op = entry.source
    add(lines, "### neap.%s\n\n%s%s\n", op.name, op.help, op.differentiable and "" or " It has no gradient.")
    add_code(lines, entry.call .. (entry.method and "\n" .. entry.method or ""))
    add_params(lines, entry.params)
  end
  return table.concat(lines)
end

local LISTED = { ["function"] = true, method = true, property = true, value = true, module = true, class = true }

local function library()
  local lines, topic = page("Library of recipes", 'Everything that a recipe gets by `local neap = require "neap"`, but ops and '
    .. "components."), nil
  for _, entry in ipairs(entries()) do
    if LISTED[entry.kind] and entry.name ~= "ops" then
      if entry.topic ~= topic then
        topic = entry.topic
        add(lines, "## %s\n", topic)
      end
      add(lines, "### %s\n\n%s\n", entry.name, entry.help)
      add_code(lines, entry.call)
      add_params(lines, entry.params)
      add_params(lines, entry.settings)
      if #entry.inner > 0 then
        add(lines, "A stage:\n")
      end
      add_params(lines, entry.inner)
      add_code(lines, entry.example)
    end
  end
  return table.concat(lines)
end

local function commands()
  local lines = page("Command line", "`neap VERB --help` and `neap help NAME` print the same.")
  for _, name in ipairs(verbs.names) do
    local verb = verbs.find(name)
    add(lines, "## neap %s\n\n    %s\n\n%s\n", name, verbs.synopsis(verb), verb.help .. (verb.more and " " .. verb.more or ""))
    for _, flag in ipairs(verbs.flags(verb)) do
      add(lines, "- `%s%s`: %s", flag.name, flag.value and " " .. flag.value or "", verbs.explained(flag, flag.help))
    end
    for _, key in ipairs(verbs.keys(verb)) do
      add(lines, "- `%s=`: %s", key[1], verbs.explained(key, key[3]))
    end
    for _, row in ipairs(verbs.rows(verb)) do
      add(lines, "- `%s`: `%s`", row[1], row[2])
    end
    add(lines, "")
  end
  add(lines, "## Environment\n")
  for _, entry in ipairs(of_kind "environment") do
    add(lines, "- `%s`: %s", entry.name, entry.help)
  end
  return table.concat(lines)
end

--- { path = text } of the reference pages.
return function()
  local pages = {}
  for name, make in pairs { components = components, ops = ops, library = library, commands = commands } do
    pages[("reference/%s.md"):format(name)] = make():gsub("\n\n\n+", "\n\n"):gsub("\n+$", "\n")
  end
  return pages
end
