#!/bin/sh
# Data from files: a run on IDX files made here, and every sort of bad file, which is named with its path and what is
# wrong, before anything is written.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"

cat >idx.lua <<'RECIPE'
local neap = require "neap"
local o = neap.options { path = "set", split = "train", images = "", labels = "", classes = 0, names = "", size = 8 }
local function given(text)
  return text ~= "" and text or nil
end
local data = neap.dataset.idx {
  path = o.images == "" and o.path or nil, images = given(o.images), labels = given(o.labels),
  label_names = given(o.names), split = o.split, classes = o.classes,
}
neap.train {
  model = neap.architecture.dit {
    size = o.size, channels = 1, patch = 4, width = 16, depth = 1, heads = 2, classes = data:spec().classes,
  },
  data = data, objective = neap.objective.flow_matching {}, optimizer = neap.optimizer.adamw {}, precision = "fp32", batch = 4, steps = 2,
}
RECIPE

# bytes COUNT: as many zeros, of the digit.
bytes() {
    printf "%0$1d" 0
}

# pictures COUNT SIDE [BYTES]: an IDX file of square pictures, up to 255 of up to 255 by 255.
pictures() {
    printf '\0\0\10\3\0\0\0%b\0\0\0%b\0\0\0%b' "\\0$(printf %o "$1")" "\\0$(printf %o "$2")" "\\0$(printf %o "$2")"
    bytes "${3:-$(($1 * $2 * $2))}"
}

# labels TEXT...: an IDX file of labels, each given as an octal number.
labels() {
    printf '\0\0\10\1\0\0\0%b' "\\0$(printf %o $#)"
    for label; do
        printf %b "\\0$label"
    done
}

# --- Sound ------------------------------------------------------------------------------------------------------------

mkdir set
pictures 4 8 >set/train-images-idx3-ubyte
labels 0 1 2 1 >set/train-labels-idx1-ubyte
expect_like 0 "${machine}dit: *, 2 steps in about *" neap run idx.lua
holds "a run on IDX files" grep -q 'classes..: 3' runs/idx/checkpoint.safetensors
expect_like 0 "${machine}dit: *" neap run idx.lua images=set/train-images-idx3-ubyte out=runs/images
holds "pictures without labels" grep -q 'classes..: 0' runs/images/checkpoint.safetensors
expect_like 0 "${machine}dit: *" neap run idx.lua names=sock,shoe,hat out=runs/names
expect 0 "" neap sample runs/names -n 1 --label hat -o hat.png
expect 2 "neap: label: expected 0 to 2 or a name, got 'hit'; did you mean 'hat'?" neap sample runs/names --label hit
# Where files were unpacked into folders of their names.
mkdir -p beside/train-images-idx3-ubyte beside/train-labels-idx1-ubyte
cp set/train-images-idx3-ubyte beside/train-images.idx3-ubyte
cp set/train-labels-idx1-ubyte beside/train-labels.idx1-ubyte
expect_like 0 "${machine}dit: *" neap run idx.lua path=beside out=runs/beside
rm -r runs

# --- Bad --------------------------------------------------------------------------------------------------------------

# bad MESSAGE key=value...: refused where the recipe opens its data, without a trace.
bad() {
    message=$1
    shift
    expect 1 "neap: idx.lua:6: idx: $message" neap run idx.lua "$@"
    holds "no run: $message" absent runs
}

# bad_images MESSAGE: the file ./images as pictures.
bad_images() {
    bad "images: $1" images=images
}

bad "nowhere/train-images-idx3-ubyte: No such file or directory" path=nowhere
bad "set/t10k-images-idx3-ubyte: No such file or directory" split=test
bad "set/train-images-idx3-ubyte/train-images-idx3-ubyte: Not a directory" path=set/train-images-idx3-ubyte
mkdir half
pictures 4 8 >half/train-images-idx3-ubyte
bad "half/train-labels-idx1-ubyte: No such file or directory" path=half

: >images
bad_images "truncated: expected 4 more bytes, got 0"
printf '\0\0' >images
bad_images "truncated: expected 4 more bytes, got 2"
printf '\0\0\10\3\0\0\0\4\0\0\0\10\0' >images
bad_images "truncated: expected 4 more bytes, got 1"
pictures 4 8 255 >images
bad_images "truncated: expected 256 more bytes, got 255"
pictures 4 8 257 >images
bad_images "expected its end after 256 elements, got more bytes"
printf 'P5 8 8 255\n' >images
bad_images "expected an IDX file, got text that begins with 'P5 8 8 255'"
printf 'version https' >images
bad_images "expected an IDX file, got a Git LFS pointer; it is not the file itself: run 'git lfs pull'"
printf '\0\0\15\3\0\0\0\4\0\0\0\10\0\0\0\10' >images
bad_images "expected elements of type 0x08 (bytes from 0 to 255), got 0x0d (floats)"
printf '\0\0\10\5\0\0\0\4\0\0\0\10\0\0\0\10' >images
bad_images "expected 1 to 4 sizes, got 5"
printf '\0\0\10\3\0\0\0\4\0\0\0\0\0\0\0\10' >images
bad_images "size 2 of 3 is 0"
printf '\0\0\10\3\377\377\377\377\377\377\377\377\377\377\377\377' >images
bad_images "the product of its sizes is too large"
printf '\0\0\10\3\0\377\377\377\0\0\377\377\0\0\0\10' >images # hundreds of gigabytes, it says
bad_images "truncated: expected 1048576 more bytes, got 0"
labels 0 1 2 1 >images
expect 1 "neap: idx.lua:6: idx: images: expected sizes of count, height, width and perhaps channels, got 1 sizes" \
    neap run idx.lua images=images
if command -v gzip >/dev/null; then
    pictures 4 8 | gzip -n >whole.gz
    cp whole.gz images
    expect_like 0 "${machine}dit: *" neap run idx.lua images=images
    rm -r runs
    dd if=whole.gz of=images bs=20 count=1 2>/dev/null
    bad_images "truncated gzip: the file ends before the compressed data"
fi

mkdir broken
pictures 4 8 >broken/train-images-idx3-ubyte
labels 0 1 2 >broken/train-labels-idx1-ubyte
bad "expected as many labels as pictures, got 3 labels and 4 pictures" path=broken
labels 0 1 2 1 1 >broken/train-labels-idx1-ubyte
bad "expected as many labels as pictures, got 5 labels and 4 pictures" path=broken
pictures 4 8 >broken/train-labels-idx1-ubyte
bad "labels: expected one size, their count, got 3 sizes" path=broken
bad "labels: expected 0 to 1, got 2 at picture 2" classes=2
bad "label_names: expected 3 names, got 2" names=sock,shoe
bad "label_names: expected names that differ, got 'hat' twice" path=set names=hat,shoe,hat
bad "classes and label_names need labels" images=set/train-images-idx3-ubyte classes=3
bad "expected either path, or images and perhaps labels" labels=set/train-labels-idx1-ubyte

expect 2 "neap: idx.lua:6: idx: classes: expected 0 to 256, got 300" neap run idx.lua classes=300
expect 2 "neap: idx.lua:6: idx: split: expected one of 'train', 'test', got text 'tset'" neap run idx.lua split=tset
expect 1 "neap: idx.lua:10: dit: expects pictures [16, 16, 1]; the data set has [8, 8, 1]" neap run idx.lua size=16
holds "no run at the end" absent runs
finish
