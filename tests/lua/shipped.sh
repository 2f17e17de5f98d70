#!/bin/sh
# The recipes that come with the project, small and short: they run as they stand, and write what they say.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
recipes=$NEAP_SOURCE/recipes

# --- The lecture's rectified flow -------------------------------------------------------------------------------------

expect 0 "" neap run "$recipes/lecture/rectified_flow.lua" steps=500 batch=32 samples=300 num_steps=10
same_text "where the picture is" \
    "runs/lecture/rectified_flow.png: data on the left, samples on the right" "$(tail -n 1 stdout)"
holds "the loss is told" grep -qx 'step   500  loss [0-9.]* a point' stdout
holds "and falls below that of a model that knows nothing, 2.5 a point" test \
    "$(sed -n 's/^step   500  loss \([0-9]*\)\..*/\1/p' stdout)" -lt 2
same_text "a PNG" 89504e470d0a1a0a "$(hex runs/lecture/rectified_flow.png 0 8)"
same_text "of two clouds, 240 pixels each, and gaps of 4" 000001ec000000f8 "$(hex runs/lecture/rectified_flow.png 16 8)"
cp runs/lecture/rectified_flow.png first.png
expect 0 "" neap run "$recipes/lecture/rectified_flow.lua" steps=500 batch=32 samples=300 num_steps=10 threads=1
holds "the same seed draws the same picture" cmp first.png runs/lecture/rectified_flow.png
expect 0 "" \
    neap run "$recipes/lecture/rectified_flow.lua" steps=20 batch=8 samples=30 num_steps=5 seed=1 out=other shape=rings
holds "out= and seed=" test "$(cksum <first.png)" != "$(cksum <other/rectified_flow.png)"
expect_like 2 "neap: $recipes/lecture/rectified_flow.lua:*: unknown key 'num_step'; did you mean 'num_steps'?" \
    neap run "$recipes/lecture/rectified_flow.lua" num_step=5

# --- Its conditional flow, and classifier-free guidance ---------------------------------------------------------------

expect 0 "" neap run "$recipes/lecture/conditional_flow.lua" steps=500 batch=32 samples=300 num_steps=10
same_text "where the picture is" \
    "runs/lecture/conditional_flow.png: data first, then samples of each class" "$(tail -n 1 stdout)"
holds "the loss falls below that of a model that knows nothing" test \
    "$(sed -n 's/^step   500  loss \([0-9]*\)\..*/\1/p' stdout)" -lt 2
same_text "the data and two classes" 000002e0000000f8 "$(hex runs/lecture/conditional_flow.png 16 8)"
expect 0 "" neap run "$recipes/lecture/conditional_flow.lua" steps=20 batch=8 samples=30 num_steps=5 y=1
same_text "the data and one class" 000001ec000000f8 "$(hex runs/lecture/conditional_flow.png 16 8)"
cfg=$recipes/lecture/classifier_free_guidance.lua
expect 0 "" neap run "$cfg" steps=500 batch=32 samples=300 num_steps=10
same_text "where the picture is" \
    "runs/lecture/classifier_free_guidance.png: data, samples of the class without guidance, and with it" \
    "$(tail -n 1 stdout)"
cp runs/lecture/classifier_free_guidance.png guided.png
expect 0 "" neap run "$cfg" steps=500 batch=32 samples=300 num_steps=10 w=2.0
holds "another w, another picture" test "$(cksum <guided.png)" != "$(cksum <runs/lecture/classifier_free_guidance.png)"

# --- The quickstart ---------------------------------------------------------------------------------------------------

small="width=16 depth=1 heads=2 batch=4 steps=3 precision=fp32"
# shellcheck disable=SC2086
expect_like 0 "${machine}dit: * parameters, * at the peak, * s a step, 3 steps in about *" \
    neap run "$recipes/quickstart.lua" data=shapes $small
same_text "what it prints" "runs/quickstart: step 3, loss N
runs/quickstart/checkpoint.safetensors
runs/quickstart/samples.png
runs/quickstart/report.html" "$(sed 's/loss [0-9.]*$/loss N/' stdout)"
same_text "a row of 8 pictures for each of 10 classes, enlarged twice" 000001d200000246 \
    "$(hex runs/quickstart/samples.png 16 8)"
expect 0 "" neap sample runs/quickstart --steps 2 --label triangle -o triangles.png
same_text "a row of one class" 000001d20000003c "$(hex triangles.png 16 8)"

# shellcheck disable=SC2086
expect_like 0 "${machine}dit: *" neap run "$recipes/quickstart.lua" data=/nowhere/at/all $small out=elsewhere
same_text "a missing folder is told" "quickstart: there is no /nowhere/at/all; training on drawn shapes instead" \
    "$(head -n 1 stdout)"
holds "and the pictures are those of shapes" cmp runs/quickstart/samples.png elsewhere/samples.png

mkdir empty
# shellcheck disable=SC2086
expect_like 1 "neap: $recipes/quickstart.lua:*: idx: empty/train-images-idx3-ubyte: No such file or directory" \
    neap run "$recipes/quickstart.lua" data=empty $small
expect_like 2 "neap: $recipes/quickstart.lua:*: unknown key 'labeldropout'; did you mean 'label_dropout'?" \
    neap run "$recipes/quickstart.lua" labeldropout=0.5

# --- Noise levels -----------------------------------------------------------------------------------------------------

expect 0 "" neap run "$recipes/noise_levels.lua" data=shapes rows=2 levels=3
same_text "where the strip is" runs/noise_levels/noise_levels.png "$(cat stdout)"
same_text "two rows of three, enlarged three times, and their captions" 00000108000000d1 \
    "$(hex runs/noise_levels/noise_levels.png 16 8)"
expect 0 "" neap run "$recipes/noise_levels.lua" image=first.png levels=20 out=levels
same_text "twenty levels of a picture" 000026850000011a "$(hex levels/noise_levels.png 16 8)"
expect 0 "" neap run "$recipes/noise_levels.lua" data=/nowhere/at/all rows=2 levels=3 out=elsewhere
same_text "a missing folder is told" "noise_levels: there is no /nowhere/at/all; taking drawn shapes instead" \
    "$(head -n 1 stdout)"
holds "and the pictures are shapes" cmp runs/noise_levels/noise_levels.png elsewhere/noise_levels.png
expect_like 1 "neap: $recipes/noise_levels.lua:*: none.png: cannot be read: No such file or directory" \
    neap run "$recipes/noise_levels.lua" image=none.png

# --- The flow of the plane --------------------------------------------------------------------------------------------

# frames FILE: how many an animated PNG has, by its acTL chunk near the beginning
frames() {
    hex "$1" 0 200 | sed -n 's/.*6163544c\(........\).*/0x\1/p' | xargs printf %d
}

expect_like 0 "${machine}mlp: *" neap run "$recipes/flow_2d.lua" hidden=8 depth=1 batch=8 steps=3 points=6 paths=2 num_steps=3
same_text "what it draws" "runs/flow_2d/flow.svg
runs/flow_2d/flow.png
runs/flow_2d/flow_film.png" "$(tail -n 3 stdout)"
same_text "four panels, enlarged twice" 0000064000000690 "$(hex runs/flow_2d/flow.png 16 8)"
holds "titles" grep -q '>From noise to data</text>' runs/flow_2d/flow.svg
same_text "6 points and 6 of data, two ends of two paths, two of the legend; 6 in each of three panels" 36 \
    "$(grep -c '<circle' runs/flow_2d/flow.svg)"
same_text "a frame for each of 4 times" 4 "$(frames runs/flow_2d/flow_film.png)"

# --- The film ---------------------------------------------------------------------------------------------------------

expect 0 "" neap run "$recipes/film.lua" n=20 columns=5 num_steps=3 hold=0.5
same_text "where the film is" runs/quickstart/film.png "$(cat stdout)"
same_text "the noise and 3 steps" 4 "$(frames runs/quickstart/film.png)"
same_text "five pictures side by side, enlarged twice, and the caption" 0000012400000106 \
    "$(hex runs/quickstart/film.png 16 8)"
expect_like 1 "neap: $recipes/film.lua:*: *nowhere/checkpoint.safetensors: *" neap run "$recipes/film.lua" run=nowhere

# --- The loss per t ---------------------------------------------------------------------------------------------------

mkdir metrics
cat >metrics/metrics.jsonl <<'ROWS'
{"loss": 1, "loss_t0": 2, "loss_t1": 1, "loss_t3": 1, "seconds": 1, "step": 10}
{"loss": 1, "loss_t0": 2, "loss_t2": 1, "seconds": 2, "step": 20}
{"loss": 1, "loss_t1": 1, "loss_t2": 0.5, "seconds": 3, "step": 30}
{"loss": 1, "loss_t0": 1, "loss_t1": 1, "loss_t2": 0.5, "seconds": 4, "step": 40}
{"loss": 1, "loss_t0": 1, "loss_t9": 1, "sec
ROWS
expect 0 "" neap run "$recipes/loss_per_t.lua" run=metrics last=0.5
same_text "where the figures are" "metrics/loss_per_t.svg
metrics/loss_per_t.png" "$(cat stdout)"
same_text "a part for each quarter of the way" "t = 0.12 t = 0.38 t = 0.62 t = 0.88" \
    "$(sed -n 's/.*>\(t = [0-9.]*\)<.*/\1/p' metrics/loss_per_t.svg | tr '\n' ' ' | sed 's/ $//')"
same_text "a mean for each part that has any at the end" 3 "$(grep -c '<circle' metrics/loss_per_t.svg)"
same_text "two panels, enlarged twice" 00000780000002d0 "$(hex metrics/loss_per_t.png 16 8)"
expect_like 1 "neap: *metrics: there is no nowhere/metrics.jsonl" neap run "$recipes/loss_per_t.lua" run=nowhere
expect 0 "" neap run "$recipes/loss_per_t.lua" run=runs/flow_2d
echo '{"loss": 1, "step": 10}' >metrics/metrics.jsonl
expect_like 1 "neap: *loss_per_t: metrics has no columns loss_t0, loss_t1, ..." \
    neap run "$recipes/loss_per_t.lua" run=metrics

# --- One step ---------------------------------------------------------------------------------------------------------

expect_like 0 "${machine}mlp: *" neap run "$recipes/mean_flow_2d.lua" steps=3 points=20 hidden=8 depth=1
same_text "the figure is named" runs/mean_flow_2d/one_step.png "$(tail -n 1 stdout)"
same_text "four panels, enlarged twice" 0000050000000550 "$(hex runs/mean_flow_2d/one_step.png 16 8)"
for part in flow mean; do
    same_text "$part: a figure of points, too" 0000019000000190 "$(hex runs/mean_flow_2d/$part/samples.png 16 8)"
done

# --- Games ------------------------------------------------------------------------------------------------------------

expect 0 "" neap run "$recipes/lecture/gan.lua" steps=200 batch=32 samples=300
same_text "where the picture is" "runs/lecture/gan.png: data on the left, samples on the right" "$(tail -n 1 stdout)"
holds "V is told, and is a number" grep -qx 'step *200  V -[0-9.]*' stdout
expect_like 0 "${machine}gan: *" neap run "$recipes/gan_2d.lua" steps=3 samples=300 width=8
same_text "a line for each loss" "minimax relativistic" \
    "$(sed -n 's/^\([a-z]*\) *[0-8] of 8 peaks, [0-9.]*% of the samples within three deviations$/\1/p' stdout | tr '\n' ' ' |
        sed 's/ $//')"
same_text "three panels, enlarged twice" 00000780 "$(hex runs/gan_2d/modes.png 16 4)"

# --- The quickstart's own data ----------------------------------------------------------------------------------------

fashion=/usr/share/datasets/fashion-mnist
if [ -d $fashion ]; then
    # shellcheck disable=SC2086
    expect_like 0 "${machine}dit: *" neap run "$recipes/quickstart.lua" $small out=fashion
    same_text "the quickstart as it stands" "fashion: step 3, loss N" "$(sed -n '1s/loss [0-9.]*$/loss N/p' stdout)"
    expect 0 "" neap run "$recipes/noise_levels.lua" rows=1 levels=2 out=fashion
    holds "a real picture is no shape" test "$(cksum <fashion/noise_levels.png)" != \
        "$(cksum <runs/noise_levels/noise_levels.png)"
    expect 0 "" neap sample fashion --steps 2 -n 2 --label "Ankle boot" -o boots.png

    expect_like 0 "${machine}dit: *" neap run "$recipes/dit_options.lua" width=16 depth=1 heads=2 steps=2 test=20
    same_text "a line for each option" "adaln in_context qk_norm rope swiglu rms_norm" \
        "$(sed -n 's/^\([a-z_]*\) *[0-9]* parameters .* test loss [0-9.]*$/\1/p' stdout | tr '\n' ' ' | sed 's/ $//')"

    expect_like 0 "${machine}gan: *" neap run "$recipes/gan_fashion.lua" width=8 steps=3 batch=4 score_every=3
    holds "a row with scores" grep -q '"frechet": [0-9.]*, .*"recall": [0-9.]*, ' runs/gan_fashion/metrics.jsonl
    expect_like 0 "${machine}gan: *" neap run "$recipes/gan_fashion_r3.lua" width=8 steps=3 batch=4
    expect 0 "" neap sample runs/gan_fashion_r3 --label Dress -n 2 -o dresses.png
    judge="evaluator=$recipes/evaluator_fashion.safetensors"
    expect 1 "neap: latents: fashion: expected an unconditional generator" neap run "$recipes/latents.lua" "$judge" run=fashion
    expect_like 1 "neap: latents: expected 18 pictures of class 'Hat' among 20, found 0" \
        neap run "$recipes/latents.lua" "$judge" draws=20 at=Hat
    for class in T-shirt Trouser Pullover Dress Coat Sandal Shirt Sneaker Bag "Ankle boot"; do # it draws one of them
        neap run "$recipes/latents.lua" "$judge" draws=20 rows=1 each=1 at="$class" minus="$class" plus="$class" \
            >stdout 2>/dev/null && break
    done
    holds "arithmetic of latents" grep -q '^runs/gan_fashion/latents.png: ' stdout
    same_text "ten pictures, enlarged twice" 000002460000003c "$(hex runs/gan_fashion/latents.png 16 8)"
    for method in relativistic dcgan; do
        expect_like 0 "${machine}gan: *" \
            neap run "$recipes/gan_stacked.lua" method=$method width=8 steps=3 batch=4 score_every=3 scored=100 out=$method
        holds "$method: classes of three pictures at once are counted" grep -q '"modes": [0-9.]*, ' $method/metrics.jsonl
    done
    expect 1 "neap: method: expected relativistic or dcgan, got 'gan'" neap run "$recipes/gan_stacked.lua" method=gan

    # shellcheck disable=SC2086
    expect_like 0 "${machine}dit: *" neap run "$recipes/flow_fashion.lua" $small sampler_steps=2 swiglu=true times=logit_normal
    same_text "a flow" "flow_fashion: step 3, loss N" "$(sed -n '1s/loss [0-9.]*$/loss N/; 1s/^runs.//p' stdout)"
    expect_like 0 "${machine}dit: *" neap run "$recipes/reflow_fashion.lua" couples=10 couple_steps=2 steps=3 batch=4
    same_text "made straight" "step 3, loss N" "$(sed -n 's/^runs.reflow_fashion: \(.*\)loss [0-9.]*$/\1loss N/p' stdout)"
    cp runs/flow_fashion/couples.safetensors before
    expect_like 0 "${machine}dit: *" neap run "$recipes/reflow_fashion.lua" couples=10 couple_steps=2 steps=3 batch=4
    same_text "couples that are there are taken" \
        "reflow_fashion: taking runs/flow_fashion/couples.safetensors, which is there already; remove it to draw others" \
        "$(head -n 1 stdout)"
    holds "as they are" cmp before runs/flow_fashion/couples.safetensors
fi
finish
