#!/bin/sh
# The prompt in a pseudo-terminal: editing, history, completion, and Ctrl-C wherever it may come. tests/lua/terminal.c describes
# the scripts.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
write_recipes
mkdir plugins home
cp "$NEAP_BUILD/tests/lua/.libs/slow.so" plugins/
unset XDG_STATE_HOME COLORTERM TMUX NO_COLOR NEAP_PICTURES
HOME=$place/home
TERM=xterm
export HOME TERM

# talk WHAT [VARIABLE=VALUE...] <SCRIPT: a session of 24 rows and 80 columns
talk() {
    what=$1
    shift
    if "$NEAP_BUILD/tests/lua/terminal" 24 80 env "$@" NEAP_PLUGIN_PATH="$place/plugins" "$NEAP_SOURCE/neap" repl 2>talk.log; then
        pass
    else
        fail "$what" "$(cat -v talk.log)"
    fi
}

# --- Lines ------------------------------------------------------------------------------------------------------------

talk "values, silence, the last value" <<'SCRIPT'
expect > 
send 6 * 7\r
expect 42\r\n
expect > 
send _ + 1\r
expect 43\r\n
send "qu" .. "iet";\r
expect > 
send "lo" .. "ud"\r
expect loud\r\n
never quiet
expect > 
send exit\r
end 0
SCRIPT
talk "the end of the input" <<'SCRIPT'
expect > 
send \x04
end 0
SCRIPT
talk "quit" <<'SCRIPT'
expect > 
send quit()\r
end 0
SCRIPT
talk "a line that is not finished" <<'SCRIPT'
expect > 
send function f(x)\r
expect >> 
send return x * 2\r
expect >> 
send end\r
expect > 
send f(21)\r
expect 42\r\n
send x = {\r
expect >> 
send \x03
expect > 
send x == nil\r
expect true\r\n
expect > 
send \x04
end 0
SCRIPT
talk "keys of editing" <<'SCRIPT'
expect > 
send 1 + 2\x01\e[C\e[C\e[3~*\r
expect 2\r\n
expect > 
send exit\r
end 0
SCRIPT
talk "pasted lines" <<'SCRIPT'
expect \e[?2004h
expect > 
send \e[200~function g()\n  return "pas" .. "ted"\nend\n\e[201~\r
expect \e[?2004l
expect > 
send g()\r
expect pasted\r\n
send \e[200~> "prompt" .. "less"\n\e[201~\r
expect promptless\r\n
expect > 
send exit\r
end 0
SCRIPT
talk "control characters" <<'SCRIPT'
expect > 
send \x16\x1bLua\r
expect column 1 is the control character 0x1b; the line was not run\r\n
never attempt
expect > 
send 1 + 1\r
expect 2\r\n
send exit\r
end 0
SCRIPT
talk "UTF-8" LC_ALL=C <<'SCRIPT'
expect > 
send #"h\xc3\xa9" .. "!"\r
expect 3!\r\n
send exit\r
end 0
SCRIPT
talk "a resize in the middle of a line" <<'SCRIPT'
expect > 
send 40 +
expect 40 +
resize 10 30
expect 40 +
send \x20 2\r
expect 42\r\n
send exit\r
end 0
SCRIPT

# --- History ------------------------------------------------------------------------------------------------------------

rm -rf home/.local
talk "history: entries are saved" <<'SCRIPT'
expect > 
send "fir" .. "st"\r
expect first\r\n
expect > 
send for i = 1, 2 do\r
expect >> 
send print("lo" .. "op") end\r
expect loop\r\nloop\r\n
expect > 
send exit\r
end 0
SCRIPT
same_text "history: the file" '"fir" .. "st"
for i = 1, 2 do\nprint("lo" .. "op") end
exit' "$(cat home/.local/state/neap/history)"
talk "history: arrows and search" <<'SCRIPT'
expect > 
send \e[A\e[A\r
expect loop\r\nloop\r\n
expect > 
send \x12fir
expect "fir" .. "st"
send \r
expect first\r\n
send exit\r
end 0
SCRIPT
talk "history: in the state folder" XDG_STATE_HOME="$place/state" <<'SCRIPT'
expect > 
send 1\r
expect 1\r\n
send exit\r
end 0
SCRIPT
same_text "history: the file in the state folder" "1${newline}exit" "$(cat state/neap/history)"
talk "history: no home" -u HOME <<'SCRIPT'
expect > 
send "no" .. "where"\r
expect nowhere\r\n
never history
expect > 
send \e[A\r
expect nowhere\r\n
send exit\r
end 0
SCRIPT
touch file
talk "history: a folder that cannot be written" XDG_STATE_HOME="$place/file" <<'SCRIPT'
expect > 
send 6 * 7\r
expect no history of the prompt is saved: 
expect 42\r\n
expect > 
send 6 * 8\r
expect 48\r\n
never no history
send exit\r
end 0
SCRIPT

# --- Completion -----------------------------------------------------------------------------------------------------------

talk "completion" <<'SCRIPT'
expect > 
send nea\t.samp\t.eul\t { ste\t = 3 }\r
expect sampler euler {"steps":3,
expect > 
send x = neap.zeros(2, 3);\r
expect > 
send x:sha\t()\r
expect { 2, 3 }\r\n
expect > 
send "poin\t"\r
expect points.lua\r\n
expect > 
send neap.train { s\t\t
expect sample_every
expect steps
send \x15neap.guidance.\t\t
expect cfg
expect rescale
send \x15neap.sampler.euler\t\t
expect euler_maruyama
send \x15\r
expect > 
send exit\r
end 0
SCRIPT

# --- Terminals ------------------------------------------------------------------------------------------------------------

talk "a terminal without cursor movement" TERM=dumb <<'SCRIPT'
expect > 
send 6 * 7\n
expect 42\r\n
expect > 
send show(neap.zeros(4, 4, 1))\n
expect > 
send \x03
expect > 
send 6 * 8\n
expect 48\r\n
never \e
send \x04
end 0
SCRIPT
# Ctrl-C right behind a line: the terminal may drop the line after the prompt has seen it come.
{
    echo "expect > "
    i=0
    while [ $((i += 1)) -le 50 ]; do
        printf '%s\n' "send $i * 1000\\r\\x03" "expect > " "send \"line \" .. $i\\r" "expect line $i\\r\\n" "expect > "
    done
    printf '%s\n' "send \\x04" "end 0"
} >behind
talk "Ctrl-C right behind a line" TERM=dumb <behind
talk "a terminal that goes away" <<'SCRIPT'
expect > 
hangup
end 129
SCRIPT

# --- Errors ----------------------------------------------------------------------------------------------------------------

talk "errors" <<'SCRIPT'
expect > 
send 1 +* 2\r
expect prompt:1: 
expect > 
send function f() error "deep" end function g() f() return 1 end function h() g() return 1 end\r
expect > 
send h()\r
expect prompt:1: deep\r\n
expect in f, line 1 of prompt\r\n
expect in g, line 1 of prompt\r\n
expect in a function, line 1 of prompt\r\n
expect > 
send function r() return 1 + r() end r()\r
expect stack overflow
expect > 
send neap.zeros(1000000, 1000000)\r
expect no room for a tensor of 4000000000000 bytes\r\n
expect > 
send neap.ones(1):expand({ 100000, 100000 })\r
expect tensor f32 [100000, 100000]: not enough memory\r\n
expect > 
send ("x"):rep(1 << 50)\r
expect resulting string too large\r\n
expect > 
send error({})\r
expect the error is a table value, not text\r\n
expect > 
send io.popen("true"):close() io.popen("exit", "w"):write("x"):close()\r
expect > 
send load "nowhere"\r
expect there is no checkpoint 'nowhere'
expect > 
send 6 * 7\r
expect 42\r\n
send exit\r
end 0
SCRIPT

# --- Ctrl-C ------------------------------------------------------------------------------------------------------------------

talk "Ctrl-C when idle" <<'SCRIPT'
expect > 
send some words\x03
expect > 
send \x03
expect > 
send \r
expect > 
send 6 * 7\r
expect 42\r\n
send exit\r
end 0
SCRIPT
talk "Ctrl-C in a loop" <<'SCRIPT'
expect > 
send print("g" .. "o") while true do end\r
expect go\r\n
send \x03
expect interrupted\r\n
expect > 
send print("g" .. "o") while true do pcall(function() while true do end end) end\r
expect go\r\n
send \x03
expect interrupted\r\n
expect > 
send print("g" .. "o") coroutine.wrap(function() while true do end end)()\r
expect go\r\n
send \x03
expect interrupted\r\n
expect > 
send \r
expect > 
send 6 * 7\r
expect 42\r\n
send exit\r
end 0
SCRIPT
talk "Ctrl-C in a sample" <<'SCRIPT'
expect > 
send m = neap.architecture.slow {} s = neap.sampler.euler { steps = 100000 }\r
expect > 
send s:sample(m, { n = 1, watch = function(step) if step == 2 then print("st" .. "arted") end end })\r
expect started\r\n
send \x03
expect interrupted\r\n
expect > 
send neap.sampler.euler { steps = 2 }:sample(m, { n = 1 }):shape()\r
expect { 1, 1, 1, 2 }\r\n
send exit\r
end 0
SCRIPT

TRAIN='neap.train { model = m, data = neap.dataset.toy2d { shape = "moons", labels = false }'
TRAIN="$TRAIN, objective = neap.objective.flow_matching {}, optimizer = neap.optimizer.adamw {}, precision = \"fp32\", batch = 8, log_every = 1, decay = \"none\""
talk "Ctrl-C in a training, and resume" <<SCRIPT
expect > 
send m = neap.architecture.slow {}\r
expect > 
send $TRAIN, steps = 100000000, out = "one", on_step = function(s) if s == 3 then print("st" .. "ep3") end end }\r
expect step3\r\n
send \x03
expect interrupted at step 
expect ; run:resume() goes on\r\n
expect > 
send neap.precision()\r
expect fp32\r\n
send run:resume { steps = run.step + 2, on_step = function(s) print("go" .. "es on") end }\r
expect goes on\r\n
expect goes on\r\n
expect run one, step 
expect > 
send exit\r
end 0
SCRIPT
talk "Ctrl-C twice in a training: the step is abandoned" <<SCRIPT
expect > 
send m = neap.architecture.slow {}\r
expect > 
send $TRAIN, steps = 100, out = "two", on_step = function(s) if s == 3 then io.open("slow", "w"):close() end end }\r
expect many ops\r\n
send \x03
expect stopping; Ctrl-C again abandons this step or this op\r\n
send \x03
expect interrupted at step 3; run:resume() goes on\r\n
expect > 
remove slow
send run:resume { steps = 6 }\r
expect run two, step 6
expect > 
send exit\r
end 0
SCRIPT
talk "Ctrl-C twice in a sample: the op is abandoned" <<'SCRIPT'
expect > 
send m = neap.architecture.slow {} s = neap.sampler.euler { steps = 2 } io.open("slow", "w"):close()\r
expect > 
send s:sample(m, { n = 1 })\r
expect many ops\r\n
send \x03
expect stopping; Ctrl-C again abandons this step or this op\r\n
send \x03
expect interrupted\r\n
expect > 
remove slow
send s:sample(m, { n = 1 }):shape()\r
expect { 1, 1, 1, 2 }\r\n
send exit\r
end 0
SCRIPT
talk "Ctrl-C in a plugin that never checks: the third press ends the program, after a warning" <<'SCRIPT'
expect > 
send m = neap.architecture.slow {} s = neap.sampler.euler { steps = 2 }\r
expect > 
make stuck
send s:sample(m, { n = 1 })\r
expect no ops\r\n
send \x03
expect stopping
send \x03
expect Ctrl-C again ends neap, and what is not saved is lost\r\n
send \x03
end 130
SCRIPT
finish
