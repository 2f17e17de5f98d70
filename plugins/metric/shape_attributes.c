/*
 * Metric: what pictures show of their captions, for the data set captioned_shapes. Colour, shape, place and size are read from the
 * pixels, without a network (see dataset/scene_read.c), and compared with what the words of the caption ask for. `combination` is the
 * share of pictures with colour, shape and place right. The reference is ignored.
 */
#include <inttypes.h>

#include <neap/error.h>
#include <neap/memory.h>
#include <neap/ops.h>
#include <neap/parallel.h>

#include "dataset/scene.h"
#include "evidence.h"

#define SHOWN 60 /* bytes of a caption in a message */

typedef struct side {
    int64_t rows, size, room;  /* room: bytes of a row of the text */
    const float *pictures;
    const uint8_t *text;
    const int32_t *lengths;
    scene *asked, *shown; /* of each row */
} side;

/* --- Captions --------------------------------------------------------------------------------------------------------- */

static int find_texts(side *s, const neap_condition *c)
{
    neap_tensor *text = neap_condition_get(c, NEAP_TEXT), *lengths = neap_condition_get(c, NEAP_LENGTHS);
    if (!text || !lengths)
        return neap_fail("expected captions of the samples, got none");
    s->room = neap_dim(text, 1);
    text = neap_contiguous(text);
    lengths = neap_contiguous(lengths);
    s->text = text ? neap_data(text) : NULL;
    s->lengths = lengths ? neap_data(lengths) : NULL;
    return s->text && s->lengths ? 0 : -1;
}

static int read_caption(const side *s, int64_t row)
{
    const char *text = (const char *)s->text + row * s->room;
    const int32_t length = s->lengths[row];
    if (length < 0 || length > s->room)
        return neap_fail("lengths of the samples: expected 0 to %" PRId64 ", got %" PRId32 " in row %" PRId64, s->room, length,
                         row);
    s->asked[row] = scene_of_text(text, length);
    for (int a = 0; a < SCENE_ATTRIBUTES; a++)
        if (s->asked[row].value[a] < 0)
            return neap_fail("captions of the samples: expected one %s, got '%.*s' in row %" PRId64, scene_attribute_name(a),
                             length < SHOWN ? (int)length : SHOWN, text, row);
    return 0;
}

static int read_captions(side *s, const neap_condition *c)
{
    if (find_texts(s, c) < 0)
        return -1;
    for (int64_t row = 0; row < s->rows; row++)
        if (read_caption(s, row) < 0)
            return -1;
    return 0;
}

/* --- Pictures --------------------------------------------------------------------------------------------------------- */

static int find_pictures(side *s, const neap_evidence *samples)
{
    neap_tensor *pictures = NEAP_MEMBER(samples, pictures);
    if (evidence_pictures("the samples", samples) < 0)
        return -1;
    const int64_t height = neap_dim(pictures, 1), width = neap_dim(pictures, 2), channels = neap_dim(pictures, 3);
    if (height != width || channels != 3)
        return neap_fail("pictures of the samples: expected squares of 3 channels, got [%" PRId64 ", %" PRId64 ", %" PRId64 "]",
                         height, width, channels);
    s->rows = neap_dim(pictures, 0);
    s->size = height;
    s->pictures = neap_data(pictures);
    return s->pictures ? 0 : -1;
}

#define GRAIN 32 /* rows; each range of rows begins at a multiple, which is the number of its room */

typedef struct job {
    const side *s;
    double *room;
} job;

static void read_range(void *user, int64_t begin, int64_t end)
{
    const job *j = user;
    const int64_t pixels = j->s->size * j->s->size;
    for (int64_t row = begin; row < end; row++)
        j->s->shown[row] = scene_of_picture(j->s->pictures + 3 * row * pixels, j->s->size, j->room + begin / GRAIN * pixels);
}

static int read_pictures(const side *s)
{
    const size_t rooms = (size_t)((s->rows + GRAIN - 1) / GRAIN);
    job j = {s, neap_calloc(rooms, (size_t)(s->size * s->size) * sizeof(double))};
    if (!j.room)
        return -1;
    neap_parallel(s->rows, GRAIN, read_range, &j);
    neap_free(j.room);
    return 0;
}

/* --- The scores ------------------------------------------------------------------------------------------------------- */

static const char *const names[] = {"colour", "shape", "place", "combination", "size", NULL};
enum { COLOR, SHAPE, PLACE, COMBINATION, SIZE, SCORES };

static void count_right(const side *s, double *scores)
{
    int64_t right[SCORES] = {0};
    for (int64_t row = 0; row < s->rows; row++) {
        bool same[SCENE_ATTRIBUTES];
        for (int a = 0; a < SCENE_ATTRIBUTES; a++)
            same[a] = s->asked[row].value[a] == s->shown[row].value[a];
        right[COLOR] += same[SCENE_COLOR];
        right[SHAPE] += same[SCENE_SHAPE];
        right[PLACE] += same[SCENE_PLACE];
        right[COMBINATION] += same[SCENE_COLOR] && same[SCENE_SHAPE] && same[SCENE_PLACE];
        right[SIZE] += same[SCENE_SIZE];
    }
    for (int i = 0; i < SCORES; i++)
        scores[i] = (double)right[i] / (double)s->rows;
}

static int score(const void *settings, const neap_evidence *samples, const neap_evidence *reference, double *scores)
{
    (void)settings, (void)reference;
    side s = {0};
    if (find_pictures(&s, samples) < 0)
        return -1;
    s.asked = neap_calloc((size_t)s.rows, 2 * sizeof *s.asked);
    s.shown = s.asked + s.rows;
    int status = s.asked ? read_captions(&s, NEAP_MEMBER(samples, condition)) : -1;
    if (status == 0)
        status = read_pictures(&s);
    if (status == 0)
        count_right(&s, scores);
    neap_free(s.asked);
    return status;
}

static const char *const better[] = {"higher", "higher", "higher", "higher", "higher"};
static const neap_metric functions = {sizeof functions, names, score, better};

static const neap_param params[] = {NEAP_PARAMS_END};

NEAP_PLUGIN(shape_attributes) = NEAP_ONE_COMPONENT(
    "shape_attributes", "1.0.0", "MIT", "Share of pictures with the colour, shape, place and size of their captions.",
    "metric/2", char, params, functions);
