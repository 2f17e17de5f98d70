#!/bin/sh
# The order of the layers, read from the #include lines: a folder of core may include only what its row names, plugins
# and the binding only public headers, and Lua is known nowhere but in lua/.
cd "${NEAP_SOURCE:-$(dirname "$0")/..}" || exit 1

# folder: what it may include of other folders of core, as a folder or as one header; public headers that it may include
layers() {
    cat <<'ROWS'
base: ; cancel cpu error memory number parallel random
kernels: base; cpu dtype error linalg memory parallel
tensor: kernels; error memory parallel tensor
ops: kernels tensor autograd; autograd error memory ops parallel random tensor
autograd: kernels tensor ops; autograd cancel error memory ops tensor
nn: tensor/scope; autograd condition error memory nn ops tensor
optim: kernels tensor; error memory nn optim parallel
draw: tensor; draw error memory tensor
io: ; error io memory number tensor
plugin: io; error io memory nn number plugin registry
run: nn/condition plugin/handle; autograd cancel error io memory nn number optim parallel plugin registry run sampling
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
    path[1] == "core" && !(path[2] in folders) { refuse("core/" path[2] " has no row in tests/layers.sh") }
    path[1] == "core" && (head in folders) && !has(folders[path[2]], head) && !has(folders[path[2]], header) {
        refuse($2 " is not for core/" path[2])
    }
    path[1] != "core" && (head in folders) { refuse("only public headers are for " path[1]) }
    END { print NR " includes"; exit failed || NR < 100 }'
