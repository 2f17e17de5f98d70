#!/bin/sh
# Runs the programs named in NEAP_ISA_TESTS once for every level of instruction sets up to the machine's best, or up to what
# NEAP_CPU allows, and prints their summaries. Fails when a run fails or does not use the level that NEAP_CPU names.
neap=$NEAP_SOURCE/neap
# The levels, out of the message that lists them.
known=$(NEAP_CPU=none "$neap" env 2>&1 | sed -n "s/.*NEAP_CPU: expected \(.*\), got 'none'/\1/p" | sed 's/,//g; s/ or / /')

active() { "$neap" env | awk '$1 == "instructions" { print $2 }'; }

best=$(active)
case " $known " in
*" $best "*) ;;
*)
    echo "expected one of $known, got '$best' from neap env"
    exit 1
    ;;
esac

runs=0
failed=0
for isa in $known; do
    NEAP_CPU=$isa
    export NEAP_CPU
    if [ "$(active)" != "$isa" ]; then
        echo "expected neap env to name $isa under NEAP_CPU=$isa, got '$(active)'"
        exit 1
    fi
    for program in $NEAP_ISA_TESTS; do
        echo "$isa: $program"
        "$NEAP_BUILD/$program" || failed=$((failed + 1))
        runs=$((runs + 1))
    done
    [ "$isa" = "$best" ] && break
done
echo "$runs runs, $failed failed"
[ "$failed" = 0 ] && [ "$runs" -gt 0 ]
