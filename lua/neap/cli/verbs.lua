--- The verbs of the command line, in the order of the usage text. A verb is an entry here and a file verbs/NAME.lua, which
-- returns function(list of words); the process ends with status 0 unless that function raises an error.
local SAMPLING = [==[
             [--batch N] [--threads N]
             [--sampler NAME] [--steps N] [key=value ...]
             [--w W] [--interval LOW,HIGH] [--rescale PHI] [--worse RUN]
]==]

local VERBS = {
  { name = "run", usage = [==[
  neap run RECIPE [key=value ...]   run a recipe; its keys and those of training:
                                    steps= minutes= batch= seed= out= checkpoint_every=
                                    sample_every= score_every= precision= threads=
                                    resume= extend=
]==] },
  { name = "sample", usage = [==[
  neap sample RUN [-n N] [--seed S] [--label L] [-o FILE.png] [--raw FILE.npy] [--film FILE.png]
]==] .. SAMPLING .. [==[
                                    sample pictures from a run or a checkpoint; keys are parameters of the
                                    sampler. An autoencoder without --sampler: pictures that it was not
                                    trained on, or that of --image, above their reconstructions
             [--text TEXT [--text ..] | --prompts FILE] [--negative TEXT] [--picture FILE ...]
                                    of a run that takes texts or pictures: -n samples for each, a row each; the
                                    guidance leads away from the negative text; each line of FILE, or of standard
                                    input for -, is a text; pictures are cut and scaled to the size that the run takes
             [--image FILE [--level T] [--keep FILE] [--invert]]
                                    start from a picture: change it; redraw what is black or transparent in the
                                    --keep FILE; or invert it to its noise and sample back
             [--interpolate SEED] [--morph LABEL]
                                    interpolate between two noises, or from --label to another label
]==] },
  { name = "eval", usage = [==[
  neap eval RUN [-n N] [--seed S] [--labels L,..|real] [--data FOLDER] [--evaluator FILE] [--metric NAME ...]
             [--reference test|training] [--conditions test|training] [--resamples N] [--cas [--cas-steps N]]
             [--json FILE] [--raw FILE.npy] [--precision auto|fp32|bf16]
]==] .. SAMPLING .. [==[
                                    score samples of a run against held-out examples; of an autoencoder
                                    without --sampler, its reconstructions of them. --labels real draws classes
                                    in the shares of the reference; --reference training compares with all
                                    training examples, where held-out ones are few. A run that takes texts or
                                    pictures samples under those of the held-out examples, or with --conditions
                                    training under those of training examples. An evaluator that matches texts
                                    scores their retrieval
             [--samples FILE.npy [--sample-labels FILE.npy]]
                                    score these samples instead
]==] },
  { name = "encode", usage = [==[
  neap encode RUN [-o FILE.safetensors] [--data FOLDER] [--flip] [--batch N] [--precision auto|fp32|bf16] [--threads N]
                                    encode a run's data set with its autoencoder; neap.dataset.latents reads the
                                    file, by default latents.safetensors beside the checkpoint
]==] },
  { name = "import", usage = [==[
  neap import FILE-or-FOLDER -o RUN.safetensors [--verbose] [key=value ...]
                                    read safetensors of other programs: a DiT, of diffusers or original; an
                                    AutoencoderKL, of diffusers or latent-diffusion; an AutoencoderTiny
             all take size= rows= columns=
             a DiT: heads= prediction=v|x0|noise
             an autoencoder: scale= shift=, of its latents; AutoencoderKL: groups=
]==] },
  { name = "export", usage = [==[
  neap export RUN -o FILE-or-FOLDER --as diffusers|dit|neap
                                    write the network of a run: a folder of diffusers, a file as the original DiT
                                    has it, or a checkpoint without the state of training
]==] },
  { name = "list", usage = [==[
  neap list [KIND]                  components: architecture, objective, sampler, guidance, dataset, metric
]==] },
  { name = "help", usage = [==[
  neap help NAME                    what a component, an op or a verb does, and its parameters
]==] },
  { name = "env", usage = [==[
  neap env                          version, processor, libraries, plugins
]==] },
  { name = "bench", usage = [==[
  neap bench WORKLOAD [key=value ...]
             measure a workload; all take batch= steps= threads= precision=
             dit-train, dit-sample: size= channels= patch= dim= depth= heads= text= text_depth= conditioning=
             dcgan-train: size= channels= width=
             conv, conv-data, conv-weight: size= width= kernel= stride=
             gemm: dim=
]==] },
  { name = "repl", usage = [==[
  neap repl                         a Lua prompt
]==] },
}

local verbs = { names = {} }

local usages = {}
for i, verb in ipairs(VERBS) do
  verbs.names[i], usages[verb.name] = verb.name, verb.usage
end

--- The usage of one verb; nil for any other word.
function verbs.usage(name)
  return usages[name]
end

--- The usage of the program.
function verbs.usage_of_all()
  local texts = { "neap trains generative image models and samples from them.\n\n" }
  for _, verb in ipairs(VERBS) do
    texts[#texts + 1] = verb.usage
  end
  texts[#texts + 1] = "  neap --version\n"
  return table.concat(texts)
end

return verbs
