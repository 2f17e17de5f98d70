#!/bin/sh
# Limits of addresses and threads, and an OpenBLAS that cannot be loaded: what needs it says so, and all else works.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
write_recipes
neap run points.lua out=run >/dev/null 2>&1
eval_points() {
    set -- eval run -n 50 --resamples 0 --metric "$1"
    "$NEAP_SOURCE/neap" "$@"
}

# --- Without OpenBLAS -------------------------------------------------------------------------------------------------

library=$(sed -n 's/^OPENBLAS_LIBRARY = //p' "$NEAP_BUILD/Makefile")
mkdir broken
: >"broken/$library"
LD_LIBRARY_PATH=$place/broken${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
expect 0 "" neap list
expect 0 "" neap env
holds "env says why there is none" grep -q "^openblas      none: OpenBLAS: $library: cannot be loaded: " stdout
expect_like 0 "*" neap run points.lua out=without
holds "training needs none" cmp run/checkpoint.safetensors without/checkpoint.safetensors
expect_like 2 "neap: NEAP_GEMM: OpenBLAS: $library: cannot be loaded: *" env NEAP_GEMM=openblas "$NEAP_SOURCE/neap" list
expect_like 0 "" eval_points sliced_wasserstein
expect_like 1 "neap: frechet: OpenBLAS: $library: cannot be loaded: *" eval_points frechet
LD_LIBRARY_PATH=${LD_LIBRARY_PATH#"$place/broken"}
LD_LIBRARY_PATH=${LD_LIBRARY_PATH#:}

# --- With few addresses -----------------------------------------------------------------------------------------------

# The address sanitizer takes more addresses than any of these limits.
if "$NEAP_SOURCE/neap" env | grep -q 'fsanitize=address'; then
    finish
fi

# few KIB COMMAND...: a process that hangs is killed.
few() {
    # shellcheck disable=SC3045
    (ulimit -v "$1" && shift && exec timeout -s KILL 100 "$@")
}

for kib in 60000 100000 150000 200000 300000; do
    for verb in list env --version; do
        expect 0 "" few $kib "$NEAP_SOURCE/neap" $verb
    done
    expect_like 2 "neap: NEAP_GEMM: OpenBLAS: $library: its * MiB do not fit into the limit of * MiB (ulimit -v)" \
        few $kib env NEAP_GEMM=openblas "$NEAP_SOURCE/neap" list
    expect_like 1 "neap: frechet: OpenBLAS: $library: its * MiB do not fit into the limit of * MiB (ulimit -v)" \
        few $kib "$NEAP_SOURCE/neap" eval run -n 50 --resamples 0 --metric frechet
done

# Threads that cannot be made: the others do their work, to the same bits.
expect_like 0 "*" few 200000 "$NEAP_SOURCE/neap" run points.lua out=few threads=64
holds "fewer threads" cmp run/checkpoint.safetensors few/checkpoint.safetensors

# What does not fit is refused by tensors and by Lua alike.
echo 'local neap = require "neap" local held = {} for i = 1, 1000 do held[i] = neap.ones(1000000) end' >tensors.lua
echo 'local held = {} for i = 1, 1e9 do held[i] = { i } end' >tables.lua
expect 1 "neap: tensors.lua:1: memory: no room for a tensor of 4000000 bytes" few 300000 "$NEAP_SOURCE/neap" run tensors.lua
expect 1 "neap: not enough memory" few 300000 "$NEAP_SOURCE/neap" run tables.lua
finish
