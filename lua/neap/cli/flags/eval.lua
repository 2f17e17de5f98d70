--- The options of `neap eval`, without those of flags/sampling.lua.
local rule = require "neap.rule"

local RESAMPLES = { kind = "0 or a whole number from 2", read = function(text)
  local number = rule.whole(0).read(text)
  return number ~= 1 and number or nil -- one resample has no deviation
end }

return {
  { name = "-n", value = "N", rule = rule.whole(2, 1000000), help = "Samples.", usual = "10000" },
  { name = "--labels", value = "L,..", rule = rule.text "'each', 'real', or labels with commas between",
    help = "Classes of the samples: some of them, or `real`: drawn in the shares of the reference.", usual = "each class" },
  { name = "--data", value = "FOLDER", rule = rule.text "a folder", help = "Real examples in place of those of the run's data "
    .. "set." },
  { name = "--evaluator", value = "FILE|none", rule = rule.text "a classifier's checkpoint, or none", help = "Classifier whose "
    .. "features are compared, or a matcher, which also scores the retrieval of texts. With `none`, and where no evaluator "
    .. "knows such pictures, their pixels are scored.",
    usual = "that of Fashion-MNIST which comes with neap" },
  { name = "--metric", value = "NAME", rule = { kind = "a metric", read = rule.text().read }, many = true, help = "Metric; `neap "
    .. "list metric` lists them.", usual = "all that fit" },
  { name = "--reference", value = "test|training", rule = rule.choice("test", "training"), help = "Examples that samples are "
    .. "compared with: held-out ones, or, where these are few, all training examples.", usual = "test" },
  { name = "--conditions", value = "test|training", rule = rule.choice("test", "training"), help = "Examples whose texts or "
    .. "pictures are the conditions of the samples.", usual = "test" },
  { name = "--resamples", value = "N", rule = RESAMPLES, help = "Bootstrap resamples of the intervals; 0: no intervals." },
  { name = "--cas", help = "Also trains a classifier on the samples and scores it on held-out examples." },
  { name = "--cas-steps", value = "N", rule = rule.whole(1), help = "With --cas: steps of that training." },
  { name = "--samples", value = "FILE.npy", rule = rule.text "a file", help = "Scores these samples in place of drawn ones." },
  { name = "--sample-labels", value = "FILE.npy", rule = rule.text "a file", help = "With --samples: their labels." },
  { name = "--json", value = "FILE|-", rule = rule.text "a file, or - for standard output", help = "Writes the scores as JSON." },
}
