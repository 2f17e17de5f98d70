#!/bin/sh
# Training from the command line: its keys, what a run leaves in its folder, what it tells, how it ends.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
write_recipes

# One line of metrics, as strict JSON.
number='-\{0,1\}[0-9][0-9]*\(\.[0-9]*\)\{0,1\}\(e[-+]\{0,1\}[0-9]*\)\{0,1\}'
by_time="\(\"loss_t[0-7]\": $number, \)*"
row="{\"gradient_norm\": $number, \"loss\": $number, $by_time\"lr\": $number, \"seconds\": $number, \"step\": [1-9][0-9]*}"

# --- A run folder -----------------------------------------------------------------------------------------------------

expect_like 0 "${machine}dit: 10.5 k parameters, 0 MiB at the peak, [0-9]* s a step, 12 steps in about *" neap run shapes.lua
same_text "what a run prints" "runs/shapes: step 12, loss N
runs/shapes/checkpoint.safetensors
runs/shapes/samples.png
runs/shapes/report.html" "$(sed 's/loss [0-9.]*$/loss N/' stdout)"
same_text "what a run leaves" "checkpoint.safetensors metrics.jsonl recipe.lua report.html samples.png settings.json" \
    "$(cd runs/shapes && echo ./* | sed 's,\./,,g')"
holds "the recipe is kept as it was" cmp shapes.lua runs/shapes/recipe.lua
same_text "every line of metrics is JSON" 12 "$(grep -cx "$row" runs/shapes/metrics.jsonl)"
same_text "steps ascend" "1 2 3 4 5 6 7 8 9 10 11 12" \
    "$(sed 's/.*"step": \([0-9]*\)}$/\1/' runs/shapes/metrics.jsonl | paste -s -d ' ' -)"
# Each figure of a line is the mean over the steps since the line before in which there was one.
means_of() { # rows of metrics to a mean, file
    awk -v every="$1" -F '[{,]' '
        {
            for (i = 2; i <= NF; i++) {
                split($i, pair, ": "); gsub(/[" }]/, "", pair[1])
                if (pair[1] ~ /^loss|norm$/) { sum[pair[1]] += pair[2]; count[pair[1]]++ }
            }
        }
        NR % every == 0 {
            for (key in sum) printf "%d %s %.5f\n", NR / every, key, sum[key] / count[key]
            split("", sum); split("", count)
        }' "$2" | sort
}
sed 's/log_every = 1,/log_every = 4,/' shapes.lua >fourth.lua
neap run fourth.lua out=a/fourth >/dev/null 2>&1
same_text "three lines of four steps" 3 "$(wc -l <a/fourth/metrics.jsonl | tr -d ' ')"
same_text "their means" "$(means_of 4 runs/shapes/metrics.jsonl)" "$(means_of 1 a/fourth/metrics.jsonl)"
holds "settings.json is one object" \
    grep -qx '{.*"settings": {.*"batch": 4, .*"steps": 12, .*}' runs/shapes/settings.json
holds "settings.json has the optimiser" grep -q '"optimizer": {"kind": "adamw", "lr": 0.001, "weight_decay": 0.01}' \
    runs/shapes/settings.json
holds "settings.json has the machine" \
    grep -q '"machine": {.*"isa": "[a-z0-9]*", .*"threads": [0-9]*}' runs/shapes/settings.json
same_text "samples.png is a PNG" 89504e470d0a1a0a "$(hex runs/shapes/samples.png 0 8)"
same_text "its grid: 8 columns and 10 rows of 8 pixels and a gap, enlarged 8 times" 00000248000002d8 "$(
    hex runs/shapes/samples.png 16 8)"
same_text "the step in the checkpoint" 12 "$(step_of runs/shapes)"
same_text "no control characters where standard error is no terminal" "" "$(tr -d '\n -~' <stderr)"

expect_like 0 "${machine}mlp: 634 parameters*" neap run points.lua
same_text "no picture of points" "checkpoint.safetensors metrics.jsonl recipe.lua report.html settings.json" \
    "$(cd runs/points && echo ./* | sed 's,\./,,g')"

# Lines of progress come every ten seconds; here at once.
cat >progress.lua <<'RECIPE'
local bar = require("neap.progress").new(100, 0)
bar.period = 0
bar:update(50, 60, 63, "loss 1.2345")
bar:clear()
RECIPE
expect_like 0 "step 50/100  loss 1.2345  * steps/s  0.0 s left" neap run progress.lua
same_text "a plain line of progress" "" "$(tr -d '\n -~' <stderr)"

# --- An earlier run is moved aside ------------------------------------------------------------------------------------

contents runs/points >before
expect_like 0 "${machine}mlp: *${newline}runs/points held an earlier run, which is now runs/points.1" neap run points.lua seed=1
contents runs/points.1 | cmp -s - before
same_text "an earlier run stays as it was" 0 $?
expect_like 0 "*which is now runs/points.2" neap run points.lua seed=1 out=runs/points/
holds "a run of another seed differs" test "$(metrics runs/points)" != "$(metrics runs/points.1)"
same_text "and one of the same seed does not" "$(metrics runs/points)" "$(metrics runs/points.2)"
holds "which the checkpoint says as well" cmp runs/points/checkpoint.safetensors runs/points.2/checkpoint.safetensors

# --- Keys of training -------------------------------------------------------------------------------------------------

neap run points.lua steps=7 out=a/b/c >/dev/null 2>&1
same_text "steps= and out=" 7 "$(wc -l <a/b/c/metrics.jsonl | tr -d ' ')"
neap run points.lua batch=16 lr=0.01 out=a/batch >/dev/null 2>&1
holds "batch=" grep -q '"batch": 16' a/batch/settings.json
holds "a key of the recipe" grep -q '"lr": 0.01,' a/batch/metrics.jsonl
holds "overrides are kept" grep -q '"overrides": {"batch": "16", "lr": "0.01", "out": "a/batch"}' a/batch/settings.json
neap run points.lua precision=bf16 out=a/bf16 >/dev/null 2>&1
holds "precision=" grep -q '"precision": "bf16"' a/bf16/settings.json
holds "bf16 is another arithmetic" test "$(metrics a/bf16)" != "$(metrics runs/points)"
expect_like 0 "generic, 2 threads, fp32 (the instruction set has no products in bf16)${newline}mlp: *" \
    env NEAP_CPU=generic "$NEAP_SOURCE/neap" run points.lua threads=2 precision=auto out=a/auto
holds "the precision that was chosen is stored" grep -q '"precision": "fp32"' a/auto/settings.json
expect_like 0 "*, 1 threads, bf16${newline}mlp: *" neap run points.lua threads=1 precision=bf16 out=a/auto
for threads in 1 2; do
    neap run shapes.lua steps=20 threads=$threads out=a/threads$threads >/dev/null 2>&1
    holds "threads=$threads" grep -q "\"threads\": $threads" a/threads$threads/settings.json
done
for file in checkpoint.safetensors samples.png recipe.lua; do
    holds "$file is the same with one thread and two" cmp a/threads1/$file a/threads2/$file
done
same_text "metrics with one thread and two" "$(metrics a/threads1)" "$(metrics a/threads2)"

neap run shapes.lua steps=10 sample_every=4 out=a/samples >/dev/null 2>&1
same_text "sample_every=" "samples-000004.png samples-000008.png samples.png" "$(cd a/samples && echo samples*)"
neap run points.lua steps=10 sample_every=4 out=a/nosamples >/dev/null 2>&1
holds "nothing is drawn of points" absent a/nosamples/samples-000004.png

cat >watch.lua <<'RECIPE'
local file = io.open("points.lua"):read "a"
local seen = {}
file = file:gsub("log_every = 1", [[log_every = 1, on_step = function(step)
  local there = neap.exists "runs/watch/checkpoint.safetensors"
  io.write(step, there and "+" or "-", step < 6 and " " or "\n")
end]])
load(file)()
RECIPE
neap run watch.lua steps=6 checkpoint_every=3 >stdout 2>stderr
same_text "checkpoint_every=" "1- 2- 3- 4+ 5+ 6+" "$(head -n 1 stdout)"

expect_like 0 "*at most 0.6 s of 200000 steps' *" neap run points.lua steps=200000 minutes=0.01 out=a/minutes
same_text "minutes= ends well" "a/minutes/checkpoint.safetensors" "$(sed -n 2p stdout)"
reached=$(step_of a/minutes)
holds "minutes= ends before the last step, at $reached" test "$reached" -lt 200000
same_text "minutes= ends when the time is over" "in time" "$(
    sed -n '$s/.*"seconds": \([0-9.]*\).*/\1/p' a/minutes/metrics.jsonl |
        awk '{ print($1 >= 0.6 && $1 < 10 ? "in time" : $1) }')"

# A schedule that decays is laid over the steps that fit, and ends.
sed 's/batch = 8,/batch = 8, decay = "cosine",/' points.lua >decay.lua
expect_like 0 "*, [0-9]* of 200000 steps fit in 0.6 s, and the schedule ends with them*" \
    neap run decay.lua steps=200000 minutes=0.01 out=a/decay
reached=$(step_of a/decay)
holds "the schedule is cut to the steps that fit, $reached" test "$reached" -lt 200000
holds "the last step has the last rate" grep -q "\"lr\": 0.0, .*\"step\": $reached}" a/decay/metrics.jsonl
holds "the plan is stored" grep -q '"plan": {"parts": \[{"at": 0, "last": [0-9]*, "step": 0}\], "total": ' a/decay/settings.json
holds "and in the checkpoint" grep -aq "neap.plan.*\"last.*$reached" a/decay/checkpoint.safetensors

expect 2 "neap: points.lua:3: steps: expected a whole number from 1, got '0'" neap run points.lua steps=0
for wrong in 'steps=1.5|a whole number from 1' 'steps=x|a whole number from 1' 'minutes=0|a number above 0' \
    'minutes=long|a number above 0' 'minutes=1e999|a number above 0' 'batch=-1|a whole number from 1' \
    'out=|text' 'checkpoint_every=-1|a whole number from 0' 'sample_every=often|a whole number from 0' \
    'precision=fp16|auto, fp32 or bf16' 'resume=maybe|true or false' 'extend=maybe|true or false'; do
    setting=${wrong%|*}
    refused 2 points "${setting%%=*}: expected ${wrong#*|}, got '${setting#*=}'" "$setting"
done
# A sampler that cannot draw in the end is refused before the training.
for wrong in 'euler { guidance = neap.guidance.autoguidance {} }|*autoguidance: expected a worse network*' \
    'euler { guidance = neap.guidance.interval { low = 0.9, high = 0.1 } }|*interval: expected low <= high, got 0.9 and 0.1' \
    'latent {}|*latent*'; do
    sed "s/euler { steps = 3, guidance = neap.guidance.cfg { w = 1 } }/${wrong%%|*}/; s/steps = 12/steps = 2000/" \
        shapes.lua >sampler.lua
    expect_like 1 "neap: sampler.lua:3: ${wrong#*|}" neap run sampler.lua
    holds "no run is left" absent runs/sampler
done
sed 's/batch = 4, steps = 12/batch = 4, steps = 2000, samples = 10000/; s/size = 8/size = 64/g' shapes.lua >many.lua
expect 2 "neap: many.lua:3: train: samples: expected at most 65536 pixels a side and 268435456 in all, got 521 x 81251" \
    neap run many.lua
expect 2 "neap: seed: expected a whole number from 0, got '-1'" neap run points.lua seed=-1
expect 2 "neap: seed: expected a whole number from 0, got '99999999999999999999'" \
    neap run points.lua seed=99999999999999999999
expect 2 "neap: threads: expected a whole number from 1, got '0'" neap run points.lua threads=0
expect 2 "neap: threads: expected 0 (all cores) to 1024, got 2000" neap run points.lua threads=2000
expect 2 "neap: points.lua:2: lr: expected a number, got 'fast'" neap run points.lua lr=fast
expect 2 "neap: points.lua:4: mlp: hidden: expected a whole number, got 1.5" neap run points.lua hidden=1.5
expect 2 "neap: points.lua:2: labels: expected true or false, got 'many'" neap run points.lua labels=many
expect 2 "neap: points.lua:2: unknown key 'stepz'; did you mean 'steps'?" neap run points.lua stepz=3
expect 2 "neap: points.lua:2: unknown key 'hiden'; did you mean 'hidden'?" neap run points.lua hiden=3
expect 2 "neap: expected key=value, got 'fast'" neap run points.lua fast
expect 2 "neap: steps: expected once, got steps=5 and steps=6" neap run points.lua steps=5 steps=6
expect 2 "neap: unknown option '--steps'; keys are written steps=VALUE" neap run points.lua --steps=3
expect 2 "neap: points.lua:4: mlp: hidden: expected 1 to 65536, got 0" neap run points.lua hidden=0
expect 2 "neap: points.lua:5: toy2d: shape: expected one of 'moons', 'spirals', 'checkerboard', 'gaussians8', 'rings', \
got text 'square'" neap run points.lua shape=square
expect 2 "neap: points.lua:7: adamw: lr: expected a number above 0, got -1" neap run points.lua lr=-1

# --- The processor and the library ------------------------------------------------------------------------------------

expect_like 0 "${machine}mlp: *" env NEAP_CPU=generic "$NEAP_SOURCE/neap" run points.lua out=a/generic
holds "NEAP_CPU is kept in settings.json" grep -q '"isa": "generic"' a/generic/settings.json
expect_like 0 "${machine}mlp: *" env NEAP_GEMM=openblas "$NEAP_SOURCE/neap" run points.lua out=a/openblas
loss_of() {
    sed -n '$s/.*"loss": \([0-9.]*\).*/\1/p' "$1/metrics.jsonl"
}
for run in generic openblas; do
    same_text "$run learns what the default does" near "$(echo "$(loss_of a/$run) $(loss_of runs/points.1)" | awk '
        { print($2 > 0 && $1 > 0.99 * $2 && $1 < 1.01 * $2 ? "near" : $0) }')"
done

# --- Where nothing can be written -------------------------------------------------------------------------------------

# Root may write nearly everywhere; not below a file, nor in the folders that the kernel makes.
expect_like 1 "${machine}mlp: *${newline}neap: points.lua:3: points.lua: cannot be made: *" neap run points.lua out=points.lua/run
expect_like 1 "${machine}mlp: *${newline}neap: points.lua:3: points.lua: cannot be made: *" neap run points.lua out=points.lua
expect_like 1 "${machine}mlp: *${newline}neap: points.lua:3: /proc/run: cannot be made: *" neap run points.lua out=/proc/run
mkdir held && echo '{}' >held/metrics.jsonl
inside() {
    (cd held && neap run ../points.lua out=.)
}
expect_like 1 "${machine}mlp: *${newline}neap: ../points.lua:3: train: . holds an earlier run and cannot be moved: *" inside

# A disk that is full: no file may grow beyond a limit, in blocks of 512 bytes or 1 KiB, as the shell has it.
limited() {
    (
        trap '' XFSZ
        ulimit -f "$1"
        shift
        neap run "$@"
    )
}
expect_like 1 "${machine}mlp: *${newline}neap: points.lua:3: train: a/full/metrics.jsonl: cannot be written: *" \
    limited 8 points.lua steps=200 out=a/full
expect_like 1 "${machine}mlp: *${newline}neap: points.lua:3: safetensors: a/tight/checkpoint.safetensors: cannot be written: *" \
    limited 8 points.lua out=a/tight
same_text "nothing of a checkpoint that does not fit" "metrics.jsonl recipe.lua settings.json" \
    "$(cd a/tight && echo ./* | sed 's,\./,,g')"
finish
