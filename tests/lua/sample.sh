#!/bin/sh
# neap sample: its options, the files it writes, and that a picture depends on its seed and number alone.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
write_recipes
neap run shapes.lua >/dev/null 2>&1
neap run points.lua >/dev/null 2>&1
run=runs/shapes

# --- Files ------------------------------------------------------------------------------------------------------------

expect 0 "" neap sample $run
same_text "the picture is named" samples.png "$(cat stdout)"
same_text "and is a PNG" 89504e470d0a1a0a "$(hex samples.png 0 8)"
same_text "of a row a class" 00000248000002d8 "$(hex samples.png 16 8)"
expect 0 "" neap sample $run/checkpoint.safetensors -n 3 -o three.png
same_text "-o" three.png "$(cat stdout)"
same_text "three in a row: 3 times 8 pixels and gaps, enlarged 23 times" 00000284000000e6 "$(hex three.png 16 8)"
same_text "where a picture came from is kept in it" 1 \
    "$(LC_ALL=C tr -cd ' -~' <three.png | grep -c "neap\.checkpoint$run/checkpoint\.safetensors.*neap\.seed0")"
rm samples.png
expect 0 "" neap sample $run -n 3 --raw three.npy
same_text "--raw" three.npy "$(cat stdout)"
holds "--raw alone draws no picture" absent samples.png
neap sample $run -n 3 --raw /dev/stdout >piped.npy 2>stderr
holds "an array on standard output is that array alone" cmp three.npy piped.npy
expect 2 "neap: /nowhere/a.npy: cannot be written: No such file or directory" \
    neap sample $run -n 3 --raw /nowhere/a.npy -o /nowhere/b.png
expect 0 "" neap sample $run -n 3 --raw=both.npy -o both.png
same_text "both" "both.npy
both.png" "$(cat stdout)"
holds "the picture is the same with and without the array" cmp three.png both.png
holds "the array is the same with and without the picture" cmp three.npy both.npy

same_text "the head of a NumPy file, version 1" 934e554d505901007600 "$(hex three.npy 0 10)"
same_text "its description, float32 [3, 8, 8, 1]" "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 8, 8, 1), }" \
    "$(dd if=three.npy bs=1 skip=10 count=118 2>/dev/null | sed 's/ *$//')"
same_text "its size" $((head + 3 * picture)) "$(wc -c <three.npy | tr -d ' ')"
same_text "its numbers are those of pictures" 192 "$(od -A n -t f4 -v -j $head three.npy | tr -s ' ' '\n' |
    awk 'NF && $1 >= -1 && $1 <= 1 { n++ } END { print n + 0 }')"
expect 0 "" neap sample runs/points -n 5 --raw points.npy
same_text "points" $((head + 5 * 8)) "$(wc -c <points.npy | tr -d ' ')"

# --- What a picture depends on ----------------------------------------------------------------------------------------

raw a.npy -n 3 --label 3
raw b.npy -n 5 --label 3 --batch 2
same_text "of another count and batch" "$(pictures a.npy 0 3)" "$(pictures b.npy 0 3)"
raw c.npy -n 5 --label 3 --batch 5
same_text "of another batch, to the last picture" "$(pictures b.npy 0 5)" "$(pictures c.npy 0 5)"
raw whole.npy -n 5 --label 3 --sampler dopri5 --w 2 --interval 0.3,0.8 --rescale 0.7 --batch 5
for batch in 1 2 3; do
    raw parts.npy -n 5 --label 3 --sampler dopri5 --w 2 --interval 0.3,0.8 --rescale 0.7 --batch $batch
    holds "steps chosen by tolerance are each picture's own: batches of $batch" cmp whole.npy parts.npy
done
raw d.npy -n 3 --label frame
holds "a label by name is the label by number" cmp a.npy d.npy
raw e.npy -n 3 --label 4
holds "another label, another picture" test "$(pictures a.npy 0 1)" != "$(pictures e.npy 0 1)"
raw f.npy -n 3 --label 3 --seed 1
holds "another seed, another picture" test "$(pictures a.npy 0 1)" != "$(pictures f.npy 0 1)"
holds "another number, another picture" test "$(pictures a.npy 0 1)" != "$(pictures a.npy 1 1)"
raw g.npy -n 3 --label 3 --seed 0 --steps 3 --w 1
holds "the run's own settings are the default" cmp a.npy g.npy
raw h.npy -n 3 --label 3 --steps 4
holds "--steps" test "$(pictures a.npy 0 1)" != "$(pictures h.npy 0 1)"
raw i.npy -n 3 --label 3 --w 0
holds "--w" test "$(pictures a.npy 0 1)" != "$(pictures i.npy 0 1)"
raw j.npy -n 3 --label 3 --threads 1
holds "the number of threads does not matter" cmp a.npy j.npy
raw k.npy -n 10
raw l.npy -n 4 --label 3
same_text "without --label, a picture of each class" "$(pictures l.npy 3 1)" "$(pictures k.npy 3 1)"
raw m.npy -n 3 --label 3 --morph 4
same_text "--morph begins at the label" "$(pictures a.npy 0 1)" "$(pictures m.npy 0 1)"
same_text "and ends at the other, on the same noise" "$(pictures e.npy 0 1)" "$(pictures m.npy 2 1)"
holds "what lies between is not the first" test "$(pictures m.npy 1 1)" != "$(pictures m.npy 0 1)"
holds "and not the last" test "$(pictures m.npy 1 1)" != "$(pictures m.npy 2 1)"

# --- Guidances on each other, and given times, are kept in the checkpoint ----------------------------------------------

sed 's/euler { steps = 3, guidance = neap.guidance.cfg { w = 1 } }/heun { times = { 1, 0.5, 0 }, guidance = OUTER }/
s/OUTER/neap.guidance.interval { of = neap.guidance.rescale { of = neap.guidance.cfg { w = 2 } }, high = 0.75 }/' \
    shapes.lua >nested.lua
expect_like 0 "${machine}dit: *" neap run nested.lua
expect 0 "" neap sample runs/nested -n 2 --label 3 --raw nested.npy
cat >again.lua <<'RECIPE'
local neap = require "neap"
local run = require "neap.checkpoint".load "runs/nested/checkpoint.safetensors"
local inner = neap.guidance.rescale { of = neap.guidance.cfg { w = 2 } }
local heun = neap.sampler.heun { times = "1 0.5 0", guidance = neap.guidance.interval { of = inner, high = 0.75 } }
assert(tostring(run.sampler) == tostring(heun) and run.sampler.guidance:json() == heun.guidance:json())
local drawn = heun:sample(run.model, { n = 2, seed = 0, labels = 3 })
local again = run.sampler:sample(run.model, { n = 2, seed = 0, labels = 3 })
print((drawn - again):abs():max():item(), drawn:abs():max():item() > 0)
RECIPE
expect 0 "" neap run again.lua
same_text "the same pictures by the checkpoint's" "0.0	true" "$(cat stdout)"
for given in own "two --w 2" "one --w 1"; do
    name=${given%% *}
    # shellcheck disable=SC2086
    expect 0 "" neap sample runs/nested -n 2 --interval 0,1 ${given#"$name"} --raw "$name.npy"
done
holds "a guidance by options has the weight of the run's, however deep it lies" cmp own.npy two.npy
holds "unless one is given" test "$(cksum <own.npy)" != "$(cksum <one.npy)"

# Work that would take a while: what is refused here is refused before it.
long_work() {
    neap sample $run --steps 300 "$@"
}

# --- Refused ----------------------------------------------------------------------------------------------------------

mkdir refused
cd refused || exit 1
run=../$run
expect 2 "neap: sample: expected a run: neap sample RUN [OPTION ...] [key=value ...]" neap sample
expect 2 "neap: expected key=value, got '$run'" neap sample $run $run
expect 2 "neap: -n: expected once, got it again" neap sample $run -n 2 -n 3
expect 2 "neap: --steps: expected once, got it again" neap sample $run --steps 3 --steps=3
expect 2 "neap: shift: expected once, got shift=2 and shift=3" neap sample $run shift=2 shift=3
expect 2 "neap: steps: expected once, got --steps 3 and steps=4" neap sample $run --steps 3 steps=4
expect 2 "neap: --invert: expected no value, got 'no'" neap sample $run --invert=no
expect 2 "neap: times: expected numbers from 1 down to 0, got '1,,0'" neap sample $run times=1,,0
expect 2 "neap: unknown option '--lable'; did you mean '--label'?" neap sample $run --lable 3
expect 2 "neap: unknown option '--xyzzy'; keys are written xyzzy=VALUE" neap sample $run --xyzzy 3
for wrong in '-n|0|a whole number from 1 to 1000000' '-n|1000001|a whole number from 1 to 1000000' \
    '-n|some|a whole number from 1 to 1000000' '--seed|-1|a whole number from 0' '--seed|1.5|a whole number from 0' \
    '--steps|0|a whole number from 1' '--batch|0|a whole number from 1' '--threads|none|a whole number from 1' \
    '--w|much|a number' '--label||a label' '-o||a file' '--raw||a file'; do
    option=${wrong%%|*}
    value=${wrong#*|}
    expect 2 "neap: $option: expected ${value#*|}, got '${value%|*}'" neap sample $run "$option" "${value%|*}"
    expect 2 "neap: $option: expected ${value#*|}" neap sample $run "$option"
done
expect 2 "neap: euler: steps: expected 1 to 100000, got 100001" neap sample $run --steps 100001
expect 2 "neap: label: expected 0 to 9 or a name, got 'rign'; did you mean 'ring'?" neap sample $run --label rign
expect 2 "neap: label: expected 0 to 9 or a name, got '10'" neap sample $run --label 10
expect 2 "neap: label: expected 0 to 1, got 'moon'" neap sample ../runs/points --label moon --raw x.npy
expect 1 "neap: sample: there is no checkpoint 'runs/nowhere'" neap sample runs/nowhere
expect 1 "neap: sample: there is no checkpoint '../runs/checkpoint.safetensors'" neap sample ../runs
for place_taken in below/x.png /proc/x.png; do
    echo 'a file' >below
    for option in -o --film --raw; do
        place_wanted=$place_taken
        [ $option != --raw ] || place_wanted=${place_taken%.png}.npy
        expect_like 2 "neap: $place_wanted: cannot be written: *" long_work -n 1 $option $place_wanted
    done
done
expect 2 "neap: nowhere/x.png: cannot be written: No such file or directory" \
    long_work -o nowhere/x.png
for wrong in '-o|x.webp|.png' '-o|x.gif|.png' '-o|x.jpg|.png' '-o|x|.png' '-o|x.png/|.png' '--film|x.mp4|.png' '--film|png|.png' \
    '--raw|x.png|.npy' '--raw|x|.npy'; do
    option=${wrong%%|*}
    name=${wrong#*|}
    expect 2 "neap: sample: $option: expected a path that ends in ${name#*|}, got ${name%|*}" \
        long_work $option "${name%|*}"
done
expect 2 "neap: sample: --film and -o are one file, samples.png" long_work -n 8 --film samples.png
expect 2 "neap: sample: --film and -o are one file, ../refused/a.png" \
    long_work -n 8 --film ./a.png -o ../refused/a.png
cat >pipe.lua <<'RECIPE'
local output = require "neap.output"
output.check("a pipe", "pipe", { "png" }) -- a device or a pipe has no ending
output.check_all("test", { { name = "a", path = "run.txt" }, { name = "b" } }, { { name = "c", path = "other" } })
RECIPE
mkfifo pipe
expect 0 "" neap run pipe.lua
rm pipe pipe.lua
ln -s a.png link.png
expect 2 "neap: sample: --film and -o are one file, link.png" \
    long_work -n 8 --film a.png -o link.png
rm link.png
expect 2 "neap: samples.png: expected at most 65536 pixels a side and 268435456 in all, got 584 x 900008" \
    neap sample $run -n 100000
expect 2 "neap: f.png: expected at most 268435456 pixels in all frames of a film, got 3001 frames of 584 x 756" \
    neap sample $run --steps 3000 --film f.png
expect 2 "neap: sample: mlp makes no pictures, but arrays [1, 1, 2]; write them with --raw FILE.npy" \
    neap sample ../runs/points
same_text "nothing is left of what was refused" "below stderr stdout" "$(echo *)"
finish
