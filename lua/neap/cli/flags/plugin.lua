--- The options of `neap plugin`.
local rule = require "neap.rule"

return {
  { name = "-o", value = "FOLDER", rule = rule.text "a folder", help = "new: the folder.", usual = "the name" },
  { name = "--level", value = "N", rule = rule.whole(1, 5), help = "check: the last level: 1 ABI, 2 contract, 3 numbers, 4 the "
    .. "same bits and memory, 5 parameters at random.", usual = "5" },
  { name = "--case", value = "CASE", rule = rule.text "a case, as sampler.euler/accuracy", help = "check: this case alone." },
  { name = "--seed", value = "S", rule = rule.whole(0, 1 << 53), help = "check: seed of the numbers and parameters.",
    usual = "0" },
  { name = "--seconds", value = "N", rule = rule.whole(1, 86400), help = "check: time limit of a case." },
  { name = "--json", help = "check: prints the results as JSON." },
}
