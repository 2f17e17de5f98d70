#!/bin/sh
# The order of the layers, read from the #include lines: a folder of core may include only what its row names, plugins
# and the binding only public headers, and Lua is known nowhere but in lua/. And the order of the files, read from the symbols
# of the objects: a file that uses another is not used by it, directly or through others.
cd "${NEAP_SOURCE:-$(dirname "$0")/..}" || exit 1
build=${NEAP_BUILD:-build}
status=0

# folder: what it may include of other folders of core, as a folder or as one header; public headers that it may include
layers() {
    cat <<'ROWS'
base: ; cancel cpu error memory number parallel random
kernels: base; cpu dtype error linalg memory parallel
tensor: kernels; error memory parallel tensor
ops: kernels tensor autograd; autograd cancel error memory ops parallel random tensor
autograd: kernels tensor ops; autograd cancel error memory ops tensor
nn: tensor/scope; autograd condition error io memory nn ops tensor
optim: kernels tensor; autograd error memory nn optim parallel
draw: tensor; draw error memory tensor
io: ; error io memory number tensor
plugin: base/call io; error io memory nn number plugin registry
run: base/hash nn/condition plugin/call plugin/handle; autograd cancel error io memory nn number ops optim parallel plugin registry run sampling
ROWS
}

# folder, file and line, header, of every #include of the project's own headers and of Lua's; a quoted name without a folder
# is a neighbour
includes() {
    find core lua plugins -name '*.[ch]' ! -path 'core/include/*' | sort | xargs grep -nE '^#include' |
        sed -E 's/^([^:]*:[0-9]+):#include *[<"]([^>"]*)[>"].*/\1 \2/'
}

includes | awk -v rows="$(layers)" '
    BEGIN {
        count = split(rows, row, "\n")
        for (i = 1; i <= count; i++) {
            split(row[i], part, /: |; ?/)
            folders[part[1]] = " " part[1] " " part[2] " "
            headers[part[1]] = " " part[3] " "
        }
    }
    function refuse(why) { print $1 ": " $2 ": " why; failed = 1 }
    function has(list, word) { return index(list, " " word " ") > 0 }
    { split($1, path, "/"); slash = index($2, "/"); head = slash ? substr($2, 1, slash - 1) : "" }
    { header = $2; sub(/\.h$/, "", header) }
    $2 ~ /^(lua|lauxlib|lualib)\.h$/ { if (path[1] != "lua") refuse("Lua is known in lua/ alone"); next }
    head == "neap" {
        name = substr($2, 6); sub(/\.h$/, "", name)
        if (path[1] == "core" && !has(headers[path[2]], name)) refuse("not for core/" path[2])
        next
    }
    head == ".." { refuse("no path upwards") }
    head == "tests" { refuse("tests are for tests alone") }
    path[1] == "core" && !(path[2] in folders) { refuse("core/" path[2] " has no row in tests/layers.sh") }
    path[1] == "core" && (head in folders) && !has(folders[path[2]], head) && !has(folders[path[2]], header) {
        refuse($2 " is not for core/" path[2])
    }
    path[1] != "core" && (head in folders) { refuse("only public headers are for " path[1]) }
    END { print NR " includes"; exit failed || NR < 100 }' || status=1

# Objects, one of each C file: kernels of the generic set or, where that set leaves a file out, of another that is built;
# plugins as they are linked into one library.
objects() {
    find core lua plugins -name '*.c' | while read -r source; do
        name=${source##*/}
        set --
        for object in "$build/${source%/*}/.libs/"*-"${name%.c}.o" "$build/${source%/*}/"*-"${name%.c}.o"; do
            case $object in */libcore_la-* | */libexact_la-* | */libgeneric_la-* | */libbundled_la-* | */neap-*) set -- "$object" "$@" ;;
            *) [ -e "$object" ] && [ "${source#core/kernels/}" != "$source" ] && [ $# -eq 0 ] && set -- "$object" ;; esac
        done
        case $#$source in 0core/kernels/*) continue ;; esac # of a set that is not built for this processor
        echo "$source ${1:-missing}"
    done
}

# Uses that are allowed: parameters of an instance may be instances.
exceptions() {
    cat <<'ROWS'
core/plugin/params core/plugin/instance
ROWS
}

# user, definer, symbol. Ops call each other through the dispatch and the table of ops, whatever files they are in.
uses() {
    { sed -n 's/^OP(\([a-z0-9_]*\),.*/op neap_\1/p' core/ops/ops.def; exceptions | sed 's/^/exception /'; objects | sort; } >"$list"
    sed -n 's/^[a-z].*\.c \(.*\.o\)$/\1/p' "$list" | xargs nm -P -A | sed 's/\[[^]]*\]//' | awk -v list="$list" '
        BEGIN {
            while ((getline <list) > 0)
                if ($1 == "op") op[$2] = 1
                else if ($1 == "exception") exception[$2 " " $3] = 1
                else { sub(/\.c$/, "", $1); unit[$2 ":"] = $1 }
        }
        $3 == "U" { wants[unit[$1] " " $2] = 1; next }
        $3 ~ /[A-Z]/ { definer[$2] = unit[$1] }
        END {
            for (want in wants) {
                split(want, part, " ")
                to = definer[part[2]]
                if (to != "" && to != part[1] && !(to ~ /^core\/ops\// && part[2] in op) && part[1] != "core/ops/table" &&
                    !((part[1] " " to) in exception))
                    print part[1], to, part[2]
            }
        }' | sort
}

list=$(mktemp) edges=$(mktemp) || exit 1
trap 'rm -f "$list" "$edges"' EXIT
uses >"$edges"
sed -n 's/^\(.*\.c\) missing$/\1: no object in the build/p' "$list" | grep . && status=1
echo "$(grep -c '\.c ' "$list") objects, $(wc -l <"$edges") uses"
[ "$(wc -l <"$edges")" -ge 500 ] || status=1
cut -d ' ' -f 1,2 "$edges" | tsort 2>"$list" >/dev/null || {
    echo "files that use each other:"
    sed -n 's/^tsort: \([a-z].*\/.*\)/\1/p' "$list" | sort -u | while read -r member; do
        echo "    $member: uses $(awk -v member="$member" 'NR == FNR { circle[$2] = 1; next }
            $1 == member && $2 in circle { printf "%s%s of %s", sep, $3, $2; sep = ", " }' "$list" "$edges")"
    done
    status=1
}
exit $status
