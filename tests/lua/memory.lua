-- A recipe of plain tensor code holds at most one and a half times its live set, without closing anything.
--
-- The live set is measured: the peak of the same loop written so that it closes every temporary as soon as it can. Two
-- loops, each with a live set above 100 MB: one of many small steps beside a large data set, and one whose steps are
-- made of large temporaries. Their peaks are told by the process for all of its life, so the larger loop comes second.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local core = require "neap.core"
local neap = require "neap"

local PROMISE = 1.5
local MB = 1e6

-- Sanitizers hold back what is freed, and take their time: there, few steps, and no word on resident memory.
local sanitized = core.machine().flags:find("-fsanitize", 1, true)

local function resident_peak()
  for line in io.lines "/proc/self/status" do
    local kilobytes = line:match "^VmHWM:%s+(%d+) kB"
    if kilobytes then
      return tonumber(kilobytes) * 1024
    end
  end
end

-- Runs `steps` steps; returns the peaks of tensors, of what is reserved for them, and of the process.
local function run(step, steps)
  local reserved = 0
  for i = 1, steps do
    step(i)
    reserved = math.max(reserved, neap.memory().reserved)
  end
  return neap.memory().peak, reserved, resident_peak()
end

local function compare(name, careful, plain, steps)
  check.test(name, function()
    local live, _, resident_of_careful = run(careful, 5)
    local peak, reserved, resident = run(plain, sanitized and 5 or steps)
    print(("%s: live set %.0f MB, resident %.0f; plain steps: tensors %.0f MB, reserved %.0f, resident %.0f"):format(
      name, live / MB, resident_of_careful / MB, peak / MB, reserved / MB, resident / MB))
    check.truth(live >= 100 * MB, "the live set is too small to tell")
    check.truth(peak <= PROMISE * live, "tensors outgrow the promise")
    check.truth(sanitized or reserved <= PROMISE * live, "reserved memory outgrows the promise")
    check.truth(sanitized or resident <= PROMISE * live, "resident memory outgrows the promise")
  end)
end

local LR, MOMENTUM = 1e-3, 0.9

local function parameter(shape, scale)
  return { value = (neap.randn(shape) * scale):require_grad(), momentum = neap.zeros(shape) }
end

local function plain_update(parameters)
  for _, p in ipairs(parameters) do
    p.momentum:assign(MOMENTUM * p.momentum + p.value.grad)
    p.value:assign(p.value - LR * p.momentum)
    p.value:clear_grad()
  end
end

local function careful_update(parameters)
  for _, p in ipairs(parameters) do
    local gradient <close> = p.value.grad
    local kept <close> = MOMENTUM * p.momentum
    local sum <close> = kept + gradient
    p.momentum:assign(sum)
    local move <close> = LR * p.momentum
    local moved <close> = p.value - move
    p.value:assign(moved)
    p.value:clear_grad()
  end
end

-- Closes what a value was made from, and returns the value.
local function after(made_from, value)
  made_from:close()
  return value
end

-- --- An MLP on batches of 32 KB from a data set of 100 MB -----------------------------------------------------------

local BATCH, INPUT, HIDDEN, ROWS = 128, 64, 64, 400000

local data = neap.rand(ROWS, INPUT)
local w1, b1 = parameter({ INPUT, HIDDEN }, 0.1), parameter({ HIDDEN }, 0)
local w2, b2 = parameter({ HIDDEN, INPUT }, 0.1), parameter({ INPUT }, 0)
local mlp = { w1, b1, w2, b2 }

local function batch(i)
  local start = i * BATCH % (ROWS - BATCH)
  return data:slice(0, start, start + BATCH)
end

local function plain_mlp(i)
  local x = batch(i)
  local out = (x:matmul(w1.value) + b1.value):gelu():matmul(w2.value) + b2.value
  local loss = (out - x:tanh()):square():mean()
  loss:backward()
  neap.no_grad(plain_update, mlp)
end

local function careful_mlp(i)
  local x <close> = batch(i)
  local want <close> = x:tanh()
  local y = x:matmul(w1.value)
  y = after(y, y + b1.value)
  y = after(y, y:gelu())
  y = after(y, y:matmul(w2.value))
  y = after(y, y + b2.value)
  y = after(y, y - want)
  y = after(y, y:square())
  local loss <close> = after(y, y:mean())
  loss:backward()
  neap.no_grad(careful_update, mlp)
end

compare("an MLP beside its data", careful_mlp, plain_mlp, 10000)
data:close()
collectgarbage()

-- --- Two elementwise layers on a batch of 25 MB ----------------------------------------------------------------------

local x = neap.randn(6000, 1024)
local scale, shift = parameter({ 1024 }, 1), parameter({ 1024 }, 0)
local layers = { scale, shift }

local function plain_layers()
  local loss = ((x * scale.value + shift.value):gelu() * scale.value + shift.value - x:tanh()):square():mean()
  loss:backward()
  neap.no_grad(plain_update, layers)
end

local function careful_layers()
  local want <close> = x:tanh()
  local y = x * scale.value
  y = after(y, y + shift.value)
  y = after(y, y:gelu())
  y = after(y, y * scale.value)
  y = after(y, y + shift.value)
  y = after(y, y - want)
  want:close()
  y = after(y, y:square())
  local loss <close> = after(y, y:mean())
  loss:backward()
  neap.no_grad(careful_update, layers)
end

compare("steps of large temporaries", careful_layers, plain_layers, 10)

check.finish()
