#!/bin/sh
# Going on with a run: to the same bytes as one that never stopped, whatever stopped it, and with nothing else than what
# it began with.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
write_recipes

# same_run WHAT A B: two folders that hold the same run.
same_run() {
    holds "$1: checkpoint" cmp "$2/checkpoint.safetensors" "$3/checkpoint.safetensors"
    same_text "$1: metrics" "$(metrics "$2")" "$(metrics "$3")"
}

# --- Stopped by its own length ----------------------------------------------------------------------------------------

for recipe in points shapes; do
    neap run $recipe.lua out=whole/$recipe >/dev/null 2>&1
    neap run $recipe.lua steps=5 out=parts/$recipe >/dev/null 2>&1
    expect_like 0 "resumed at step 5 from parts/$recipe/checkpoint.safetensors${newline}*, 7 steps in about *" \
        neap run $recipe.lua resume=true out=parts/$recipe
    same_run "$recipe, 5 steps and 7" whole/$recipe parts/$recipe
done
holds "shapes: pictures" cmp whole/shapes/samples.png parts/shapes/samples.png
holds "nothing was moved aside" absent parts/shapes.1

expect_like 0 "resumed at step 12 from *, 0 steps in about 0.0 s" neap run shapes.lua resume=true out=parts/shapes
loss=$(sed -n '$s/.*"loss": \([0-9.]*\).*/\1/p' parts/shapes/metrics.jsonl)
same_text "a run that is done tells its last loss" "$(printf 'parts/shapes: step 12, loss %.4f' "$loss")" \
    "$(head -n 1 stdout)"
same_run "a run that is done" whole/shapes parts/shapes

# --- Stopped from outside ---------------------------------------------------------------------------------------------

# start OUT [key=value...]: a long run in the background, past its first checkpoint; sets $runner.
start() {
    out=$1
    shift
    "$NEAP_SOURCE/neap" run shapes.lua steps=1000000 out="$out" "$@" >stdout 2>stderr </dev/null &
    runner=$!
    waited=0
    while [ ! -s "$out/checkpoint.safetensors" ] && [ $waited -lt 200 ]; do
        sleep 0.05
        waited=$((waited + 1))
    done
}

# go_on OUT: resumes 20 steps beyond its checkpoint, and compares with a run that was never stopped.
go_on() {
    from=$(step_of "$1")
    expect_like 0 "resumed at step $from from $1/checkpoint.safetensors${newline}*, 20 steps in about *" \
        neap run shapes.lua resume=true steps=$((from + 20)) out="$1"
    neap run shapes.lua steps=$((from + 20)) out="whole/$1" >/dev/null 2>&1
    same_run "$1" "whole/$1" "$1"
    holds "$1: pictures" cmp "whole/$1/samples.png" "$1/samples.png"
}

for signal in INT TERM; do
    start $signal checkpoint_every=10
    kill -$signal $runner
    wait $runner
    status=$?
    case $signal in
    INT) same_text "Ctrl-C: status" 130 $status ;;
    TERM) same_text "SIGTERM: status" 143 $status ;;
    esac
    step=$(step_of $signal)
    same_text "$signal: message" "neap: interrupted at step $step; go on with resume=true" "$(tail -n 1 stderr)"
    same_text "$signal: the last metrics are those of the checkpoint" "$step" \
        "$(sed -n '$s/.*"step": \([0-9]*\)}$/\1/p' $signal/metrics.jsonl)"
    go_on $signal
done

# The terminal's own signal and that of a program around may be one press.
start echoed checkpoint_every=10
kill -INT $runner
kill -INT $runner
wait $runner
same_text "one press told twice" "neap: interrupted at step $(step_of echoed); go on with resume=true" "$(tail -n 1 stderr)"

# Nothing can be done about SIGKILL, but to have left a whole checkpoint at any moment.
start killed checkpoint_every=1 threads=1
sleep 0.2
kill -KILL $runner
wait $runner 2>/dev/null
same_text "SIGKILL: status" 137 $?
rm -f killed/checkpoint.safetensors.* # the one that was being written
printf '{"gradient_norm": 1.5, "lo' >>killed/metrics.jsonl
expect 0 "" neap sample killed -n 1 --raw killed.npy
go_on killed

# Sampling and recipes with a loop of their own end at once, too.
start long checkpoint_every=1
kill -INT $runner
wait $runner
"$NEAP_SOURCE/neap" sample long --steps 100000 -o long.png >stdout 2>stderr </dev/null &
runner=$!
sleep 0.3
kill -INT $runner
wait $runner
same_text "neap sample, Ctrl-C: status" 130 $?
same_text "neap sample, Ctrl-C: message" "neap: sample: interrupted" "$(cat stderr)"
holds "neap sample, Ctrl-C: no picture" absent long.png
echo 'print "begun" while true do end' >loop.lua
"$NEAP_SOURCE/neap" run loop.lua >stdout 2>stderr </dev/null &
runner=$!
waited=0
while [ ! -s stdout ] && [ $waited -lt 200 ]; do
    sleep 0.05
    waited=$((waited + 1))
done
kill -INT $runner
wait $runner
same_text "a loop in a recipe, Ctrl-C: status" 130 $?
same_text "a loop in a recipe, Ctrl-C: message" "neap: loop.lua:1: interrupted" "$(cat stderr)"

# --- Refused ----------------------------------------------------------------------------------------------------------

refused 1 points "train: resume: there is no checkpoint runs/points/checkpoint.safetensors" resume=true
holds "resuming what is not there makes nothing" absent runs
contents parts/points >before
file=parts/points/checkpoint.safetensors
for wrong in "batch=16|train: resume: batch: the run began with 8, got 16" \
    "seed=3|train: resume: seed: the run began with 0, got 3" \
    "precision=bf16|train: resume: precision: the run began with fp32, got bf16" \
    "steps=7|train: resume: steps: the run is at step 12 already, got 7" \
    "hidden=8|train: resume: mlp: hidden: the run began with 16, got 8"; do
    refused 1 points "${wrong#*|}" resume=true out=parts/points "${wrong%%|*}"
done
refused 1 shapes "$file: expected a checkpoint of dit, got one of mlp" resume=true out=parts/points
same_text "what is refused changes nothing" "$(cat before)" "$(contents parts/points)"
finish
