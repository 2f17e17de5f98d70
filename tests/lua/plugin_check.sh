#!/bin/sh
# neap plugin check: each planted fault is found by the case that is made for it. A crash in a run names the component.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
# An instrumented build has its plugins linked in, and its processes take other amounts of time and memory.
[ -e "$NEAP_BUILD/plugins/sampler/.libs/euler.so" ] || exit 77

faulty=$NEAP_BUILD/tests/plugins/check/broken/.libs

# finds FILE CASE MESSAGE [OPTION...]: the check fails, in this case, with a line like this; the line that reproduces it does so.
finds() {
    file=$faulty/$1.so
    [ -e "$file" ] || file=$NEAP_TEST_PLUGINS/$1.so
    case=$2
    message=$3
    shift 3
    expect_like 1 "neap: plugin check: $file: * failed, *" neap plugin check "$file" "$@"
    got=$(grep "^[1-5] $case " stdout | sed 's/  */ /g')
    # shellcheck disable=SC2254
    case $got in
    ?" $case failed "$message) pass ;;
    *) fail "$file: $case" "expected: $message" "got: $(cat stdout)" ;;
    esac
    same_text "$case: the line that reproduces it" "  neap plugin check $file --case $case --seed 0" \
        "$(sed -n "\\|^[1-5] $case |{n;p;}" stdout)"
}

finds wrong_abi abi/load "*expected ABI 2, got ABI 999" --level 1
finds missing_symbol abi/load "*undefined symbol: neap_function_of_nobody" --level 1
finds no_end abi/load "crashed (SIGSEGV); does each parameter table end with NEAP_PARAMS_END, *" --level 1
finds stray_symbol abi/symbols "exports stray_helper; only neap_plugin_v2 may be visible*" --level 1
finds silent_open dataset.silent_open/open "silent_open: open: returned NULL without a message ($faulty/silent_open.so)" --level 2
finds silent_build architecture.silent_build/build \
    "silent_build: build: returned NULL without a message ($faulty/silent_build.so)" --level 2
finds silent_guidance guidance.silent_guidance/samples \
    "sample: silent_guidance: velocity: returned NULL without a message ($faulty/silent_guidance.so)" --level 2
finds out_of_bounds dataset.out_of_bounds/bounds "*read: wrote before 'label' or behind 'x', outside of the example" --level 2
finds label_range dataset.label_range/read "label_range: example *: expected a label of 0 to 3, or -1 for none, got 9" --level 2
finds printer dataset.printer/open "printed 'open '; a plugin records messages*" --level 2
finds exits dataset.exits/read "ended the process (exit 3)*" --level 2
finds error_beside architecture.error_beside/calls "error_beside: reshape: *" --level 2
finds crash sampler.crash/samples "crashed (SIGSEGV) in 'sample' of sampler 'crash' ($faulty/crash.so)" --level 2
finds nan_samples sampler.nan_samples/samples "samples: expected finite values, got nan at 0" --level 2
finds endless dataset.endless/read "did not end within 1 seconds of processor time; *" \
    --level 2 --seconds 1 --case dataset.endless/read
finds half_steps sampler.half_steps/accuracy "does not converge to the exact samples: *" --level 3
finds wrong_gradient architecture.wrong_gradient/gradient "velocity: wrong gradient of 'layer.*central difference*" --level 3
finds wrong_loss objective.wrong_loss/gradient "the loss of phase 'flow': wrong gradient of *" --level 3
finds leak dataset.leak/leak "open, read and close: leaks 1 blocks *" --level 4
finds unsteady dataset.unsteady/repeat "read: the same call gave other values the second time*" --level 4
finds row_mixer architecture.row_mixer/rows "velocity: row 0 has other values in a batch of 3 than alone*" --level 4

# --- A single case, JSON, usage -----------------------------------------------------------------------------------------

expect 0 "" neap plugin check "$faulty/sound_one.so"
holds "a sound plugin passes all cases" grep -q 'sound_one.so: [0-9]* cases passed, 0 failed, 0 skipped$' stdout
expect 0 "" neap plugin check "$faulty/sound_one.so" --case architecture.sound_one/rows
same_text "one case" 1 "$(grep -c '^[1-5] ' stdout)"
expect_like 1 "neap: plugin check: *" neap plugin check "$faulty/leak.so" --case dataset.leak/leak --json
holds "JSON" grep -q '"failed": 1, .*"passed": 0' stdout
holds "JSON has the command" grep -q '"reproduce": "neap plugin check .*--case dataset.leak/leak --seed 0"' stdout
expect 2 "neap: plugin check: $faulty/leak.so has no case 'leak'" neap plugin check "$faulty/leak.so" --case leak
expect 2 "neap: plugin check: there is no file 'nothing.so'" neap plugin check nothing.so
expect 2 "neap: --level: expected a whole number from 1 to 5, got '6'" neap plugin check "$faulty/leak.so" --level 6
expect 2 "neap: plugin: expected new or check, got 'chekc'; did you mean 'check'?" neap plugin chekc

# --- A crash in a run ---------------------------------------------------------------------------------------------------

write_recipes
mkdir one
cp "$faulty/crash.so" one
sed 's/neap\.sampler\.euler { steps = 3,/neap.sampler.crash { steps = 4,/' shapes.lua >crash.lua
NEAP_PLUGIN_PATH=$PWD/one
export NEAP_PLUGIN_PATH
capture neap run crash.lua
same_text "the status is that of the signal" 139 "$status"
same_text "a line names the call" "neap: SIGSEGV in 'sample' of sampler 'crash' ($PWD/one/crash.so)" "$(grep SIGSEGV stderr)"
finish
