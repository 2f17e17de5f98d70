#!/bin/sh
# Every file and folder that docs/architecture.md names is there, and so is every function and type.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"

page=$NEAP_SOURCE/docs/architecture.md
# The words in backticks that look like paths of the tree; NAME and KIND stand for any.
grep -oE '`[^` ]+`' "$page" | tr -d '`' | grep -E '^(core|docs|lua|plugins|recipes|tests)/' | grep -vE 'NAME|KIND' | sort -u >paths
while read -r path; do
    holds "$path is there" test -e "$NEAP_SOURCE/$path"
done <paths
holds "the page names files" test "$(wc -l <paths)" -ge 20

grep -oE '`neap_[a-z0-9_]+' "$page" | tr -d '`' | sort -u >names
while read -r name; do
    holds "$name is declared" grep -rqw "$name" "$NEAP_SOURCE/core" --include="*.h"
done <names
grep -oE '`neap/[a-z_]+\.h`' "$page" | tr -d '`' | sort -u >headers
while read -r header; do
    holds "$header is there" test -e "$NEAP_SOURCE/core/include/$header"
done <headers
finish
