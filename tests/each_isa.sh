#!/bin/sh
# Runs the programs named in NEAP_ISA_TESTS once for every instruction set up to the machine's best, or up to what
# NEAP_CPU allows, and prints their summaries. Fails when a run fails or does not take the set it was told to take.
neap=$NEAP_SOURCE/neap
known='generic avx2 avx512 avx512bf16'

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
