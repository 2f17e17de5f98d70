#!/bin/sh
# Weights of other programs that neap refuses, and networks that it cannot write for them: one line each, and nothing is
# written. tests/lua/foreign_golden.sh has those that it reads.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"

# --- Files to read and to spoil ---------------------------------------------------------------------------------------------

# write.lua writes a checkpoint of a small network of each kind, as neap.train would.
cat >write.lua <<'LUA'
local neap = require "neap"
local core = require "neap.core"
local save = require("neap.checkpoint").save_network
local function dit(name, settings)
  local own = { size = 8, channels = 2, patch = 2, width = 16, depth = 2, heads = 2, classes = 3 }
  for key, value in pairs(settings or {}) do own[key] = value end
  save(name .. ".safetensors", neap.architecture.dit(own), core.component("objective", "flow_matching", {}), {})
end
dit "dit"
dit("rope", { rope = true })
dit("silent", { classes = 0 })
dit("wide", { mlp_ratio = 2 })
dit("oblong", { rows = 4 })
dit("odd", { width = 28, mlp_ratio = 61.5 / 28 }) -- 28 * (61 / 28) is below 61
save("mlp.safetensors", neap.architecture.mlp {}, core.component("objective", "flow_matching", {}), {})
save("vae.safetensors", neap.architecture.vae_gan {
  rows = 16, columns = 16, channels = 3, factor = 2, latent = 2, width = 4, growth = "1,2", groups = 2, d_layers = 1, d_width = 4,
}, nil, {})
save("tiny.safetensors", neap.architecture.vae_gan {
  style = "tiny", rows = 16, columns = 16, factor = 4, width = 4, blocks = 2, discriminator = false,
}, nil, {})
LUA
expect 0 "" neap run write.lua
expect 0 "" neap export dit.safetensors -o dit --as diffusers
expect 0 "" neap export tiny.safetensors -o tiny --as diffusers
expect 0 "" neap export dit.safetensors -o original.safetensors --as dit
expect 0 "" neap export vae.safetensors -o vae --as diffusers
cat >unusable.lua <<'LUA'
local neap = require "neap"
local model = neap.checkpoint.load("vae.safetensors").model
model:parameter "latents.deviation":assign(neap.tensor { 1, 0 / 0 })
print(select(2, pcall(require("neap.foreign.latents").write, model, {})))
LUA
expect 0 "" neap run unusable.lua
holds "a deviation that is NaN is not exported" grep -q "export: latents.deviation: expected a number from .* got -*nan for channel 1" stdout
same_text "an export names what it wrote" "vae: AutoencoderKL: 124 tensors
not written as tensors: what stands in config.json or serves training alone (11)" "$(rm -r vae; neap export vae.safetensors -o vae --as diffusers | sed -n 1,2p)"

# spoil.lua: drop= removes a tensor, add= adds one, flat= makes one a vector, empty= takes its rows, shift= adds 1 to one, part=
# keeps every other tensor, dtype= is that of all.
cat >spoil.lua <<'LUA'
local neap = require "neap"
local core = require "neap.core"
local o = neap.options { file = "x", to = "x", drop = "-", add = "-", flat = "-", empty = "-", shift = "-", part = 0, dtype = "f32" }
local file, list = core.safetensors_open(o.file), {}
for i, entry in ipairs(file:tensors()) do
  local x = file:load(entry.name)
  x = entry.name == o.flat and x:reshape { -1 } or entry.name == o.empty and x:slice(0, 0, 0) or x
  x = entry.name == o.shift and x + 1 or x
  if entry.name ~= o.drop and (o.part == 0 or i % 2 + 1 == o.part) then
    list[#list + 1] = { entry.name, x:cast(o.dtype) }
  end
end
if o.add ~= "-" then list[#list + 1] = { o.add, neap.zeros(2, 3) } end
core.safetensors_save(o.to, list, {})
LUA

weights=diffusion_pytorch_model.safetensors

# spoilt FOLDER key=value...: a copy of a folder of diffusers in ./bad with one thing wrong
spoilt() {
    rm -rf bad
    mkdir bad
    cp "$1/config.json" bad
    spoilt_from=$1/$weights
    shift
    neap run spoil.lua "file=$spoilt_from" "to=bad/$weights" "$@"
}

# config FOLDER SCRIPT: the same with a change of config.json by sed
config() {
    rm -rf bad
    cp -r "$1" bad
    sed "$2" "$1/config.json" >bad/config.json
}

# refuses MESSAGE WORD...: neap import of WORD... fails so, and leaves nothing.
refuses() {
    refuses_message=$1
    shift
    expect 1 "neap: $refuses_message" neap import "$@" -o out.safetensors
    holds "nothing is written" absent out.safetensors
}

# refuses_like PATTERN WORD...: the same with a pattern of the shell
refuses_like() {
    refuses_message=$1
    shift
    expect_like 1 "neap: $refuses_message" neap import "$@" -o out.safetensors
    holds "nothing is written" absent out.safetensors
}

# misused MESSAGE WORD...: the same for an error in the request
misused() {
    misused_message=$1
    shift
    expect 2 "neap: $misused_message" neap import "$@" -o out.safetensors
    holds "nothing is written" absent out.safetensors
}

# --- Tensors --------------------------------------------------------------------------------------------------------------

spoilt vae add=encoder.extra.weight
refuses "bad: read as AutoencoderKL: tensors left over (1): 'encoder.extra.weight' [2, 3]" bad
spoilt vae drop=decoder.conv_in.bias
refuses "bad: read as AutoencoderKL: missing tensors (1): 'decoder.conv_in.bias' [8]" bad
spoilt vae drop=quant_conv.weight
refuses "bad/config.json: use_quant_conv: expected false, which the weights have, got true" bad
spoilt vae flat=decoder.conv_in.weight
refuses "bad: 'decoder.conv_in.weight': expected [8, 2, 3, 3], got [144]" bad
spoilt vae flat=encoder.conv_in.weight
refuses "bad: 'encoder.conv_in.weight': expected 4 axes, none of them empty, got [108]" bad
spoilt vae empty=encoder.conv_in.weight
refuses "bad: 'encoder.conv_in.weight': expected 4 axes, none of them empty, got [0, 3, 3, 3]" bad
spoilt tiny drop=encoder.layers.3.conv.0.weight
refuses "bad: read as AutoencoderTiny: missing tensors (1): 'encoder.layers.3.conv.0.weight' [4, 4, 3, 3]" bad size=16
spoilt dit dtype=bf16
expect 0 "" neap import bad -o bf16.safetensors prediction=v
spoilt dit drop=proj_out_1.bias add=pos_embed.scale
refuses "bad: read as DiTTransformer2DModel: missing tensors (1): 'proj_out_1.bias' [32]; tensors left over (1): 'pos_embed.scale' [2, 3]" \
    bad
spoilt dit shift=transformer_blocks.1.norm1.emb.timestep_embedder.linear_1.bias
refuses "bad: 'transformer_blocks.0.norm1.emb.timestep_embedder.linear_1.bias': expected the same values in all 2 blocks, since neap has one such layer for all of them" \
    bad
spoilt dit flat=proj_out_2.weight
refuses "bad: 'proj_out_2.weight': expected 2 axes, none of them empty, got [128]" bad
expect 0 "" neap run spoil.lua file=original.safetensors to=bad.safetensors shift=pos_embed
refuses "bad.safetensors: 'pos_embed': expected the fixed sines of positions, got values that differ by up to 1" \
    bad.safetensors heads=2
expect 0 "" neap run spoil.lua file=original.safetensors to=bad.safetensors add=blocks.5.norm.weight
refuses_like "bad.safetensors: read as facebookresearch/DiT: missing tensors (40): 'blocks.2.attn.qkv.weight' *, *, * and 37 more; \
tensors left over (1): 'blocks.5.norm.weight' *" bad.safetensors heads=2
expect 0 "" neap run spoil.lua file=original.safetensors to=bad.safetensors add=blocks.99999999999999999999.attn
refuses "bad.safetensors: 'blocks.99999999999999999999.attn': expected indices without gaps" bad.safetensors heads=2
refuses "original.safetensors: 'pos_embed': expected [1, 9, 16] for 3 rows and 3 columns of patches, got [1, 16, 16]" \
    original.safetensors size=6 heads=2

# --- config.json ----------------------------------------------------------------------------------------------------------

config vae 's/"layers_per_block": 1/"layers_per_block": 2/'
refuses "bad/config.json: layers_per_block: expected 1, which the weights have, got 2" bad
config vae 's/4, 8/8, 4/'
refuses "bad/config.json: block_out_channels: expected [4, 8], which the weights have, got [8, 4]" bad
config vae 's/"_class_name": "AutoencoderKL"/"_class_name": "VQModel"/'
refuses "bad/config.json: _class_name: expected AutoencoderKL, whose names the weights have, got \"VQModel\"" bad
config vae 's/"scaling_factor": 1.0/"scaling_factor": 0/'
refuses "bad/config.json: scaling_factor: expected a number from 1e-06 to 1000000.0, got 0" bad
config vae 's/{/[/'
refuses_like "bad/config.json: *" bad
config vae 's/"norm_num_groups": 2/"norm_num_groups": 3/'
refuses_like "bad: vae_gan: groups: *" bad
config tiny 's/"num_decoder_blocks": \[2, 2, 1\]/"num_decoder_blocks": [1, 2, 2]/'
refuses "bad/config.json: num_decoder_blocks: expected [2, 2, 1], which the weights have, got [1, 2, 2]" bad size=16
config dit 's/"num_layers": 2/"num_layers": 3/'
refuses "bad/config.json: num_layers: expected 2, which the weights have, got 3" bad
config dit 's/"num_attention_heads": 2/"num_attention_heads": 3/'
refuses_like "*" bad

# --- Files and folders --------------------------------------------------------------------------------------------------------

refuses "there is no 'nowhere'" nowhere
head -c 5000 "vae/$weights" >short.safetensors
refuses_like "short.safetensors: *" short.safetensors size=8
printf 'PK\003\004' >weights.pt
refuses_like "weights.pt: expected safetensors, got a .pt file, *torch.load*" weights.pt
printf '\200\002}q' >pickle.safetensors
refuses_like "pickle.safetensors: *" pickle.safetensors
refuses "mlp.safetensors: expected weights of another program, got a checkpoint of neap" mlp.safetensors
neap run spoil.lua file=mlp.safetensors to=mlp_alone.safetensors
refuses_like "mlp_alone.safetensors: expected weights of one of PixArt-alpha, *; got 8 tensors, such as '*'" \
    mlp_alone.safetensors
mkdir pipeline
echo '{}' >pipeline/model_index.json
refuses "pipeline: expected one network, got a pipeline; name a folder inside, such as pipeline/vae or pipeline/transformer" \
    pipeline
mkdir empty
refuses "empty: expected $weights, got no safetensors file" empty
cp weights.pt empty/diffusion_pytorch_model.bin
refuses_like "empty/diffusion_pytorch_model.bin: expected safetensors, got a .bin file, *torch.load*" empty
mkdir two
cp original.safetensors two/a.safetensors
cp original.safetensors two/b.safetensors
refuses "two: expected $weights, got 2 safetensors files; name one" two

# shards/ holds the transformer in two files. index.lua writes its index; first= and second= name the files.
mkdir shards
cp dit/config.json shards
neap run spoil.lua "file=dit/$weights" to=shards/a.safetensors part=1
neap run spoil.lua "file=dit/$weights" to=shards/b.safetensors part=2
cat >index.lua <<'LUA'
local core = require "neap.core"
local o = require("neap").options { first = "a", second = "b" }
local map = {}
for own, named in pairs { a = o.first, b = o.second } do
  for _, entry in ipairs(core.safetensors_open("shards/" .. own .. ".safetensors"):tensors()) do
    map[entry.name] = named .. ".safetensors"
  end
end
core.file_save("shards/diffusion_pytorch_model.safetensors.index.json", core.json_encode { weight_map = map })
LUA
neap run index.lua
expect 0 "" neap import shards -o shards.safetensors prediction=v
expect 0 "" neap import dit -o whole.safetensors prediction=v
holds "a sharded checkpoint is read as a whole one" cmp shards.safetensors whole.safetensors
neap run index.lua second=c
refuses_like "shards/c.safetensors: cannot be read: *" shards
neap run index.lua second=../original
refuses "shards/$weights.index.json: weight_map: expected names of files in this folder" shards
neap run index.lua second=a
refuses "shards/$weights.index.json: weight_map: 'pos_embed.proj.bias' is in none of the files" shards

# --- The request --------------------------------------------------------------------------------------------------------------

misused "import: expected weights: neap import FILE-or-FOLDER -o RUN.safetensors [key=value ...]"
misused "import: DiTTransformer2DModel: unknown key 'head'; did you mean 'heads'?" dit head=2
misused "import: prediction: expected v, x0 or noise, got 'velocity'" dit prediction=velocity
misused "import: heads: the weights do not say how many heads share the width 16; give heads=N" original.safetensors
config vae 's/"sample_size"/"size"/'
misused "import: bad: nothing says the size of pictures; give size=N, or rows=N columns=N" bad
expect 2 "neap: import: expected -o FILE.safetensors" neap import dit
expect 2 "neap: import: -o: expected a path that ends in .safetensors, got out.pt" neap import dit -o out.pt
cp dit.safetensors mine.safetensors
expect 2 "neap: import: -o: mine.safetensors exists" neap import dit -o mine.safetensors
holds "an existing file is kept" cmp dit.safetensors mine.safetensors

# --- Export ---------------------------------------------------------------------------------------------------------------------

# keeps STATUS MESSAGE RUN FORMAT [FILE]: neap export fails so, and leaves nothing.
keeps() {
    keeps_to=${5:-out}
    expect "$1" "neap: $2" neap export "$3" -o "$keeps_to" --as "$4"
    holds "nothing is written" absent "$keeps_to"
}
keeps 1 "export: DiTTransformer2DModel: rope: expected false, got true" rope.safetensors diffusers
keeps 1 "export: facebookresearch/DiT: rope: expected false, got true" rope.safetensors dit out.safetensors
keeps 1 "export: facebookresearch/DiT: classes: expected a network with classes, got one without" silent.safetensors dit out.safetensors
keeps 1 "export: DiTTransformer2DModel: mlp_ratio: expected 4, got 2.0" wide.safetensors diffusers
keeps 1 "export: DiTTransformer2DModel: expected square pictures, got 4 rows and 8 columns" oblong.safetensors diffusers
keeps 1 "export: --as diffusers: no format of this name holds networks of the architecture mlp" mlp.safetensors diffusers
keeps 1 "export: --as dit: no format of this name holds networks of the architecture vae_gan" vae.safetensors dit out.safetensors
keeps 2 "--as: expected diffusers, dit or neap, got 'pickle'" dit.safetensors pickle
keeps 2 "export: -o: expected a path that ends in .safetensors, got out" dit.safetensors dit
keeps 1 "export: there is no checkpoint 'nowhere'" nowhere diffusers
# capped COMMAND...: no file may have more than 8 blocks, less than the weights have.
capped() (
    ulimit -f 8
    exec "$@"
)
expect 1 "neap: safetensors: out/$weights: cannot be written: File too large" \
    capped "$NEAP_SOURCE/neap" export vae.safetensors -o out --as diffusers
holds "nothing is left of a folder that could not be written" absent out
expect 1 "neap: safetensors: out.safetensors: cannot be written: File too large" \
    capped "$NEAP_SOURCE/neap" import vae -o out.safetensors
holds "nothing is left of a file that could not be written" absent out.safetensors
expect 2 "neap: export: expected -o PATH and --as diffusers, dit or neap" neap export dit.safetensors -o out
expect 2 "neap: export: -o: dit exists" neap export dit.safetensors -o dit --as diffusers
expect 0 "" neap export oblong.safetensors -o oblong_dit.safetensors --as dit
expect 0 "" neap import oblong_dit.safetensors -o oblong_again.safetensors rows=4 columns=8 heads=2
expect 0 "" neap export odd.safetensors -o odd_dit.safetensors --as dit
expect 0 "" neap import odd_dit.safetensors -o odd_again.safetensors heads=2
misused "import: oblong_dit.safetensors: 8 patches are no square; give rows=N columns=N" oblong_dit.safetensors heads=2
expect 0 "" neap export whole.safetensors -o copy.safetensors --as neap
expect 0 "" neap sample whole.safetensors -n 1 --raw whole.npy steps=2
expect 0 "" neap sample copy.safetensors -n 1 --raw copy.npy steps=2
holds "the format of neap is a checkpoint" cmp whole.npy copy.npy
finish
