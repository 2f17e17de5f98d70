--- The options of `neap compare`.
local rule = require "neap.rule"

return {
  { name = "-o", value = "FILE", rule = rule.text "a file", help = "Writes the settings, curves and samples of "
    .. "all runs as a page, .html, or curves and samples as .png or .svg." },
}
