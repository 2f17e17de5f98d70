#!/bin/sh
# Runs whose components are written in Lua: from training to samples, scores and resuming, and what is refused.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"

cat >parts.lua <<'PARTS'
local neap = require "neap"
local half = 0.5

neap.define.sampler {
  name = "my_heun", help = "Heun's method.", steps = 4,
  step = function(_, field, x, t, s)
    local v = field:velocity(x, t)
    local last = x + v * (s - t)
    return s == 0 and last or x + (v + field:velocity(last, s)) * ((s - t) * half)
  end,
}

neap.define.objective {
  name = "my_flow", help = "Flow matching.",
  loss = function(_, model, step)
    local z, t = step:normal "noise", step:uniform "time"
    local v = z - step.x
    return (model(step.x + v * t:reshape { -1, 1, 1, 1 }, t, step.condition) - v):square():mean()
  end,
}

neap.define.architecture {
  name = "my_net", help = "A small network.",
  params = { { "width", "int", default = 8, low = 1, high = 1024, help = "Width." } },
  build = function(config, model)
    return { first = model:linear("first", 3, config.width), last = model:linear("last", config.width, 2, "zero") }
  end,
  spec = function() return { channels = 2 } end,
  velocity = function(self, x, t)
    local h = self.first(neap.concat({ x:reshape { -1, 2 }, t:reshape { -1, 1 } }, 1))
    return self.last(h:silu()):reshape(x:shape())
  end,
}

neap.define.dataset {
  name = "my_points", help = "Points.",
  params = { { "seed", "int", default = 1, low = 1, help = "Draw." }, { "count", "int", default = 64, low = 1, help = "Count." } },
  open = function(config)
    local i = neap.arange(config.count)
    return { x = neap.concat({ (i * (config.seed + 0.3)):sin():reshape { -1, 1 }, i:cos():reshape { -1, 1 } }, 1) }
  end,
  part = function(_, part, draw, count)
    return { seed = part == "test" and draw + 100 or draw, count = count }, true
  end,
}
PARTS

cat >mine.lua <<'RECIPE'
local neap = require "neap"
local o = neap.options { file = "parts.lua" }
neap.define.load(o.file)
neap.train {
  model = neap.architecture.my_net { width = 12 }, data = neap.dataset.my_points {}, objective = neap.objective.my_flow {},
  optimizer = neap.optimizer.adamw { lr = 1e-3 }, sampler = neap.sampler.my_heun { steps = 3 },
  precision = "fp32", batch = 8, steps = 12, log_every = 1,
}
RECIPE

# --- A run, its samples and its scores --------------------------------------------------------------------------------

expect_like 0 "${machine}my_net: *" neap run mine.lua out=whole
mkdir elsewhere
mv whole/checkpoint.safetensors elsewhere/mine.safetensors
(cd elsewhere && expect 0 "" neap sample mine.safetensors -n 4 --raw a.npy && expect 0 "" neap sample mine.safetensors -n 4 \
    --raw b.npy --sampler heun --steps 3 && cmp a.npy b.npy) >samples.log 2>&1
same_text "samples elsewhere, by the text in the checkpoint, and the same as those of heun" "0" "$?"
same_text "samples elsewhere: no message" "" "$(cat samples.log)"
mv elsewhere/mine.safetensors whole/checkpoint.safetensors
expect_like 0 "*" neap eval whole -n 64
holds "scores of points" grep -q "sliced_wasserstein" stdout

# --- Going on ---------------------------------------------------------------------------------------------------------

neap run mine.lua out=parts steps=5 >/dev/null 2>&1
expect_like 0 "${machine}resumed at step 5 *" neap run mine.lua out=parts steps=12 resume=true
holds "the same checkpoint as without a stop" cmp whole/checkpoint.safetensors parts/checkpoint.safetensors

# Another line of a function, another value that it uses; a comment changes nothing.
{ cat parts.lua && echo '-- a comment'; } >comment.lua
sed 's/step:normal "noise"/step:normal "noises"/' parts.lua >other.lua
sed 's/local half = 0.5/local half = 0.25/' parts.lua >quarter.lua
expect_like 0 "${machine}resumed at step 12 *" neap run mine.lua out=parts resume=true file=comment.lua
before=$(contents parts)
expect 1 "neap: mine.lua:4: train: resume: objective 'my_flow' has changed since the run began; resume=false begins anew" \
    neap run mine.lua out=parts resume=true file=other.lua
same_text "a refused resume changes no file" "$before" "$(contents parts)"

cat >load.lua <<'RECIPE'
local neap = require "neap"
neap.define.load "quarter.lua"
neap.checkpoint.load "whole"
RECIPE
expect 1 "neap: load.lua:3: whole/checkpoint.safetensors: sampler 'my_heun' is not the one that the run was saved with: it has \
changed, or another has its name" neap run load.lua

# --- Definitions in the recipe itself ---------------------------------------------------------------------------------

{ echo 'local neap = require "neap"' && sed 1d parts.lua && sed '1,3d' mine.lua; } >inside.lua
expect_like 0 "${machine}defined in the recipe: architecture 'my_net', objective 'my_flow', dataset 'my_points', sampler \
'my_heun'; neap sample and neap eval need files that are loaded by neap.define.load${newline}*" neap run inside.lua out=inside steps=5
expect_like 0 "*resumed at step 5 *" neap run inside.lua out=inside steps=7 resume=true
expect 1 "neap: inside/checkpoint.safetensors: architecture 'my_net' is defined in the recipe inside.lua; define it in a file of \
its own, which the recipe loads by neap.define.load, so that checkpoints hold it" neap sample inside

# --- What a file of definitions cannot do -------------------------------------------------------------------------------

# cannot STATUS MESSAGE CODE: a file with this code fails.
cannot() {
    echo "$3" >bad.lua
    expect_like "$1" "neap: bad.lua:1: $2" neap run bad_recipe.lua
}
echo 'require "neap".define.load "bad.lua"' >bad_recipe.lua
cannot 1 "require: a file of definitions is stored in checkpoints, and can only require 'neap', got 'io'" 'require "io"'
for name in io os debug load loadfile dofile package collectgarbage; do
    cannot 1 "attempt to * a nil value (global '$name'*" "$name.x()"
done
cannot 2 "neap has no 'train'*" 'require "neap".train {}'
cannot 2 "neap has no 'checkpoint'*" 'require "neap".checkpoint.load "x"'
cannot 1 "neap: cannot be changed, got 'randn'" 'require "neap".randn = nil'
cannot 2 "define has no 'load'*" 'require "neap".define.load "x"'
cannot 1 "attempt to index a nil value*" 'getmetatable("").__index = nil'
cannot 1 "attempt to index a nil value*" 'getmetatable(require "neap".zeros(1)).__index = nil'
cannot 1 "setmetatable: expected a metatable without __gc" 'setmetatable({}, { __gc = print })'
cannot 1 "attempt to call a nil value (field 'dump')" 'string.dump(print)'
echo 'string.format = nil; math.sin = nil; _G.print = nil; table.concat = nil' >bad.lua
{ cat bad_recipe.lua && echo 'print(string.format("%g", math.sin(0)), table.concat { 1 })'; } >shared.lua
expect 0 "" neap run shared.lua
same_text "a file changes only copies of the libraries" "0	1" "$(cat stdout)"
printf '\033Lua' >bad.lua
expect_like 1 "neap: bad_recipe.lua:1: define.load: bad.lua: attempt to load a binary chunk*" neap run bad_recipe.lua
expect 2 "neap: missing.lua:1: define.load: there is no file 'none.lua'" sh -c \
    "echo 'require \"neap\".define.load \"none.lua\"' >missing.lua; exec '$NEAP_SOURCE/neap' run missing.lua"

# --- Signals ------------------------------------------------------------------------------------------------------------

cat >signals.lua <<'RECIPE'
local neap = require "neap"
neap.define.sampler { name = "endless", help = "Does not end.", step = function(_, _, x)
  io.popen("kill -INT $PPID"):close()
  while true do pcall(function() x = x + 1 end) end
end }
local model = neap.architecture.mlp {}
while true do pcall(function() neap.sampler.endless {}:sample(model, { n = 2 }) end) end
RECIPE
capture $signals timeout -s KILL 60 "$NEAP_SOURCE/neap" run signals.lua
same_text "a signal ends a callback that does not end" 130 "$status"
holds "a signal in a callback: message" grep -q "neap: .*interrupted" stderr

# Sampling polls for signals, as neap sample does; a callback that does not end is ended all the same.
cat >signals.lua <<'RECIPE'
local neap = require "neap"
neap.define.sampler { name = "endless", help = "Does not end.", sample = function(_, _, x)
  io.popen("kill -INT $PPID"):close()
  while true do pcall(error) end
  return x
end }
require("neap.core").poll(true)
neap.sampler.endless {}:sample(neap.architecture.mlp {}, { n = 2 })
RECIPE
capture $signals timeout -s KILL 60 "$NEAP_SOURCE/neap" run signals.lua
same_text "a signal ends a callback while the program polls" 130 "$status"

cat >signals.lua <<'RECIPE'
local neap = require "neap"
neap.define.objective { name = "kills", help = "Sends a signal.", loss = function(_, model, step)
  if step.number == 5 then io.popen("kill -INT $PPID"):close() end
  return model(step.x, 0.5):square():mean()
end }
neap.train { model = neap.architecture.mlp {}, data = neap.dataset.toy2d {}, objective = neap.objective.kills {},
  optimizer = neap.optimizer.sgd { lr = 1e-3 }, precision = "fp32", batch = 4, steps = 1000000, out = "killed" }
RECIPE
capture $signals timeout -s KILL 60 "$NEAP_SOURCE/neap" run signals.lua
same_text "a signal in a loss ends the run after its step" 130 "$status"
same_text "a signal in a loss: its checkpoint" 5 "$(step_of killed)"
finish
