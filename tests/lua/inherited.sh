#!/bin/sh
# What a process inherits: descriptors that are closed, locales, variables of the shell, folders that are not there.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
write_recipes

# --- Descriptors ------------------------------------------------------------------------------------------------------

cat >talk.lua <<'RECIPE'
local neap = require "neap"
neap.train {
  model = neap.architecture.mlp { hidden = 16, depth = 2, time_features = 8, classes = 2 },
  data = neap.dataset.toy2d { shape = "moons" }, objective = neap.objective.flow_matching {},
  optimizer = neap.optimizer.adamw { lr = 1e-3 }, precision = "fp32", batch = 8, steps = 12, log_every = 1,
  on_step = function(step)
    print("spoken", step)
    io.stdout:flush()
    io.stderr:write("spoken ", step, "\n")
  end,
}
RECIPE
neap run talk.lua out=open >/dev/null 2>&1 </dev/null
neap run talk.lua out=first >/dev/null 2>&1 <&-
neap run talk.lua out=second >&- 2>/dev/null </dev/null
neap run talk.lua out=third 2>&- >/dev/null </dev/null
neap run talk.lua out=all <&- >&- 2>&-
for run in first second third all; do
    same_text "a closed descriptor, $run: metrics" "$(metrics open)" "$(metrics $run)"
    holds "a closed descriptor, $run: checkpoint" cmp open/checkpoint.safetensors $run/checkpoint.safetensors
done
echo 'print(io.read "a" == "", io.read "l")' >reads.lua
neap run reads.lua >out <&-
same_text "reading where there is no standard input" "true	nil" "$(cat out)"
echo 'print "asked"' | neap repl >out 2>&1
same_text "a prompt" asked "$(cat out)"
neap repl >out 2>&1 <&-
same_text "a prompt without standard input" "0 " "$? $(cat out)"

# --- Locales ----------------------------------------------------------------------------------------------------------

# A recipe's own locale must not reach files and settings; this needs one with a decimal comma.
mkdir locales
localedef -i de_DE -f UTF-8 locales/de_DE.UTF-8 >/dev/null 2>&1
cat >comma.lua <<'RECIPE'
local neap = require "neap"
local name = os.getenv "WANTED"
if name then
  print(os.setlocale(name), os.setlocale(name, "numeric"), os.setlocale(nil, "numeric"), os.setlocale(nil, "time"))
end
print(1.5, tostring(2.25), ("%g %.2f"):format(0.5, 0.25), tonumber "1.5", tonumber "1,5", load "return 1.5"())
print(neap.tensor { 0.5, 1.5 })
neap.plot({ title = "x", xlabel = "x", ylabel = "y" }):line { { 0, 0 }, { 1.5, 2.25 } }:save(neap.options { svg = "x.svg" }.svg)
neap.train {
  model = neap.architecture.dit { size = 8, channels = 1, patch = 4, width = 16, depth = 1, heads = 2, classes = 10 },
  data = neap.dataset.shapes { size = 8 }, objective = neap.objective.flow_matching { label_dropout = 0.25 },
  optimizer = neap.optimizer.adamw { lr = 1e-3 }, sampler = neap.sampler.euler { times = { 1, 0.5, 0 } }, precision = "fp32", batch = 4, steps = 2,
  log_every = 1, minutes = 7.5,
}
RECIPE
expect_like 0 "*" neap run comma.lua out=point svg=point.svg
tail -n +1 stdout | grep -v '^point' >point.txt
# The C library itself loses some bytes where LOCPATH is set.
if ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 LOCPATH=$place/locales WANTED=de_DE.UTF-8 neap run comma.lua out=comma svg=comma.svg >stdout 2>/dev/null &&
    grep -q 'de_DE.UTF-8$' stdout; then
    same_text "os.setlocale: what is kept and what is changed" "de_DE.UTF-8	nil	C	de_DE.UTF-8" "$(head -n 1 stdout)"
    same_text "a decimal comma: Lua" "$(cat point.txt)" "$(tail -n +2 stdout | grep -v '^comma')"
    holds "a decimal comma: figures" cmp point.svg comma.svg
    holds "a decimal comma: checkpoints" cmp point/checkpoint.safetensors comma/checkpoint.safetensors
    same_text "a decimal comma: metrics" "$(metrics point)" "$(metrics comma)"
    holds "a decimal comma: pictures" cmp point/samples.png comma/samples.png
else
    echo "skipped: no locale with a decimal comma can be made here"
fi

# --- The folder that one stands in ------------------------------------------------------------------------------------

mkdir -p "project one/helpers" elsewhere
echo 'return { answer = 42 }' >"project one/helper.lua"
echo 'return 7' >"project one/helpers/init.lua"
echo 'return { answer = "wrong" }' >elsewhere/helper.lua
echo 'print(require("helper").answer, require "helpers", require("neap").version ~= "wrong")' >"project one/main.lua"
mkdir "project one/neap"
echo 'return { version = "wrong" }' >"project one/neap/init.lua"
# main_in FOLDER PATH
main_in() {
    (cd "$1" && neap run "$2") >stdout 2>stderr
    same_text "a file beside the recipe: $2 from $1" "42	7	true" "$(cat stdout stderr)"
}
main_in . "project one/main.lua"
main_in elsewhere "../project one/main.lua"
main_in elsewhere "$place/project one/main.lua"
main_in "project one" main.lua
main_in "project one" ./main.lua

# A folder that is no more.
cp points.lua elsewhere
mkdir gone
(
    cd gone || exit 1
    rmdir ../gone
    exec "$NEAP_SOURCE/neap" run "$place/elsewhere/points.lua" "out=$place/from_gone" >../stdout 2>../stderr
)
same_text "from a folder that is no more: status" 0 $?
holds "from a folder that is no more" cmp open/checkpoint.safetensors from_gone/checkpoint.safetensors

# --- Variables --------------------------------------------------------------------------------------------------------

ln -s "$NEAP_SOURCE/neap" linked
(cd elsewhere && CDPATH=.:.. ../linked --version) >stdout 2>&1
holds "CDPATH: a link" grep -qx 'neap [0-9.]*' stdout
mkdir odd && cp "$NEAP_SOURCE/neap" odd/neap && cp -r "$NEAP_SOURCE/lua" odd/lua
CDPATH=. NEAP_BUILD=$NEAP_BUILD odd/neap list >stdout 2>stderr
same_text "CDPATH: a relative path" "0 " "$? $(cat stderr)"
expect 0 "" env -i "$NEAP_SOURCE/neap" list
expect 0 "" env IFS=/ "LUA_PATH=/nowhere/?.lua" "LUA_INIT=error 'init'" "$NEAP_SOURCE/neap" list
cp -r "$NEAP_SOURCE/lua" library
expect 0 "" env NEAP_LUA_PATH=library NEAP_PLUGIN_PATH=library "$NEAP_SOURCE/neap" list
expect 0 "" env NEAP_LUA_PATH=./library/ "$NEAP_SOURCE/neap" list

# The tilde behind "=" is not the shell's.
cat >home.lua <<'RECIPE'
local neap = require "neap"
local o = neap.options { path = "none", plain = "none" }
print(o.path, o.plain)
RECIPE
expect 0 "" env HOME=/home/someone "$NEAP_SOURCE/neap" run home.lua 'path=~/data' 'plain=a~/b'
same_text "a tilde" "/home/someone/data	a~/b" "$(cat stdout)"
expect 0 "" env HOME=/home/someone "$NEAP_SOURCE/neap" run home.lua 'path=~' 'plain=~someone'
same_text "a tilde alone" "/home/someone	~someone" "$(cat stdout)"
expect 2 "neap: 'path=~/data': HOME is not set; write the path in full" env -u HOME "$NEAP_SOURCE/neap" run home.lua 'path=~/data'
mkdir house
expect 0 "" env HOME="$place/house" "$NEAP_SOURCE/neap" sample open -n 1 '--raw=~/x.npy'
holds "a tilde in an option" test -f house/x.npy
expect_like 0 "*" env HOME="$place/house" "$NEAP_SOURCE/neap" run points.lua 'out=~/run'
holds "a tilde in out=" cmp open/checkpoint.safetensors house/run/checkpoint.safetensors

# Temporary files are made where there is room for them, and nothing is left of them.
cat >temporary.lua <<'RECIPE'
local core = require "neap.core"
local path = core.temporary()
print((path:gsub("[^/]*$", "")))
os.remove(path)
RECIPE
mkdir temporary
for folder in "$place/temporary/:$place/temporary" "/tmp/:/nowhere" "/tmp/:"; do
    expect 0 "" env TMPDIR="${folder#*:}" "$NEAP_SOURCE/neap" run temporary.lua
    same_text "TMPDIR=${folder#*:}" "${folder%%:*}" "$(cat stdout)"
done
same_text "nothing is left" "" "$(ls temporary)"

# Whatever the mask, the same run.
(umask 077 && neap run points.lua out=masked >/dev/null 2>&1)
holds "umask 077" cmp open/checkpoint.safetensors masked/checkpoint.safetensors
finish
