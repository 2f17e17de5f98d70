--- The options of `neap import`.
local rule = require "neap.rule"

return {
  { name = "-o", value = "RUN.safetensors", rule = rule.text "a file", required = true,
    help = "The checkpoint; it must not exist." },
  { name = "--verbose", help = "Prints the name of each tensor in the file and in neap." },
}
