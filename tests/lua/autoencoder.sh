#!/bin/sh
# A model in the latents of an autoencoder, from training to evaluation: the autoencoder's run measures its latents, one
# checkpoint holds both networks, resuming gives the same bits, and all that shows pictures decodes. The autoencoder is
# linear: latents are means of two by two pixels times a scale that is trained.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"

cat >shrink.c <<'C'
#include <neap/error.h>
#include <neap/memory.h>
#include <neap/network.h>

typedef struct shrink {
    neap_tensor *scale;
} shrink;

static void *build(const void *config, neap_model *model)
{
    shrink *s = neap_calloc(1, sizeof *s);
    (void)config;
    if (!s)
        return NULL;
    s->scale = neap_model_parameter(model, neap_dims(1), (neap_init){NEAP_INIT_ONE, 0}, "scale");
    if (s->scale)
        return s;
    neap_free(s);
    return NULL;
}

static int spec(const void *self, neap_spec *out)
{
    (void)self;
    return neap_spec_fill(out, (neap_spec){.height = 8, .width = 8, .channels = 1, .latent = {4, 4, 1}});
}

/* Means of two by two pixels, with a spread of exp(-1). */
static neap_tensor *encode(void *self, neap_tensor *x)
{
    neap_tensor *mean = neap_mul(neap_average_pool(x, 2, 2, 0), ((const shrink *)self)->scale);
    return neap_concat((neap_tensor *[]){mean, neap_affine(mean, 0, -2)}, 2, 3);
}

static neap_tensor *decode(void *self, neap_tensor *z)
{
    return neap_resize(neap_mul(z, ((const shrink *)self)->scale), 8, 8, NEAP_NEAREST);
}

/* The mean squared error of the decoded means. */
static neap_tensor *loss(const void *config, int phase, neap_network *network, neap_step *step)
{
    neap_tensor *part[2] = {NULL, NULL};
    (void)config;
    (void)phase;
    if (neap_chunk(neap_network_encode(network, step->x), 2, part, 3) < 0)
        return NULL;
    return neap_mse(neap_network_decode(network, part[0]), step->x);
}

static const char *const needs[] = {"encode", "decode", NULL};
static const neap_phase phases[] = {{"autoencoder", ""}, {NULL, NULL}};
static const neap_objective objective = {.size = sizeof objective, .needs = needs, .phases = phases, .loss = loss};
static const neap_architecture functions = {.size = sizeof functions, .build = build, .destroy = neap_free, .spec = spec,
                                            .encode = encode, .decode = decode};
static const neap_param params[] = {NEAP_PARAMS_END};
typedef struct { char unused; } config;
/* Pictures with a condition of each kind that a data set may have. */
static void *open_conditional(const void *settings)
{
    (void)settings;
    return neap_calloc(1, 1);
}

static int conditional_spec(const void *self, neap_spec *out)
{
    (void)self;
    return neap_spec_fill(out, (neap_spec){.height = 8, .width = 8, .channels = 1, .classes = 3, .text = 5, .picture = {2, 3, 1}});
}

static int64_t conditional_count(const void *self)
{
    (void)self;
    return 7;
}

static int read_conditional(const void *self, int64_t index, const neap_example *out)
{
    (void)self;
    for (int i = 0; i < 64; i++)
        out->x[i] = (float)((i * (index + 3)) % 17) / 16;
    for (int i = 0; out->picture && i < 6; i++)
        out->picture[i] = (float)(index + i);
    if (out->label)
        *out->label = (int32_t)(index % 4) - 1;
    for (int i = 0; out->text && i < index % 6; i++)
        out->text[i] = (uint8_t)('a' + index + i);
    if (out->length)
        *out->length = (int32_t)(index % 6);
    return 0;
}

static const char *conditional_name(const void *self, int64_t label)
{
    (void)self;
    return label == 1 ? "one" : NULL;
}

static const neap_dataset conditional = {.size = sizeof conditional, .open = open_conditional, .close = neap_free, .spec = conditional_spec,
                                  .count = conditional_count, .read = read_conditional, .label_name = conditional_name};
static const neap_component components[] = {
    {"dataset/2", "conditional", "With conditions.", sizeof(config), params, &conditional},
    {"architecture/2", "shrink", "A linear autoencoder.", sizeof(config), params, &functions},
    {"objective/2", "reconstruct", "Its loss.", sizeof(config), params, &objective},
    {0},
};
NEAP_PLUGIN(shrink) = {NEAP_ABI, sizeof(neap_plugin), "shrink", "1.0.0", "MIT", "A linear autoencoder.", components};
C
mkdir plugins
${CC:-cc} -shared -fPIC -D_GNU_SOURCE -I"$NEAP_SOURCE/core/include" -o plugins/shrink.so shrink.c 2>cc.log
same_text "the compiler says nothing" "" "$(cat cc.log)"
NEAP_PLUGIN_PATH=$PWD/plugins
export NEAP_PLUGIN_PATH

# --- The autoencoder's own run ------------------------------------------------------------------------------------------

cat >vae.lua <<'LUA'
local neap = require "neap"
local o = neap.options { fail = 0, signal = 0 }
neap.train {
  model = neap.architecture.shrink {}, data = neap.dataset.shapes { size = 8, count = 200 },
  objective = neap.objective.reconstruct {}, optimizer = neap.optimizer.adamw { lr = 0.05 },
  batch = 8, steps = 6, precision = "fp32", ema = 0.9,
  on_step = function(step)
    if step == o.fail then
      error "stopped"
    elseif step == o.signal then
      io.popen("kill -INT $PPID"):close()
    end
  end,
}
LUA
expect_like 0 "$machine*" neap run vae.lua
expect_like 0 "*" neap run vae.lua out=runs/vae_cut steps=3
expect_like 0 "*" neap run vae.lua out=runs/vae_cut resume=true
expect_like 130 "*interrupted at step 3; go on with resume=true" $signals "$NEAP_SOURCE/neap" run vae.lua out=runs/vae_signal signal=3
expect_like 1 "*stopped*" neap run vae.lua out=runs/vae_stopped checkpoint_every=4 fail=5
cat >measured.lua <<'LUA'
local neap = require "neap"
local data = neap.dataset.shapes { size = 8, count = 200 }
local function statistics(model)
  return model:parameter "latents.mean":item(), model:parameter "latents.deviation":item()
end
for _, run in ipairs { "vae", "vae_cut", "vae_stopped", "vae_signal" } do
  local model = neap.checkpoint.load("runs/" .. run).model
  local mean, deviation = statistics(model)
  local constant = model:measure(data, 200, 0)
  local again, spread = statistics(model)
  print(run, model:measured(), constant, mean ~= 0, mean == again, deviation == spread)
end
local a, b = neap.checkpoint.load "runs/vae".model, neap.checkpoint.load "runs/vae_cut".model
print(a:fingerprint() == b:fingerprint(), (statistics(a)) == (statistics(b)))
LUA
expect_like 0 "" neap run measured.lua
same_text "the statistics are those of the averaged weights, also in a run that was stopped" "vae	true	0	true	true	true
vae_cut	true	0	true	true	true
vae_stopped	true	0	true	true	true
vae_signal	true	0	true	true	true
true	true" "$(cat stdout)"

# --- A flow in its latents ----------------------------------------------------------------------------------------------

cat >latent.lua <<'LUA'
local neap = require "neap"
local o = neap.options { size = 8, of = "runs/vae", cache = "", score = false }
neap.train {
  model = neap.architecture.dit { size = 4, channels = 1, patch = 1, width = 16, heads = 2, depth = 1, classes = 10 },
  autoencoder = o.of ~= "untrained" and o.of or neap.architecture.shrink {}, data = o.cache ~= "" and neap.dataset.latents { path = o.cache }
    or neap.dataset.shapes { size = o.size, count = 200 },
  objective = neap.objective.flow_matching {}, optimizer = neap.optimizer.adamw { lr = 1e-3 },
  sampler = neap.sampler.euler { steps = 4, guidance = neap.guidance.cfg { w = 1 } },
  batch = 8, steps = 6, precision = "fp32", ema = 0.9,
  score_every = o.score and 6 or nil, score_samples = 8, evaluator = o.score and "runs/judge" or nil,
}
LUA
expect_like 0 "*" neap run latent.lua out=runs/whole
expect_like 0 "*" neap run latent.lua out=runs/cut steps=3
expect_like 0 "*" neap run latent.lua out=runs/cut steps=6 resume=true
holds "a grid of decoded samples is drawn" test -s runs/whole/samples.png

# --- The checkpoint ----------------------------------------------------------------------------------------------------

cat >look.lua <<'LUA'
local neap = require "neap"
local whole, cut = neap.checkpoint.load "runs/whole", neap.checkpoint.load "runs/cut"
local a, b = whole.model, cut.model
local spec, noise = a:spec(), a:noise_shape(2)
print(spec.height, spec.width, table.concat(noise, " "), a:autoencoder():component():name(), a:autoencoder():measured())
local equal = true
for i, entry in ipairs(a:parameters()) do
  equal = equal and (entry[2] - b:parameters()[i][2]):abs():max():item() == 0
end
local mean = a:autoencoder():parameter "latents.mean"
print(equal, mean:item() ~= 0, mean:item() == b:autoencoder():parameter "latents.mean":item())
local x, scale = neap.full({ 1, 8, 8, 1 }, 0.5), a:autoencoder():parameter "scale":item()
print((a:to_pictures(a:to_latents(x)) - x * scale ^ 2):abs():max():item() < 1e-5)
print(table.concat(whole.sampler:sample(a, { n = 2, seed = 1, labels = "each" }):shape(), " "))
LUA
expect_like 0 "" neap run look.lua
same_text "one file holds both, and a resumed run is the same" "8	8	2 4 4 1	shrink	true
true	true	true
true
2 8 8 1" "$(cat stdout)"

# The encoder is frozen: the flow's checkpoint has the bytes of the autoencoder's.
cat >frozen.lua <<'LUA'
local core = require "neap.core"
local of = core.safetensors_open "runs/vae/checkpoint.safetensors"
local flow = core.safetensors_open "runs/whole/checkpoint.safetensors"
for own, there in pairs { ["ema.scale"] = "scale", ["latents.mean"] = "latents.mean", ["latents.deviation"] = "latents.deviation" } do
  assert(of:load(own):item() == flow:load("autoencoder." .. there):item(), own)
end
print(of:load "ema.scale":item() ~= of:load "scale":item())
LUA
expect_like 0 "" neap run frozen.lua
same_text "the averaged encoder, bit for bit" "true" "$(cat stdout)"

# --- The command line --------------------------------------------------------------------------------------------------

expect_like 0 "1 samples in * s, *% of it decoding" neap sample runs/whole -n 1 --label 3 -o one.png --raw one.npy --film film.png
holds "a film of decoded steps" test -s film.png
same_text "pictures of the autoencoder's size" "(1, 8, 8, 1)" "$(grep -aoE '\([0-9]+, [0-9]+, [0-9]+, [0-9]+\)' one.npy)"
cat >picture.lua <<'LUA'
local neap = require "neap"
neap.image.save("from.png", neap.full({ 8, 8, 1 }, 0.25))
local columns = neap.concat({ neap.full({ 8, 4, 1 }, 1), neap.full({ 8, 4, 1 }, -1) }, 1)
neap.image.save("mask.png", columns)
LUA
cat >look_kept.lua <<'LUA'
local neap = require "neap"
local kept = neap.npy.load "kept.npy"
assert((kept:slice(2, 0, 4) - 0.25):abs():max():item() < 0.01, "what is kept has changed")
assert((kept:slice(2, 4, 8) - 0.25):abs():max():item() > 0.05, "what is drawn has not changed")
LUA
expect_like 0 "" neap run picture.lua
took="2 samples in * s, *% of it decoding"
for sampler in euler heun midpoint ab2 dopri5 euler_maruyama heun_sde; do
    steps="--steps 3"
    [ $sampler != dopri5 ] || steps=
    expect_like 0 "$took" neap sample runs/whole --sampler $sampler $steps -n 2 --label 3 --w 1 --raw $sampler.npy -o $sampler.png
    expect_like 0 "$took" neap sample runs/whole --sampler $sampler $steps --image from.png --level 0.5 -n 2 -o to.png
    expect_like 0 "$took" neap sample runs/whole --sampler $sampler $steps --image from.png --keep mask.png -n 2 --raw kept.npy
    expect_like 0 "$took" neap sample runs/whole --sampler $sampler $steps -n 2 --film $sampler-film.png -o film-end.png
    holds "a film of $sampler" test -s $sampler-film.png
    expect_like 0 "" neap run look_kept.lua
done
same_text "pictures of all samplers are in place" "7" "$(ls ./*-film.png | wc -l)"
expect_like 0 "1 samples in * s, *% of it decoding" neap sample runs/whole --image from.png --invert --raw back.npy -o back.png
expect_like 0 "8 samples in * s, *% of it decoding" neap sample runs/whole --interpolate 3 -o between.png
expect_like 0 "8 samples in * s, *% of it decoding" neap sample runs/whole --label 3 --morph 4 -o morph.png
cat >back.lua <<'LUA'
local neap = require "neap"
local back = neap.npy.load "back.npy"
print(table.concat(back:shape(), " "), (back:slice(0, 0, 1) - 0.25):abs():max():item() < 0.01)
LUA
expect_like 0 "" neap run back.lua
same_text "an inversion gives the picture, and the one sampled from its noise" "2 8 8 1	true" "$(cat stdout)"

# --- Scores --------------------------------------------------------------------------------------------------------------

cat >judge.lua <<'LUA'
local neap = require "neap"
neap.train {
  model = neap.architecture.vit { rows = 8, columns = 8, classes = 10, patch = 4, width = 8, depth = 1, heads = 2 },
  data = neap.dataset.shapes { size = 8 }, objective = neap.objective.classification {},
  optimizer = neap.optimizer.adamw { lr = 1e-3 }, precision = "fp32", batch = 8, steps = 2,
}
LUA
expect_like 0 "*" neap run judge.lua
expect 0 "" neap eval runs/whole -n 20 --labels 3 --batch 8 --evaluator runs/judge/checkpoint.safetensors --resamples 0 --raw scored.npy
expect_like 0 "20 samples in *" neap sample runs/whole -n 20 --label 3 --raw drawn.npy -o drawn.png
cat >same.lua <<'LUA'
local neap = require "neap"
local scored, drawn = neap.npy.load "scored.npy", neap.npy.load "drawn.npy"
print(table.concat(scored:shape(), " "), (scored - drawn):abs():max():item())
LUA
expect_like 0 "" neap run same.lua
same_text "eval scores the decoded pictures that sample draws, in range" "20 8 8 1	0.0" "$(cat stdout)"

# --- Latents that were encoded once --------------------------------------------------------------------------------------

expect 0 "" neap encode runs/vae
same_text "the file stands beside the checkpoint" runs/vae/latents.safetensors "$(cat stdout)"
expect_like 0 "*" neap run latent.lua out=runs/cached cache=runs/vae
expect_like 0 "*" neap run latent.lua out=runs/scored cache=runs/vae/latents.safetensors score=true
cat >same_run.lua <<'LUA'
local neap = require "neap"
local a, b = neap.checkpoint.load "runs/whole", neap.checkpoint.load "runs/cached"
for i, entry in ipairs(a.model:parameters()) do
  assert((entry[2] - b.model:parameters()[i][2]):abs():max():item() == 0, entry[1])
end
local function last(path)
  local row
  for one in neap.metric_rows(path) do
    row = one
  end
  return row
end
print(last "runs/whole".loss == last "runs/cached".loss, last "runs/scored".frechet ~= nil)
print(table.concat(a.labels, " ") == table.concat(b.labels, " "), b.labels[4])
LUA
expect_like 0 "" neap run same_run.lua
same_text "training on them gives the bits of training on pictures" "true	true
true	frame" "$(cat stdout)"
mv runs/vae/latents.safetensors kept.safetensors
for run in whole cached; do
    expect 0 "" neap eval runs/$run -n 20 --evaluator runs/judge --resamples 0 --json $run.json
    sed 's/.*"scores"/scores/; s/"\(draw_\|score_\)seconds[^,]*,//g' $run.json >$run.scores
done
holds "it is evaluated against the pictures, and without the file" cmp whole.scores cached.scores
expect 0 "" neap encode runs/cached -o again.safetensors --batch 7 --threads 1
holds "a flow's autoencoder encodes the same bytes" cmp kept.safetensors again.safetensors
mv kept.safetensors runs/vae/latents.safetensors

cat >conditional.lua <<'LUA'
local neap = require "neap"
local data = neap.dataset.conditional {}
neap.encode { autoencoder = "runs/vae", data = data, path = "conditional.safetensors", batch = 3, flip = true }
local latents, all = neap.dataset.latents { path = "conditional.safetensors" }, {}
for i = 0, 13 do
  all[i + 1] = i
end
local moments, _, both = latents:read(all)
local _, _, condition = data:read { 0, 1, 2, 3, 4, 5, 6 }
for kind, x in pairs(condition) do
  local first, twin = both[kind]:slice(0, 0, 7):cast "f32", both[kind]:slice(0, 7, 14):cast "f32"
  x = x:cast "f32"
  assert((first - x):abs():max():item() == 0, kind)
  assert(kind == "picture" or (twin - x):abs():max():item() == 0, kind)
end
local columns = {}
for k = 0, 3 do
  columns[k + 1] = moments:slice(0, 0, 7):slice(2, 3 - k, 4 - k)
end
local mirrored = neap.concat(columns, 2)
print((mirrored - moments:slice(0, 7, 14)):abs():max():item(), (both.picture:slice(0, 7, 14):slice(2, 0, 1) - condition.picture:slice(2, 2, 3)):abs():max():item())
print(latents:count(), latents:label_name(0), latents:label_name(1), latents:pictures():name())
local x = data:read { 5 }
local model = neap.checkpoint.load "runs/vae".model
print((model:encode(x) - moments:slice(0, 5, 6)):abs():max():item())
LUA
expect_like 0 "" neap run conditional.lua
same_text "every kind of condition is stored, and mirrored pictures follow" "0.0	0.0
14	nil	one	conditional
0.0" "$(cat stdout)"

cat >bad.lua <<'LUA'
local neap, core = require "neap", require "neap.core"
local o = neap.options { how = "" }
local model, data = neap.checkpoint.load "runs/vae".model, neap.dataset.shapes { size = 8, count = 200 }
if o.how == "nan" then
  model:parameter "scale":assign(neap.full({ 1 }, 0 / 0))
elseif o.how == "size" then
  data = neap.dataset.shapes { size = 16 }
elseif o.how == "stop" then
  local batches = 0
  core.interrupted = function()
    batches = batches + 1
    return batches == 3
  end
end
neap.encode { autoencoder = model, data = data, path = "conditional.safetensors" }
LUA
cp conditional.safetensors before.safetensors
expect 1 "neap: bad.lua:15: encode: shrink: the moments of examples 0 to 63 are not finite" neap run bad.lua how=nan
expect 1 "neap: bad.lua:15: encode: shrink encodes pictures [8, 8, 1]; the data set has [16, 16, 1]" neap run bad.lua how=size
expect 1 "neap: bad.lua:15: interrupted" neap run bad.lua how=stop
holds "the old file stands" cmp conditional.safetensors before.safetensors
same_text "nothing is left beside it" "0" "$(find . -name '.*neap-*' | wc -l)"
expect 1 "neap: encode: expected an autoencoder, got vit, which does not offer 'encode'" neap encode runs/judge
expect 1 "neap: encode: there is no checkpoint 'nowhere'" neap encode nowhere
expect 2 "neap: encode: -o: expected a path that ends in .safetensors, got x.png" neap encode runs/vae -o x.png
expect 2 "neap: encode: -o would replace the run, runs/vae/checkpoint.safetensors" neap encode runs/vae -o runs/vae/checkpoint.safetensors
cp runs/whole/checkpoint.safetensors whole.safetensors
expect 2 "neap: encode: whole.safetensors would be replaced; expected a new file or one of latents" neap encode runs/vae -o whole.safetensors
holds "a checkpoint is not replaced" cmp whole.safetensors runs/whole/checkpoint.safetensors
echo "damaged latents" >damaged.safetensors
expect 0 "" neap encode runs/vae -o damaged.safetensors
holds "damaged latents are replaced" cmp damaged.safetensors runs/vae/latents.safetensors
expect_like 1 "neap: latent.lua:3: dit: the latents of the data set 'latents' were encoded by other weights (*) than those of the autoencoder shrink (*); encode them anew" neap run latent.lua of=runs/vae_signal cache=runs/vae out=runs/x
expect_like 1 "neap: latent.lua:3: train: resume: autoencoder: the run began with other weights than those given; resume=false begins anew" neap run latent.lua of=runs/vae_signal out=runs/cut resume=true steps=7

# A cache that is truncated while a run reads it ends the run with a line, and leaves the checkpoint.
cat >cut.lua <<'LUA'
local neap = require "neap"
local o = neap.options { at = 3 }
neap.train {
  model = neap.architecture.dit { size = 4, channels = 1, patch = 1, width = 16, heads = 2, depth = 1, classes = 10 },
  autoencoder = "runs/vae", data = neap.dataset.latents { path = "short.safetensors" },
  objective = neap.objective.flow_matching {}, optimizer = neap.optimizer.adamw {},
  batch = 8, steps = 6, precision = "fp32", checkpoint_every = 2,
  on_step = function(step)
    if step == o.at then
      io.open("short.safetensors", "w"):close()
    end
  end,
}
LUA
cp runs/vae/latents.safetensors short.safetensors
expect_like 1 "*
neap: */short.safetensors: was truncated by another program, or cannot be read from its disk; a run continues from its last checkpoint \
with resume=true" neap run cut.lua
same_text "the last checkpoint is whole" 2 "$(step_of runs/cut)"
cp runs/vae/latents.safetensors short.safetensors
expect_like 0 "*resumed at step 2 *" neap run cut.lua resume=true at=0

# --- What does not fit -------------------------------------------------------------------------------------------------

expect_like 1 "neap: latent.lua:3: dit: expects pictures [[]8, 8, 1]; the data set has [[]16, 16, 1]" neap run latent.lua size=16 out=runs/x
expect_like 1 "neap: latent.lua:3: train: there is no checkpoint 'nowhere'" neap run latent.lua of=nowhere out=runs/x
expect_like 1 "neap: latent.lua:3: dit: the autoencoder shrink has no mean and deviation of its latents; measure them first: *" neap run latent.lua of=untrained out=runs/x
expect_like 1 "neap: latent.lua:3: an autoencoder needs 'encode'; dit offers 'velocity'*" neap run latent.lua of=runs/whole out=runs/x
holds "nothing is left of a run that did not begin" test ! -e runs/x
finish
