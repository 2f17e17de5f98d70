--- The verbs of the command line, in the order of the usage text. A verb is an entry here and a file verbs/NAME.lua, which
-- returns function(list of words); the process ends with status 0 unless that function raises an error.
--
-- An entry has a name, `words` of the usage, one line of help, and `more`: paragraphs of `neap VERB --help`. `flags` names
-- files of neap/cli/flags with its options, `keys` a function of neap/cli/keys.lua with its key=value pairs, `rows` one with
-- other words.
local keys = require "neap.cli.keys"
local wrap = require "neap.help.wrap"

local VERBS = {
  { name = "run", words = "RECIPE", keys = "run", help = "Run a recipe.",
    more = "The keys are those of training and those that the recipe declares with neap.options. A key of training takes the "
      .. "place of what the recipe gives to neap.train. `neap help train` has the settings that only a recipe sets." },
  { name = "sample", words = "RUN", flags = { "sample", "sampling" }, keys = true,
    help = "Sample pictures from a run or a checkpoint.",
    more = "The keys are parameters of the sampler; `neap help SAMPLER` lists them. Of an autoencoder without --sampler: "
      .. "pictures that it was not trained on, or that of --image, above their reconstructions." },
  { name = "eval", words = "RUN", flags = { "eval", "sampling" }, keys = true,
    help = "Score samples of a run against held-out examples.",
    more = "The keys are parameters of the sampler. Of an autoencoder without --sampler, its reconstructions are scored. A run "
      .. "that takes texts or pictures samples under those of the examples." },
  { name = "runs", words = "[FOLDER]", help = "List the runs in a folder, by default runs/." },
  { name = "compare", words = "RUN RUN [RUN ...]", flags = { "compare" }, help = "Show the settings in which runs differ.",
    more = "With -o, their curves and samples as well." },
  { name = "report", words = "RUN", help = "Write report.html into the folder of a run." },
  { name = "encode", words = "RUN", flags = { "encode" }, help = "Encode a run's data set with its autoencoder.",
    more = "neap.dataset.latents reads the file." },
  { name = "import", words = "FILE-or-FOLDER", flags = { "import" }, keys = "import", help = "Read weights of other programs.",
    more = "The weights are safetensors: a DiT, of diffusers or original; an AutoencoderKL, of diffusers or latent-diffusion; an "
      .. "AutoencoderTiny." },
  { name = "export", words = "RUN", flags = { "export" }, help = "Write the network of a run for other programs." },
  { name = "list", words = "[KIND]", help = "List components.",
    more = "KIND is architecture, objective, sampler, guidance, dataset or metric." },
  { name = "help", words = "[NAME ...]", flags = { "help" },
    help = "Explain a verb, a component, an op, a function or a setting.",
    more = "NAME is written as in a recipe, with or without neap: train, train.minutes, image.save, x:backward, euler, "
      .. "sampler.euler, matmul. Without NAME: the list of verbs." },
  { name = "env", words = "", help = "Print the version, processor, libraries and plugin folders." },
  { name = "bench", words = "WORKLOAD", keys = "bench", rows = "workloads",
    help = "Measure a workload.",
    more = "Prints one line of JSON. Each workload takes more keys:" },
  { name = "plugin", words = "new KIND NAME | check FILE.so", flags = { "plugin" }, keys = true,
    help = "Write a plugin to start from, or check one.",
    more = "`new` writes a folder with a plugin of a kind of component, its Makefile, test, recipe and README. `check` tests "
      .. "ABI, contract, numbers, determinism and memory, and parameters at random, each case in a process of its own; keys are "
      .. "parameters of its components." },
  { name = "repl", words = "", help = "A Lua prompt." },
}

local verbs = { names = {} }

local by_name = {}
for i, verb in ipairs(VERBS) do
  verbs.names[i], by_name[verb.name] = verb.name, verb
end

--- The entry of a verb; nil for any other word.
function verbs.find(name)
  return by_name[name]
end

--- The options of a verb, in the order of its usage.
function verbs.flags(verb)
  local list = {}
  for _, file in ipairs(verb.flags or {}) do
    local more = require("neap.cli.flags." .. file)
    table.move(more, 1, #more, #list + 1, list)
  end
  return list
end

--- The key=value pairs of a verb, as a list of settings.
function verbs.keys(verb)
  return type(verb.keys) == "string" and keys[verb.keys]() or {}
end

--- More rows of text and explanation, as the workloads of bench.
function verbs.rows(verb)
  return verb.rows and keys[verb.rows]() or {}
end

local MOST_SHOWN = 5 -- more options are [OPTION ...]

local function flag_words(entry)
  local text = entry.name .. (entry.value and " " .. entry.value or "")
  return entry.required and text or "[" .. text .. "]"
end

--- The words of a call: `neap export RUN -o FILE --as FORMAT`.
function verbs.synopsis(verb)
  local list, words = verbs.flags(verb), { "neap", verb.name }
  words[#words + 1] = verb.words ~= "" and verb.words or nil
  for _, entry in ipairs(#list <= MOST_SHOWN and list or {}) do
    words[#words + 1] = flag_words(entry)
  end
  words[#words + 1] = #list > MOST_SHOWN and "[OPTION ...]" or nil
  words[#words + 1] = verb.keys and "[key=value ...]" or nil
  return table.concat(words, " ")
end

local FLAG_COLUMN, KEY_COLUMN = 24, 24

--- Help and default of an entry of options or settings.
function verbs.explained(entry, text)
  local default = entry.usual or entry.default ~= nil and tostring(entry.default) or nil
  return default and ("%s Default: %s."):format(text, default) or text
end

local function add_flags(texts, verb)
  for i, entry in ipairs(verbs.flags(verb)) do
    local left = entry.name .. (entry.value and " " .. entry.value or "")
    texts[#texts + 1] = (i == 1 and "\n" or "") .. wrap.row(2, FLAG_COLUMN, left, verbs.explained(entry, entry.help))
  end
end

local function add_keys(texts, verb)
  for i, entry in ipairs(verbs.keys(verb)) do
    texts[#texts + 1] = (i == 1 and "\n" or "") .. wrap.row(2, KEY_COLUMN, entry[1] .. "=", verbs.explained(entry, entry[3]))
  end
end

local function add_rows(texts, verb)
  for i, row in ipairs(verbs.rows(verb)) do
    texts[#texts + 1] = (i == 1 and "\n" or "") .. wrap.row(2, KEY_COLUMN, row[1], row[2])
  end
end

--- The usage of one verb; nil for any other word.
function verbs.usage(name)
  local verb = by_name[name]
  if not verb then
    return nil
  end
  local texts = { wrap.text("  ", 8, verbs.synopsis(verb)), "\n", wrap.text("", 0, verb.help .. " " .. (verb.more or "")) }
  add_flags(texts, verb)
  add_keys(texts, verb)
  add_rows(texts, verb)
  return table.concat(texts)
end

--- The usage of the program.
function verbs.usage_of_all()
  local texts = { "neap trains generative image models and samples from them.\n\n" }
  for _, verb in ipairs(VERBS) do
    texts[#texts + 1] = wrap.row(2, 40, verbs.synopsis(verb), verb.help)
  end
  texts[#texts + 1] = "  neap --version\n\n"
  texts[#texts + 1] = wrap.text("", 0,
    "neap VERB --help explains the options of a verb; neap help NAME also explains components, "
    .. "ops, functions of Lua and settings: neap help train, neap help euler, neap help image.save.")
  return table.concat(texts)
end

return verbs
