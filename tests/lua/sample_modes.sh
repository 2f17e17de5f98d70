#!/bin/sh
# neap sample from a picture, around a mask, to its noise and back, between noises and classes; films; other samplers and
# guidances by options.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
write_recipes
neap run shapes.lua >/dev/null 2>&1
neap run points.lua >/dev/null 2>&1
run=runs/shapes

# A picture of the run's size and one in colour, a mask whose left half is kept, and pictures of other sizes.
cat >make.lua <<'RECIPE'
local neap = require "neap"
neap.seed(1)
local x = neap.dataset.shapes { size = 8 }:read { 3 }:reshape(8, 8, 1)
neap.image.save("grey.png", x)
neap.image.save("color.png", neap.expand(x, { 8, 8, 3 }))
neap.image.save("small.png", neap.zeros(4, 8, 1))
local kept, drawn = neap.ones(8, 4, 1), -1 * neap.ones(8, 4, 1)
neap.image.save("half.png", neap.concat({ kept, drawn }, 1))
-- The same as masks whose hole is transparent, whatever its colour, and as a black one with a hole in the half that is drawn.
for name, color in pairs { white_hole = 1, black_hole = -1 } do
  local alpha = neap.concat({ kept, drawn }, 1)
  local colors = neap.concat({ neap.expand(kept, { 8, 4, 3 }), neap.full({ 8, 4, 3 }, color) }, 1)
  neap.image.save(name .. ".png", neap.concat({ colors, alpha }, 2))
end
local cut = neap.concat({ neap.full({ 8, 4, 1 }, -1), neap.full({ 8, 4, 1 }, 1) }, 1) -- alpha of a picture half cut out
neap.image.save("cut.png", neap.concat({ neap.expand(x, { 8, 8, 3 }), cut }, 2))
local white = neap.concat({ neap.ones(8, 4, 1), x:slice(1, 4, 8) }, 1)
neap.image.save("over_white.png", neap.expand(white, { 8, 8, 3 }))
neap.npy.save("grey.npy", neap.image.load "grey.png")
RECIPE
expect 0 "" neap run make.lua

# left FILE NUMBER: the left half of its rows in hexadecimal.
left() {
    for row in 0 1 2 3 4 5 6 7; do
        hex "$1" $((head + picture * $2 + 32 * row)) 16
    done
}

count() {
    echo $((($(wc -c <"$1") - head) / picture))
}

# --- From a picture ---------------------------------------------------------------------------------------------------

raw near.npy --image grey.png --level 0.1 -n 2
raw far.npy --image grey.png --level 0.9 -n 2
raw default.npy --image grey.png
raw named.npy --image grey.png --level 0.6
same_text "eight pictures, from t = 0.6" 8 "$(count default.npy)"
holds "0.6 is the default" cmp default.npy named.npy
cat >distance.lua <<'RECIPE'
local neap = require "neap"
local x = neap.npy.load "grey.npy"
local near, far = (neap.npy.load "near.npy" - x):square():mean():item(), (neap.npy.load "far.npy" - x):square():mean():item()
print(near < far, near > 0)
RECIPE
expect 0 "" neap run distance.lua
same_text "a low level stays near" "true	true" "$(cat stdout)"

raw kept.npy --image grey.png --keep half.png -n 2
same_text "what is white in the mask is kept to the bit" "$(left grey.npy 0)" "$(left kept.npy 1)"
holds "and the rest is drawn" test "$(pictures grey.npy 0 1)" != "$(pictures kept.npy 1 1)"
for hole in white_hole black_hole; do
    raw $hole.npy --image grey.png --keep $hole.png -n 2
    holds "what is transparent in the mask is drawn: $hole" cmp kept.npy $hole.npy
done
cat >transparent.lua <<'RECIPE'
local neap = require "neap"
local cut, white = neap.image.load "cut.png", neap.image.load "over_white.png"
print((cut - white):abs():max():item())
RECIPE
expect 0 "" neap run transparent.lua
same_text "a picture that is half transparent lies on white" 0.0 "$(cat stdout)"
raw inverted.npy --image grey.png --invert --sampler heun --steps 100
same_text "the picture, its noise, and back" 3 "$(count inverted.npy)"
same_text "the first is the picture" "$(pictures grey.npy 0 1)" "$(pictures inverted.npy 0 1)"

# --- Between ----------------------------------------------------------------------------------------------------------

raw ends.npy --interpolate 7 --label 3 -n 5
raw from.npy --label 3 -n 1
raw to.npy --label 3 -n 1 --seed 7
same_text "from one seed" "$(pictures from.npy 0 1)" "$(pictures ends.npy 0 1)"
same_text "to another" "$(pictures to.npy 0 1)" "$(pictures ends.npy 4 1)"
holds "by way of others" test "$(pictures ends.npy 2 1)" != "$(pictures ends.npy 0 1)"
expect 0 "" neap sample runs/points --label 0 --morph 1 -n 3 --raw morph.npy
expect 0 "" neap sample runs/points --label 0 -n 1 --raw first.npy
same_text "a morph begins with its class" "$(hex first.npy $head 8)" "$(hex morph.npy $head 8)"
holds "and leads on" test "$(hex morph.npy $head 8)" != "$(hex morph.npy $((head + 16)) 8)"

# --- Samplers, guidances and films by options -------------------------------------------------------------------------

raw euler.npy -n 2 --label 3
raw heun.npy -n 2 --label 3 --sampler heun --steps 2
raw shifted.npy -n 2 --label 3 shift=3
raw times.npy -n 2 --label 3 "times=1 0.5 0"
raw off.npy -n 2 --label 3 --w 0
raw part.npy -n 2 --label 3 --w 5 --interval 0.5,0.7
raw inside.npy -n 2 --label 3 --w 5 --interval 0,1
raw strong.npy -n 2 --label 3 --w 5
raw rescaled.npy -n 2 --label 3 --w 5 --rescale 0.7
cp -r $run copy
raw worse.npy -n 2 --label 3 --worse copy --w 3
for other in heun shifted times off rescaled; do
    holds "$other is another picture" test "$(pictures euler.npy 0 1)" != "$(pictures $other.npy 0 1)"
done
for other in off strong; do
    holds "guidance in a part of the way is not that of $other" test "$(cksum <part.npy)" != "$(cksum <$other.npy)"
done
holds "inside it is on" cmp strong.npy inside.npy
cat >distance.lua <<'RECIPE'
local neap = require "neap"
print((neap.npy.load "off.npy" - neap.npy.load "worse.npy"):abs():max():item() < 1e-5) -- (1 + w) v - w v is rounded
RECIPE
expect 0 "" neap run distance.lua
same_text "led away from itself, a run goes where it went" true "$(cat stdout)"
holds "rescaled is not plain" test "$(pictures strong.npy 0 1)" != "$(pictures rescaled.npy 0 1)"

expect 0 "" neap sample $run -n 2 --label 3 --film film.png -o last.png
same_text "film and picture are named" "film.png
last.png" "$(cat stdout)"
same_text "the noise and a frame a step" 4 \
    "$(hex film.png 0 200 | sed -n 's/.*6163544c\(........\).*/0x\1/p' | xargs printf %d)"

hold=$(($(printf %d "0x$(hex film.png 0 "$(wc -c <film.png)" | sed 's/.*6663544c.\{40\}\(....\).*/\1/')")))
same_text "the last one stays for a while" 1583 "$hold" # thousandths of a second: 1.5 seconds and a twelfth

# --- Refused ----------------------------------------------------------------------------------------------------------

mkdir refused
cd refused || exit 1
run=../$run
expect 1 "neap: ../color.png: expected a picture of 1 channels, got 3" neap sample $run --image ../color.png
expect 1 "neap: ../small.png: expected a picture of 8 by 8, got 4 by 8" neap sample $run --image ../small.png
expect 1 "neap: ../small.png: expected a picture of 8 by 8, got 4 by 8" \
    neap sample $run --image ../grey.png --keep ../small.png
expect 1 "neap: none.png: cannot be read: No such file or directory" neap sample $run --image none.png
expect 2 "neap: sample: --level needs --image" neap sample $run --level 0.5
expect 2 "neap: sample: --keep needs --image" neap sample $run --keep ../half.png
expect 2 "neap: sample: --invert needs --image" neap sample $run --invert
expect 2 "neap: sample: --morph needs --label" neap sample ../runs/points --morph 1 --raw x.npy
expect 1 "neap: sample: an inversion takes neither level nor keep" \
    neap sample $run --image ../grey.png --invert --keep ../half.png
for wrong in '--level|0|a number from 0.001 to 0.999' '--level|1|a number from 0.001 to 0.999' \
    '--level|high|a number from 0.001 to 0.999' '--rescale|2|a number from 0 to 1' '--w|nan|a number' \
    '--interval|0.5|two times LOW,HIGH' '--interval|0.7,0.2|two times LOW,HIGH' '--interval|0,2|two times LOW,HIGH' \
    '--interpolate|x|a whole number from 0' '--film||a file'; do
    option=${wrong%%|*}
    value=${wrong#*|}
    expect 2 "neap: $option: expected ${value#*|}, got '${value%|*}'" neap sample $run "$option" "${value%|*}"
done
# Options that would change nothing.
for wrong in '--interval 0,0.001 --w 5|sample: --interval has no effect: no step of euler is taken between 0 and 0.001' \
    '--interval 0.7,0.9|sample: --interval has no effect: no step of euler is taken between 0.7 and 0.9' \
    '--interval 0,1 --w 0|sample: --interval has no effect: the weight of the guidance is 0; give --w' \
    '--rescale 0.5 --w 0|sample: --rescale has no effect: the weight of the guidance is 0; give --w' \
    "--worse $run/checkpoint.safetensors|sample: --worse has no effect: $run/checkpoint.safetensors is the run itself" \
    '--film x.png --batch 2|sample: --batch has no effect beside --film: a film shows all samples in one batch' \
    '--label 3 --morph frame|sample: --morph has no effect: '"'frame'"' is the --label' \
    '--interpolate 0|sample: --interpolate has no effect: 0 is the seed' \
    '--image ../grey.png --invert -n 3|sample: -n has no effect beside --invert: all samples would be equal' \
    '--image ../grey.png --invert --seed 3|sample: --seed has no effect beside --invert: an inversion begins from the picture alone' \
    '--image ../grey.png --invert --interpolate 3|sample: --interpolate has no effect beside --invert: an inversion begins from the picture alone'; do
    # shellcheck disable=SC2086
    expect 2 "neap: ${wrong#*|}" neap sample $run ${wrong%%|*}
done
sed "s/, classes = 2//" ../points.lua >plain.lua
neap run plain.lua labels=false >/dev/null 2>&1
for option in "--w 2" "--interval 0,1" "--rescale 0.5"; do
    # shellcheck disable=SC2086
    expect 2 "neap: sample: ${option% *} has no effect: the run has no classes, and so no null class to guide away from; give\
 --worse RUN" neap sample runs/plain --raw x.npy $option
done
expect 0 "" neap sample runs/plain --raw x.npy --w 0 -n 2

# Classes that the training never showed.
sed 's/label_dropout = 0.1/label_dropout = 0/' ../shapes.lua >untaught.lua
untaught="the network was trained with label_dropout = 0"
no_null="sample: guidance: $untaught and has no null class to guide away from; set w = 0, or train with label_dropout = 0.1"
expect 2 "neap: untaught.lua:3: $no_null" neap run untaught.lua steps=2000
sed -i 's/cfg { w = 1 }/cfg { w = 0 }/' untaught.lua
expect_like 0 "${machine}dit: *" neap run untaught.lua
expect 0 "" neap sample runs/untaught --label 3 -n 1 --raw x.npy
expect 2 "neap: $no_null" neap sample runs/untaught --label 3 --w 2
expect 2 "neap: $no_null" neap sample runs/untaught --label 3 --w 2 --rescale 0.5 --interval 0,1
expect 2 "neap: sample: expected labels: $untaught, never without a label" neap sample runs/untaught --image ../grey.png
expect 0 "" neap sample runs/untaught --image ../grey.png --label 3 -n 1 --raw x.npy
expect 0 "" neap sample runs/untaught --worse $run --w 2 -n 2 --raw x.npy # no null class is needed
sed -i 's/label_dropout = 0,*/label_dropout = 1/' untaught.lua
expect_like 2 "neap: untaught.lua:3: sample: labels: the network was trained with label_dropout = 1, never with a label; *" \
    neap run untaught.lua steps=2000
rm -r x.npy plain.lua untaught.lua runs
expect 2 "neap: sampler 'huen' is not known; did you mean 'heun'?" neap sample $run --sampler huen
expect 2 "neap: euler: unknown parameter 'shfit'; did you mean 'shift'?" neap sample $run shfit=3
expect 2 "neap: euler: shift: expected 0.01 to 100, got 0" neap sample $run shift=0
expect 2 "neap: euler: steps: has no effect beside times; leave it out, or take the times away by times=" \
    neap sample $run --steps 5 "times=1 0"
expect_like 2 "neap: *times*descending*" neap sample $run "times=0 1"
expect_like 2 "neap: *times: expected numbers from 1 down to 0, got '1'" neap sample $run times=1
for value in inf nan 1e999; do
    expect_like 2 "neap: euler: shift: expected a finite number, got *" neap sample $run shift=$value
    expect 2 "neap: --w: expected a number, got '$value'" neap sample $run --w $value
    expect 2 "neap: --interval: expected two times LOW,HIGH, got '$value,1'" neap sample $run --interval $value,1
done
expect 1 "neap: sample: there is no checkpoint 'nowhere'" neap sample $run --worse nowhere
expect 1 "neap: sample: autoguidance: worse: expected [8, 8, 1] and 10 classes, got [1, 1, 2] and 2" \
    neap sample $run --worse ../runs/points
expect 1 "neap: sample: mean takes no guidance, for it asks for no velocity; got cfg" neap sample $run --sampler mean
expect 2 "neap: label: expected 0 to 9 or a name, got '12'" neap sample $run --label 3 --morph 12
expect 2 "neap: sample: mlp makes no pictures, but arrays [1, 1, 2]; write them with --raw FILE.npy" \
    neap sample ../runs/points --film x.png --raw x.npy
same_text "nothing is left of what was refused" "stderr stdout" "$(echo *)"
finish
