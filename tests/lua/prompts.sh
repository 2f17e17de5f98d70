#!/bin/sh
# Texts as conditions: neap sample --text, --negative and --prompts, the same in Lua, previews and eval of a run with captions.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
write_recipes
XDG_CACHE_HOME=$place/cache
export XDG_CACHE_HOME

# 80 pictures of shapes as files, with the class as a folder and a caption.
cat >photos.lua <<'RECIPE'
local neap = require "neap"
local data = neap.dataset.shapes { size = 8 }
local x, labels = data:batch(1, 80, 1)
for i, label in ipairs(labels:tolist()) do
  local name = data:label_name(label)
  os.execute(("mkdir -p 'photos/%s'"):format(name))
  neap.image.save(("photos/%s/%02d.png"):format(name, i), x:slice(0, i - 1, i):reshape(8, 8, 1))
  local file <close> = io.open(("photos/%s/%02d.txt"):format(name, i), "w")
  file:write("a ", name, "\n")
end
RECIPE
cat >words.lua <<'RECIPE'
local neap = require "neap"
local o = neap.options { dropout = 0.1, w = 1.0 }
neap.train {
  model = neap.architecture.dit { size = 8, channels = 1, patch = 4, width = 16, depth = 1, heads = 2, text = 16, text_width = 16,
    text_depth = 1, text_heads = 2 },
  data = neap.dataset.folder { path = "photos", size = 8, channels = 1, test_share = 0.3 },
  objective = neap.objective.flow_matching { label_dropout = o.dropout },
  optimizer = neap.optimizer.adamw { lr = 1e-2 }, sampler = neap.sampler.euler { steps = 3, guidance = neap.guidance.cfg { w = o.w } },
  precision = "fp32", batch = 8, steps = 24, sample_every = 12,
}
RECIPE
expect 0 "" neap run photos.lua
expect_like 0 "${machine}dit: *" neap run words.lua
neap run shapes.lua >/dev/null 2>&1
neap run points.lua labels=true >/dev/null 2>&1
run=runs/words

# differ WHAT FILE FILE
differ() {
    holds "$1" test "$(cksum <"$2")" != "$(cksum <"$3")"
}

# keeps FILE.png TEXT: does a file have these bytes, a | for a NUL or the end of a line?
keeps() {
    LC_ALL=C tr '\000\n' '||' <"$1" | LC_ALL=C grep -aqF "$2"
}

# The lines of the captions in a preview.
captions() {
    LC_ALL=C tr '\000\n' '\n\n' <"$1" | LC_ALL=C sed -n '/neap.text$/,$p' | LC_ALL=C grep -aoE '^a [a-z]+'
}

# --- One text and several ----------------------------------------------------------------------------------------------

raw one.npy --text "a ring" -n 3
raw other.npy --text "a cross" -n 3
differ "another text, another picture" one.npy other.npy
raw null.npy -n 3
differ "a text and none" one.npy null.npy
raw empty.npy --text "" -n 3
holds "the empty text is the null text" cmp null.npy empty.npy
raw two.npy --text "a ring" --text "a cross" -n 3
same_text "a group of -n for each text" $((head + 6 * picture)) "$(wc -c <two.npy | tr -d ' ')"
same_text "the first text's are its own" "$(pictures one.npy 0 3)" "$(pictures two.npy 0 3)"
raw more.npy --text "a cross" -n 6
same_text "and the second's are" "$(pictures more.npy 3 3)" "$(pictures two.npy 3 3)"
raw long.npy --text "a ring" --text "a very long one" -n 3
same_text "a longer text beside it changes no bit" "$(pictures one.npy 0 3)" "$(pictures long.npy 0 3)"
raw batches.npy --text "a ring" --text "a very long one" -n 3 --batch 4
holds "nor does the batch" cmp long.npy batches.npy
raw eight.npy --text "a ring"
same_text "eight of a text" $((head + 8 * picture)) "$(wc -c <eight.npy | tr -d ' ')"
expect 0 "" neap sample $run --text "a ring" --text "a cross" -n 4 --negative "café" -o grid.png
same_text "a row for each: four and two times 8 pixels, and gaps, enlarged 17 times" 0000027500000143 "$(hex grid.png 16 8)"
holds "the texts are kept in the picture" keeps grid.png "neap.text|a ring|a cross"
holds "and the negative one" keeps grid.png café
expect 0 "" neap sample $run --text "a ring" --text "a cross" -n 4 --film film.png
holds "a film" test -s film.png
raw between.npy --text "a ring" --interpolate 5 -n 3
same_text "between two noises under one text" "$(pictures one.npy 0 1)" "$(pictures between.npy 0 1)"

# --- Negative texts --------------------------------------------------------------------------------------------------------

raw away.npy --text "a ring" --negative "a cross" -n 3
differ "a negative text and the null text" one.npy away.npy
raw far.npy --text "a ring" --negative "a cross" -n 3 --w 3
differ "more of it" away.npy far.npy
raw itself.npy --text "a ring" --negative "a ring" -n 3 --w 3
raw plain.npy --text "a ring" -n 3 --w 0
cat >lua.lua <<'RECIPE'
local neap = require "neap"
local run = require "neap.checkpoint".load "runs/words"
local function worst(x, name)
  return (x:clamp(-1, 1) - neap.npy.load(name)):abs():max():item()
end
local function sample(settings)
  settings.seed = 0
  return (run.sampler:sample(run.model, settings))
end
print(worst(sample { text = "a ring", negative = "a cross", n = 3 }, "away.npy"),
  worst(sample { text = "a ring", negative = { "a cross", "a cross", "a cross" }, n = 3 }, "away.npy"),
  worst(sample { text = { "a ring", "a very long one" }, n = 6 }, "long.npy"),
  worst(sample { condition = neap.texts("a ring", run.model, 3), n = 3 }, "one.npy"),
  worst(neap.npy.load "itself.npy", "plain.npy") < 1e-4)
print(table.concat(sample({ text = { "a", "b", "c" } }):shape(), " "))
-- 5 is no multiple of 2: in turn.
local five = sample { text = { "a ring", "a cross" }, n = 5 }
local ring, cross = sample { text = "a ring", n = 5 }, sample { text = "a cross", n = 5 }
print((five:slice(0, 2, 3) - ring:slice(0, 2, 3)):abs():max():item(), (five:slice(0, 3, 4) - cross:slice(0, 3, 4)):abs():max():item())
for _, bad in ipairs { { text = 3 }, { text = {} }, { text = { "a", 3 } }, { text = { "a", "b" }, n = 1 }, { text = "a\xff" },
  { text = "a", condition = { text = neap.zeros(1, 1):cast "u8" } }, { negative = false }, { txt = "a" } } do
  local done, message = pcall(sample, bad)
  print(done, (tostring(message):gsub("^.-: ", "")))
end
RECIPE
expect 0 "" neap run lua.lua
same_text "the same in Lua; away from itself is no guidance; what is refused" "0.0	0.0	0.0	0.0	true
3 8 8 1
0.0	0.0
false	sample: text: expected a text or a list of texts, got number
false	sample: text: expected a text or a list of texts, got an empty table
false	sample: text: expected texts, got number as text 2
false	sample: text: expected at most 1 texts, one for each sample, got 2
false	sample: text: expected UTF-8, got the byte ff after 'a'
false	sample: expected text or a condition with text, got both
false	sample: negative: expected a text or a list of texts, got boolean
false	sample: unknown key 'txt'; did you mean 'text'?" "$(cat stdout)"

# A negative text takes the place of the sample's own; its label stays.
cat >both.lua <<'RECIPE'
local neap = require "neap"
local model = neap.architecture.dit { size = 8, channels = 1, patch = 4, width = 16, depth = 1, heads = 2, classes = 3, text = 8,
  text_width = 16, text_depth = 1, text_heads = 2 }
for _, entry in ipairs(model:parameters()) do
  entry[2]:assign(entry[2] + 0.1 * neap.randn_like(entry[2])) -- the last layers of a new network are 0
end
local function sample(settings)
  local w = settings.w
  settings.n, settings.seed, settings.w = 2, 1, nil
  return (neap.sampler.euler { steps = 2, guidance = neap.guidance.cfg { w = w } }:sample(model, settings))
end
local function worst(a, b)
  return (a - b):abs():max():item()
end
local plain = sample { text = "ring", labels = 1, w = 0 }
print(worst(plain, sample { text = "ring", labels = 2, w = 0 }) > 1e-3, worst(plain, sample { text = "disc", labels = 1, w = 0 }) > 1e-3,
  worst(plain, sample { text = "ring", labels = 1, negative = "ring", w = 2 }) < 1e-4,
  worst(plain, sample { text = "ring", labels = 1, negative = "disc", w = 2 }) > 1e-3)
print(model(neap.zeros(2, 8, 8, 1), 0.5, neap.texts({ "ring", "" }, model)):shape()[1])
RECIPE
expect 0 "" neap run both.lua
same_text "beside labels" "true	true	true	true
2" "$(cat stdout)"

# --- Files of prompts --------------------------------------------------------------------------------------------------------

printf '\357\273\277a ring\r\na cross' >prompts
raw file.npy --prompts prompts -n 3
holds "a file, here with a byte order mark and lines as of Windows" cmp two.npy file.npy
# stdin is what the test says: expect has none.
neap sample $run --prompts - -n 3 --raw input.npy <prompts >/dev/null 2>stderr
holds "standard input" cmp two.npy input.npy
expect 2 "neap: sample: -o would replace --prompts, prompts" neap sample $run --prompts prompts -o prompts

# prompts_refused TEXT MESSAGE: of a file with this text, in printf's notation.
prompts_refused() {
    # shellcheck disable=SC2059
    printf "$1" >prompts
    expect 1 "neap: sample: --prompts: prompts: $2" neap sample $run --prompts prompts
}
prompts_refused 'a ring\n\na cross\n' "line 2: expected a text, got a blank line"
prompts_refused 'a ring\n \t\r\n' "line 2: expected a text, got a blank line"
prompts_refused '\n' "line 1: expected a text, got a blank line"
prompts_refused 'a ring\na \377cross\n' "line 2: expected UTF-8, got the byte ff after 'a '"
prompts_refused 'a ring\nb\na \000cross\n' "line 3: expected a text without NUL, got one after 'a '"
prompts_refused '' "expected a text in each line, got none"
expect 1 "neap: sample: --prompts: nowhere: No such file or directory" neap sample $run --prompts nowhere
expect 1 "neap: sample: --prompts: .: Is a directory" neap sample $run --prompts .
expect 1 "neap: sample: --prompts: standard input: expected a text in each line, got none" neap sample $run --prompts -

# --- Long texts --------------------------------------------------------------------------------------------------------------

expect 0 "neap: warning: sample: text 2 is cut after byte 15 of 21, the network reads 16: 'é sea' is lost; so is 1 more" \
    neap sample $run --text "a ring" --text "a ring, beside é sea" --text "a cross, far beyond" -n 2 --raw cut.npy
expect 0 "neap: warning: sample: negative is cut after byte 16 of 17, the network reads 16: 'x' is lost" \
    neap sample $run --text "a ring" --negative "a cross and a box" -n 2 --raw cut_away.npy
raw short.npy --text "a ring" --text "a ring, beside " --text "a cross, far bey" -n 2
holds "what is left is the text" cmp cut.npy short.npy

# --- Previews and eval -------------------------------------------------------------------------------------------------------

same_text "previews list their captions, the same in each" "$(captions $run/samples-000012.png)" "$(captions $run/samples.png)"
same_text "one for each row" 8 "$(captions $run/samples.png | wc -l | tr -d ' ')"
cat >judge.lua <<'RECIPE'
local neap = require "neap"
neap.train {
  model = neap.architecture.vit { rows = 8, columns = 8, classes = 10, patch = 4, width = 16, depth = 1, heads = 2 },
  data = neap.dataset.shapes { size = 8 }, objective = neap.objective.classification {},
  optimizer = neap.optimizer.adamw { lr = 3e-3 }, precision = "fp32", batch = 32, steps = 10,
}
RECIPE
neap run judge.lua >/dev/null 2>&1
expect 0 "" neap eval $run -n 30 --evaluator runs/judge --resamples 0 --raw eval.npy
same_text "all scores" "frechet kernel precision recall modes divergence agreement least_agreement" \
    "$(sed 1d stdout | awk '{ printf "%s%s", sep, $1; sep = " " }')"
cat >under.lua <<'RECIPE'
local neap, core = require "neap", require "neap.core"
local checkpoint = require "neap.checkpoint"
local run = checkpoint.load "runs/words"
local held = core.source((core.dataset_part(checkpoint.dataset "runs/words/checkpoint.safetensors", "test", 1, 1)))
local _, _, condition = held:batch(1, held:count(), 0)
local texts, all = require "neap.prompt".strings(condition), {}
for i = 1, 30 do
  all[i] = texts[30 % #texts == 0 and (i - 1) // (30 // #texts) + 1 or (i - 1) % #texts + 1]
end
local x = run.sampler:sample(run.model, { n = 30, seed = 0, text = all })
print((x:clamp(-1, 1) - neap.npy.load "eval.npy"):abs():max():item())
RECIPE
expect 0 "" neap run under.lua
same_text "samples of an eval have the captions of held-out examples" 0.0 "$(cat stdout)"
expect 2 "neap: eval: --labels has no effect: each sample has the condition of a real example; the run takes a text" \
    neap eval $run -n 30 --evaluator runs/judge --labels 3
cat >bare.lua <<'RECIPE'
local neap = require "neap"
local x, labels = neap.dataset.shapes { size = 8 }:batch(1, 40, 2)
os.execute "mkdir -p bare"
for _, part in ipairs { "train", "t10k" } do
  local images <close> = io.open("bare/" .. part .. "-images-idx3-ubyte", "wb")
  images:write(string.pack(">I4I4I4I4", 2051, 40, 8, 8))
  local bytes = ((x + 1) * 127.5):reshape(40 * 64):tolist()
  for i, value in ipairs(bytes) do
    bytes[i] = string.char(math.floor(value))
  end
  images:write(table.concat(bytes))
  local names <close> = io.open("bare/" .. part .. "-labels-idx1-ubyte", "wb")
  names:write(string.pack(">I4I4", 2049, 40), string.char(table.unpack(labels:tolist())))
end
RECIPE
expect 0 "" neap run bare.lua
expect 1 "neap: eval: the run takes a text; the data set provides no 'text'" neap eval $run -n 30 --evaluator runs/judge --data bare
expect 2 "neap: label: the model has no classes; it takes a text" neap eval $run --samples eval.npy --evaluator runs/judge --labels 3
sed 's/steps = 24/steps = 24, score_every = 12, score_samples = 20, evaluator = "runs\/judge"/' words.lua >scored.lua
expect_like 0 "*" neap run scored.lua dropout=0 w=0 # no sample may be without its caption
same_text "scores of captions while it trains" 2 "$(grep -c '"frechet"' runs/scored/metrics.jsonl)"

# --- Refused -----------------------------------------------------------------------------------------------------------------

odd=$(printf 'a \377')
while IFS='|' read -r status message options; do
    # shellcheck disable=SC2086
    eval "expect $status \"neap: $message\" neap sample $options"
done <<'ROWS'
2|sample: text: dit takes no text, but labels|runs/shapes --text "a ring"
2|sample: negative: dit takes no text, but labels|runs/shapes --negative "a ring"
2|sample: text: mlp takes no text, but labels|runs/points --text "a ring" --raw points.npy
2|label: the model has no classes; it takes a text|$run --label ring
2|label: the model has no classes; it takes a text|$run --text "a ring" --label 3 --morph 2
2|sample: --picture: dit takes no picture, but a text; --image starts from one|$run --picture photos.lua
2|sample: --text: expected UTF-8, got the byte ff after 'a '|$run --text "$odd"
2|sample: --text 2: expected UTF-8, got the byte ff after 'a '|$run --text a --text "$odd"
2|sample: --negative: expected UTF-8, got the byte ff after 'a '|$run --negative "$odd"
2|--negative: expected a text, got ''|$run --negative ""
2|sample: --negative has no effect: cfg, as it is set, leads away from no condition; give --w|$run --negative a --w 0
2|sample: --w has no effect: the samples have no condition; the run takes a text|$run --w 2
2|--text: expected a text|$run --text
2|unknown option '--txt'; did you mean '--text'?|$run --txt "a ring"
2|sample: expected --text or --prompts, got both|$run --text a --prompts prompts
2|sample: --interpolate: expected one text, got 2|$run --text a --text b --interpolate 3
2|sample: -n: expected at most 1000000 samples in all, got 600000 of each of 2|$run --text a --text b -n 600000
ROWS

# --- Trained without, or never with, captions ----------------------------------------------------------------------------------

untaught="the network was trained with label_dropout = 0"
no_null="sample: guidance: $untaught and has no null condition to guide away from; set w = 0, or train with label_dropout = 0.1"
expect 2 "neap: words.lua:3: $no_null" neap run words.lua dropout=0 out=runs/certain
expect_like 0 "*" neap run words.lua dropout=0 w=0 out=runs/certain
raw_run=$run
run=runs/certain
raw certain.npy --text "a ring" -n 2
for options in "" '--text ""'; do
    eval "expect 2 \"neap: sample: expected a text for each sample: \$untaught, never without a text\" neap sample $run $options"
done
expect 2 "neap: $no_null" neap sample $run --text "a ring" --w 1
expect 2 "neap: $no_null" neap sample $run --text "a ring" --negative "a cross" --w 1
expect 0 "" neap eval $run -n 20 --evaluator runs/judge --resamples 0 --metric frechet
run=$raw_run
expect 2 "neap: words.lua:3: sample: text: the network was trained with label_dropout = 1, never with a text; train with less" \
    neap run words.lua dropout=1 out=runs/never
finish
