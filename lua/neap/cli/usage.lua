--- How each verb is called.
local usage = { verbs = { "run", "sample", "eval", "list", "help", "env", "bench", "repl" } }

local DRAWING = [==[
             [--batch N] [--threads N]
             [--sampler NAME] [--steps N] [key=value ...]
             [--w W] [--interval LOW,HIGH] [--rescale PHI] [--worse RUN]
]==]

local TEXTS = {
  run = [==[
  neap run RECIPE [key=value ...]   run a recipe; its keys and those of training:
                                    steps= minutes= batch= seed= out= checkpoint_every=
                                    sample_every= score_every= precision= threads=
                                    resume= extend=
]==],
  sample = [==[
  neap sample RUN [-n N] [--seed S] [--label L] [-o FILE.png] [--raw FILE.npy] [--film FILE.png]
]==] .. DRAWING .. [==[
                                    draw pictures from a run or a checkpoint; keys are the sampler's
             [--image FILE [--level T] [--keep FILE] [--invert]]
                                    from a picture: changed; redrawn where FILE is black or transparent; or to its
                                    noise and back
             [--interpolate SEED] [--morph LABEL]
                                    between two noises, or from --label to another
]==],
  eval = [==[
  neap eval RUN [-n N] [--seed S] [--labels L,..] [--data FOLDER] [--evaluator FILE] [--metric NAME ...]
             [--resamples N] [--cas [--cas-steps N]] [--json FILE] [--raw FILE.npy] [--precision auto|fp32|bf16]
]==] .. DRAWING .. [==[
                                    score what a run draws against examples it has not seen
             [--samples FILE.npy [--sample-labels FILE.npy]]
                                    score these in place of drawing
]==],
  list = [==[
  neap list [KIND]                  components: architecture, objective, sampler, guidance, dataset, metric
]==],
  help = [==[
  neap help NAME                    what a component, an op or a verb does, and its parameters
]==],
  env = [==[
  neap env                          version, processor, libraries, plugins
]==],
  bench = [==[
  neap bench WORK [key=value ...]   time a work; each takes batch= steps= threads= precision=
             dit-train, dit-sample: size= channels= patch= dim= depth= heads=
             dcgan-train: size= channels= width=
             conv, conv-data, conv-weight: size= width= kernel= stride=
             gemm: dim=
]==],
  repl = [==[
  neap repl                         a prompt
]==],
}

--- The usage of one verb; nil where there is no such verb.
function usage.of(verb)
  return TEXTS[verb]
end

function usage.all()
  local texts = { "neap trains generative image models and samples from them.\n\n" }
  for _, verb in ipairs(usage.verbs) do
    texts[#texts + 1] = TEXTS[verb]
  end
  texts[#texts + 1] = "  neap --version\n"
  return table.concat(texts)
end

return usage
