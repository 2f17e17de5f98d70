#!/bin/sh
# What a run's folder says of each session, and neap runs, compare and report on runs that have ended, that go on, and that were
# killed. tests/lua/report.lua has the contents of a report.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
write_recipes

# until_true COMMAND...: polls for up to a minute.
until_true() {
    polls=0
    until "$@"; do
        polls=$((polls + 1))
        [ $polls -lt 1200 ] || return 1
        sleep 0.05
    done
}

# --- Sessions ---------------------------------------------------------------------------------------------------------

neap run points.lua steps=3 hidden=8 out=runs/a >/dev/null 2>&1
neap run points.lua steps=5 hidden=8 out=runs/a resume=true >/dev/null 2>&1
same_text "a session for each call" '"step": 0} "step": 3}' "$(grep -o '"sessions": .*"settings"' runs/a/settings.json |
    grep -o '"step": [0-9]*}' | paste -s -d ' ' -)"
holds "with its time" grep -q '"sessions": \[{"began": "20[0-9-]*T[0-9:]*Z", "overrides": ' runs/a/settings.json
holds "and its keys" grep -q '"sessions": .*{"hidden": "8", "out": "runs/a", "steps": "3"}, "step": 0}' runs/a/settings.json
holds "every parameter" grep -q '"model": {"config": {"channels": 2, .*"hidden": 8, ' runs/a/settings.json
holds "all settings of training" grep -q '"checkpoint_every": 1000, .*"log_every": 1, .*"sample_every": 0, ' runs/a/settings.json
holds "compiler and products" grep -q '"machine": {.*"compiler": "[^"]*", .*"products": "neap", ' runs/a/settings.json
holds "the plugins with their hashes, or in the program" \
    grep -qE '"plugins": \[\{("hash": "[0-9a-f]{16}", )?"name": "flow_matching", ' runs/a/settings.json
holds "the report has the keys of all sessions" \
    grep -q '^<pre><code>neap run points.lua hidden=8 precision=fp32 seed=0 steps=5</code></pre>' runs/a/report.html
holds "and says that the run has ended" grep -q '<b>state</b>ended' runs/a/report.html

neap run shapes.lua steps=4 sample_every=1 out="runs/b <&>" >/dev/null 2>&1
same_text "a picture for each preview, and the last" 4 "$(grep -c '<figure><img ' "runs/b <&>/report.html")"
holds "its name is text" grep -q '<h1>b &lt;&amp;&gt;</h1>' "runs/b <&>/report.html"

# What keeps the report from being written keeps the run from nothing.
mkdir -p runs/c/report.html
expect_like 0 "*${newline}train: the report was not written: runs/c/report.html: *" neap run points.lua steps=2 out=runs/c
holds "the run is whole" test -s runs/c/checkpoint.safetensors
rmdir runs/c/report.html

# --- Lists ------------------------------------------------------------------------------------------------------------

# The list without the columns of time, loss and size.
listed() {
    expect 0 "" neap runs "$@"
    sed -E 's/ +([0-9.:]+ s|[0-9]+:[0-9:]+) +-?[0-9.e+-]+ / /; s/ +[0-9.]+ [KM]iB$//; s/  +/ /g' stdout
}

"$NEAP_SOURCE/neap" run points.lua steps=1000000000 minutes=5 out=runs/deep/er/d >/dev/null 2>&1 </dev/null &
runner=$!
until_true test -s runs/deep/er/d/metrics.jsonl -a -s runs/deep/er/d/neap.lock
neap runs >stdout 2>stderr
holds "a run that goes on" grep -q '^deep/er/d  *points  *[0-9]*/1000000000 .* in progress ' stdout
holds "and it alone" test "$(grep -c 'in progress' stdout)" = 1
kill -KILL $runner
wait $runner 2>/dev/null
# The lock of a killed run, and one whose process number another process has now.
printf '%s\n%s\nneap\n' $$ "$(uname -n)" >runs/c/neap.lock
neap runs >stdout
holds "a list fits 80 columns" awk 'length > 80 { exit 1 }' stdout
holds "a killed run is stopped" grep -q '^deep/er/d  .* stopped ' stdout
holds "so is one whose lock nobody holds" grep -q '^c  *points  *2/2 .* ended ' stdout
holds "the lock file stays" test -s runs/c/neap.lock
rm -r runs/deep runs/c
same_text "names, recipes, steps, states" "run recipe steps time loss state size
a points 5/5 ended
b <&> shapes 4/4 ended" "$(listed runs/)"
same_text "one run" "run recipe steps time loss state size
runs/a points 5/5 ended" "$(listed runs/a)"
expect 1 "neap: runs: there are no runs in 'nowhere'" neap runs nowhere
expect 2 "neap: runs runs: expected no arguments, got 'more'" neap runs runs more

# --- Comparisons --------------------------------------------------------------------------------------------------------

cp -r runs/a other
expect 0 "" neap compare runs/a other
same_text "equal runs differ in nothing" "setting  a      other" "$(sed -n 1p stdout)"
same_text "but in what they are called" "" "$(sed -n 2p stdout)"
expect 0 "" neap compare runs/a "runs/b <&>" -o compare.html
holds "settings of one alone" grep -qx 'data.shape  *moons  *-' stdout
holds "the results" grep -qx 'steps  *5  *4' stdout
same_text "the page is named" compare.html "$(tail -n 1 stdout)"
holds "a picture of each run that has one" test "$(grep -c 'data:image/png;base64' compare.html)" = 1
for ending in png svg; do
    expect 0 "" neap compare runs/a "runs/b <&>" -o compare.$ending
    holds "a comparison as $ending" test -s compare.$ending
done
expect 2 "neap: compare: expected two runs or more: neap compare RUN RUN [RUN ...] [-o FILE]" neap compare runs/a
expect 1 "neap: compare: there is no run in 'runs'" neap compare runs/a runs
expect 2 "neap: compare: -o: expected a path that ends in .html or .png or .svg, got x.pdf" neap compare runs/a other -o x.pdf
expect 2 "neap: compare: -o would replace the samples of b <&>, runs/b <&>/samples.png" \
    neap compare runs/a "runs/b <&>" -o "./runs/b <&>/samples.png"

# --- Reports ------------------------------------------------------------------------------------------------------------

rm runs/a/report.html
expect 0 "" neap report runs/a
same_text "where it is" runs/a/report.html "$(cat stdout)"
expect 0 "" neap report runs/a/
holds "the report is there" grep -q '</html>' runs/a/report.html
expect 2 "neap: report: expected a run: neap report RUN" neap report
expect 2 "neap: report runs/a: expected no arguments, got 'other'" neap report runs/a other
expect 1 "neap: report: there is no run in 'points.lua'" neap report points.lua

# --- A terminal of 40 columns -------------------------------------------------------------------------------------------

# What is drawn between a carriage return and the code that clears the rest of the line.
drawn() {
    tr '\r' '\n' <"$1" | sed -n "s/$(printf '\033')\[K.*//p" | grep .
}
if command -v script >/dev/null; then
    TERM=xterm script -qec "stty cols 40 rows 10; exec '$NEAP_SOURCE/neap' sample 'runs/b <&>' --steps 2000 -n 80 -o drawn.png" \
        /dev/null >typed 2>/dev/null </dev/null
    drawn typed >lines
    holds "samples are counted" grep -q '^sample [0-9]*/80  ' lines
    holds "no line is as wide as the terminal" awk 'length >= 40 { exit 1 } END { exit !NR }' lines
fi
finish
