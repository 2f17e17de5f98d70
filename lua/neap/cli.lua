--- The command line: neap VERB ...
local core = require "neap.core"
local check = require "neap.check"

local VERBS = { "run", "sample", "eval", "list", "help", "env", "bench", "repl" }

-- What a mistyped first word may have been meant as.
local FIRST_WORDS = table.move(VERBS, 1, #VERBS, 3, { "--version", "--help" })

local USAGE = [==[
neap trains generative image models and samples from them.

  neap run RECIPE [key=value ...]   run a recipe; its keys and those of training:
                                    steps= minutes= batch= seed= out= checkpoint_every=
                                    sample_every= precision= threads= resume=
  neap sample RUN [-n N] [--seed S] [--label L] [-o FILE.png] [--raw FILE.npy] [--film FILE.png]
             [--batch N] [--threads N]
             [--sampler NAME] [--steps N] [key=value ...]
             [--w W] [--interval LOW,HIGH] [--rescale PHI] [--worse RUN]
                                    draw pictures from a run or a checkpoint; keys are the sampler's
             [--image FILE [--level T] [--keep FILE] [--invert]]
                                    from a picture: changed, redrawn where FILE is black, or to its noise and back
             [--interpolate SEED] [--morph LABEL]
                                    between two noises, or from --label to another
  neap eval RUN [-n N] [--seed S] [--labels L,..] [--data FOLDER] [--evaluator FILE] [--metric NAME ...]
             [--resamples N] [--cas [--cas-steps N]] [--json FILE] [--raw FILE.npy] [--batch N] [--threads N]
             [--precision fp32|bf16]
             [--sampler NAME] [--steps N] [key=value ...]
             [--w W] [--interval LOW,HIGH] [--rescale PHI] [--worse RUN]
                                    score what a run draws against examples it has not seen
             [--samples FILE.npy [--sample-labels FILE.npy]]
                                    score these in place of drawing
  neap list [KIND]                  components: architecture, objective, sampler, guidance, dataset, metric
  neap help COMPONENT               what a component does, and its parameters
  neap env                          version, processor, libraries, plugins
  neap bench WORK [key=value ...]   time gemm, dit-train or dit-sample
  neap repl                         a prompt
  neap --version
]==]

local function usage_error(message)
  io.stderr:write("neap: ", message, "\n")
  return 2
end

-- A recipe may raise anything; what is no text and cannot be made one is told by its type.
local function text_of(problem)
  local meta = getmetatable(problem)
  if type(problem) == "string" or type(problem) == "number" or (type(meta) == "table" and meta.__tostring) then
    return tostring(problem)
  end
  return ("an error that is no text but a %s value"):format(type(problem))
end

-- The status of the process for what a verb raised, after telling it: as shells have it after a signal, 2 for a mistake
-- in what was asked for, else 1.
local function report(problem)
  io.stderr:write("neap: ", text_of(problem), "\n")
  local signal = core.caught_signal()
  if signal > 0 then
    return 128 + signal
  end
  return problem ~= nil and problem == core.usage_message() and 2 or 1
end

local function main(arguments)
  local verb = table.remove(arguments, 1)
  if verb == nil or verb == "--help" or verb == "-h" or (verb == "help" and #arguments == 0) then
    (verb and io.stdout or io.stderr):write(USAGE)
    return verb and 0 or 2
  end
  for _, known in ipairs(VERBS) do
    if verb == known then
      local done, result = pcall(require("neap.cli." .. verb), arguments)
      return done and (result or 0) or report(result)
    end
  end
  return usage_error(("unknown verb '%s'%s"):format(verb, check.suggestion(verb, FIRST_WORDS)))
end

return main
