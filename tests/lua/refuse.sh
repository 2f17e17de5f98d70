#!/bin/sh
# One refused request for memory, anywhere in the program: a training, a resumed one and a sampling each either do what they
# would have done, or end with one line and leave only checkpoints that can be read. NEAP_REFUSE_RUNS says how many runs
# there are (48); they are spread over all requests. Also a disk that is full, as statvfs reports it, and one without locks.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
[ -e "$NEAP_BUILD/plugins/architecture/.libs/dit.so" ] || exit 77 # sanitizers keep their own memory
write_recipes
shim=$NEAP_BUILD/tests/lua/.libs/refuse.so
runs=${NEAP_REFUSE_RUNS:-48}
[ -e "$shim" ] || { fail "there is no $shim"; finish; }

# shimmed NUMBER ARGUMENT...: neap with its request of that number refused.
shimmed() {
    refused_number=$1
    shift
    NEAP_TEST_REFUSE=$refused_number NEAP_TEST_COUNT=$place/requests LD_PRELOAD=$shim \
        timeout 60 "$NEAP_SOURCE/neap" "$@"
}

# --- What is done each time: training into ./run, from scratch or from the run of ./half; drawing from ./whole ---------

train() {
    rm -rf run
    capture shimmed "$1" run shapes.lua steps=6 checkpoint_every=2 threads=1 precision=fp32 out=run
}

resume() {
    rm -rf run
    cp -r half run
    capture shimmed "$1" run shapes.lua steps=6 checkpoint_every=2 threads=1 precision=fp32 out=run resume=true
}

draw() {
    rm -f drawn.png drawn.npy
    capture shimmed "$1" sample whole -n 2 --threads 1 -o drawn.png --raw drawn.npy
}

# --- What holds afterwards --------------------------------------------------------------------------------------------

readable() {
    neap sample run -n 1 --raw readable.npy
}

# A message is one line, the last; warnings and what a training says of itself may stand before it.
one_line() {
    case $(tail -n 1 stderr) in
    "neap: warning: "*) return 1 ;;
    "neap: "*) [ "$(grep -v '^neap: warning: ' stderr | grep -c '^neap: ')" -eq 1 ] ;;
    *"error while loading shared libraries: "*) [ "$(wc -l <stderr)" -eq 1 ] ;; # before the program begins
    *) return 1 ;;
    esac
}

# ended WHAT: not by a signal, nor by the time limit.
ended() {
    [ "$status" -lt 124 ] && { [ "$status" -eq 0 ] || one_line; } && return
    fail "$1: one line and a status" "status $status" "$stderr"
    return 1
}

checkpoints_are_good() {
    if [ "$status" -eq 0 ]; then
        cmp -s run/checkpoint.safetensors whole/checkpoint.safetensors && cmp -s run/samples.png whole/samples.png
    elif [ "$1" = resume ] || [ -e run/checkpoint.safetensors ]; then
        readable >/dev/null 2>&1
    fi
}

# No lock, no file that was being written.
nothing_left() {
    left=$(find run -mindepth 1 2>/dev/null | sed 's,^run/,,' |
        grep -Evx 'checkpoint\.safetensors|metrics\.jsonl|recipe\.lua|report\.html|settings\.json|samples\.png')
    [ -z "$left" ]
}

after_training() {
    ended "$2" || return
    if checkpoints_are_good "$1" && nothing_left; then
        pass
    else
        fail "$2: a good checkpoint and nothing else" "status $status" "$stderr" "$(ls run 2>&1)"
    fi
}

after_drawing() {
    ended "$2" || return
    if [ "$status" -ne 0 ] || { cmp -s drawn.png good.png && cmp -s drawn.npy good.npy; }; then
        pass
    else
        fail "$2: status 0 and other pictures" "$stderr"
    fi
}

# spread WAY CHECK: a third of the runs, over all requests that the way makes.
spread() {
    "$1" 0
    same_text "$1, undisturbed" 0 "$status"
    requests=$(cat requests)
    holds "$1: there are requests" test "$requests" -gt 100
    share=$((runs / 3))
    number=0
    failed_runs=0
    while [ $number -lt $share ]; do
        at=$((1 + (requests * number + number) / share))
        "$1" $at
        "$2" "$1" "$1, request $at of $requests"
        [ "$status" -eq 0 ] || failed_runs=$((failed_runs + 1))
        number=$((number + 1))
    done
    echo "$1: $share runs, $requests requests, $failed_runs ended with a message"
}

neap run shapes.lua steps=6 checkpoint_every=2 threads=1 precision=fp32 out=whole >/dev/null 2>&1
neap run shapes.lua steps=3 checkpoint_every=2 threads=1 precision=fp32 out=half >/dev/null 2>&1
neap sample whole -n 2 -o good.png --raw good.npy >/dev/null 2>&1
# Settings of half and whole differ in `steps`, which a resumed run writes anew.
spread train after_training
spread resume after_training
spread draw after_drawing

# --- A disk that is full ----------------------------------------------------------------------------------------------

size=$(wc -c <whole/checkpoint.safetensors | tr -d ' ')
with_room() {
    free=$1
    shift
    NEAP_TEST_REFUSE=0 NEAP_TEST_ROOM=$free LD_PRELOAD=$shim "$NEAP_SOURCE/neap" "$@"
}
room="no room for a checkpoint: expected $size free bytes, got $((size - 1))"
expect_like 1 "*dit: *${newline}neap: shapes.lua:3: train: new/run: $room" \
    with_room $((size - 1)) run shapes.lua steps=6 precision=fp32 out=new/run
holds "nothing is made where a checkpoint has no room" absent new
contents whole >before
expect_like 1 "*resumed at *${newline}dit: *${newline}neap: shapes.lua:3: train: whole: $room" \
    with_room $((size - 1)) run shapes.lua steps=6 precision=fp32 out=whole resume=true
expect_like 1 "*dit: *${newline}neap: shapes.lua:3: train: whole: $room" with_room $((size - 1)) run shapes.lua steps=6 precision=fp32 out=whole
same_text "a run without room leaves the earlier one" "$(cat before)" "$(contents whole)"
expect_like 0 "*dit: *${newline}train: narrow: room for one checkpoint of $size bytes, but not for the next *" \
    with_room $((2 * size - 1)) run shapes.lua steps=6 precision=fp32 out=narrow
expect_like 0 "*resumed at *${newline}dit: *[0-9] s" with_room "$size" run shapes.lua steps=6 precision=fp32 out=narrow resume=true

# --- A file system without locks --------------------------------------------------------------------------------------

expect_like 0 "neap: warning: whole: cannot be locked: *; another run can use this folder at the same time${newline}*resumed at *" \
    env NEAP_TEST_NO_LOCKS=1 LD_PRELOAD="$shim" "$NEAP_SOURCE/neap" run shapes.lua steps=7 precision=fp32 out=whole resume=true
holds "without locks nothing is left of one" absent whole/neap.lock
finish
