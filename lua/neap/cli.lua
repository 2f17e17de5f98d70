--- The command line: neap VERB ...
local core = require "neap.core"
local check = require "neap.check"

local VERBS = { "run", "sample", "list", "help", "env", "bench", "repl" }

local USAGE = [[
neap trains generative image models and samples from them.

  neap run RECIPE [key=value ...]   run a recipe; its keys and those of training:
                                    steps= minutes= batch= seed= out= checkpoint_every=
                                    sample_every= precision= threads= resume=
  neap sample RUN [-n N] [--seed S] [--steps N] [--label L] [--w W] [-o FILE.png] [--raw FILE.npy]
                                    draw pictures from a run or a checkpoint
  neap list [KIND]                  components: architecture, objective, sampler, guidance, dataset, metric
  neap help COMPONENT               what a component does, and its parameters
  neap env                          version, processor, libraries, plugins
  neap bench WORK [key=value ...]   time gemm, dit-train or dit-sample
  neap repl                         a prompt
  neap --version
]]

local function usage_error(message)
  io.stderr:write("neap: ", message, "\n")
  return 2
end

-- The status of the process for what a verb raised, after telling it.
local function report(problem)
  if type(problem) == "table" and problem.status then
    io.stderr:write("neap: ", problem.message, "\n")
    return problem.status
  end
  io.stderr:write("neap: ", tostring(problem), "\n")
  return problem == core.usage_message() and 2 or 1
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
  return usage_error(("unknown verb '%s'%s"):format(verb, check.suggestion(verb, VERBS)))
end

return main
