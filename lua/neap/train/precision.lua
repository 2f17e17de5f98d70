--- The precision of products, and the choice of "auto" for this processor.
local core = require "neap.core"
local rule = require "neap.rule"

local precision = {}

--- The words for a precision, everywhere.
precision.rule = rule.choice("auto", "fp32", "bf16")

local LEAST_GAIN = 1.1 -- bf16 must be this much faster to be worth its rounding

-- Names of precisions, and the core's dtypes.
local DTYPES = { fp32 = "f32", bf16 = "bf16" }
local NAMES = { f32 = "fp32", bf16 = "bf16" }

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

--- The precision of products now.
function precision.current()
  return NAMES[core.precision()]
end

--- Sets the precision of products to "fp32" or "bf16". Returns the former one.
function precision.set(name)
  return NAMES[core.precision(DTYPES[name])]
end

--- neap.precision([name]) -> the former precision of products. `name` is "fp32", "bf16", or "auto" for the one that suits the
-- processor.
function precision.use(name)
  if name == nil then
    return precision.current()
  end
  return precision.set((precision.choose(rule.read("precision", precision.rule, name))))
end

return precision
