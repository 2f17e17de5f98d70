#!/bin/sh
# neap eval of a run with captions: it draws the held-out ones, and a metric reads the pictures. The network is a plugin that is
# compiled here and draws what a caption says, or always the same.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"

mkdir plugins
cat >painter.c <<'PLUGIN'
#include <math.h>

#include <neap/error.h>
#include <neap/memory.h>
#include <neap/network.h>

#include "dataset/scene.h"

#define SIDE 28

typedef struct config {
    bool reads;
} config;

typedef struct painter {
    neap_tensor *weight;
    bool reads;
} painter;

static void *build(const void *settings, neap_model *model)
{
    painter *p = neap_calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->reads = ((const config *)settings)->reads;
    p->weight = neap_model_parameter(model, neap_dims(1), (neap_init){NEAP_INIT_ZERO, 0}, "weight");
    return p;
}

static int spec(const void *self, neap_spec *out)
{
    (void)self;
    return neap_spec_fill(out, (neap_spec){.height = SIDE, .width = SIDE, .channels = 3, .text = 60});
}

/* On the straight path from the picture to noise, v = (x - picture) / t. */
static neap_tensor *velocity(void *self, neap_tensor *x, neap_tensor *t, const neap_condition *condition)
{
    const painter *p = self;
    neap_tensor *pictures = neap_zeros(NEAP_F32, neap_shape_of(x)), *text = neap_condition_get(condition, NEAP_TEXT);
    const int32_t *lengths = neap_data(neap_condition_get(condition, NEAP_LENGTHS));
    for (int64_t i = 0; i < neap_dim(x, 0); i++) {
        const char *said = (const char *)neap_data(text) + i * neap_dim(text, 1);
        const scene first = {{0, 0, 0, 0}}, heard = scene_of_text(said, lengths[i]);
        const bool whole = heard.value[0] >= 0 && heard.value[1] >= 0 && heard.value[2] >= 0 && heard.value[3] >= 0;
        scene_draw(p->reads && whole ? &heard : &first, (neap_random){1, 1}, 0, SIDE,
                   (float *)neap_data(pictures) + i * SIDE * SIDE * 3);
    }
    neap_tensor *time = neap_reshape(neap_clamp(t, 1e-6, 1), neap_dims(-1, 1, 1, 1));
    return neap_add(neap_div(neap_sub(x, pictures), time), neap_reshape(p->weight, neap_dims(1, 1, 1, 1)));
}

static const neap_architecture functions = {.size = sizeof functions, .build = build, .destroy = neap_free, .spec = spec,
                                            .velocity = velocity};
static const neap_param params[] = {NEAP_FLAG(config, reads, 1, "Draw what the caption says."), NEAP_PARAMS_END};

NEAP_PLUGIN(painter) = NEAP_ONE_COMPONENT("painter", "1.0.0", "MIT", "Draws captions.", "architecture/2", config, params,
                                          functions);
PLUGIN
sources=$NEAP_SOURCE/plugins/dataset
${CC:-cc} -shared -fPIC -D_GNU_SOURCE -Wall -Wextra -Werror -I"$NEAP_SOURCE/core/include" -I"$NEAP_SOURCE/plugins" \
    -o plugins/painter.so painter.c "$sources"/scene_*.c "$sources/outline.c" -lm 2>cc.log
same_text "the compiler says nothing" "" "$(cat cc.log)"
NEAP_PLUGIN_PATH=$PWD/plugins
export NEAP_PLUGIN_PATH
cat >paint.lua <<'RECIPE'
local neap = require "neap"
local o = neap.options { reads = true, data = "captioned_shapes" }
local data = neap.dataset.captioned_shapes { count = 100 }
neap.train {
  model = neap.architecture.painter { reads = o.reads }, data = data, objective = neap.objective.flow_matching {},
  optimizer = neap.optimizer.adamw { lr = 1e-6 }, sampler = neap.sampler.euler { steps = 1 }, steps = 1, batch = 2,
  precision = "fp32",
}
RECIPE
expect_like 0 "*" neap run paint.lua
expect_like 0 "*" neap run paint.lua reads=false out=runs/blind

# The values of all scores: NAME VALUE ...
values() {
    sed 1d stdout | awk '{ printf "%s%s %s", sep, $1, $2; sep = " " }'
}

right="colour 1 shape 1 place 1 combination 1 size 1"
expect 0 "" neap eval runs/paint -n 108 --steps 1 --raw made.npy
same_text "what the captions say is drawn" "$right" "$(values)"
holds "the heading names what else is scored" grep -q "training pictures" stdout
expect 0 "" neap eval runs/paint -n 108 --conditions training --steps 1 --resamples 0 --raw seen.npy
same_text "so it is for the captions of the training part" "$right" "$(values)"
holds "which are others" test "$(cksum <made.npy)" != "$(cksum <seen.npy)"
expect 0 "" neap eval runs/paint -n 108 --reference training --steps 1 --resamples 0 --raw other.npy
same_text "another reference changes no caption" "$(cksum <made.npy)" "$(cksum <other.npy)"
expect 0 "" neap eval runs/paint --samples made.npy --resamples 0
same_text "pictures of a file are those of the same captions" "$right" "$(values)"
expect 0 "" neap eval runs/paint -n 108 --steps 1 --metric shape_attributes --batch 5 --threads 1 --resamples 0
same_text "neither batch nor threads matter" "$right" "$(values)"

# Number 0 of each attribute is held out, so it is drawn by chance.
expect 0 "" neap eval runs/blind -n 540 --steps 1 --resamples 0
holds "a network that does not read draws a combination by chance" \
    awk '$1 == "combination" { found = $2 < 0.05 } END { exit !found }' stdout
same_text "and real pictures show theirs" "1 1 1 1 1" "$(sed 1d stdout | awk '{ printf "%s%s", sep, $(NF - 1); sep = " " }')"

# --- A matcher as the evaluator ---------------------------------------------------------------------------------------

cat >match.lua <<'RECIPE'
local neap = require "neap"
neap.train {
  model = neap.architecture.matcher {
    rows = 28, columns = 28, channels = 3, patch = 7, width = 32, depth = 1, heads = 2, embedding = 16, stem = 0,
    text = 49, text_width = 16, text_depth = 1, text_heads = 2, text_words = 64,
  },
  data = neap.dataset.captioned_shapes {}, objective = neap.objective.contrastive {},
  optimizer = neap.optimizer.adamw { lr = 3e-3 }, precision = "fp32", batch = 32, steps = 20,
}
RECIPE
expect_like 0 "*" neap run match.lua
expect 0 "" neap eval runs/paint -n 30 --steps 1 --resamples 0 --evaluator runs/match
same_text "features, retrieval and what the pictures show" \
    "frechet kernel precision recall top_1 top_5 colour shape place combination size" \
    "$(sed 1d stdout | awk '{ printf "%s%s", sep, $1; sep = " " }')"
value() { awk -v name="$1" '$1 == name { print $2 }' stdout; }
first=$(value top_1) fifth=$(value top_5)
holds "the first is one of five" awk -v a="$first" -v b="$fifth" 'BEGIN { exit !(a <= b && b <= 1) }'
expect 0 "" neap eval runs/paint -n 30 --resamples 0 --evaluator runs/match --steps 1 --metric retrieval --batch 4 --threads 1
same_text "neither batch nor threads matter to retrieval" "$first $fifth" "$(value top_1) $(value top_5)"
expect 2 "neap: eval: --cas needs a classifier as the evaluator" neap eval runs/paint -n 30 --evaluator runs/match --cas
cat >small.lua <<'RECIPE'
local neap = require "neap"
neap.train {
  model = neap.architecture.dit { size = 28, channels = 3, patch = 14, width = 16, depth = 1, heads = 2 },
  data = neap.dataset.captioned_shapes {}, objective = neap.objective.flow_matching {}, optimizer = neap.optimizer.adamw { lr = 1e-3 },
  precision = "fp32", batch = 2, steps = 1,
}
RECIPE
expect_like 0 "*" neap run small.lua
expect 0 "" neap eval runs/small -n 8 --steps 1 --resamples 0 --evaluator runs/match
same_text "a run without texts has features alone" "frechet kernel precision recall" \
    "$(sed 1d stdout | awk '{ printf "%s%s", sep, $1; sep = " " }')"
expect 2 "neap: eval: --conditions has no effect: the run takes no text and no picture" \
    neap eval runs/small -n 8 --steps 1 --evaluator runs/match --conditions training

# --- Refused ----------------------------------------------------------------------------------------------------------

expect_like 1 "neap: eval: there is no evaluator '/nowhere'; *" neap eval runs/paint -n 20 --evaluator /nowhere
expect 1 "neap: frechet: expected features of the samples, got none" neap eval runs/paint -n 20 --steps 1 --metric frechet
finish
