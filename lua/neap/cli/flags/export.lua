--- The options of `neap export`.
local rule = require "neap.rule"
local formats = require("neap.foreign.export").NAMES

return {
  { name = "-o", value = "FILE-or-FOLDER", rule = rule.text "a path", required = true, help = "The file, or the folder of "
    .. "diffusers; it must not exist." },
  { name = "--as", value = table.concat(formats, "|"), rule = rule.choice(table.unpack(formats)), required = true,
    help = "A folder of diffusers, a file as the original DiT has it, or a checkpoint without the state of training." },
}
