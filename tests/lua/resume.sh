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
    expect_like 0 "${machine}resumed at step 5 from parts/$recipe/checkpoint.safetensors${newline}*, 7 steps in about *" \
        neap run $recipe.lua resume=true out=parts/$recipe
    same_run "$recipe, 5 steps and 7" whole/$recipe parts/$recipe
done
holds "shapes: pictures" cmp whole/shapes/samples.png parts/shapes/samples.png
holds "nothing was moved aside" absent parts/shapes.1

expect_like 0 "${machine}resumed at step 12 from *, 0 steps in about 0.0 s" neap run shapes.lua resume=true out=parts/shapes
loss=$(sed -n '$s/.*"loss": \([0-9.]*\).*/\1/p' parts/shapes/metrics.jsonl)
same_text "a run that is done tells its last loss" "$(printf 'parts/shapes: step 12, loss %.4f' "$loss")" \
    "$(head -n 1 stdout)"
same_run "a run that is done" whole/shapes parts/shapes

# --- Stopped from outside ---------------------------------------------------------------------------------------------

# start OUT [key=value...]: a long run in the background, past its first checkpoint; sets $runner.
start() {
    out=$1
    shift
    $signals "$NEAP_SOURCE/neap" run shapes.lua steps=1000000 out="$out" "$@" >stdout 2>stderr </dev/null &
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
    expect_like 0 "${machine}resumed at step $from from $1/checkpoint.safetensors${newline}*, 20 steps in about *" \
        neap run shapes.lua resume=true steps=$((from + 20)) out="$1"
    neap run shapes.lua steps=$((from + 20)) out="whole/$1" >/dev/null 2>&1
    same_run "$1" "whole/$1" "$1"
    holds "$1: pictures" cmp "whole/$1/samples.png" "$1/samples.png"
}

for signal in INT TERM HUP; do
    start $signal checkpoint_every=10
    kill -$signal $runner
    wait $runner
    status=$?
    case $signal in
    INT) same_text "Ctrl-C: status" 130 $status ;;
    TERM) same_text "SIGTERM: status" 143 $status ;;
    HUP) same_text "SIGHUP: status" 129 $status ;;
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
printf '{"gradient_norm": 1.5, "lo' >>killed/metrics.jsonl
expect 0 "" neap sample killed -n 1 --raw killed.npy
go_on killed
same_text "what a killed save leaves is removed" "" "$(find killed -name '.*.neap-*')"

# Sampling and recipes with a loop of their own end at once, too.
start long checkpoint_every=1
kill -INT $runner
wait $runner
$signals "$NEAP_SOURCE/neap" sample long --steps 100000 -o long.png >stdout 2>stderr </dev/null &
runner=$!
sleep 0.3
kill -INT $runner
wait $runner
same_text "neap sample, Ctrl-C: status" 130 $?
same_text "neap sample, Ctrl-C: message" "neap: sample: interrupted" "$(cat stderr)"
holds "neap sample, Ctrl-C: no picture" absent long.png
echo 'print "begun" while true do end' >loop.lua
$signals "$NEAP_SOURCE/neap" run loop.lua >stdout 2>stderr </dev/null &
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
sed -e 's/labels = true }/labels = true, decay = "none", warmup = 0, clip = 0, stop = 0 }/' \
    -e 's/log_every = 1,/log_every = 1, decay = o.decay, warmup = o.warmup, clip = o.clip, on_step = function(step)\
    if step == o.stop then error("enough", 0) end\
  end,/' points.lua >schedule.lua
for wrong in "lr=0.5|optimizer: lr: the run began with 0.001, got 0.5" "decay=cosine|decay: the run began with none, got cosine" \
    "warmup=3|warmup: the run began with 0, got 3" "clip=2|clip: the run began with 0, got 2"; do
    refused 1 schedule "train: resume: ${wrong#*|}; extend=true goes on with a new schedule" resume=true steps=20 out=parts/points \
        "${wrong%%|*}"
done
refused 2 schedule "train: extend: expected resume=true as well: it goes on with a run whose schedule has ended" extend=true
refused 1 shapes "$file: expected a checkpoint of dit, got one of mlp" resume=true out=parts/points
same_text "what is refused changes nothing" "$(cat before)" "$(contents parts/points)"

# --- Schedules --------------------------------------------------------------------------------------------------------

rate() { # OUT STEP
    sed -n "s/.*\"lr\": \([0-9.e-]*\), .*\"step\": $2}/\1/p" "$1/metrics.jsonl"
}

# Interrupted and resumed, a schedule goes on where it was: to the same bytes.
neap run schedule.lua decay=cosine warmup=2 out=whole/cosine >/dev/null 2>&1
expect_like 1 "*neap: enough" neap run schedule.lua decay=cosine warmup=2 checkpoint_every=5 stop=7 out=parts/cosine
expect_like 0 "${machine}resumed at step 5 from *" neap run schedule.lua decay=cosine warmup=2 resume=true out=parts/cosine
same_run "a schedule on its way" whole/cosine parts/cosine
same_text "a schedule ends at 0" 0.0 "$(rate whole/cosine 12)"

# One that has ended needs to be told to begin again.
refused 1 schedule "train: resume: the schedule of the run has ended at step 12; extend=true goes on with a new one" \
    decay=cosine warmup=2 resume=true steps=20 out=parts/cosine
same_run "a refused resume changes nothing" whole/cosine parts/cosine
expect_like 0 "${machine}resumed at step 12 from *" \
    neap run schedule.lua decay=linear warmup=4 resume=true extend=true steps=20 lr=0.02 out=parts/cosine
same_text "the new schedule warms up" 0.005 "$(rate parts/cosine 13)"
same_text "and decays" 0.0 "$(rate parts/cosine 20)"

# The new schedule is the one that a later resume goes on with, without decay, too.
neap run schedule.lua out=parts/flat >/dev/null 2>&1
expect_like 1 "*neap: enough" \
    neap run schedule.lua warmup=6 resume=true extend=true steps=20 checkpoint_every=15 stop=16 out=parts/flat
expect_like 0 "${machine}resumed at step 15 from *" neap run schedule.lua warmup=6 resume=true steps=20 out=parts/flat
same_text "a warm-up goes on where it was" "0.00066667 0.001" "$(printf '%.5g' "$(rate parts/flat 16)") $(rate parts/flat 20)"

# More steps before its end: what is left is laid over them.
neap run schedule.lua decay=linear out=whole/linear >/dev/null 2>&1
expect_like 1 "*neap: enough" neap run schedule.lua decay=linear checkpoint_every=6 stop=7 out=parts/linear
expect_like 0 "${machine}resumed at step 6 from *" neap run schedule.lua decay=linear steps=18 resume=true out=parts/linear
same_text "half the rate at half the way, then twice as slowly down" "0.0005 0.00045833 0.0" \
    "$(rate parts/linear 6) $(printf '%.5g' "$(rate parts/linear 7)") $(rate parts/linear 18)"
finish
