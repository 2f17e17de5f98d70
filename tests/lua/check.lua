--- What the Lua tests share: cases, and what they assert. A test file is a recipe:
--
--   package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
--   local check = require "check"
--   check.test("what holds", function() check.equal(1 + 1, 2) end)
--   check.finish()
local check = {}

local passed, failed = 0, 0

--- Runs one case; a failure is told and counted, and the next case runs.
function check.test(name, f)
  local done, message = xpcall(f, debug.traceback)
  if done then
    passed = passed + 1
  else
    failed = failed + 1
    print(("failed: %s\n%s"):format(name, message))
  end
end

--- The last line of a file: tells the count as tests/summary.sh reads it, and fails when a case did.
function check.finish()
  print(("cases: %d passed, %d failed"):format(passed, failed))
  if failed > 0 then
    error("cases failed: " .. failed, 0)
  end
end

local function shown(value)
  if type(value) ~= "table" then
    return type(value) == "string" and ("%q"):format(value) or tostring(value)
  end
  local keys, parts = {}, {}
  for key in pairs(value) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for i, key in ipairs(keys) do
    parts[i] = (math.type(key) and "" or tostring(key) .. " = ") .. shown(value[key])
  end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

-- Are two values of one structure, their numbers no farther apart than `tolerance` and everything else equal?
local function same(got, want, tolerance)
  if type(got) == "table" and type(want) == "table" then
    for key, value in pairs(want) do
      if not same(got[key], value, tolerance) then
        return false
      end
    end
    for key in pairs(got) do
      if want[key] == nil then
        return false
      end
    end
    return true
  end
  if math.type(got) and math.type(want) and tolerance > 0 then
    return math.abs(got - want) <= tolerance
  end
  return got == want
end

-- Tensors compare as nested lists.
local function plain(value)
  local meta = type(value) == "userdata" and getmetatable(value)
  return meta and meta.__name == "neap.tensor" and value:tolist() or value
end

local function compare(got, want, tolerance)
  got, want = plain(got), plain(want)
  if not same(got, want, tolerance) then
    error(("expected %s, got %s"):format(shown(want), shown(got)), 3)
  end
end

--- Equal values; tables by their entries, tensors by their elements.
function check.equal(got, want)
  compare(got, want, 0)
end

--- The same, with numbers at most `tolerance` apart; by default what f32 leaves of numbers around 1.
function check.close(got, want, tolerance)
  compare(got, want, tolerance or 1e-6)
end

function check.truth(value, what)
  if not value then
    error(what or "expected a true value", 2)
  end
end

--- f raises exactly `text`, behind its own file and a line within f.
function check.raises(text, f)
  local done, message = pcall(f)
  if done then
    error(("expected the error %q, got none"):format(text), 2)
  end
  local place = debug.getinfo(f, "S")
  local file = place.source:sub(2)
  local line = type(message) == "string" and message:sub(1, #file) == file and message:match("^:(%d+): ", #file + 1)
  if not line or tonumber(line) < place.linedefined or tonumber(line) > place.lastlinedefined then
    error(("expected a message from line %d of %s, got %s"):format(place.linedefined, file, shown(message)), 2)
  end
  local got = message:sub(#file + #line + 4)
  if got ~= text then
    error(("expected the error %q, got %q"):format(text, got), 2)
  end
end

--- f fails with a message that has each of these parts in this order.
function check.fails(f, ...)
  local done, message = pcall(f)
  check.truth(not done, "expected an error, got none")
  local from = 1
  for _, part in ipairs { ... } do
    local _, stop = message:find(part, from, true)
    check.truth(stop, ("expected %q in %q"):format(part, message))
    from = stop
  end
end

--- The line of a file on which `text` stands, as messages name it. Lines that ask for the place of a text do not count.
function check.place(file, text)
  local number = 0
  for line in io.lines(file) do
    number = number + 1
    if line:find(text, 1, true) and not line:find("place", 1, true) then
      return ("%s:%d:"):format(file, number)
    end
  end
end

return check
