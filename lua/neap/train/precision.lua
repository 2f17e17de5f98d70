--- The precision of products: what "auto" means on this processor.
local core = require "neap.core"

local precision = {}

local LEAST_GAIN = 1.1 -- rounding must pay for itself

-- The names that people write, and those of the core's dtypes.
local DTYPES = { fp32 = "f32", bf16 = "bf16" }

--- "fp32" or "bf16" for this processor, and why, in words.
function precision.automatic()
  local speed = core.bf16_speed()
  if speed == 0 then
    return "fp32", "the instruction set has no products in bf16"
  end
  return speed >= LEAST_GAIN and "bf16" or "fp32", ("products in bf16 run at %.2f times the speed of fp32"):format(speed)
end

--- What a run uses that asks for `asked`; `began` is what a run that is resumed was trained in so far, or nil. Returns the
-- precision and the reason for it, nil where it was asked for by name.
function precision.choose(asked, began)
  if asked ~= "auto" then
    return asked
  elseif began then
    return began, "as the run began"
  end
  return precision.automatic()
end

--- Sets the precision of products; returns what put() takes to set the former one again.
function precision.set(name)
  return core.precision(DTYPES[name])
end

precision.put = core.precision

return precision
