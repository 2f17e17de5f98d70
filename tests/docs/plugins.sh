#!/bin/sh
# The plugins and the recipe of docs/plugins.md do what the page says, compiled outside the tree with the headers alone.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"

# block LANGUAGE NAME: the code block that begins with ```LANGUAGE NAME.
block() {
    awk -v start="\`\`\`$1 $2" '$0 == "```" { inside = 0 } inside { print } $0 == start { inside = 1 }' "$NEAP_SOURCE/docs/plugins.md"
}

mkdir plugins
for name in ralston enlarge; do
    block c $name >$name.c
    ${CC:-cc} -shared -fPIC -D_GNU_SOURCE -Wall -Wextra -Werror -I"$NEAP_SOURCE/core/include" -o plugins/$name.so $name.c 2>cc.log
    same_text "the compiler says nothing of $name.c" "" "$(cat cc.log)"
done
NEAP_PLUGIN_PATH=$PWD/plugins
export NEAP_PLUGIN_PATH
expect_like 0 "" neap help ralston
holds "the help is the parameter table's" grep -q "steps" stdout

block lua enlarge >enlarge.lua
expect_like 0 "*" neap run enlarge.lua
same_text "two pictures are drawn" "2 8 8 1" "$(tail -n 1 stdout)"
sed 's/neap.dataset.squares {}/neap.dataset.shapes { size = 8, labels = false }/' enlarge.lua >misfit.lua
expect_like 1 "neap: misfit.lua:*: enlarge: takes 'picture'; the data set 'shapes' provides nothing" neap run misfit.lua
finish
