--- The texts of real examples as the classes of a matcher: each different text is one, and its number a label.
local core = require "neap.core"
local conditions = require "neap.evaluate.conditions"
local prompt = require "neap.prompt"

local names = {}
names.__index = names

local WHOLE = { text = math.maxinteger } -- no text is cut

-- Adds the texts that are new.
local function add(self, condition)
  for _, text in ipairs(condition.text and prompt.strings(condition) or {}) do
    if not self.number[text] then
      self.list[#self.list + 1] = text
      self.number[text] = #self.list - 1
    end
  end
end

--- The different texts of several conditions, in their order; nil if there are none.
function names.of(...)
  local self = setmetatable({ list = {}, number = {} }, names)
  for _, condition in ipairs { ... } do
    add(self, condition)
  end
  return #self.list > 0 and self or nil
end

--- The texts as a condition { text, lengths } for a network that reads `most` bytes of each.
function names:condition(most)
  local text, lengths = core.texts("caption", self.list, most)
  return { text = text, lengths = lengths }
end

--- The numbers of the texts of a condition, i32 [N]; with n, of n samples whose conditions are these rows.
function names:labels(condition, n)
  local labels = {}
  for i, text in ipairs(prompt.strings(n and conditions.rows(condition, n, WHOLE) or condition)) do
    labels[i] = self.number[text]
  end
  return core.tensor(labels, "i32")
end

return names
