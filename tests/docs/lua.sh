#!/bin/sh
# The definitions and recipes of docs/lua.md do what the page says.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"

# block NAME: the code block that begins with ```lua NAME.
block() {
    awk -v start="\`\`\`lua $1" '$0 == "```" { inside = 0 } inside { print } $0 == start { inside = 1 }' "$NEAP_SOURCE/docs/lua.md" >"$1"
}

for name in parts mine objective architecture dataset tensors; do
    block $name.lua
    holds "the page has $name.lua" test -s $name.lua
done
expect_like 0 "${machine}mlp: *" neap run mine.lua out=mine precision=fp32
rm parts.lua
expect 0 "" neap sample mine -n 4 --raw a.npy at=0.4
expect_like 2 "neap: my_midpoint: at: expected 0.1 to 0.9, got 2" neap sample mine -n 4 --raw a.npy at=2

cat >all.lua <<'RECIPE'
local neap = require "neap"
for _, name in ipairs { "objective", "architecture", "dataset" } do
  neap.define.load(name .. ".lua")
end
neap.train {
  model = neap.architecture.my_net {}, data = neap.dataset.my_circle {}, objective = neap.objective.my_flow {},
  optimizer = neap.optimizer.adamw { lr = 1e-3 }, precision = "fp32", batch = 8, steps = 5, out = "all",
}
RECIPE
expect_like 0 "${machine}my_net: *" neap run all.lua
expect_like 0 "*" neap eval all -n 32
expect 0 "" neap run tensors.lua
same_text "a data set from tensors" "100	noise" "$(cat stdout)"
finish
