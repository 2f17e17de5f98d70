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

/* Means of two by two pixels, without spread. */
static neap_tensor *encode(void *self, neap_tensor *x)
{
    neap_tensor *mean = neap_mul(neap_average_pool(x, 2, 2, 0), ((const shrink *)self)->scale);
    return neap_concat((neap_tensor *[]){mean, neap_affine(mean, 0, -30)}, 2, 3);
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
static const neap_component components[] = {
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
local o = neap.options { size = 8, of = "runs/vae" }
neap.train {
  model = neap.architecture.dit { size = 4, channels = 1, patch = 1, width = 16, heads = 2, depth = 1, classes = 10 },
  autoencoder = o.of ~= "untrained" and o.of or neap.architecture.shrink {}, data = neap.dataset.shapes { size = o.size, count = 200 },
  objective = neap.objective.flow_matching {}, optimizer = neap.optimizer.adamw { lr = 1e-3 },
  sampler = neap.sampler.euler { steps = 4, guidance = neap.guidance.cfg { w = 1 } },
  batch = 8, steps = 6, precision = "fp32", ema = 0.9,
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

# --- The command line --------------------------------------------------------------------------------------------------

expect 0 "" neap sample runs/whole -n 1 --label 3 -o one.png --raw one.npy --film film.png
holds "a film of decoded steps" test -s film.png
same_text "pictures of the autoencoder's size" "(1, 8, 8, 1)" "$(grep -aoE '\([0-9]+, [0-9]+, [0-9]+, [0-9]+\)' one.npy)"
cat >picture.lua <<'LUA'
local neap = require "neap"
neap.image.save("from.png", neap.full({ 8, 8, 1 }, 0.25))
LUA
expect_like 0 "" neap run picture.lua
expect 0 "" neap sample runs/whole --image from.png --level 0.5 -n 2 -o to.png
expect 0 "" neap sample runs/whole --image from.png --keep from.png -n 2 -o kept.png

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
expect 0 "" neap sample runs/whole -n 20 --label 3 --raw drawn.npy -o drawn.png
cat >same.lua <<'LUA'
local neap = require "neap"
local scored, drawn = neap.npy.load "scored.npy", neap.npy.load "drawn.npy"
print(table.concat(scored:shape(), " "), (scored - drawn):abs():max():item())
LUA
expect_like 0 "" neap run same.lua
same_text "eval scores the decoded pictures that sample draws, in range" "20 8 8 1	0.0" "$(cat stdout)"

# --- What does not fit -------------------------------------------------------------------------------------------------

expect_like 1 "neap: latent.lua:3: dit: expects pictures [[]8, 8, 1]; the data set has [[]16, 16, 1]" neap run latent.lua size=16 out=runs/x
expect_like 1 "neap: latent.lua:3: train: there is no checkpoint 'nowhere'" neap run latent.lua of=nowhere out=runs/x
expect_like 1 "neap: latent.lua:3: dit: the autoencoder shrink has no mean and deviation of its latents; measure them first: *" neap run latent.lua of=untrained out=runs/x
expect_like 1 "neap: latent.lua:3: an autoencoder needs 'encode'; dit offers 'velocity'*" neap run latent.lua of=runs/whole out=runs/x
holds "nothing is left of a run that did not begin" test ! -e runs/x
finish
