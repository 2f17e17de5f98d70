#!/bin/sh
# Every Lua file is free of warnings. Skipped where luacheck is not installed: configure then gives ':' in its place.
[ "${LUACHECK:-:}" != : ] || exit 77
cd "$NEAP_SOURCE" || exit 1
exec "$LUACHECK" --no-color --codes -q lua recipes tests
