#!/bin/sh
# Reads the logs of `make check` in a build folder and ends with one line: N passed, N failed. Programs with Check and
# Lua tests count their cases; any other test counts as one. Status 1 when something failed or nothing ran.
cd "${1:-.}" || exit 1
find tests -name '*.trs' | sort | while read -r trs; do
    log=${trs%.trs}.log
    result=$(sed -n 's/^:global-test-result: //p' "$trs")
    cases=$(sed -n 's/^[0-9]*%: Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\)$/\1 \2 \3/p
                    s/^cases: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2 0 sum/p' "$log" | awk '
        { bad = $2 + $3; good += $4 == "sum" ? $1 : $1 - bad; failed += bad }
        END { print good + 0, failed + 0 }')
    echo "$result ${cases} $log"
done | awk '
    $1 == "SKIP" { print "skipped: " $4; next }
    { passed += $2; failed += $3 }
    $1 == "PASS" && $2 + $3 == 0 { passed++ }
    $1 != "PASS" && $3 == 0 { failed++ }
    $1 != "PASS" { print "failed: " $4; while ((getline line < $4) > 0) if (line !~ /^[0-9]*%: Checks|Passed$/) print "    " line }
    END { printf "%d passed, %d failed\n", passed, failed; exit failed > 0 || passed == 0 }'
