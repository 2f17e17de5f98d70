--- Options of the verbs that sample from a run.
local precision = require "neap.train.precision"
local rule = require "neap.rule"

local INTERVAL = { kind = "two times LOW,HIGH", read = function(text)
  local low, high = text:match "^([^,]+),([^,]+)$"
  low, high = tonumber(low), tonumber(high)
  return low and high and 0 <= low and low < high and high <= 1 and { low = low, high = high } or nil
end }

return {
  { name = "--seed", value = "S", rule = rule.whole(0), help = "Seed of the noise.", usual = "0" },
  { name = "--sampler", value = "NAME", rule = rule.text "a sampler", help = "Sampler; `neap list sampler` lists them.",
    usual = "that of the run" },
  { name = "--steps", value = "N", rule = rule.whole(1), help = "Steps of the sampler.", usual = "those of the run" },
  { name = "--w", value = "W", rule = rule.finite, help = "Weight of the guidance; 0: none.", usual = "that of the run" },
  { name = "--interval", value = "LOW,HIGH", rule = INTERVAL, help = "Times between which guidance acts, from 0 (data) to 1 "
    .. "(noise)." },
  { name = "--rescale", value = "PHI", rule = rule.number(0, 1), help = "Share by which guided velocities get the deviation of "
    .. "those without guidance, from 0 to 1." },
  { name = "--worse", value = "RUN", rule = rule.text "a run", help = "Guidance away from an earlier or smaller run, in place of "
    .. "the null condition." },
  { name = "--batch", value = "N", rule = rule.whole(1), help = "Samples drawn at a time.", usual = "64" },
  { name = "--precision", value = "auto|fp32|bf16", rule = precision.rule, help = "Precision of products.",
    usual = "fp32" },
  { name = "--threads", value = "N", rule = rule.whole(1), help = "Threads of the process.", usual = "one for each core" },
  { name = "--raw", value = "FILE.npy", rule = rule.text "a file", help = "Writes the samples as an array." },
}
