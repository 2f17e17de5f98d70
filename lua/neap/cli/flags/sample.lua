--- The options of `neap sample`, without those of flags/sampling.lua, and the largest number of samples.
local rule = require "neap.rule"

local MAX_COUNT = 1000000 -- a typing error beyond this would fill the memory

local any_text = { kind = "a text", read = function(value)
  return value
end }

return {
  most = MAX_COUNT,
  { name = "-n", value = "N", rule = rule.whole(1, MAX_COUNT), help = "Samples; of each text or picture where there are any.",
    usual = "8, or 8 of each class" },
  { name = "-o", value = "FILE.png", rule = rule.text "a file", help = "Where the grid of pictures is written.",
    usual = "samples.png, or none beside --raw" },
  { name = "--label", value = "L", rule = rule.text "a label", help = "Class of all samples, as a number from 0 or a name.",
    usual = "each class in turn" },
  { name = "--text", value = "TEXT", rule = any_text, many = true, help = "Text of a run that takes texts; each one has a row." },
  { name = "--prompts", value = "FILE", rule = rule.text "a file", help = "File with a text in each line; - reads standard "
    .. "input." },
  { name = "--negative", value = "TEXT", rule = rule.text "a text", help = "Text that the guidance leads away from." },
  { name = "--picture", value = "FILE", rule = { kind = "a picture", read = rule.text().read }, many = true, follow = true,
    help = "Picture of a run that takes pictures, cut and scaled to the size that the run takes; each one has a row." },
  { name = "--image", value = "FILE", rule = rule.text "a picture", help = "Starts from this picture, and changes it. An "
    .. "autoencoder reconstructs it." },
  { name = "--level", value = "T", rule = rule.number(0.001, 0.999), help = "With --image: the time at which sampling starts; "
    .. "more changes more.", usual = "0.6" },
  { name = "--keep", value = "FILE", rule = rule.text "a picture", help = "With --image: a mask; what is black or transparent in "
    .. "it is drawn anew." },
  { name = "--invert", help = "With --image: inverts the picture to its noise, and samples back from there." },
  { name = "--interpolate", value = "SEED", rule = rule.whole(0),
    help = "Interpolates from the noise of --seed to that of SEED." },
  { name = "--morph", value = "LABEL", rule = rule.text "a label", help = "Interpolates from the class of --label to this one." },
  { name = "--film", value = "FILE.png", rule = rule.text "a file",
    help = "Writes the steps of the sampler as an animated PNG." },
}
