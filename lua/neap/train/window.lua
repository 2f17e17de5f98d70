--- Means of reported values since the last row of metrics, each over the steps that reported it.
local window = {}
window.__index = window

function window.new()
  return setmetatable({ sums = {}, counts = {} }, window)
end

function window:put(name, value)
  self.sums[name] = (self.sums[name] or 0) + value
  self.counts[name] = (self.counts[name] or 0) + 1
end

--- Adds the report of a step.
function window:add(report)
  for name, value in pairs(report.reports) do
    self:put(name, value)
  end
  self:put("loss", report.loss)
  self:put("gradient_norm", report.gradient_norm)
end

function window:means()
  local means = {}
  for name, sum in pairs(self.sums) do
    means[name] = sum / self.counts[name]
  end
  return means
end

return window
