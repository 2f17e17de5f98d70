--- The precision of products, and the choice of "auto" for this processor.
local core = require "neap.core"

local precision = {}

local LEAST_GAIN = 1.1 -- bf16 must be this much faster to be worth its rounding

-- Names of precisions, and the core's dtypes.
local DTYPES = { fp32 = "f32", bf16 = "bf16" }

--- "fp32" or "bf16" for this processor, and the reason as text.
function precision.automatic()
  local speed = core.bf16_speed()
  if speed == 0 then
    return "fp32", "the instruction set has no products in bf16"
  end
  return speed >= LEAST_GAIN and "bf16" or "fp32", ("products in bf16 run at %.2f times the speed of fp32"):format(speed)
end

--- The precision of a run with the setting `asked`; `began` is the precision that a resumed run began with, or nil.
-- Returns the precision and the reason for it, which is nil when the setting names the precision.
function precision.choose(asked, began)
  if asked ~= "auto" then
    return asked
  elseif began then
    return began, "as the run began"
  end
  return precision.automatic()
end

--- Sets the precision of products. Returns the former one for put().
function precision.set(name)
  return core.precision(DTYPES[name])
end

precision.put = core.precision

return precision
