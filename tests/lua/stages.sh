#!/bin/sh
# Several trainings in one recipe: neap.stages runs, skips and resumes them and shares out the time; neap.train { from }
# starts one from the weights of another.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"

cat >chain.lua <<'LUA'
local neap = require "neap"
local o = neap.options { only = "", limit = 0, fit = true, stop = 0, hidden = 8 }
local drawn = {}
local function points(stage)
  drawn[#drawn + 1] = neap.uniform(0, 1)
  return neap.train {
    model = neap.architecture.mlp { hidden = o.hidden, depth = 2, time_features = 8 }, data = neap.dataset.toy2d { labels = false },
    objective = neap.objective.flow_matching {}, optimizer = neap.optimizer.adamw { lr = 1e-3 },
    batch = 8, steps = 6, precision = "fp32", log_every = 1,
    out = stage.out, minutes = stage.minutes, resume = stage.resume,
    on_step = function(step)
      if stage.name == "last" and step == o.stop then
        io.popen("kill -INT $PPID"):close()
      end
    end,
  }
end
local results = neap.stages {
  only = o.only, minutes = o.limit > 0 and o.limit or nil,
  { name = "first", run = points },
  { name = "between", share = 0, done = function(stage)
    return neap.exists(stage.out .. "/note") == "file"
  end, run = function(stage)
    neap.folder(stage.out)
    io.open(stage.out .. "/note", "w"):close()
    return "noted"
  end },
  { name = "last", share = 3, run = points, check = function()
    if not o.fit then
      error("the last stage does not fit", 0)
    end
  end },
}
print(results.first and results.first.step, results.between, results.last and results.last.step, drawn[1] == drawn[#drawn])
LUA

# stages_of FILE: the lines of stages in what a run prints.
stages_of() {
    grep '^stage' "$1"
}

# same_weights WHAT RUN RUN
same_weights() {
    cat >same_weights.lua <<LUA
local neap = require "neap"
local a, b = neap.checkpoint.load "$2".model, neap.checkpoint.load "$3".model
print(a:fingerprint() == b:fingerprint())
LUA
    same_text "$1" true "$(neap run same_weights.lua)"
}

# --- Running, skipping, going on ----------------------------------------------------------------------------------------

expect_like 0 "*" neap run chain.lua hidden=4
same_text "what each stage returned" "6	noted	6	true" "$(tail -n 1 stdout)"
same_text "all stages" "stage 1 of 3, first
stage 2 of 3, between
stage 3 of 3, last" "$(stages_of stderr)"
holds "times are noted" grep -q '"between": ' runs/chain/stages.json
before=$(contents runs/chain/first && contents runs/chain/last)
expect 0 "stage 1 of 3, first: done (hidden=4)
stage 2 of 3, between: done
stage 3 of 3, last: done (hidden=4)" neap run chain.lua
same_text "nothing is returned" "nil	nil	nil	true" "$(cat stdout)"
same_text "a stage that is done is left alone" "$before" "$(contents runs/chain/first && contents runs/chain/last)"

expect_like 130 "*interrupted at step 4; go on with resume=true" $signals "$NEAP_SOURCE/neap" run chain.lua hidden=4 out=runs/cut stop=4
expect_like 0 "stage 1 of 3, first: done (hidden=4 stop=4)
stage 2 of 3, between: done
stage 3 of 3, last
*resumed at step 4 *" neap run chain.lua hidden=4 out=runs/cut
same_weights "an interrupted stage goes on" runs/chain/last runs/cut/last
expect_like 0 "stage 3 of 3, last
*runs/cut/last held an earlier run*" neap run chain.lua hidden=4 out=runs/cut resume=false only=last
same_text "one stage alone begins anew" "nil	nil	6	true" "$(tail -n 1 stdout)"
expect_like 0 "stage 1 of 3, first
*" neap run chain.lua hidden=4 out=runs/cut only=first resume=true extend=true steps=9
same_text "a stage that is done goes on with a new schedule" 9 "$(step_of runs/cut/first)"
expect 0 "stage 3 of 3, last: done (hidden=4)" neap run chain.lua out=runs/cut only=last resume=true

# --- Time --------------------------------------------------------------------------------------------------------------

# limit TEXT key=value...: the line of a stage, with its limit.
limit() {
    limit_line=$1
    shift
    expect_like 0 "$limit_line
*" neap run chain.lua limit=60 "$@"
}
limit "stage 1 of 3, first, at most 15:00" only=first out=runs/fresh
limit "stage 1 of 3, first, at most 7:30" only=first out=runs/half minutes=30
echo '{"first": 600}' >runs/fresh/stages.json
limit "stage 3 of 3, last, at most 50:00" only=last out=runs/fresh
echo '{"first": 99999}' >runs/fresh/stages.json
limit "stage 3 of 3, last, at most 4:30" only=last out=runs/fresh resume=false
for times in '[1, 2]' '{"first": -1e9, "last": 1e999}' '{"first": "600", "last": {}}' '7' '{'; do
    echo "$times" >runs/fresh/stages.json
    limit "stage 3 of 3, last, at most 1:00:00" only=last out=runs/fresh resume=false
done

# --- What does not fit --------------------------------------------------------------------------------------------------

expect 1 "neap: the last stage does not fit" neap run chain.lua out=runs/unfit fit=false
holds "it is refused before the first stage" test ! -e runs/unfit
expect 2 "neap: chain.lua:18: stages: only: there is no stage 'lst'; did you mean 'last'?" neap run chain.lua only=lst
expect 1 "neap: chain.lua:18: stages: resume: no stage in runs/none can be resumed" neap run chain.lua out=runs/none resume=true
expect 2 "neap: chain.lua:18: extend: expected only=STAGE and resume=true as well: it continues one stage that is done" \
    neap run chain.lua extend=true
holds "nothing is left" test ! -e runs/none
bad() {
    echo "local neap = require 'neap' neap.stages $1" >bad.lua
    expect 2 "neap: bad.lua:1: $2" neap run bad.lua
}
bad "{}" "stages: expected a list of stages, got none"
bad "{ { name = 'a' } }" "stages: stage 1: expected a name without '/' and '.', and a function 'run'"
bad "{ { name = 'a/b', run = print } }" "stages: stage 1: expected a name without '/' and '.', and a function 'run'"
bad "{ { name = 'a', run = print, shar = 2 } }" "stages: stage 1: unknown key 'shar'; did you mean 'share'?"
bad "{ { name = 'a', run = print }, { name = 'a', run = print } }" "stages: the name 'a' is given twice"
bad "{ minute = 3, { name = 'a', run = print } }" "stages: unknown key 'minute'; did you mean 'minutes'?"

# --- From the weights of another run ------------------------------------------------------------------------------------

cat >vae.lua <<'LUA'
local neap = require "neap"
local o = neap.options { from = "", discriminator = false, blocks = 1, width = 8, lr = 1e-3 }
neap.train {
  model = neap.architecture.vae_gan {
    rows = 16, columns = 16, width = o.width, groups = 4, factor = 2, latent = 2, d_layers = 1, d_width = 8,
    blocks = o.blocks, discriminator = o.discriminator,
  },
  data = neap.dataset.shapes { size = 16, count = 40 },
  objective = neap.objective.vae_gan { adversarial = o.discriminator and 0.1 or 0, g_start = 1, g_ramp = 0 },
  optimizer = o.discriminator and { autoencoder = neap.optimizer.adamw { lr = o.lr, ema = 0.9 }, discriminator = neap.optimizer.adamw {
    lr = 1e-3 } } or neap.optimizer.adamw { lr = o.lr, ema = 0.9 },
  from = o.from ~= "" and o.from or nil, batch = 2, steps = 2, precision = "fp32", samples = 1,
}
LUA
# Two steps of a rate of 0.001 move no weight by more than about 0.002.
cat >started.lua <<'LUA'
local neap = require "neap"
local of, run = neap.checkpoint.load "runs/vae".model, neap.checkpoint.load "runs/vae_gan".model
local most = 0
for _, entry in ipairs(of:parameters()) do
  most = math.max(most, entry[1]:find "^latents" and 0 or (entry[2] - run:parameter(entry[1])):abs():max():item())
end
print(most < 0.01, #run:parameters() > #of:parameters())
LUA
expect_like 0 "*" neap run vae.lua steps=30 lr=0.01
expect_like 0 "from runs/vae: encoder, decoder, quant_conv, post_quant_conv, latents; anew: discriminator
*" neap run vae.lua from=runs/vae discriminator=true out=runs/vae_gan
expect_like 0 "" neap run started.lua
same_text "it starts from the averaged weights" "true	true" "$(cat stdout)"
mv runs/vae runs/moved
expect_like 0 "${machine}resumed at step 2 *" neap run vae.lua from=runs/vae discriminator=true out=runs/vae_gan resume=true steps=3
mv runs/moved runs/vae
expect_like 0 "from runs/vae_gan: encoder, decoder, quant_conv, post_quant_conv, latents
*" neap run vae.lua from=runs/vae_gan out=runs/without
expect_like 1 "neap: vae.lua:3: *'ema.encoder.conv_in.weight': expected [[]16, 1, 3, 3], got [[]8, 1, 3, 3]" neap run vae.lua from=runs/vae width=16 out=runs/x
expect_like 1 "neap: vae.lua:3: *'encoder.down_blocks.0.resnets.1.*': expected [[]*], got no such tensor" neap run vae.lua from=runs/vae blocks=2 out=runs/x
expect_like 0 "*" neap run vae.lua blocks=2 out=runs/deep
expect_like 1 "neap: vae.lua:3: train: from: runs/deep/checkpoint.safetensors: '*.resnets.*': vae_gan has no such parameter" neap run vae.lua from=runs/deep out=runs/x
expect_like 1 "neap: vae.lua:3: train: from: runs/chain/first/checkpoint.safetensors has no part of vae_gan, which has encoder, *" neap run vae.lua from=runs/chain/first out=runs/x
expect 1 "neap: vae.lua:3: train: from: there is no checkpoint 'nowhere'" neap run vae.lua from=nowhere out=runs/x
holds "nothing is left of a run that did not begin" test ! -e runs/x
finish
