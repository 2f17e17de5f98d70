-- What luacheck holds Lua files to: tests/luacheck.sh runs it over lua, recipes and tests.
std = "lua54"
max_line_length = 130 -- lines end at about 120; luacheck knows no about
ignore = { "581" } -- `not (x >= y)` is no roundabout `x < y`: it also holds where x is NaN
