#!/bin/sh
# Every snippet of docs/loops.md runs, and the commands do what the page says.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
page=$NEAP_SOURCE/docs/loops.md

# block LANGUAGE NAME: the code block that begins with ```LANGUAGE NAME.
block() {
    awk -v start="\`\`\`$1 $2" '$0 == "```" { inside = 0 } inside { print } $0 == start { inside = 1 }' "$page"
}

# prints NAME TEXT: the snippet of that name runs and prints the text.
prints() {
    block lua "$1" >"$1.lua"
    expect 0 "" neap run "$1.lua"
    same_text "$1 prints" "$2" "$(tr '\t' ' ' <stdout)"
}
prints first "100 steps at a rate of 0.002"
prints rate "adamw { lr = 0.0005, beta1 = 0.9, beta2 = 0.999, eps = 1e-08, weight_decay = 0.01, clip = 1, ema = 0 }"
prints schedule "0.5 1.0 0.0"
prints accumulate 5
prints averaged "3 1 1 2"
block lua save >save.lua
expect 0 "" neap run save.lua out=whole
same_text "every named snippet is run" "$(sed -n 's/^```lua //p' "$page" | sort | paste -s -d ' ' -)" \
    "accumulate averaged first rate save schedule"

# The commands, one by one.
awk '$0 == "```" { inside = 0 } inside { print } $0 == "```sh" { inside = 1 }' "$page" >commands
while read -r program arguments; do
    same_text "a command of neap" neap "$program"
    # shellcheck disable=SC2086
    expect_like 0 "*" neap $arguments
done <commands
holds "the page has commands" test "$(wc -l <commands)" -ge 5
holds "the loop that went on has the bits of the one that never stopped" cmp whole/checkpoint.safetensors \
    runs/mine/checkpoint.safetensors
holds "samples were drawn" test -s points.npy
holds "the override reached the network" grep -aq 'hidden.\": 16' runs/small/checkpoint.safetensors

# The files that the page names.
grep -oE '`recipes/[a-z_]+(\.lua|/)`' "$page" | tr -d '`' | sort -u >files
while read -r file; do
    holds "$file is there" test -e "$NEAP_SOURCE/$file"
done <files
holds "the page names recipes" test "$(wc -l <files)" -ge 3
finish
