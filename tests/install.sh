#!/bin/sh
# An installed neap in a folder of its own: the program runs, finds its plugins and Lua files, and an outsider's plugin
# and program build against the headers by pkg-config alone.
set -eu

# An instrumented build has its plugins linked in, and its library serves no program that is not instrumented.
[ -e "$NEAP_BUILD/plugins/architecture/.libs/dit.so" ] || exit 77

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
make -s -C "$NEAP_BUILD" install DESTDIR="$stage" >"$stage/log" 2>&1 || { cat "$stage/log"; exit 1; }

pc=$(find "$stage" -name neap.pc)
prefix=$(sed -n 's/^prefix=//p' "$pc")
export PKG_CONFIG_PATH="${pc%/*}" PKG_CONFIG_SYSROOT_DIR="$stage"

# Some versions of pkg-config put the root before variables, others do not.
folder() {
    value=$(pkg-config --variable="$1" neap)
    echo "$stage${value#"$stage"}"
}
libdir=$(folder libdir)
plugindir=$(folder plugindir)

passed=0 failed=0
check() {
    what=$1
    shift
    if "$@" >"$stage/out" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$what:"
        cat "$stage/out"
    fi
}

# The installed program finds its library, plugins and Lua files from where it stands.
neap() {
    env -u LD_LIBRARY_PATH -u NEAP_LUA_PATH -u NEAP_PLUGIN_DIR "$stage$prefix/bin/neap" "$@"
}

# Lists components with both programs until the file `stop` appears; what they say beside the lists goes to `loop`.
list_in_a_loop() {
    while [ ! -e "$stage/stop" ]; do
        { neap list >"$stage/lists" && "$NEAP_SOURCE/neap" list >>"$stage/lists"; } 2>>"$stage/loop" || echo "status $?" >>"$stage/loop"
    done
}

install_beside_lists() {
    : >"$stage/loop"
    list_in_a_loop &
    loop=$! status=0
    for _ in 1 2 3 4 5; do
        make -s -C "$NEAP_BUILD" install DESTDIR="$stage" || status=1
    done
    touch "$stage/stop"
    wait "$loop"
    cat "$stage/loop"
    [ $status = 0 ] && [ ! -s "$stage/loop" ] && grep -q '^architecture' "$stage/lists"
}

# Another prefix than configure's, and a folder that was moved afterwards.
install_elsewhere() {
    make -s -C "$NEAP_BUILD" install prefix="$stage/elsewhere" && mv "$stage/elsewhere" "$stage/moved" &&
        env -u LD_LIBRARY_PATH -u NEAP_LUA_PATH -u NEAP_PLUGIN_DIR "$stage/moved/bin/neap" list architecture | grep -q ' dit ' &&
        grep -q "^prefix=$stage/elsewhere\$" "$stage"/moved/lib*/pkgconfig/neap.pc
}

# By bootstrap, to a folder of its own; the plugin of another author builds against it and passes its check.
install_by_bootstrap() {
    [ "$NEAP_BUILD" = "$NEAP_SOURCE/build" ] || return 0
    "$NEAP_SOURCE/bootstrap" install --prefix "$stage/own" || return 1
    env -u LD_LIBRARY_PATH -u NEAP_LUA_PATH -u NEAP_PLUGIN_DIR "$stage/own/bin/neap" plugin new sampler mine -o "$stage/mine" || return 1
    env -u LD_LIBRARY_PATH -u NEAP_LUA_PATH -u NEAP_PLUGIN_DIR -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u PKG_CONFIG_SYSROOT_DIR \
        make -C "$stage/mine" check NEAP="$stage/own/bin/neap" PKG_CONFIG_PATH="$stage/own/lib/pkgconfig"
}

# A target that cannot be written to is refused before the first file.
refuse_target() {
    [ "$NEAP_BUILD" = "$NEAP_SOURCE/build" ] || return 0
    : >"$stage/file"
    ! "$NEAP_SOURCE/bootstrap" install --prefix "$stage/file/below" 2>"$stage/refusal" &&
        grep -qx "bootstrap: install: $stage/file: expected a folder that may be written to; nothing was installed" "$stage/refusal"
}

cat >"$stage/halves.c" <<'C'
#include <neap/plugin.h>

static neap_tensor *advance(void *self, const neap_field *field, neap_tensor *x, neap_time_step step)
{
    (void)self, (void)step;
    return neap_sub(x, neap_affine(neap_velocity_at(field, x, 1), 0.5, 0));
}

static const neap_param params[] = {NEAP_GRID_PARAMS(neap_grid_config, 1), NEAP_PARAMS_END};
NEAP_STEP_SAMPLER(functions, "velocity", neap_grid_config, advance);
NEAP_PLUGIN(halves) = NEAP_ONE_COMPONENT("halves", "1.0.0", "MIT", "Half steps.", "sampler/2", neap_grid_config, params,
                                         functions);
C
cat >"$stage/halves.lua" <<'LUA'
local neap = require "neap"
local model = neap.architecture.mlp { channels = 2 }
local x = neap.sampler.halves { steps = 2 }:sample(model, { n = 3, seed = 1 })
assert(x:size(0) == 3)
assert(not pcall(neap.sampler.halves, { steps = 0 }))
LUA
cat >"$stage/program.c" <<'C'
#include <neap/neap.h>

int main(void)
{
    neap_tensor *x = neap_exp(neap_zeros(NEAP_F32, neap_dims(2, 3)));
    return neap_item(neap_sum(x, NULL, 0, false)) == 6 ? 0 : 1;
}
C

mkdir "$stage/more"
cflags=$(pkg-config --cflags neap)
check "version" neap --version
check "plugins" sh -c "ls '$plugindir' | grep -q '^dit.so$' && ! ls '$plugindir' | grep -v '[.]so$'"
check "recipes beside the Lua files" test -f "$stage$prefix/share/neap/recipes/lecture/rectified_flow.lua"
check "the evaluator" test -f "$stage$prefix/share/neap/recipes/evaluator_fashion.safetensors"
check "the man page" test -f "$stage$prefix/share/man/man1/neap.1"
check "completion of bash" test -f "$stage$prefix/share/bash-completion/completions/neap.bash"
check "completion of zsh" test -f "$stage$prefix/share/zsh/site-functions/_neap"
check "stubs for editors" test -f "$stage$prefix/share/doc/neap/reference/neap.lua"
check "no build paths in neap.pc" sh -c "! grep -q '$NEAP_BUILD' '$pc'"
# shellcheck disable=SC2086
check "a plugin builds" cc -shared -fPIC -Wall -Wextra -Werror $cflags "$stage/halves.c" -o "$stage/more/halves.so"
# shellcheck disable=SC2046
check "a program builds" cc $cflags "$stage/program.c" -o "$stage/program" -L"$libdir" $(pkg-config --libs neap)
check "the program runs" env LD_LIBRARY_PATH="$libdir" "$stage/program"
NEAP_PLUGIN_PATH=$stage/more
export NEAP_PLUGIN_PATH
check "a recipe uses the plugin" neap run "$stage/halves.lua"
unset NEAP_PLUGIN_PATH
check "programs start while files are installed" install_beside_lists
check "another prefix" install_elsewhere
check "bootstrap install" install_by_bootstrap
check "bootstrap install to a file" refuse_target
check "nothing half written is left" sh -c "! find '$stage' -name '*.new' | grep ."
echo "cases: $passed passed, $failed failed"
[ "$failed" = 0 ]
