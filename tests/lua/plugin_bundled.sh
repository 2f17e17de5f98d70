#!/bin/sh
# neap plugin check finds no fault in the bundled plugins.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
[ -e "$NEAP_BUILD/plugins/sampler/.libs/euler.so" ] || exit 77

# Level 3 for networks, which take long; level 1 for the data set that draws all of its pictures in each case.
for file in "$NEAP_BUILD"/plugins/*/.libs/*.so; do
    level=5
    case $file in
    */architecture/* | */objective/*) level=3 ;;
    */emoji.so) level=1 ;;
    esac
    expect 0 "" neap plugin check "$file" --level $level
done

# What a loss detaches is constant in the differences: without that, mean_flow would fail.
holds "mean_flow is compared" grep -q '^3 objective.mean_flow/gradient  *passed  [1-9]' <<EOT
$(neap plugin check "$NEAP_BUILD/plugins/objective/.libs/mean_flow.so" --case objective.mean_flow/gradient)
EOT
finish
