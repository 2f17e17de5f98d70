#!/bin/sh
# The recipes of latent diffusion, small and short: all stages from pictures to samples, skipped when they are done, and
# refused before the first one where a later one would not fit.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
recipes=$NEAP_SOURCE/recipes
XDG_CACHE_HOME=$place/cache
export XDG_CACHE_HOME
small="vae_steps=2 flow_steps=2 vae_batch=2 flow_batch=4 width=8 groups=4 d_width=8 d_layers=1 factor=2
    dit_width=16 depth=1 heads=2 columns=2 sampler_steps=2 precision=fp32"

cat >write.lua <<'LUA'
local neap = require "neap"
neap.folder "pictures/bright"
neap.folder "pictures/dark"
for i = 1, 4 do
  neap.image.save(("pictures/bright/%d.png"):format(i), neap.rand(20, 24, 3))
  neap.image.save(("pictures/dark/%d.png"):format(i), neap.rand(24, 20, 3) - 1)
end
-- Twenty pictures in the format of Fashion-MNIST.
neap.folder "idx"
for _, part in ipairs { "train", "t10k" } do
  local pixels, classes = {}, {}
  for i = 1, 20 * 28 * 28 do
    pixels[i] = string.char(i * 7 % 256)
  end
  for i = 0, 19 do
    classes[i + 1] = string.char(i % 10)
  end
  local file = io.open("idx/" .. part .. "-images-idx3-ubyte", "wb")
  file:write(string.pack(">I4I4I4I4", 0x803, 20, 28, 28), table.concat(pixels)):close()
  file = io.open("idx/" .. part .. "-labels-idx1-ubyte", "wb")
  file:write(string.pack(">I4I4", 0x801, 20), table.concat(classes)):close()
end
LUA
expect_like 0 "*" neap run write.lua

all_stages="stage 1 of 4, vae
stage 2 of 4, vae_gan
stage 3 of 4, encode
stage 4 of 4, flow"

# whole NAME key=value...: the recipe runs all stages, and a second time none.
whole() {
    name=$1
    shift
    # shellcheck disable=SC2086
    expect_like 0 "*" neap run "$recipes/$name.lua" $small "$@"
    same_text "$name runs its stages" "$all_stages" "$(grep '^stage' stderr | sed 's/, at most.*//')"
    for file in vae/checkpoint.safetensors vae_gan/reconstructions.png vae_gan/latents.safetensors flow/samples.png; do
        holds "$name makes $file" test -s "runs/$name/$file"
    done
    # shellcheck disable=SC2086
    expect_like 0 "stage 1 of 4, vae: done *
stage 4 of 4, flow: done *" neap run "$recipes/$name.lua" $small "$@"
}

whole my_pictures data=pictures size=16
expect_like 0 "2 samples in * s, *% of it decoding" neap sample runs/my_pictures/flow --label dark -n 2 --w 1 --raw dark.npy
expect_like 0 "*" neap run "$recipes/my_pictures.lua" $small data=pictures size=16 only=flow conditional=false out=runs/my_pictures resume=false
expect_like 2 "*unconditional*" neap sample runs/my_pictures/flow --label dark -n 2
# With another VAE-GAN, the pictures are encoded again, and the flow in the latents of the former one is not taken for done.
expect_like 0 "stage 2 of 4, vae_gan*" neap run "$recipes/my_pictures.lua" $small data=pictures size=16 only=vae_gan resume=false seed=1
expect_like 1 "stage 1 of 4, vae: done *
stage 2 of 4, vae_gan: done *
stage 3 of 4, encode
stage 4 of 4, flow, at most *
neap: *: train: resume: autoencoder: the run began with other weights than those given; resume=false begins anew" \
    neap run "$recipes/my_pictures.lua" $small data=pictures size=16 conditional=false
# So is a VAE-GAN that began with the weights of another VAE.
expect_like 0 "stage 1 of 4, vae*" neap run "$recipes/my_pictures.lua" $small data=pictures size=16 only=vae resume=false seed=2
expect_like 1 "stage 1 of 4, vae: done *
stage 2 of 4, vae_gan, at most *
neap: *: train: resume: from: runs/my_pictures/vae_gan/checkpoint.safetensors began with other weights than those of runs/my_pictures/vae now; resume=false begins anew" \
    neap run "$recipes/my_pictures.lua" $small data=pictures size=16 conditional=false seed=1
whole latent_fashion data=idx patch=7

# A prior: the run's samples are draws from it, with or without a discriminator in the training.
for weight in 0 0.02; do
    expect_like 0 "*" neap run "$recipes/vae_fashion.lua" data=idx width=8 groups=4 d_width=8 d_layers=1 steps=2 batch=2 \
        adversarial=$weight out=prior_$weight precision=fp32
    expect 0 "" neap eval prior_$weight -n 4 --batch 2 --metric frechet --resamples 0 --raw prior_$weight.npy
    same_text "samples, and no reconstructions" "frechet" "$(sed 1d stdout | awk '{ print $1 }')"
done
holds "the weight of the adversarial loss makes another run" test "$(cksum <prior_0.npy)" != "$(cksum <prior_0.02.npy)"
holds "a discriminator is in the second alone" sh -c '! grep -aq discriminator.main prior_0/checkpoint.safetensors &&
    grep -aq discriminator.main prior_0.02/checkpoint.safetensors'
if [ -e /usr/share/fonts/truetype/noto/NotoColorEmoji.ttf ] && [ -e /usr/share/unicode/emoji/emoji-test.txt ]; then
    whole latent_emoji size=32
    expect_like 0 "*" neap sample runs/latent_emoji/flow --label "Food & Drink" -n 1 -o food.png

    # --- What these samples are compared with, and how ---------------------------------------------------------------------

    small_flow="flow_steps=2 flow_batch=4 dit_width=16 depth=1 heads=2 sampler_steps=2 precision=fp32"
    # shellcheck disable=SC2086
    expect_like 0 "*" neap run "$recipes/flow_emoji.lua" $small_flow size=32
    expect_like 0 "*" neap run "$recipes/evaluator_emoji.lua" steps=2 batch=4 size=32 stem=4 width=8 depth=1 heads=2 shift=1
    same_text "the accuracy of the classifier" "accuracy on 209 held-out pictures: N%" \
        "$(sed -n '$s/[0-9.]*%$/N%/p' stdout)"
    for run in runs/latent_emoji/flow runs/flow_emoji runs/latent_emoji/vae_gan; do
        expect 0 "" neap eval $run --evaluator runs/evaluator_emoji -n 20 --resamples 0 --metric frechet
        holds "$run has a distance" grep -q '^frechet  *[0-9]' stdout
    done
    same_text "and reconstructions have scores of their own" "psnr ssim l1 gradient_energy frechet" \
        "$(sed 1d stdout | awk '{ printf "%s%s", sep, $1; sep = " " }')"

    expect_like 0 "*" neap run "$recipes/matcher_emoji.lua" steps=2 batch=4 stem=4 width=8 depth=1 heads=2 text_width=8 \
        text_depth=1 text_heads=2 text_words=9 embedding=8
    same_text "the retrieval of the matcher" "top_1 of 1861 emoji: N%${newline}top_5 of 1861 emoji: N%" \
        "$(sed -n 's/^\(top_.*: \)[0-9.]*%$/\1N%/p' stdout)"
    expect 0 "" neap eval runs/flow_emoji --evaluator runs/matcher_emoji -n 20 --resamples 0 --metric frechet
    holds "features of a matcher have a distance" grep -q '^frechet  *[0-9]' stdout

    # --- Starts of the discriminator ---------------------------------------------------------------------------------------

    starts() {
        # shellcheck disable=SC2086
        neap run "$recipes/vae_gan_starts.lua" ${small#vae_steps=2 flow_steps=2} vae_steps=130 g_ramp=5 seeds=2 held_out=20 size=32 "$@"
    }
    expect_like 0 "*" starts g_start=15
    same_text "a line for the VAE and for each seed" "run vae seed_0 seed_1 2" "$(tail -n 5 stdout | awk '{ printf "%s%s", sep, $1; sep = " " }')"
    cp stdout first
    # Rows of metrics are of steps 10, 20, ... 130: one before step 15, ten of steps 15 to 114, and two of what is left.
    column() {
        sed -n "s/.*\"$1\": \([-0-9.e]*\).*/\1/p" runs/vae_gan_starts/seed_0/metrics.jsonl
    }
    same_text "PSNR before the start, and since" "$(column psnr | awk '{ x[NR] = $1 } END {
        for (i = 2; i <= 13; i++)
            sum[i <= 11] += x[i]
        early = sum[1] / 10
        late = sum[0] / 2
        printf "%.2f %.2f", x[1], early < late ? early : late }')" \
        "$(awk '$1 == "seed_0" { print $2, $3 }' first)"
    same_text "mean logits" "$(for name in real fake; do
        column ${name}_logit | awk 'NR > 3 { x += $1 / 10 } END { printf "%.3f ", x }'
    done)" "$(awk '$1 == "seed_0" { print $6, $7 " " }' first)"
    expect 0 "" neap eval runs/vae_gan_starts/seed_0 -n 20 --json -
    score() {
        tail -n 1 stdout | sed "s/.*\"$1\": {[^}]*\"value\": \([-0-9.e]*\)}.*/\1/"
    }
    same_text "PSNR and energy at the end are those of neap eval" \
        "$(printf '%.2f %.3f' "$(score psnr)" "$(score gradient_energy)")" \
        "$(awk '$1 == "seed_0" { print $4, $5 }' first)"
    expect_like 0 "stage 1 of 3, vae: done *" starts g_start=15
    same_text "the table of runs that are done" "$(tail -n 5 first)" "$(cat stdout)"
    holds "seeds differ" test "$(cksum <runs/vae_gan_starts/seed_0/metrics.jsonl)" != "$(cksum <runs/vae_gan_starts/seed_1/metrics.jsonl)"
    holds "no guard takes a run back" grep -q '"guard": *{}' runs/vae_gan_starts/seed_0/settings.json
    expect_like 0 "*" starts g_start=15 least=-100
    same_text "a run that loses more than it may has not survived" "0 of 2 survived" "$(tail -n 1 stdout)"
    expect_like 1 "*neap: vae_gan_starts: *seed_0: expected steps before and after g_start, 300, got 130 steps" starts g_start=300
fi

# Without pictures that the training leaves out, those of the data set itself are shown, which a line says.
# shellcheck disable=SC2086
expect_like 0 "*
train: samples: reconstructions are of pictures of the data set itself: folder: test_share: expected pictures in the test part, got none \
of 8*" neap run "$recipes/my_pictures.lua" $small data=pictures size=16 test_share=0 only=vae out=runs/few
holds "few pictures are reconstructed" test -s runs/few/vae/samples.png
expect 0 "sample: reconstructions are of pictures of the data set itself: folder: test_share: expected pictures in the test part, got \
none of 8" neap sample runs/few/vae -n 2 -o few.png

# --- What does not fit --------------------------------------------------------------------------------------------------

# 30 channels are no 4 groups, 3 heads do not divide 16, patches of 3 do not cover 8, and logits of 8 pixels would shrink to none in 3 layers.
for bad in width=30 heads=3 d_layers=3 patch=3; do
    # shellcheck disable=SC2046,SC2086
    capture neap run "$recipes/my_pictures.lua" $(echo $small | sed "s/ ${bad%=*}=[0-9]*//") $bad data=pictures size=16 out=runs/bad
    same_text "$bad is refused" 1 "$status"
    holds "$bad is refused before the first stage" test ! -e runs/bad
done
# line_of TEXT: its line in what the recipes share.
line_of() {
    grep -n "$1" "$recipes/latent_stages.lua" | cut -d : -f 1
}
# refused_at_once STATUS MESSAGE key=value: a setting of a later stage is refused before the first one.
refused_at_once() {
    # shellcheck disable=SC2046,SC2086
    expect "$1" "neap: $2" neap run "$recipes/my_pictures.lua" $(echo " $small " | sed "s/ ${3%=*}=[^ ]* / /") "$3" data=pictures size=16 out=runs/bad $4
    holds "$3 is refused before the first stage" test ! -e runs/bad
}
at=$recipes/latent_stages.lua
refused_at_once 2 "$recipes/my_pictures.lua:$(grep -n latent.options "$recipes/my_pictures.lua" | cut -d : -f 1): flow_batch: expected a whole number from 1, got '0'" flow_batch=0 ""
refused_at_once 2 "$recipes/my_pictures.lua:$(grep -n latent.options "$recipes/my_pictures.lua" | cut -d : -f 1): columns: expected a whole number from 1, got '0'" columns=0 ""
refused_at_once 2 "$at:$(line_of sampler.euler): euler: steps: expected 1 to 100000, got 0" sampler_steps=0 ""
refused_at_once 2 "$at:$(line_of sampler.euler): cfg: w: expected -1 to 1000, got -3" w=-3 ""
refused_at_once 2 "$at:$(line_of "lr, ema = o.ema"): adamw: ema: expected a number from 0 and below 1, got 5" ema=5 ""
refused_at_once 1 "vae_batch: expected at least 2 with d_norm=batch, got 1; d_norm=group takes any batch" vae_batch=1 d_norm=batch
expect 1 "neap: my_pictures: give a folder of pictures: neap run recipes/my_pictures.lua data=FOLDER" neap run "$recipes/my_pictures.lua"
expect_like 1 "neap: *: folder: path: nowhere: No such file or directory" neap run "$recipes/my_pictures.lua" data=nowhere
finish
