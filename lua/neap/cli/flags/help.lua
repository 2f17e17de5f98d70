--- The options of `neap help`.
local rule = require "neap.rule"

return {
  { name = "--write", value = "FOLDER", rule = rule.text "a folder", help = "Writes the reference pages, the man page, stubs for "
    .. "editors and the completion of shells below FOLDER." },
}
