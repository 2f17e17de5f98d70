#!/bin/sh
# Runs on emoji and on folders of pictures, and what is wrong with fonts, lists and folders: named before anything is written.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
XDG_CACHE_HOME=$place/cache
export XDG_CACHE_HOME

cat >train_on.lua <<'RECIPE'
return function(data, size)
  local neap = require "neap"
  neap.train {
    model = neap.architecture.dit {
      size = size, channels = 3, patch = size // 4, width = 16, depth = 1, heads = 2, classes = data:spec().classes,
    },
    data = data, objective = neap.objective.flow_matching { label_dropout = 0.1 }, optimizer = neap.optimizer.adamw {},
    precision = "fp32", batch = 4, steps = 2,
  }
end
RECIPE
cat >emoji.lua <<'RECIPE'
local neap = require "neap"
local o = neap.options { font = "", list = "list.txt", size = 32, background = "white", share = 0.0, split = "train" }
require "train_on"(neap.dataset.emoji {
  size = o.size, list = o.list, font = o.font ~= "" and o.font or nil, background = o.background, test_share = o.share,
  split = o.split,
}, o.size)
RECIPE
cat >pictures.lua <<'RECIPE'
local neap = require "neap"
local o = neap.options { path = "pictures", cache = "", share = 0.0, split = "train" }
require "train_on"(neap.dataset.folder {
  path = o.path, size = 8, cache = o.cache ~= "" and o.cache or nil, test_share = o.share, split = o.split,
}, 8)
RECIPE
cat >draw.lua <<'RECIPE'
local neap = require "neap"
for i, name in ipairs { "red", "green", "blue" } do
  for k = 1, 2 do
    local color = { -1, -1, -1 }
    color[i] = k - 1
    neap.image.save(("pictures/%s/%d.png"):format(name, k), neap.full({ 10, 12, 3 }, 0) + neap.tensor(color))
  end
end
RECIPE

# --- Emoji --------------------------------------------------------------------------------------------------------------

cat >list.txt <<'LIST'
# group: Faces
1F600 ; fully-qualified # x E1.0 grinning face
1F602 ; fully-qualified # x E0.6 face with tears of joy
# group: Food & Drink
1F34E ; fully-qualified # x E0.6 red apple
1F34F ; fully-qualified # x E0.6 green apple
LIST
expect_like 0 "${machine}dit: *, 2 steps in about *" neap run emoji.lua
expect 0 "" neap sample runs/emoji -n 2 --label "Food & Drink" --steps 2 -o apples.png
holds "a picture" test -s apples.png
expect 2 "neap: label: expected 0 to 1 or a name, got 'Fases'; did you mean 'Faces'?" neap sample runs/emoji --label Fases
# Both parts of Debian's list, with names as texts.
cat >both.lua <<'RECIPE'
local neap = require "neap"
local train = neap.dataset.emoji { size = 32 }
local test = neap.dataset.emoji { size = 32, split = "test" }
local _, labels, condition = test:read { 0, 1, 2 }
assert(train:count() > 1500 and test:count() > 150, "counts")
assert(condition.text.dtype == "u8" and condition.lengths:tolist()[1] > 2 and labels:tolist()[1] == 0, "condition")
RECIPE
expect 0 "" neap run both.lua

refused_emoji() {
    status_wanted=$1 message=$2
    shift 2
    expect "$status_wanted" "neap: emoji.lua:3: emoji: $message" neap run emoji.lua out=runs/refused "$@"
    holds "nothing is written: $*" absent runs/refused
}
refused_emoji 2 "size: expected 32 to 128, got 16" size=16
refused_emoji 2 "size: expected 32 to 128, got 129" size=129
refused_emoji 1 "font: none.ttf: No such file or directory; install the package fonts-noto-color-emoji, or name another file" \
    font=none.ttf
refused_emoji 1 "list: none.txt: No such file or directory; install the package unicode-data, or name another file" list=none.txt
refused_emoji 1 "list: emoji.lua:1: expected 'CODE POINTS ; STATUS # EMOJI EVERSION NAME', got 'local neap = require \"neap\"'" \
    list=emoji.lua
refused_emoji 1 "background: expected white, black, grey or #rrggbb, got 'blue'" background=blue
refused_emoji 1 "test_share: expected examples in the test part, got none of 4" split=test

# --- Folders ------------------------------------------------------------------------------------------------------------

mkdir -p pictures/red pictures/green pictures/blue empty
expect 0 "" neap run draw.lua
expect_like 0 "${machine}dit: *, 2 steps in about *" neap run pictures.lua
holds "three classes" grep -q 'classes..: 3' runs/pictures/checkpoint.safetensors
expect 0 "" neap sample runs/pictures -n 1 --label green --steps 2 -o green.png
same_text "one file in the cache" 1 "$(find cache/neap -type f | wc -l)"
echo "a text" >pictures/red/text.png
: >pictures/red/zero.jpg
broken="neap: warning: folder: pictures: 2 of 8 pictures are left out: red/text.png: expected a PNG or JPEG picture, got text that \
begins with 'a text'; red/zero.jpg: expected a PNG or JPEG picture, got an empty file"
expect_like 0 "$broken$newline${machine}dit: *" neap run pictures.lua out=runs/broken
expect_like 0 "$broken$newline${machine}dit: *" neap run pictures.lua out=runs/cached
cat >twice.lua <<'RECIPE'
local neap = require "neap"
for size = 8, 9 do
  local once, again = neap.dataset.folder { path = "pictures", size = size }, neap.dataset.folder { path = "pictures", size = size }
  assert(once:count() == again:count())
end
RECIPE
expect 0 "$broken" neap run twice.lua
rm pictures/red/text.png pictures/red/zero.jpg
expect_like 0 "neap: warning: folder: cache: pictures.lua*; the pictures are kept in memory$newline${machine}dit: *" \
    neap run pictures.lua out=runs/memory cache=pictures.lua

refused_folder() {
    message=$1
    shift
    expect 1 "neap: pictures.lua:3: folder: path: $message" neap run pictures.lua out=runs/refused "$@"
    holds "nothing is written: $*" absent runs/refused
}
refused_folder "empty: expected PNG or JPEG pictures in it, got none" path=empty
refused_folder "none: No such file or directory" path=none
refused_folder "emoji.lua: expected a folder of pictures, got a file" path=emoji.lua
: >empty/a.png
refused_folder "empty: expected a usable picture, got 1 that are not: a.png: expected a PNG or JPEG picture, got an empty file" \
    path=empty
finish
