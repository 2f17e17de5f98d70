#!/bin/sh
# The recipes with texts and pictures as conditions, small and short: from nothing to samples by a prompt, and the table of
# conditionings.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
recipes=$NEAP_SOURCE/recipes
text="dit_width=16 depth=1 heads=2 text_width=16 text_depth=1 text_heads=2 text_words=9 sampler_steps=2 precision=fp32"

# --- Shapes ----------------------------------------------------------------------------------------------------------------

for conditioning in adaln cross joint still; do
    # shellcheck disable=SC2086
    expect_like 0 "*" neap run "$recipes/text_shapes.lua" $text steps=2 batch=4 conditioning=$conditioning out=shapes_$conditioning
    expect 0 "" neap sample shapes_$conditioning --text "a small red circle at the top left" --text "a large blue ring in the middle" -n 4 \
        --negative "a small square" -o shapes_$conditioning.png
    holds "$conditioning draws" test -s shapes_$conditioning.png
done
expect 1 "neap: conditioning: expected adaln, cross, joint or still, got 'none'" neap run "$recipes/text_shapes.lua" conditioning=none
expect 0 "" neap eval shapes_joint -n 8 --resamples 0
same_text "what is read from the pixels" "colour shape place combination size" \
    "$(sed 1d stdout | awk '{ printf "%s%s", sep, $1; sep = " " }')"

table() {
    # shellcheck disable=SC2086
    neap run "$recipes/text_conditioning.lua" $text steps=2 batch=4 seeds=2 samples=8 "$@"
}
expect_like 0 "*" table
same_text "a line for each conditioning" "adaln cross joint still" "$(tail -n 4 stdout | awk '{ printf "%s%s", sep, $1; sep = " " }')"
same_text "of two steps each" "2 2 2 2" "$(tail -n 4 stdout | awk '{ printf "%s%s", sep, $3; sep = " " }')"
holds "sizes differ by less than a quarter" sh -c \
    'tail -n 4 stdout | awk "{ if (!least || \$2 < least) least = \$2; if (\$2 > most) most = \$2 } END { exit most > 1.25 * least }"'
tail -n 5 stdout >first
expect_like 0 "stage 1 of 8, adaln_0: done*" table
tail -n 5 stdout >second
holds "a second call trains nothing, and prints the same table" cmp first second

# --- Emoji -----------------------------------------------------------------------------------------------------------------

if [ -e /usr/share/fonts/truetype/noto/NotoColorEmoji.ttf ] && [ -e /usr/share/unicode/emoji/emoji-test.txt ]; then
    # shellcheck disable=SC2086
    expect_like 0 "*" neap run "$recipes/text_emoji.lua" $text flow_steps=2 flow_batch=4
    expect 0 "" neap sample runs/text_emoji --text "red heart" -n 2 --negative "face" -o heart.png
    # shellcheck disable=SC2086
    expect_like 0 "*" neap run "$recipes/text_emoji.lua" $text size=48 vae_steps=2 flow_steps=2 vae_batch=2 flow_batch=4 \
        width=8 groups=4 d_width=8 d_layers=1 columns=2 out=in_latents
    holds "the latents have the names" sh -c 'head -c 2000 in_latents/vae_gan/latents.safetensors | grep -aq lengths'
    expect_like 0 "*" neap sample in_latents/flow --text "red heart" --text "blue heart" -n 2 -o heart.png

    for changes in "factor=4 grey=false" "factor=1 grey=true"; do
        # shellcheck disable=SC2086
        expect_like 0 "*" neap run "$recipes/superres_emoji.lua" $changes steps=2 batch=4 size=32 dit_width=16 depth=1 heads=2 \
            sampler_steps=2 columns=2 precision=fp32 resume=false
        same_text "the scores of $changes" "enlarged PSNR sampled PSNR" \
            "$(sed -n '/PSNR/p' stdout | awk '{ printf "%s%s %s", sep, $1, $2; sep = " " }')"
        holds "a grid of $changes" test -s runs/superres_emoji/superres.png
    done
fi
finish
