--- The man page neap(1), from the tables of verbs.
local entries = require "neap.help.entries"
local verbs = require "neap.cli.verbs"

-- A text for roff: no line of it is a request.
local function plain(text)
  return (text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("^([.'])", "\\&%1"))
end

local function add(lines, format, ...)
  lines[#lines + 1] = format:format(...)
end

local function add_item(lines, left, text)
  add(lines, ".TP\n.B %s\n%s", plain(left), plain(text))
end

local function add_verb(lines, verb)
  add(lines, ".SS %s\n.B %s\n.PP\n%s", verb.name, plain(verbs.synopsis(verb)),
    plain(verb.help .. (verb.more and " " .. verb.more or "")))
  for _, flag in ipairs(verbs.flags(verb)) do
    add_item(lines, flag.name .. (flag.value and " " .. flag.value or ""), verbs.explained(flag, flag.help))
  end
  for _, key in ipairs(verbs.keys(verb)) do
    add_item(lines, key[1] .. "=", verbs.explained(key, key[3]))
  end
  for _, row in ipairs(verbs.rows(verb)) do
    add_item(lines, row[1], row[2])
  end
end

local HEAD = [[
.\" Written by `neap help --write docs`; do not edit it.
.TH NEAP 1 "" "neap" "User Commands"
.SH NAME
neap \- train generative image models and sample from them
.SH SYNOPSIS
.B neap
.I VERB
[\fIWORD\fR ...]
.br
.B neap \-\-version
.SH DESCRIPTION
neap runs recipes in Lua that train generative image models on a CPU, samples from the runs, and scores the samples.
RUN is the folder of a run or a checkpoint.
.SH VERBS]]

local FILES = [[
.SH FILES
A run writes its recipe, settings, metrics, pictures and checkpoint to
.IR runs/NAME ,
where NAME is that of the recipe.
.SH EXIT STATUS
0 on success, 2 for an error in the request, 128 and the number of the signal after a signal, else 1.]]

--- { path = text } of the man page.
return function()
  local lines = { HEAD }
  for _, name in ipairs(verbs.names) do
    add_verb(lines, verbs.find(name))
  end
  add(lines, ".SH ENVIRONMENT")
  for _, entry in ipairs(entries()) do
    if entry.kind == "environment" then
      add_item(lines, entry.name, entry.help)
    end
  end
  lines[#lines + 1] = FILES
  return { ["neap.1"] = table.concat(lines, "\n") .. "\n" }
end
