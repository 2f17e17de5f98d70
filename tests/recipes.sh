#!/bin/sh
# The gallery: each recipe has a head comment with a `neap run` line of itself, and a line `Time: .... Reaches: ....`; it is of at most
# 60 lines of code. Exceptions are listed with their reasons. Options on the lines of commands are keys that the recipe knows.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
MOST=60 # lines of code

# Files that recipes share, which are no recipes of their own.
shared="latent_stages text_networks lua_heun"

# Longer recipes, and why.
cat >longer <<'LIST'
dit_options compares six networks, and draws a table of them
flow_2d draws four figures and a film
latent_stages holds the four stages of all recipes of latent diffusion
loss_per_t draws two figures, and thins long lines out
text_conditioning compares four networks of equal size, whose widths it computes
vae_gan_starts compares runs by numbers that it computes itself
LIST

head_of() {
    awk '!/^--/ { exit } { print }' "$1"
}

# Lines that are neither blank nor a comment alone.
code_of() {
    grep -v -e '^ *--' -e '^ *$' "$1" | wc -l | tr -d ' '
}

is_listed() {
    for word in $2; do
        [ "$word" != "$1" ] || return 0
    done
    return 1
}

# check FOLDER NAME
check() {
    file=$NEAP_SOURCE/recipes/$1$2.lua
    lines=$(code_of "$file")
    if grep -q "^$2 ." longer; then
        holds "$2 is still longer than $MOST lines, with $lines; take it off the list" test "$lines" -gt $MOST
    else
        holds "$2 has at most $MOST lines of code, not $lines" test "$lines" -le $MOST
    fi
    head_of "$file" >head
    if is_listed "$2" "$shared"; then
        holds "$2 says that it is no recipe" grep -q "Not a recipe of its own" head
        return
    fi
    holds "$2 begins with a sentence" grep -q '^-- [A-Z].*' head
    holds "$2 shows how to run it" grep -q "^--   neap run recipes/$1$2\.lua" head
    holds "$2 has its time and what it reaches" \
        grep -qE '^-- Time: .*(second|minute)s?( on (one core|two cores).*)?\. Reaches: .+\.$' head
}

for file in "$NEAP_SOURCE"/recipes/*.lua; do
    check "" "$(basename "$file" .lua)"
done
for file in "$NEAP_SOURCE"/recipes/lecture/*.lua; do
    check lecture/ "$(basename "$file" .lua)"
done
while read -r name reason; do
    holds "$name, which is longer since it $reason, is there" test -e "$NEAP_SOURCE/recipes/$name.lua"
done <longer

# What the heads name is there.
cat "$NEAP_SOURCE"/recipes/*.lua "$NEAP_SOURCE"/recipes/lecture/*.lua | grep '^--' | grep -oE 'recipes/[a-z0-9_/]+\.(lua|safetensors)' |
    sort -u >names
while read -r name; do
    holds "$name is there" test -e "$NEAP_SOURCE/$name"
done <names
holds "heads name recipes" test "$(wc -l <names)" -ge 30
finish
