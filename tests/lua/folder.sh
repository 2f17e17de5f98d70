#!/bin/sh
# The folder of a run: one run at a time, links to folders, a full disk, and names of any bytes.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
write_recipes

# until_true COMMAND...: polls for up to a minute.
until_true() {
    polls=0
    until "$@"; do
        polls=$((polls + 1))
        [ $polls -lt 1200 ] || return 1
        sleep 0.05
    done
}

# begin OUT [key=value...]: a run without an end, in the background, once it writes metrics; sets $runner.
begin() {
    "$NEAP_SOURCE/neap" run points.lua steps=1000000000 minutes=5 out="$@" >stdout 2>stderr </dev/null &
    runner=$!
    until_true test -s "$1/metrics.jsonl" -a -s "$1/neap.lock"
}

stop() {
    kill -KILL "$1"
    wait "$1" 2>/dev/null
}

# --- One run at a time ------------------------------------------------------------------------------------------------

neap run points.lua out=own >/dev/null 2>&1
holds "a run that has ended leaves no lock" absent own/neap.lock
contents own >before
begin own seed=1
until_true test -d own.1
until_true test -s own/metrics.jsonl
cksum own/settings.json >settings
ln -s own link
for spelling in own own/ ./own link; do
    path=${spelling%/}
    owner="process $runner (neap run points.lua steps=1000000000 minutes=5 out=own seed=1)"
    refused 1 points "train: $path is in use by $owner" out=$spelling seed=2
    refused 1 points "train: $path is in use by $owner" out=$spelling resume=true
done
same_text "the owner's settings stay" "$(cat settings)" "$(cksum own/settings.json)"
same_text "the earlier run was moved once" "$(cat before)" "$(contents own.1)"
holds "and no living one" absent own.2

# The lock of a process that was killed blocks nobody.
stop $runner
holds "a killed run leaves its lock" test -f own/neap.lock
expect_like 0 "*own held an earlier run, which is now own.2" neap run points.lua out=own

# at_once FOLDER [key=value...]: of four that begin together one runs; kills it.
at_once() {
    rm -f ended.*
    for number in 1 2 3 4; do
        (
            "$NEAP_SOURCE/neap" run points.lua steps=1000000000 minutes=5 out="$@" >/dev/null 2>"error.$number" </dev/null
            echo $? >"ended.$number"
        ) 2>/dev/null &
    done
    until_true three_ended
    same_text "three of four are refused: $*" "1 1 1" "$(cat ended.* | paste -s -d ' ' -)"
    owner=$(sed -n 's/.* is in use by process \([0-9]*\) (neap run points.lua .*/\1/p' error.? | sort -u)
    # While the earlier run is moved aside, a process may hold the old folder and lose the new one to another: both are named,
    # and one of them runs.
    owner=$(for process in $owner; do kill -0 "$process" 2>/dev/null && echo "$process"; done)
    same_text "one of those named runs: $*" 1 "$(echo "$owner" | wc -w | tr -d ' ')"
    [ -z "$owner" ] || kill -KILL $owner
    wait
}
three_ended() {
    [ "$(cat ended.* 2>/dev/null | wc -l)" -ge 3 ]
}

neap run points.lua out=race >/dev/null 2>&1
contents race >before
at_once race
same_text "the earlier run is moved, whole" "$(cat before)" "$(contents race.1)"
holds "and moved once" absent race.2
at_once fresh
holds "nothing is moved where nothing was" absent fresh.1
neap run points.lua out=on >/dev/null 2>&1
at_once on resume=true
holds "nothing is moved by going on" absent on.1

# A checkpoint alone is an earlier run, too.
mkdir alone
cp on/checkpoint.safetensors alone
expect_like 0 "*alone held an earlier run, which is now alone.1" neap run points.lua out=alone

# Two runs in one process: one after the other, and one inside the other.
cat >twice.lua <<'RECIPE'
local neap = require "neap"
local function train(on_step)
  return neap.train {
    model = neap.architecture.mlp { hidden = 8, depth = 1, time_features = 8, classes = 0 },
    data = neap.dataset.toy2d { labels = false }, objective = neap.objective.flow_matching {},
    optimizer = neap.optimizer.adamw {}, precision = "fp32", batch = 8, steps = 2, on_step = on_step,
  }
end
train()
train()
print(select(2, pcall(train, function() train() end)))
RECIPE
expect_like 0 "*twice held an earlier run, which is now runs/twice.1${newline}*which is now runs/twice.2" \
    neap run twice.lua
holds "a run inside a run of the same folder" grep -q "train: runs/twice is in use by process [0-9]* (neap run twice.lua)" stdout

# What is moved away while it is used is not written to where it was: another run may be there.
begin moved checkpoint_every=1
until_true test -s moved/checkpoint.safetensors
mv moved away
wait $runner
same_text "a folder that is moved: status" 1 $?
case $(tail -n 1 stderr) in # noticed before the file is written, or by writing it
"neap: points.lua:3: train: moved was moved or removed while the run used it") pass ;;
"neap: points.lua:3: safetensors: moved/checkpoint.safetensors: cannot be written: "*) pass ;;
*) fail "a folder that is moved: message" "$(tail -n 1 stderr)" ;;
esac
holds "nothing where it was" absent moved
holds "no lock where it is" absent away/neap.lock
expect 0 "" neap sample away -n 1 --raw away.npy

# A lock file that someone removes is made anew with the next checkpoint.
begin removed checkpoint_every=1
rm removed/neap.lock
holds "a lock file that was removed comes back" until_true test -e removed/neap.lock
refused 1 points "train: removed is in use by process $runner (neap run points.lua steps=1000000000 minutes=5 out=removed \
checkpoint_every=1)" out=removed
stop $runner

mkdir -p taken/neap.lock
expect_like 1 "neap: points.lua:3: taken/neap.lock: cannot be opened: *" neap run points.lua out=taken

# --- Links ------------------------------------------------------------------------------------------------------------

mkdir -p disk/here work
real=$(cd disk && pwd -P)
ln -s ../disk/here work/there      # to a folder
ln -s "$real/made/deep" work/later # to one that is to be made
ln -s later work/second            # to a link
for name in there/:here later/:made/deep second:made/deep; do
    link=work/${name%%:*}
    folder=$real/${name#*:}
    expect_like 0 "${machine}mlp: *" neap run points.lua out="$link"
    holds "$link is a link still" test -L "${link%/}"
    holds "$folder holds the run" test -s "$folder/checkpoint.safetensors"
    cksum <"$folder/checkpoint.safetensors" >before
    expect_like 0 "*${link%/} held an earlier run, which is now $folder.[12]" neap run points.lua seed=1 out="$link"
    holds "$link is a link after moving" test -L "${link%/}"
    moved=${stderr##*which is now }
    same_text "$link: the earlier run is beside its folder" "$(cat before)" "$(cksum <"$moved/checkpoint.safetensors")"
    holds "$folder holds the new run" test -s "$folder/checkpoint.safetensors"
    rm -r "$folder" "$moved"
done

# A folder that someone stands in, or that holds the link, stays where it is.
neap run points.lua out=disk/held >/dev/null 2>&1
ln -s . disk/held/self
contents disk/held >before
mkdir disk/held/inner
inside() {
    (cd disk/held/inner && neap run ../../../points.lua out="$1")
}
expect_like 1 "${machine}mlp: *train: .. holds an earlier run and cannot be moved: the current folder is inside it" inside ..
expect_like 1 "${machine}mlp: *train: ../../held holds an earlier run and cannot be moved: the current folder is inside it" \
    inside ../../held
expect_like 1 "${machine}mlp: *train: disk/held/self holds an earlier run and cannot be moved: the link to it is inside it" \
    neap run points.lua out=disk/held/self
rmdir disk/held/inner
same_text "what is refused changes nothing" "$(cat before)" "$(contents disk/held)"

# --- A disk that is full ----------------------------------------------------------------------------------------------

# No file may grow beyond 100 blocks of 512 bytes or 1 KiB: metrics do not, the checkpoint would.
limited() {
    (
        trap '' XFSZ
        ulimit -f 100
        neap run shapes.lua out=full resume=true "$@"
    )
}
neap run shapes.lua out=full steps=4 >/dev/null 2>&1
cksum full/checkpoint.safetensors >before
for key in checkpoint_every=2 checkpoint_every=100; do
    expect_like 1 "*${newline}neap: shapes.lua:3: safetensors: full/checkpoint.safetensors: cannot be written: *" \
        limited steps=8 $key
    same_text "the last checkpoint stays: $key" "$(cat before)" "$(cksum full/checkpoint.safetensors)"
    same_text "and nothing else is left: $key" \
        "./checkpoint.safetensors ./metrics.jsonl ./recipe.lua ./report.html ./samples.png ./settings.json" "$(cd full && echo ./*)"
done
expect 0 "" neap sample full -n 1 --raw full.npy

# --- Names of any bytes -----------------------------------------------------------------------------------------------

cat >idx.lua <<'RECIPE'
local neap = require "neap"
local o = neap.options { data = "" }
neap.train {
  model = neap.architecture.dit { size = 8, channels = 1, patch = 4, width = 16, depth = 1, heads = 2, classes = 2 },
  data = neap.dataset.idx { path = o.data }, objective = neap.objective.flow_matching {},
  optimizer = neap.optimizer.adamw {}, sampler = neap.sampler.euler { steps = 2 }, precision = "fp32", batch = 2, steps = 4, log_every = 1,
}
RECIPE
mkdir set
{
    printf '\0\0\10\3\0\0\0\2\0\0\0\10\0\0\0\10'
    printf %0128d 0
} >set/train-images-idx3-ubyte
printf '\0\0\10\1\0\0\0\2\0\1' >set/train-labels-idx1-ubyte
neap run idx.lua data=set out=plain >/dev/null 2>&1
neap sample plain -n 2 --raw plain.npy >/dev/null 2>&1

# named KIND NAME: data, recipe, run and outputs of that name: trained, gone on with, drawn from, as with plain names.
named() {
    kind=$1
    name=$2
    cp -r set "./$name"
    cp idx.lua "./$name.lua"
    expect_like 0 "${machine}dit: *" neap run "./$name.lua" data="$name" steps=2
    expect_like 0 "${machine}resumed at step 2 *" neap run "./$name.lua" data="$name" steps=4 resume=true
    same_text "$kind: metrics" "$(metrics plain)" "$(metrics "runs/$name")"
    holds "$kind: the recipe is kept" cmp idx.lua "runs/$name/recipe.lua"
    expect 0 "" neap sample "runs/$name" -n 2 -o "./$name.png" --raw "./$name.npy"
    holds "$kind: samples" cmp plain.npy "./$name.npy"
    expect 0 "" neap sample "runs/$name" -n 2 --film "./$name.film.png"
    same_text "$kind: a picture names its run" 1 "$(LC_ALL=C grep -ac "neap.checkpoint" "./$name.png")"
    expect_like 0 "*held an earlier run, which is now *" neap run "./$name.lua" data="$name"
    expect_like 0 "*" neap run "./$name.lua" data="$name" out="out=$name"
    same_text "$kind: out=" "$(metrics plain)" "$(metrics "out=$name")"
}

named "Latin-1" "$(printf 'caf\351')"
named "UTF-8" "$(printf 'caf\303\251')"
named "no text in any encoding" "$(printf 'a\377\200b')"
named "blanks and quotes" " a  \"b\" 'c' \\ \$d * "
named "lines" "a${newline}b"
named "a dash" "-n"
named "a percent sign" "%s%n"

# What is printed as JSON is UTF-8 whatever the names are.
run=$(printf 'r\351')
neap run points.lua out="$run" >/dev/null 2>&1
expect 0 "" neap eval "$run" -n 20 --resamples 0 --json scores.json
same_text "a run in JSON" '"run": {"bytes": "72e92f636865636b706f696e742e7361666574656e736f7273"}' \
    "$(grep -o '"run": {[^}]*}' scores.json)"
finish
