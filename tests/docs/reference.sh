#!/bin/sh
# The reference pages, stubs, man page and completion in docs are those that the program writes, and are well-formed.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"

expect 0 "" neap help --write out
written=$(cd out && find . -type f | LC_ALL=C sort)
same_text "the pages that are written" "./completion/_neap
./completion/neap.bash
./neap.1
./reference/commands.md
./reference/components.md
./reference/library.md
./reference/neap.lua
./reference/ops.md" "$written"
for page in $written; do
    holds "docs/${page#./} is out of date: write it by ./neap help --write docs" cmp -s "out/$page" "$NEAP_SOURCE/docs/$page"
done
same_text "no other page is in their folders" "$(cd out && find completion reference -type f | LC_ALL=C sort)" \
    "$(cd "$NEAP_SOURCE/docs" && find completion reference -type f | LC_ALL=C sort)"

# --- The stubs are Lua, and name each method ------------------------------------------------------------------------------

expect 0 "" neap run out/reference/neap.lua
for function in 'neap\.train(settings)' 'neap\.sampler\.euler(settings)' 'neap\.matmul(x, y, attributes)' \
    'tensor:matmul(y, attributes)' 'tensor:backward(seed, flags)' 'model:velocity(x, t, condition)'; do
    holds "stubs: $function" grep -qx "function $function end" out/reference/neap.lua
done
holds "stubs: a setting" grep -qx -e '---@field minutes? number Time limit\..*' out/reference/neap.lua

# --- The man page ---------------------------------------------------------------------------------------------------------

if command -v groff >/dev/null; then
    same_text "groff has no warning" "" "$(groff -man -Tascii -ww out/neap.1 2>&1 >page)"
    holds "the man page has the options" grep -q 'Interpolates from the noise' page
fi

# --- Completion -----------------------------------------------------------------------------------------------------------

# completes WORDS EXPECTED WORD...: bash completes the last word so; at most three words are compared.
completes() {
    wanted=$1
    shift
    got=$(bash -c '. out/completion/neap.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _neap; echo "${COMPREPLY[@]:0:3}"' bash "$@")
    same_text "bash: $*" "$wanted" "$got"
}

if command -v bash >/dev/null; then
    touch mine.lua
    completes "sample" neap sam
    completes "--metric" neap eval --m
    completes "--morph" neap sample --mo
    completes "euler euler_maruyama" neap sample RUN --sampler eul
    completes "mine.lua" neap run mine
    completes "minutes=" neap run mine.lua minu
    completes "mine.lua" neap sample RUN -o min
    completes "dataset" neap list dat
    completes "train training" neap help trai
    completes "image.save" neap help image.sav
    completes "backward" neap help backw
fi
if command -v zsh >/dev/null; then
    holds "zsh reads its completion" zsh -n out/completion/_neap
fi
finish
