#!/bin/sh
# Plugins from outside: those that are broken are named and passed over, and one that is compiled here, with nothing but
# the installed headers, is as good as a bundled one.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
write_recipes

# with FOLDERS ARGUMENT...: neap with more folders of plugins.
with() {
    (
        NEAP_PLUGIN_PATH=$1
        export NEAP_PLUGIN_PATH
        shift
        neap "$@"
    )
}

# samplers NAME...: the bundled samplers and these, sorted.
samplers() {
    {
        (cd "$NEAP_SOURCE/plugins/sampler" && grep -lE '^NEAP_PLUGIN\(' -- *.c | sed 's/\.c$//')
        printf '%s\n' "$@"
    } | LC_ALL=C sort | tr '\n' ' ' | sed 's/ $//'
}

# --- Broken -----------------------------------------------------------------------------------------------------------

broken=$NEAP_TEST_PLUGINS
warning="neap: warning: plugin"
expect_like 0 "$warning $broken/bad_table.so: component 1 (bad_table): parameter 1 (far): offset 4096 lies outside *
$warning $broken/missing_symbol.so: cannot be loaded: undefined symbol: neap_function_of_nobody
$warning $broken/newer_only.so: component 1 (newer_only): interface 'sampler/3' is not served; this neap serves sampler/2
$warning $broken/no_entry.so: has no symbol neap_plugin_v2
$warning $broken/taken.so: sampler 'sound' is taken by $broken/sound.so
$warning $broken/twice.so: sampler 'twice' is there twice
$warning $broken/unknown_interface.so: component 1 (unknown_interface): interface 'oracle/1' is not known
$warning $broken/wrong_abi.so: expected ABI 2, got ABI 999
$warning $broken/wrong_size.so: expected a neap_plugin of at least 48 bytes, got 8" with "$broken" list sampler
same_text "the rest go on" "$(samplers sound versions)" \
    "$(awk '/^sampler/ { printf "%s%s", sep, $2; sep = " " }' stdout)"
expect_like 0 "$warning *${newline}mlp: *" with "$broken" run points.lua
same_text "and a run works" 12 "$(step_of runs/points)"

mkdir files files/folder.so
echo 'no plugin' >files/text.so
: >files/empty.so
dd if="$broken/sound.so" of=files/cut.so bs=512 count=2 2>/dev/null
ln -s nowhere.so files/dangling.so
echo 'passed over' >files/notes.txt
expect 0 "$warning files/cut.so: a truncated ELF file
$warning files/dangling.so: No such file or directory
$warning files/empty.so: no ELF file, it is empty
$warning files/folder.so: no regular file
$warning files/text.so: no ELF file" with files list sampler
expect 0 "neap: warning: plugin folder points.lua: Not a directory
neap: warning: plugin folder nowhere: No such file or directory" with points.lua:nowhere: list sampler
expect 0 "" with files --version

# --- An outsider's ----------------------------------------------------------------------------------------------------

# compile NAME: the shared object of standard input, in the folder ./mine.
compile() {
    mkdir -p mine
    cat >"$1.c"
    # shellcheck disable=SC2086
    ${CC:-cc} -shared -fPIC -D_GNU_SOURCE -I"$NEAP_SOURCE/core/include" -o "mine/$1.so" "$1.c" 2>cc.log
    same_text "the compiler says nothing of $1.c" "" "$(cat cc.log)"
}

# Steps of Heun's method: two evaluations, the second at the end of an Euler step (Karras et al. 2022).
compile trapezoid <<'C'
#include <neap/plugin.h>

typedef struct config {
    int64_t steps;
    double churn;
} config;

static neap_tensor *step(const neap_field *field, neap_tensor *x, double t, double h)
{
    neap_tensor *v = neap_velocity_at(field, x, t);
    neap_tensor *there = neap_add(x, neap_affine(v, -h, 0));
    if (t - h < 1e-9)
        return there;
    return neap_add(x, neap_affine(neap_add(v, neap_velocity_at(field, there, t - h)), -h / 2, 0));
}

static neap_tensor *sample(const void *settings, const neap_field *field, neap_tensor *noise, neap_random random,
                           const neap_watch *watch)
{
    const config *c = settings;
    neap_tensor *x = noise;
    (void)random;
    for (int64_t i = 0; i < c->steps; i++) {
        double t = 1 - (double)i / (double)c->steps;
        x = step(field, x, t, 1 / (double)c->steps);
        if (!x || (watch && watch->step(watch->user, i + 1, c->steps, t, x)))
            return NULL;
    }
    return x;
}

static const char *const needs[] = {"velocity", NULL};
static const neap_sampler functions = {sizeof functions, needs, sample};
static const neap_param params[] = {
    NEAP_INT(config, steps, 20, 1, 1000, "Steps of two evaluations."),
    NEAP_REAL(config, churn, 0, 0, 1, "Not used."),
    NEAP_PARAMS_END,
};
static const neap_component components[] = {
    {"sampler/2", "trapezoid", "Trapezoids of two evaluations.", sizeof(config), params, &functions},
    {0},
};

NEAP_PLUGIN(trapezoid) = {NEAP_ABI, sizeof(neap_plugin), "trapezoid", "0.3.1", "Apache-2.0", "Trapezoids.", components};
C

# A generator: it offers no velocity, so flow matching cannot train it, nor Euler sample it.
compile still <<'C'
#include <neap/plugin.h>

static void *build(const void *settings, neap_model *model)
{
    (void)settings;
    return neap_model_parameter(model, neap_dims(4), (neap_init){NEAP_INIT_ZERO, 0}, "weight");
}

static void destroy(void *self)
{
    (void)self;
}

static int spec(const void *self, neap_spec *out)
{
    (void)self;
    return neap_spec_fill(out, (neap_spec){.height = 1, .width = 1, .channels = 2});
}

static neap_tensor *generate(void *self, neap_tensor *z, const neap_condition *condition)
{
    (void)self;
    (void)condition;
    return z;
}

static const neap_architecture functions = {
    .size = sizeof functions, .build = build, .destroy = destroy, .spec = spec, .generate = generate};
static const neap_param params[] = {NEAP_PARAMS_END};
static const neap_component components[] = {
    {"architecture/2", "still", "Gives back the noise.", sizeof(int), params, &functions},
    {0},
};

NEAP_PLUGIN(still) = {NEAP_ABI, sizeof(neap_plugin), "still", "1.0.0", "MIT", "Nothing moves.", components};
C

# A velocity toward the picture that is its condition.
compile toward <<'C'
#include <neap/plugin.h>

static void *build(const void *settings, neap_model *model)
{
    (void)settings;
    return neap_model_parameter(model, neap_dims(1), (neap_init){NEAP_INIT_ZERO, 0}, "weight");
}

static void destroy(void *self)
{
    (void)self;
}

static int spec(const void *self, neap_spec *out)
{
    (void)self;
    return neap_spec_fill(out, (neap_spec){.height = 1, .width = 1, .channels = 2, .picture = {1, 1, 2}});
}

static neap_tensor *velocity(void *self, neap_tensor *x, neap_tensor *t, const neap_condition *condition)
{
    (void)self;
    (void)t;
    return neap_sub(x, neap_condition_get(condition, NEAP_PICTURE));
}

static const neap_architecture functions = {
    .size = sizeof functions, .build = build, .destroy = destroy, .spec = spec, .velocity = velocity};
static const neap_param params[] = {NEAP_PARAMS_END};

NEAP_PLUGIN(toward) = NEAP_ONE_COMPONENT("toward", "1.0.0", "MIT", "Moves toward a picture.", "architecture/2", int,
                                         params, functions);
C

expect 0 "" with mine list sampler
same_text "it is listed with its kin" "$(samplers trapezoid)" \
    "$(awk '/^sampler/ { printf "%s%s", sep, $2; sep = " " }' stdout)"
holds "by its line of help" grep -qx 'sampler       trapezoid       Trapezoids of two evaluations\.' stdout
expect 0 "" with mine help trapezoid
same_text "its help" "sampler trapezoid: Trapezoids of two evaluations.
  plugin trapezoid 0.3.1, Apache-2.0, mine/trapezoid.so
  neap.sampler.trapezoid {
    steps          int from 1 to 1000; default 20. Steps of two evaluations.
    churn          real from 0 to 1; default 0. Not used.
  }" "$(cat stdout)"

sed 's/neap\.sampler\.euler { steps = 3,/neap.sampler.trapezoid { steps = 4,/' shapes.lua >trapezoid.lua
expect_like 0 "${machine}dit: *" with mine run trapezoid.lua
same_text "it draws the pictures of a run" 89504e470d0a1a0a "$(hex runs/trapezoid/samples.png 0 8)"
expect 0 "" with mine sample runs/trapezoid -n 2 --raw mine.npy
expect 0 "" with mine sample runs/trapezoid -n 2 --steps 3 --raw fewer.npy
holds "its parameter matters" test "$(cksum <mine.npy)" != "$(cksum <fewer.npy)"
expect 2 "neap: trapezoid: steps: expected 1 to 1000, got 1001" with mine sample runs/trapezoid --steps 1001
expect_like 1 "neap: runs/trapezoid/checkpoint.safetensors: sampler 'trapezoid' of plugin 'trapezoid', version 0.3.1, is not known; plugins were searched in /*" neap sample runs/trapezoid -n 2
expect_like 1 "*; plugins were searched in mine/nothing, /*" with mine/nothing sample runs/trapezoid -n 2
expect_like 2 "neap: trapezoid.lua:10: sampler 'trapezoid' is not known; plugins were searched in /*" neap run trapezoid.lua

# wrong_call CALL MESSAGE
wrong_call() {
    printf 'local neap = require "neap"\n%s\n' "$1" >call.lua
    expect 2 "neap: call.lua:2: $2" with mine run call.lua
}
wrong_call 'neap.sampler.trapezoid { steps = 0 }' "trapezoid: steps: expected 1 to 1000, got 0"
wrong_call 'neap.sampler.trapezoid { steps = "ten" }' "trapezoid: steps: expected a whole number, got text 'ten'"
wrong_call 'neap.sampler.trapezoid { stpes = 10 }' "trapezoid: unknown parameter 'stpes'; did you mean 'steps'?"
wrong_call 'neap.sampler.trapeziod {}' "sampler 'trapeziod' is not known; did you mean 'trapezoid'?"
wrong_call 'neap.sampler.trapezoid(10)' "trapezoid: expected one table of settings: trapezoid { name = value }"

sed 's/neap\.architecture\.mlp {.*}/neap.architecture.still {}/; s/labels = true/labels = false/' points.lua >still.lua
expect 1 "neap: still.lua:3: flow_matching needs 'velocity'; still offers 'generate'" with mine run still.lua

# --- A condition that no bundled architecture takes -------------------------------------------------------------------

cat >toward.lua <<'RECIPE'
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check, neap = require "check", require "neap"
local equal, close, raises = check.equal, check.close, check.raises
local model, x = neap.architecture.toward {}, neap.randn(2, 1, 1, 2)
local picture = neap.tensor { { { { 1, 2 } } }, { { { 3, 4 } } } }
local one = neap.sampler.euler { steps = 1 }

check.test("a call is told a picture, or nothing, which is zeros", function()
  equal(model:spec().picture, { height = 1, width = 1, channels = 2 })
  equal(model(x, 1, { picture = picture }), (x - picture):tolist())
  equal(model(x, 1), x:tolist())
  equal(model(x, 1, { picture = picture, labels = neap.tensor({ 0, 1 }, "i32") }), (x - picture):tolist())
  raises("toward: picture: expected [2, 1, 1, 2], got f32 [2, 1, 1, 3]", function()
    model(x, 1, { picture = neap.zeros(2, 1, 1, 3) })
  end)
end)

check.test("sampling is told one, too, and guided away from none", function()
  close(one:sample(model, { n = 2, condition = { picture = picture } }), picture:tolist())
  close(one:sample(model, { n = 2 }), { { { { 0, 0 } } }, { { { 0, 0 } } } })
  local guided = one:with { guidance = neap.guidance.cfg { w = 1 } }
  close(guided:sample(model, { n = 2, condition = { picture = picture } }), (2 * picture):tolist())
  local drawn = guided:sample(model, { n = 2, batch = 1, condition = { picture = picture } })
  close(drawn, (2 * picture):tolist())
  raises("condition: picture: expected 3 rows, got 2", function()
    one:sample(model, { n = 3, condition = { picture = picture } })
  end)
  raises("sample: labels need a conditional network; this one has no classes", function()
    one:sample(model, { n = 2, condition = { labels = neap.tensor({ 0, 1 }, "i32") } })
  end)
end)
check.finish()
RECIPE
expect 0 "" with mine run toward.lua
same_text "pictures as a condition" "cases: 2 passed, 0 failed" "$(cat stdout)"
sed 's/neap\.architecture\.mlp {.*}/neap.architecture.toward {}/; s/labels = true/labels = false/' points.lua >taught.lua
expect 1 "neap: taught.lua:3: toward: takes 'picture'; the data set 'toy2d' provides nothing" with mine run taught.lua
finish
