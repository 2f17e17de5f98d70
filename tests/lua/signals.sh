#!/bin/sh
# Signals: one is enough wherever it comes, a training keeps what it has done, and writing that fails is an error like others.
# A recipe sends the signal to its own process, so that the moment is the same on any machine.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
write_recipes
cat >signal.lua <<'RECIPE'
-- kill(name): the signal has been delivered when this returns. Not by os.execute, which ignores SIGINT meanwhile.
return { kill = function(name) io.popen("kill -" .. name .. " $PPID"):close() end }
RECIPE

# ends STATUS STDERR COMMAND...: as expect_like, but a process that does not end is killed.
ends() {
    ends_status=$1
    ends_stderr=$2
    shift 2
    # shellcheck disable=SC2086
    expect_like "$ends_status" "$ends_stderr" timeout -s KILL 30 $signals "$@"
}

# --- Lua code that does not poll --------------------------------------------------------------------------------------

# forever NAME BODY: a recipe that is signalled in BODY, by kill(), and would go on for ever.
forever() {
    cat >"$1.lua" <<RECIPE
local kill = function() dofile "signal.lua".kill(os.getenv "SIGNAL") end
$2
RECIPE
    for signal in INT:130 TERM:143 HUP:129; do
        ends "${signal#*:}" "*neap: *interrupted*" env SIGNAL="${signal%:*}" "$NEAP_SOURCE/neap" run "$1.lua"
    done
}

forever plain 'kill() while true do end'
forever protected 'while true do pcall(function() kill() while true do end end) end'
forever handled 'while true do xpcall(function() kill() while true do end end, function(m) return m end) end'
forever nested 'while true do pcall(function() while true do pcall(function() kill() while true do end end) end end) end'
forever resumed 'local co = coroutine.create(function() kill() while true do end end) while true do coroutine.resume(co) end'
forever wrapped 'while true do pcall(coroutine.wrap(function() kill() while true do end end)) end'
forever inside 'coroutine.wrap(function() coroutine.wrap(function() kill() while true do end end)() end)()'
forever closing 'local co = coroutine.create(function()
  local x <close> = setmetatable({}, { __close = function() kill() while true do end end })
  coroutine.yield()
end)
coroutine.resume(co)
coroutine.close(co)
while true do end'
forever generated 'local next_one = coroutine.wrap(function() while true do coroutine.yield(1) end end)
for _ in next_one do kill() end'
forever trains 'local neap = require "neap"
while true do
  pcall(neap.train, {
    model = neap.architecture.mlp { hidden = 8, depth = 2, time_features = 8, classes = 2 },
    data = neap.dataset.toy2d { shape = "moons" }, objective = neap.objective.flow_matching {},
    optimizer = neap.optimizer.adamw {}, batch = 8, steps = 12, out = "trains",
    on_step = function(step) if step == 5 then kill() end end,
  })
end'
holds "a loop around training ends by the first signal" absent trains.3

# Coroutines are otherwise as Lua has them.
cat >coroutines.lua <<'RECIPE'
local co = coroutine.create(function(a, b) local c = coroutine.yield(a + b) error("wrong " .. c, 0) end)
print(coroutine.resume(co, 1, 2))
print(coroutine.resume(co, 3))
print(coroutine.resume(co), coroutine.close(coroutine.create(print)))
local f = coroutine.wrap(function(...) print(...) print(coroutine.yield()) return 7, 8 end)
f(1, nil, 2)
print(f(5))
print(pcall(f))
print(pcall(coroutine.wrap(function() error({ 1 }) end)))
print(select("#", pcall(coroutine.resume)), (pcall(coroutine.wrap)))
local outer = coroutine.wrap(function() pcall(function() coroutine.yield "through pcall" end) return "done" end)
print(outer(), outer())
RECIPE
expect 0 "" neap run coroutines.lua
same_text "coroutines" "true	3
false	wrong 3
false	true
1	nil	2
5
7	8
false	cannot resume dead coroutine
false	table
2	false
through pcall	done" "$(sed 's/table: .*/table/' stdout)"

# While the program is still being read. The library is read from a copy whose first line sends the signal.
cp -r "$NEAP_SOURCE/lua" lua
{ echo 'io.popen("kill -INT $PPID"):close()' && cat "$NEAP_SOURCE/lua/neap/cli.lua"; } >lua/neap/cli.lua
ends 130 "neap: *interrupted" env NEAP_LUA_PATH=lua "$NEAP_SOURCE/neap" list

# At a prompt.
cat >session <<'LINES'
dofile "signal.lua".kill "TERM"
print "alive"
LINES
# shellcheck disable=SC2086
$signals "$NEAP_SOURCE/neap" repl <session >stdout 2>stderr
same_text "a prompt: status" 143 $?
same_text "a prompt: message" "neap: interrupted" "$(cat stdout stderr)"

# --- Training ---------------------------------------------------------------------------------------------------------

# In what a recipe does after a step, whatever that is: the step is kept.
cat >after.lua <<'RECIPE'
local neap = require "neap"
local o = neap.options { work = "loop" }
local work = {
  loop = function() while true do end end,
  sample = function(model) while true do neap.sampler.euler { steps = 2 }:sample(model, { n = 2 }) end end,
}
local model = neap.architecture.mlp { hidden = 8, depth = 2, time_features = 8, classes = 2 }
neap.train {
  model = model, data = neap.dataset.toy2d { shape = "moons" }, objective = neap.objective.flow_matching {},
  optimizer = neap.optimizer.adamw {}, precision = "fp32", batch = 8, steps = 12, log_every = 1, sample_every = o.work == "preview" and 5 or 0,
  on_step = function(step)
    if step == 5 then
      dofile "signal.lua".kill "TERM"
      (work[o.work] or print)(model)
    end
  end,
}
RECIPE
for work in loop sample preview; do
    ends 143 "*neap: interrupted at step 5; go on with resume=true" "$NEAP_SOURCE/neap" run after.lua out=$work \
        work=$work
    same_text "a signal in on_step, $work: the checkpoint" 5 "$(step_of $work)"
done

# A signal that was ignored when the program started stays so.
cat >ignored.lua <<'RECIPE'
dofile "signal.lua".kill "HUP"
print "done"
RECIPE
(
    trap '' HUP
    exec "$NEAP_SOURCE/neap" run ignored.lua >stdout 2>&1
)
same_text "an ignored signal" "done" "$(cat stdout)"

# --- A reader that goes away ------------------------------------------------------------------------------------------

cat >talk.lua <<'RECIPE'
local neap = require "neap"
neap.train {
  model = neap.architecture.mlp { hidden = 8, depth = 2, time_features = 8, classes = 2 },
  data = neap.dataset.toy2d { shape = "moons" }, objective = neap.objective.flow_matching {},
  optimizer = neap.optimizer.adamw {}, precision = "fp32", batch = 8, steps = 40, log_every = 1,
  on_step = function(step)
    print("step", step)
    if step == 1 then
      io.stdout:flush()
      while not io.open "gone" do end -- until the reader has left
    end
    io.stdout:flush()
    io.stderr:write("step ", step, "\n")
  end,
}
RECIPE
# shellcheck disable=SC2086
{ $signals "$NEAP_SOURCE/neap" run talk.lua out=talk 2>stderr; echo $? >status; } | { read -r line; exec <&-; echo "$line" >line; : >gone; }
same_text "a closed pipe: what came through" "step	1" "$(cat line)"
same_text "a closed pipe: the training goes on to its end" 40 "$(wc -l <talk/metrics.jsonl | tr -d ' ')"
same_text "a closed pipe: the checkpoint" 40 "$(step_of talk)"
same_text "a closed pipe: told once, at the end" "step 40${newline}neap: standard output: cannot be written" \
    "$(tail -n 2 stderr)"
same_text "a closed pipe: status" 1 "$(cat status)"
rm gone
# shellcheck disable=SC2086
{ $signals "$NEAP_SOURCE/neap" run talk.lua out=both 2>&1; echo $? >status; } | { read -r line; exec <&-; : >gone; }
same_text "both streams closed: the checkpoint" 40 "$(step_of both)"

# Programs that a recipe starts have the signal as usual.
cat >child.lua <<'RECIPE'
local f = io.popen "sh -c 'kill -PIPE $$; echo alive'"
print(f:read "a" == "")
RECIPE
ends 0 "" "$NEAP_SOURCE/neap" run child.lua
same_text "a child's SIGPIPE" true "$(cat stdout)"

# --- A limit of the size of files -------------------------------------------------------------------------------------

limited() {
    # shellcheck disable=SC3045
    (ulimit -f "$1" && shift && exec "$@")
}

cat >large.lua <<'RECIPE'
local neap = require "neap"
local o = neap.options { width = 16 }
neap.train {
  model = neap.architecture.mlp { hidden = 128, depth = 3, time_features = 8, classes = 2 },
  data = neap.dataset.toy2d { shape = "moons" }, objective = neap.objective.flow_matching {},
  optimizer = neap.optimizer.adamw {}, precision = "fp32", batch = 8, steps = 12, log_every = 1,
}
RECIPE
expect_like 0 "*" neap run large.lua out=large
cp large/checkpoint.safetensors before.safetensors
ls large >before
# shellcheck disable=SC2086
expect_like 1 "*${newline}neap: large.lua:*large/checkpoint.safetensors: cannot be written: File too large" \
    limited 64 $signals "$NEAP_SOURCE/neap" run large.lua out=large steps=24 resume=true
holds "a file-size limit: the old checkpoint stands" cmp before.safetensors large/checkpoint.safetensors
same_text "a file-size limit: nothing is left behind" "$(cat before)" "$(ls large)"
echo 'local neap = require "neap" neap.npy.save("large.npy", neap.zeros(100000))' >array.lua
# shellcheck disable=SC2086
expect 1 "neap: array.lua:1: large.npy: cannot be written: File too large" limited 64 $signals "$NEAP_SOURCE/neap" run array.lua
holds "a file-size limit: no array" absent large.npy
finish
