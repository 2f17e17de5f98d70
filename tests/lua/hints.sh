#!/bin/sh
# What a mistyped or foreign name in a recipe is answered with.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"

# says STATUS MESSAGE LINE: a recipe of this line fails with this message.
says() {
    printf '%s\n' 'local neap = require "neap"' "$3" >bad.lua
    expect "$1" "neap: bad.lua:2: $2" neap run bad.lua
}

# --- Tables of functions, models and data sets ----------------------------------------------------------------------------

says 2 "neap.optimizer has no 'adam'; did you mean 'adamw'?" 'neap.optimizer.adam {}'
says 2 "neap.image has no 'show'; did you mean 'save'?" 'neap.image.show(3)'
says 2 "neap.image has no 'wavelength'; \`neap help image\` lists what there is" 'neap.image.wavelength(3)'
says 2 "neap has no 'wavelength'; \`neap help neap\` lists what there is" 'neap.wavelength(3)'
says 1 "model: there is no 'cuda'; \`neap help model\` lists what there is" 'neap.architecture.mlp({ hidden = 8, depth = 1 }):cuda()'
says 1 "model: there is no 'parametres'; did you mean 'parameters'?" 'neap.architecture.mlp({ hidden = 8, depth = 1 }):parametres()'
says 1 "dataset: there is no 'bach'; did you mean 'batch'?" 'neap.dataset.toy2d({}):bach()'
says 1 "component: there is no 'nmae'; did you mean 'name'?" 'neap.guidance.cfg({}):nmae()'
says 1 "tensor: there is no 'wavelength'; \`neap help tensor\` lists what there is" 'neap.zeros(2):wavelength()'

# --- Settings -------------------------------------------------------------------------------------------------------------

says 2 "train: unknown key 'scheduler'; did you mean 'decay'?" 'neap.train { scheduler = 1 }'
says 2 "grid: unknown key 'wavelength'; expected one of columns, gap, scale" 'neap.image.grid(neap.zeros(1, 1, 1, 1), { wavelength = 1 })'

# --- Calls of what is no function -----------------------------------------------------------------------------------------

says 1 "attempt to call a nil value (method 'grad'); 'tensor.grad' is a property, which is read without ()" \
    'local x = neap.zeros(2) x:grad()'
says 1 "attempt to call a nil value (method 'smaple'); did you mean 'sample'?" 'local s = neap.sampler.euler {} s:smaple()'
says 1 "attempt to call a nil value (field 'sve'); did you mean 'save'?" 'local f = neap.film {} f.sve()'
says 1 "attempt to call a nil value (global 'randn'); did you mean 'neap.randn'?" 'randn(3)'
says 1 "attempt to call a nil value (global 'pirnt'); did you mean 'print'?" 'pirnt(3)'
says 1 "attempt to index a nil value (global 'strng'); did you mean 'string'?" 'strng.rep("x", 3)'
says 1 "attempt to call a nil value (local 'x')" 'local x = nil; x()'
printf '%s\n' 'neap.randn(3)' >bad.lua
expect 1 "neap: bad.lua:1: attempt to index a nil value (global 'neap'); a recipe begins with: local neap = require \"neap\"" \
    neap run bad.lua
finish
