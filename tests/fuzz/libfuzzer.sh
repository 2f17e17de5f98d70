#!/bin/sh
# Builds a fuzz target with clang and lets libFuzzer run it, in build/fuzz; what it finds is kept there.
#   tests/fuzz/libfuzzer.sh TARGET [OPTION...]       for example: tests/fuzz/libfuzzer.sh npy -max_total_time=180
# Needs what ./bootstrap build has made, and Debian's packages clang and libclang-rt-14-dev. The sources that targets
# reach are compiled anew, instrumented; the kernels, which only gcc compiles, come from the build as they are.
set -eu

[ $# -gt 0 ] || { sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 2; }
target=$1
shift
unset CDPATH
cd "$(dirname "$0")/../.."
make -s -C build core/libcore.la "tests/fuzz/fuzz_$target"
folder=build/fuzz/$target
mkdir -p "$folder/seeds" "$folder/corpus"

# shellcheck disable=SC2046
clang -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
    -D_GNU_SOURCE -DNEAP_STATIC_PLUGINS -Icore/include -Icore -I. $(pkg-config --cflags libpng libturbojpeg jansson) \
    "tests/fuzz/fuzz_$target.c" core/base/error.c core/base/memory.c core/io/*.c core/plugin/*.c core/run/grid.c core/tensor/*.c \
    plugins/dataset/*.c build/core/.libs/libcore.a \
    $(pkg-config --libs jansson libpng libturbojpeg zlib) -ldl -lm -o "$folder/fuzz"

"build/tests/fuzz/fuzz_$target" -w "$folder/seeds"
exec "$folder/fuzz" -max_len=4096 -artifact_prefix="$folder/" "$@" "$folder/corpus" "$folder/seeds"
