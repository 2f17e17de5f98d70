--- Aids for wrong gradients: the tape as text, and gradients against central differences.
local core = require "neap.core"
local check = require "neap.check"
local setting = require "neap.setting"

local autograd = {}

--- dump(y) -> text: the tape of y, a line per op from y back: the output, the op, its inputs with dtypes and shapes. `#n` is
-- the output of another line, `saved` marks tensors whose elements the gradient reads, `leaf` a tensor that requires a
-- gradient (with the name of a model's parameter), `constant` one that does not.
function autograd.dump(y)
  return core.tape_dump(y)
end

local function describe(report)
  return ("input %d, index [%s]: expected %.12g (central difference), got %.12g; relative error %.3g"):format(report.input,
    table.concat(report.index, ", "), report.numeric, report.analytic, report.error)
end

local shown = { __tostring = function(report) return "gradients agree; worst: " .. describe(report) end }

local TOLERANCE = 1e-6
local CHECK_KEYS = setting.declare("neap.autograd.check", {
  { "tolerance", "a number above 0", "Largest relative error of a gradient.", default = TOLERANCE },
  { "second", "true or false", "Checks the gradients of the gradients, too, with 10 times the tolerance.", default = false },
})

local function tolerance_of(options)
  local tolerance = options.tolerance == nil and TOLERANCE or options.tolerance
  if type(tolerance) ~= "number" or not (tolerance > 0 and tolerance < math.huge) then
    core.fail(("autograd.check: tolerance: expected a number above 0, got %s"):format(tostring(tolerance)))
  end
  return tolerance
end

--- check(f, inputs [, { tolerance = 1e-6, second = false }]) -> report: compares the gradients of f(table.unpack(inputs)), a
-- scalar, with central differences, and raises an error that names the worst element where they differ.
--
-- inputs: tensors; f gets copies in f64 of those in f32 or f64, which are checked, and those of integers as they are. f must
-- compute in f64, so it casts its constants: neap.ones(3):cast "f64". The error of an element is relative:
-- |analytic - numeric| / max(1, |numeric|). `second` checks the gradients of the gradients, too, with 10 times the tolerance.
-- The report is the worst element: { order, input, index, analytic, numeric, error }; inputs count from 1, indices from 0.
function autograd.check(f, inputs, options)
  local meta = getmetatable(f)
  if type(f) ~= "function" and not (type(meta) == "table" and meta.__call) then
    core.fail(("autograd.check: expected a function, got %s"):format(type(f)))
  end
  options = options or {}
  check.keys("autograd.check", options, CHECK_KEYS)
  local report = core.gradient_check(f, inputs, tolerance_of(options), options.second)
  if report.wrong then
    core.fail(("autograd.check: wrong %sgradient: %s"):format(report.order == 2 and "second " or "", describe(report)))
  end
  report.wrong = nil
  return setmetatable(report, shown)
end

return autograd
