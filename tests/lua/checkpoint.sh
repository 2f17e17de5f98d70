#!/bin/sh
# Checkpoints that are damaged, hostile, or none of ours: refused with one line, both to go on and to sample, and
# nothing in the folder changes.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
write_recipes

neap run points.lua >/dev/null 2>&1
file=runs/points/checkpoint.safetensors
cp $file whole
size=$(wc -c <whole | tr -d ' ')
header=$(od -A n -t u4 -N 4 whole | tr -d ' ') # a header of 4 GiB would not be ours

# bad MESSAGE: the checkpoint that stands there now; MESSAGE follows its path.
bad() {
    contents runs/points >before
    expect 1 "neap: points.lua:3: $file: $1" neap run points.lua resume=true
    expect 1 "neap: $file: $1" neap sample runs/points --raw out.npy
    expect 1 "neap: $file: $1" neap sample $file --raw out.npy
    same_text "the folder: $1" "$(cat before)" "$(contents runs/points)"
    holds "no output: $1" absent out.npy
}

# --- Damaged ----------------------------------------------------------------------------------------------------------

cut_to() {
    dd if=whole of=$file bs="$1" count=1 2>/dev/null
}

: >$file
bad "expected at least 8 bytes, got 0"
printf '\200' >$file # not of the file, whose first byte may be a letter: one letter is a text
bad "expected at least 8 bytes, got 1"
cut_to 7
bad "expected at least 8 bytes, got 7"
for bytes in 8 9 500 $((header + 7)); do
    cut_to $bytes
    bad "header: expected $header bytes, got $((bytes - 8))"
done
for bytes in $((header + 8)) $((header + 9)) $((size - 4)) $((size - 1)); do
    cut_to $bytes
    bad "expected $((size - header - 8)) bytes of data, got $((bytes - header - 8))"
done
{
    cat whole
    printf x
} >$file
bad "expected $((size - header - 8)) bytes of data, got $((size - header - 7))"

# --- Hostile ----------------------------------------------------------------------------------------------------------

# with_header JSON [DATA]: a file of that header, of up to 255 bytes, and that data.
with_header() {
    # shellcheck disable=SC2059
    printf "\\$(printf %o ${#1})\\0\\0\\0\\0\\0\\0\\0" >$file
    printf %s "$1${2-}" >>$file
}

printf '\377\377\377\377\377\377\377\377{}' >$file
bad "header: expected at most 100000000 bytes, got 18446744073709551615"
printf '\0\0\0\0\0\0\0\0' >$file
bad "header: expected one JSON object"
with_header '[1]'
bad "header: expected one JSON object"
with_header '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}' 1234
bad "'a': [2] of F32 does not fill the bytes from 0 to 4"
with_header '{"a":{"dtype":"F32","shape":[4611686018427387904,2],"data_offsets":[0,4]}}' 1234
bad "'a': [4611686018427387904, 2] of F32 does not fill the bytes from 0 to 4"
with_header '{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}' 12345678
bad "'a': data_offsets: expected to begin at 0, got 4"
with_header '{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}' 1234
bad "'a': shape: expected whole numbers from 0"
with_header '{"a":{"dtype":"Q9","shape":[1],"data_offsets":[0,4]}}' 1234
bad "'a': unknown dtype 'Q9'"

# --- Of another format ------------------------------------------------------------------------------------------------

printf 'version https' >$file
bad "expected a safetensors file, got a Git LFS pointer; it is not the file itself: run 'git lfs pull'"
printf '<!doctype html><title>404</title>' >$file
bad "expected a safetensors file, got a web page (HTML); it is not the file itself: download that again"
printf 'Not found' >$file
bad "expected a safetensors file, got text that begins with 'Not found'"
printf '\211PNG\r\n\032\n\0\0\0\rIHDR' >$file
bad "expected a safetensors file, got a PNG picture"

# --- None of ours -----------------------------------------------------------------------------------------------------

with_header '{}'
bad "expected a checkpoint of neap, got a file without its metadata"
with_header '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}' 1234
bad "expected a checkpoint of neap, got a file without its metadata"
with_header '{"__metadata__":{"neap.architecture":"5"}}'
bad "metadata 'neap.architecture': expected an object"

# One that would not fit any memory is not built.
with_header '{"__metadata__":{"neap.architecture":"{\"name\":\"dit\",\"config\":{\"heads\":1,\"width\":16384,\"depth\":1024}}"}}'
expect 1 "neap: $file: dit: model: expected at most 0 elements in all, got more at 'x_embedder.proj.weight'" \
    neap sample $file --raw out.npy
echo 'require("neap").checkpoint.load "runs/points"' >load.lua
expect 1 "neap: load.lua:1: $file: dit: model: expected at most 0 elements in all, got more at 'x_embedder.proj.weight'" \
    neap run load.lua

# Whole but for one word of its header, which keeps its length.
altered() {
    LC_ALL=C sed "s/$1/$2/" whole >$file
    holds "$1 is there" test "$(cksum <$file)" != "$(cksum <whole)"
}

altered '\\"name\\": \\"mlp\\"' '\\"name\\": \\"mpl\\"'
expect 1 "neap: points.lua:3: $file: expected a checkpoint of mlp, got one of mpl" neap run points.lua resume=true
expect_like 1 "neap: $file: architecture 'mpl' of plugin 'mpl', version *, is not known*" neap sample runs/points --raw out.npy
altered '\\"hidden\\": 16' '\\"hiddne\\": 16'
expect 1 "neap: mlp: unknown parameter 'hiddne'; did you mean 'hidden'?" neap sample runs/points --raw out.npy
altered '\\"hidden\\": 16' '\\"hidden\\": 17'
expect 1 "neap: $file: 'layers.0.weight': expected [17, 18], got [16, 18]" neap sample runs/points --raw out.npy
altered 'moment2\.labels' 'moment3.labels'
expect 1 "neap: points.lua:3: $file: 'moment2.labels.weight': expected [3, 8], got no such tensor" \
    neap run points.lua resume=true
for step in xx -2; do
    altered '"neap\.step":"12"' "\"neap.step\":\"$step\""
    expect 1 "neap: points.lua:3: $file: expected a checkpoint of neap, got a file without its metadata" \
        neap run points.lua resume=true
done
for rate in x 0 2; do
    altered '"neap\.rate":"1"' "\"neap.rate\":\"$rate\""
    expect 1 "neap: points.lua:3: $file: expected a checkpoint of neap, got a file without its metadata" \
        neap run points.lua resume=true
done
holds "no output" absent out.npy
finish
