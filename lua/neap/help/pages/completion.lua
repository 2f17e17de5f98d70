--- Completion of the command line for bash and zsh, from the tables of verbs.
local check = require "neap.check"
local core = require "neap.core"
local entries = require "neap.help.entries"
local verbs = require "neap.cli.verbs"

local function add(lines, format, ...)
  lines[#lines + 1] = format:format(...)
end

local function components(kind)
  return table.concat(check.named(core.components(kind)), " ")
end

-- The words that an option takes, or nil.
local function values_of(flag)
  if flag.value and flag.value:find "|" then
    return (flag.value:gsub("|", " "))
  end
  return flag.name == "--sampler" and components "sampler" or flag.name == "--metric" and components "metric" or nil
end

-- Names that `neap help` explains, without settings and options. Methods are bare, because bash divides words at colons.
local function topics()
  local names = {}
  for _, entry in ipairs(entries()) do
    if entry.kind ~= "setting" and entry.kind ~= "option" then
      names[entry.name:match ":(.*)$" or entry.name:gsub("^neap%.", "")] = true
    end
  end
  return table.concat(check.names(names), " ")
end

-- The words after a verb that are no options: names, or keys with "=".
local function words_of(verb)
  local words = {}
  for _, key in ipairs(verbs.keys(verb)) do
    words[#words + 1] = key[1] .. "="
  end
  for _, row in ipairs(verbs.rows(verb)) do
    words[#words + 1] = row[1]
  end
  if verb.name == "list" then
    words = core.kinds()
  elseif verb.name == "help" then
    words[1] = topics()
  end
  return table.concat(words, " ")
end

local function takes_file(words)
  for _, name in ipairs { "RUN", "FILE", "RECIPE", "FOLDER" } do
    if words and words:find(name) then
      return true
    end
  end
  return false
end

-- --- bash -------------------------------------------------------------------------------------------------------------

local BASH = [[
# Completion of neap for bash. Written by `neap help --write docs`; do not edit it.
_neap() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} options="" words="" values="" files=""
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "%s" -- "$word")
        return
    fi
    case ${COMP_WORDS[1]} in
%s
    esac
    case $before in
%s
    esac
    if [ -n "$values" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$values" -- "$word")
    elif [ "${word#-}" != "$word" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$options --help" -- "$word")
    elif [ -n "$files" ] && { [ "$COMP_CWORD" -eq 2 ] || [ "${before#-}" != "$before" ]; }; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
        [ "${#COMPREPLY[@]}" -eq 1 ] && [ "${COMPREPLY[0]%%=}" != "${COMPREPLY[0]}" ] && compopt -o nospace 2>/dev/null
    fi
}
complete -F _neap neap
]]

local function bash()
  local cases, values, seen = {}, {}, {}
  for _, name in ipairs(verbs.names) do
    local verb, options = verbs.find(name), {}
    for i, flag in ipairs(verbs.flags(verb)) do
      options[i] = flag.name
      local words = values_of(flag)
      if words and not seen[flag.name] then
        seen[flag.name] = true
        add(values, "    %s) values=\"%s\" ;;", flag.name, words)
      end
    end
    add(cases, "    %s) options=\"%s\" words=\"%s\" files=%s ;;", name, table.concat(options, " "), words_of(verb),
      takes_file(verb.words) and "yes" or "")
  end
  return BASH:format(table.concat(verbs.names, " ") .. " --help --version", table.concat(cases, "\n"), table.concat(values,
    "\n"))
end

-- --- zsh --------------------------------------------------------------------------------------------------------------

-- A text inside of [..] or before a colon of a specification, in single quotes.
local function escaped(text)
  return (text:gsub("\\", "\\\\"):gsub("[%[%]:]", "\\%0"):gsub("'", "'\\''"))
end

local ZSH = [[
#compdef neap
# Completion of neap for zsh. Written by `neap help --write docs`; do not edit it.
_neap() {
    local -a verbs
    verbs=(
%s
    )
    if (( CURRENT == 2 )); then
        _describe verb verbs
        return
    fi
    shift words
    (( CURRENT-- ))
    case $words[1] in
%s
    esac
}
_neap "$@"
]]

local function zsh_argument(flag)
  local words = values_of(flag)
  local action = words and "(" .. words .. ")" or takes_file(flag.value) and "_files" or " "
  local value = flag.value and (":%s:%s"):format(escaped(flag.value), action) or ""
  return ("'%s%s[%s]%s'"):format(flag.many and "*" or "", flag.name, escaped(flag.help), value)
end

local function zsh()
  local names, cases = {}, {}
  for _, name in ipairs(verbs.names) do
    local verb, arguments = verbs.find(name), {}
    add(names, "        '%s:%s'", name, escaped(verb.help))
    for i, flag in ipairs(verbs.flags(verb)) do
      arguments[i] = zsh_argument(flag)
    end
    local words = words_of(verb)
    arguments[#arguments + 1] = takes_file(verb.words) and "'1:file:_files'" or nil
    arguments[#arguments + 1] = words ~= "" and "'*:word:(" .. escaped(words) .. ")'" or nil
    add(cases, "    %s)\n        _arguments \\\n            %s ;;", name, table.concat(arguments, " \\\n            "))
  end
  return ZSH:format(table.concat(names, "\n"), table.concat(cases, "\n"))
end

--- { path = text } of the completion of shells.
return function()
  return { ["completion/neap.bash"] = bash(), ["completion/_neap"] = zsh() }
end
