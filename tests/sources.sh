#!/bin/sh
# A new file is built because it is there: sources.sh puts it into the lists of the Makefile.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"

# has NAME FILE...: the list NAME of ./lists is these files.
has() {
    name=$1
    shift
    got=$(awk -v name="$name" '$2 == "=" { inside = $1 == name; next } inside { printf "%s%s", sep, $1; sep = " " }' lists)
    same_text "$name" "$*" "$got"
}

write() {
    mkdir -p "${1%/*}"
    printf '%s\n' "$2" >"$1"
}

list_tree() {
    capture "$NEAP_SOURCE/core/sources.sh" tree
    mv stdout lists
}

# --- A tree of a few files ---------------------------------------------------------------------------------------------

write tree/core/base/by_hand.c ''
write tree/core/base/error.c ''
write tree/core/base/pool.h ''
write tree/core/include/neap/error.h ''
write tree/core/kernels/gemm.c ''
write tree/core/kernels/gemm.h ''
write tree/core/kernels/table.c ''
write tree/core/sources.am 'x = core/kernels/table.c core/base/by_hand.c # and not core/base/error.c'
write tree/lua/binding/main.c ''
write tree/lua/neap/init.lua ''
write tree/plugins/dataset/toy.c '#include "toy.h"'
write tree/plugins/dataset/toy.h ''
write tree/plugins/dataset/toy2d.c '#include "toy.h"
NEAP_PLUGIN(toy2d) = {0};'
write tree/plugins/metric/support.c '#include "dataset/toy.h"
NEAP_PLUGIN(support) = {0};'
write tree/plugins/sampler/euler.c 'NEAP_PLUGIN(euler) = {0};'
write tree/plugins/sampler/euler_step.c ''
write tree/plugins/sampler/euler_maruyama.c '#include <neap/sampling.h>
NEAP_PLUGIN(euler_maruyama) = {0};'
write tree/plugins/sampler/euler_maruyama_noise.c ''
write tree/recipes/first.lua ''
write tree/tests/core/base/cases.h '#include "../missing.h"
#include "tests/core/io/pictures.h"'
write tree/tests/core/base/cases_small.c '#include "cases.h"'
write tree/tests/core/base/test_error.c '#include "cases.h"'
write tree/tests/core/base/test_pool.c ''
write tree/tests/core/io/pictures.c ''
write tree/tests/core/io/pictures.h ''
write tree/tests/fuzz/fuzz_json.c ''
write tree/tests/lua/options.lua ''
write tree/tests/lua/sample.sh ''
write tree/tests/core/plugin/broken/wrong.c ''
list_tree
same_text "no complaint" "0 " "$status $stderr"
has public_headers core/include/neap/error.h
has core_sources core/base/error.c core/base/pool.h core/kernels/gemm.h
has kernel_sources core/kernels/gemm.c
has binding_sources lua/binding/main.c
has lua_files lua/neap/init.lua
has recipe_files recipes/first.lua
has plugin_sources plugins/dataset/toy2d.c plugins/metric/support.c plugins/sampler/euler.c plugins/sampler/euler_maruyama.c
has plugin_helpers plugins/dataset/toy.c plugins/dataset/toy.h plugins/sampler/euler_maruyama_noise.c plugins/sampler/euler_step.c
has bundled_plugins plugins/dataset/toy2d.la plugins/metric/support.la plugins/sampler/euler.la plugins/sampler/euler_maruyama.la
has plugins_dataset_toy2d_la_SOURCES plugins/dataset/toy.c plugins/dataset/toy.h plugins/dataset/toy2d.c
has plugins_metric_support_la_SOURCES plugins/dataset/toy.c plugins/dataset/toy.h plugins/metric/support.c
has plugins_sampler_euler_la_SOURCES plugins/sampler/euler.c plugins/sampler/euler_step.c
has plugins_sampler_euler_maruyama_la_SOURCES plugins/sampler/euler_maruyama.c plugins/sampler/euler_maruyama_noise.c
has once_tests tests/core/base/test_error tests/core/base/test_pool tests/fuzz/fuzz_json
has tests_core_base_test_error_SOURCES tests/core/base/cases.h tests/core/base/cases_small.c tests/core/base/test_error.c \
    tests/core/io/pictures.c tests/core/io/pictures.h
has tests_core_base_test_pool_SOURCES tests/core/base/test_pool.c
has shell_tests tests/lua/sample.sh
has lua_tests tests/lua/options.lua
has broken_plugins tests/core/plugin/broken/wrong.la

write tree/plugins/sampler/lost.c ''
list_tree
holds "a file that nothing uses is refused" test "$status" != 0
same_text "by name" "sources.sh: plugins/sampler/lost.c: expected NEAP_PLUGIN( in it, or a plugin or a header named lost" "$stderr"

# --- This tree, with one sampler more ----------------------------------------------------------------------------------

rm -r tree
mkdir tree
cp -R "$NEAP_SOURCE/plugins" tree
cp "$NEAP_SOURCE/Makefile.am" tree
mkdir tree/core tree/lua tree/recipes tree/tests
list_tree
mv lists before
sed 's/NEAP_PLUGIN(euler)/NEAP_PLUGIN(zigzag)/' tree/plugins/sampler/euler.c >tree/plugins/sampler/zigzag.c
list_tree
same_text "what a sampler changes" "bundled_plugins plugins/sampler/zigzag.la
plugin_sources plugins/sampler/zigzag.c
plugins_sampler_zigzag_la_SOURCES plugins/sampler/zigzag.c" "$(
    for file in before lists; do
        awk '$2 == "=" { name = $1; next } /^\t/ { print name, $1 }' $file | sort >$file.rows
    done
    comm -13 before.rows lists.rows
)"
finish
