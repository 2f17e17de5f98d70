--- Mean and deviation of the latents of an autoencoder that a run trains. A flow in its latents needs them.
local core = require "neap.core"
local preview = require "neap.preview"

local statistics = {}

local AT_END, MEANWHILE = 4096, 512 -- examples

-- Is the model that a run trains an autoencoder?
local function is_autoencoder(model)
  return model:offers "encode" and model:offers "decode"
end

local function measure(run, examples)
  return run.model:measure(run.data, math.min(examples, run.data:count()), run.settings.seed)
end

-- Reports what was found. Latents that are not finite do not end a run: its checkpoint then has no statistics, and a flow
-- in its latents is refused.
local function report(done, result)
  if done and result > 0 then
    io.stderr:write(("train: latents: %d channels are constant\n"):format(result))
  elseif not done and core.interrupted() then
    error(result, 0)
  elseif not done then
    io.stderr:write(("train: %s; the checkpoint has no statistics of its latents\n"):format(core.reason(result)))
  end
end

--- Measures the latents before a checkpoint of an autoencoder is saved, with the averaged weights, if there are any,
-- because these are the ones that a flow loads. `kind` is that of loop.save: "end" measures more examples; "plan", which may
-- come every few steps, measures only what was never measured. After a signal, nothing stops the measurement.
function statistics.measure(run, kind)
  local again = kind ~= "plan" or not run.model:measured()
  if is_autoencoder(run.model) and again then
    local call = core.interrupted() and core.hold or pcall
    report(call(preview.averaged, run, measure, run, kind == "end" and AT_END or MEANWHILE))
  end
end

return statistics
