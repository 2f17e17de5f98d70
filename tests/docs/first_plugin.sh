#!/bin/sh
# The commands and the code of docs/first_plugin.md, in order, in a folder outside the tree.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
[ -e "$NEAP_BUILD/core/neap-uninstalled.pc" ] || exit 77
page=$NEAP_SOURCE/docs/first_plugin.md
export PKG_CONFIG_PATH="$NEAP_BUILD/core" PATH="$NEAP_SOURCE:$PATH"
unset MAKEFLAGS MFLAGS MAKELEVEL

# block LANGUAGE NAME NUMBER: the code block of that number, from 1, that begins with ```LANGUAGE NAME.
block() {
    awk -v start="\`\`\`$1 $2" -v wanted="$3" '
        $0 == "```" { inside = 0 }
        inside { print }
        $0 == start { inside = ++number == wanted }' "$page"
}

# follow NAME NUMBER: runs the commands of a block, each of which succeeds; a change of folder stays.
follow() {
    block sh "$1" "$2" >"$place/commands"
    [ -s "$place/commands" ] || fail "$1 $2: no such block"
    while read -r line; do
        case $line in
        cd\ * | export\ *) eval "$line" ;;
        *)
            sh -c "$line" >"$place/out" 2>"$place/err" </dev/null
            if [ $? = 0 ]; then pass; else fail "$line" "$(cat "$place/err")" "$(cat "$place/out")"; fi
            ;;
        esac
    done <"$place/commands"
}

# order: that of the last accuracy, rounded.
order() {
    sed -n 's/.* order \([0-9.]*\);.*/\1/p' "$place/out" | awk '{ printf "%.0f", $1 }'
}

follow sampler 1
same_text "Euler's order" 1 "$(order)"
euler=$(sed -n 's/.*errors [^,]*, \([^,]*\),.*/\1/p' "$place/out")
block c sampler 1 >"$place/new"
awk -v file="$place/new" '
    /^static neap_tensor \*advance/ { while ((getline line < file) > 0) print line; skip = 1 }
    !skip { print }
    /^}/ { skip = 0 }' \
    trapezium.c >"$place/changed"
cp "$place/changed" trapezium.c
follow sampler 2
same_text "the order of the trapezium rule" 2 "$(order)"
better=$(sed -n 's/.*errors \([^,]*\),.*/\1/p' "$place/out")
holds "8 steps of it ($better) beat 16 of Euler's method ($euler)" awk "BEGIN { exit !($better < $euler) }"
follow sampler 3
cd "$place" || exit 1
unset NEAP_PLUGIN_PATH

follow architecture 1
block c layers 1 >"$place/layers"
block c make 1 >"$place/make"
block c apply 1 >"$place/apply"
sed -e "/neap_conv_layer in, middle, out;/{r $place/layers
d;}" -e "/make_conv(&n->middle/r $place/make" -e "/h = neap_add(h, neap_conv_apply(&n->middle/r $place/apply" \
    tiny.c >"$place/changed"
cp "$place/changed" tiny.c
holds "the second layer is there" grep -q 'n->second, neap_norm' tiny.c
follow architecture 2
holds "its cases pass" grep -q 'plugins/tiny.so: [1-9][0-9]* cases passed, 0 failed, ' "$place/out"
finish
