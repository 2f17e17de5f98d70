#!/bin/sh
# neap plugin new: each kind builds by its own Makefile outside the tree, passes its check unedited, and its recipe runs.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
[ -e "$NEAP_BUILD/core/neap-uninstalled.pc" ] || exit 77

expect 2 "neap: plugin new: unknown kind 'samplr'; did you mean 'sampler'?" neap plugin new samplr mine
expect 2 "neap: plugin new: expected a name of a-z, 0-9 and _ that begins with a letter, got 'My-own'" \
    neap plugin new sampler My-own
expect_like 2 "neap: plugin new: sampler 'euler' is taken by *; choose another name" neap plugin new sampler euler
kinds="architecture, objective, sampler, guidance, dataset, metric"
expect 2 "neap: plugin new: expected a kind and a name, got 1 words; kinds are $kinds" neap plugin new sampler

for kind in architecture objective sampler guidance dataset metric; do
    expect 0 "" neap plugin new $kind my_$kind -o "a folder/$kind"
    same_text "$kind: the files" "Makefile README.md my_$kind.c recipe.lua test.sh" "$(cd "a folder/$kind" && echo *)"
    # A variable of a make around this is not for that make.
    capture env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -C "a folder/$kind" check NEAP="$NEAP_SOURCE/neap" \
        PKG_CONFIG_PATH="$NEAP_BUILD/core"
    if [ "$status" = 0 ]; then pass; else fail "$kind: make check" "$stderr" "$(cat stdout)"; fi
    same_text "$kind: the compiler says nothing" "" "$(grep -i 'warning' stderr)"
    holds "$kind: its cases pass" grep -q "plugins/my_$kind.so: [1-9][0-9]* cases passed, 0 failed, " stdout
    # A parameter that leads nowhere may be refused, but none of the cases before.
    same_text "$kind: no case of levels 1 to 4 is skipped" "" "$(grep '^[1-4] .* skipped' stdout)"
done
expect 2 "neap: plugin new: 'a folder/metric' is there already; give another folder by -o" \
    neap plugin new metric my_metric -o "a folder/metric"
finish
