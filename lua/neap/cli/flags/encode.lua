--- The options of `neap encode`.
local precision = require "neap.train.precision"
local rule = require "neap.rule"

return {
  { name = "-o", value = "FILE.safetensors", rule = rule.text "a file", help = "The file.",
    usual = "latents.safetensors beside the checkpoint" },
  { name = "--data", value = "FOLDER", rule = rule.text "a folder", help = "Pictures in place of those of the run's data set." },
  { name = "--flip", help = "Also encodes the mirrored pictures." },
  { name = "--batch", value = "N", rule = rule.whole(1), help = "Pictures encoded at a time.", usual = "64" },
  { name = "--precision", value = "auto|fp32|bf16", rule = precision.rule, help = "Precision of products.",
    usual = "fp32" },
  { name = "--threads", value = "N", rule = rule.whole(1), help = "Threads of the process.", usual = "one for each core" },
}
