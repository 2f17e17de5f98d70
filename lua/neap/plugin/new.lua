--- Writes the folder of a new plugin: a C file, a Makefile, a test, a recipe and a README.
local core = require "neap.core"
local check = require "neap.check"

local new = {}

local MAKEFILE = [==[
# make: builds plugins/@NAME@.so. make check: also runs test.sh.
# With a neap that is not installed: make NEAP=CHECKOUT/neap PKG_CONFIG_PATH=CHECKOUT/build/core
NEAP = neap
CFLAGS = -O2 -g -Wall -Wextra

all: plugins/@NAME@.so

plugins/@NAME@.so: @NAME@.c
	mkdir -p plugins
	flags=$$(PKG_CONFIG_PATH='$(PKG_CONFIG_PATH)' pkg-config --cflags neap) && \
	$(CC) -std=gnu11 $(CFLAGS) -fPIC -shared -fvisibility=hidden $$flags @NAME@.c -o $@ $(LDFLAGS) -lm

check: all
	NEAP='$(NEAP)' sh ./test.sh

clean:
	rm -rf plugins runs

.PHONY: all check clean
]==]

local TEST = [==[
#!/bin/sh
# Checks the plugin, and runs the recipe with it.
set -eu
cd "$(dirname "$0")"
NEAP=${NEAP:-neap}
$NEAP plugin check plugins/@NAME@.so
NEAP_PLUGIN_PATH=$PWD/plugins
export NEAP_PLUGIN_PATH
$NEAP run recipe.lua
]==]

local README = [==[
# @NAME@

A plugin of neap: @KIND@ `@NAME@`. @HELP@

    make                              # builds plugins/@NAME@.so
    make check                        # checks it, and runs recipe.lua
    neap plugin check plugins/@NAME@.so
    export NEAP_PLUGIN_PATH=$PWD/plugins
    neap help @NAME@
    neap run recipe.lua

| file | contents |
|---|---|
| `@NAME@.c` | the plugin; its parameter table makes the call in Lua, the messages and the help |
| `recipe.lua` | a run with it |
| `test.sh` | what `make check` runs |

`docs/plugins.md` of neap describes what each function gets and gives, `docs/first_plugin.md` is a tutorial.
]==]

local function check_name(name)
  if not name:find "^[a-z][a-z0-9_]*$" then
    core.fail_usage(("plugin new: expected a name of a-z, 0-9 and _ that begins with a letter, got '%s'"):format(name))
  end
end

local function check_kind(kind)
  for _, known in ipairs(core.kinds()) do
    if known == kind then
      return
    end
  end
  check.fail_name("plugin new: unknown kind", kind, core.kinds())
end

local function check_free(kind, name)
  for _, component in ipairs(core.components(kind)) do
    if component.name == name then
      core.fail_usage(("plugin new: %s '%s' is taken by %s; choose another name"):format(kind, name, component.origin))
    end
  end
end

local function write_file(path, text)
  core.file_save(path, text)
end

--- Writes the plugin to the folder `out`, which may not exist or must be empty.
function new.write(kind, name, out)
  check_kind(kind)
  check_name(name)
  check_free(kind, name)
  if core.exists(out) then
    core.fail_usage(("plugin new: '%s' is there already; give another folder by -o"):format(out))
  end
  local template = require("neap.plugin.template." .. kind)
  local words = { NAME = name, KIND = kind, HELP = template.help }
  local function filled(text)
    return (text:gsub("@(%u+)@", words))
  end
  core.folder_make(out)
  write_file(out .. "/" .. name .. ".c", filled(template.code))
  write_file(out .. "/Makefile", filled(MAKEFILE))
  write_file(out .. "/recipe.lua", filled(template.recipe))
  write_file(out .. "/test.sh", filled(TEST .. (template.test or "")))
  write_file(out .. "/README.md", filled(README))
  print(("%s: %s.c, Makefile, recipe.lua, test.sh, README.md; next: make -C %s check"):format(out, name, out))
end

return new
