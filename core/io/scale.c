/* Scaling of pictures by a separable Lanczos filter. See neap_raster_scale in neap/io.h. */

#include <math.h>

#include <neap/error.h>
#include <neap/io.h>
#include <neap/memory.h>

#define LOBES 3.0

/* The weights of one axis: output i is the sum of weight[i * taps + k] * input[first[i] + k], k from 0 to used[i] - 1. */
typedef struct axis {
    int64_t *first, *used;
    float *weight;
    int64_t taps; /* room for each output */
} axis;

static double lanczos(double x)
{
    const double a = M_PI * x;
    if (fabs(x) < 1e-9)
        return 1;
    return fabs(x) < LOBES ? LOBES * sin(a) * sin(a / LOBES) / (a * a) : 0;
}

static void axis_free(axis *a)
{
    neap_free(a->first);
    neap_free(a->used);
    neap_free(a->weight);
}

/* The weights of output i, whose centre lies at `centre`; they sum to 1. */
static void weigh(axis *a, int64_t i, double centre, double stretch, int64_t in)
{
    const double reach = LOBES * stretch;
    const int64_t low = (int64_t)ceil(centre - reach - 0.5), high = (int64_t)floor(centre + reach - 0.5);
    const int64_t first = low < 0 ? 0 : low > in - 1 ? in - 1 : low, last = high > in - 1 ? in - 1 : high;
    double sum = 0;
    float *weight = a->weight + i * a->taps;
    a->first[i] = first;
    a->used[i] = last < first ? 1 : last - first + 1;
    for (int64_t k = 0; k < a->used[i]; k++)
        sum += lanczos(((double)(first + k) + 0.5 - centre) / stretch);
    for (int64_t k = 0; k < a->used[i]; k++)
        weight[k] = (float)(lanczos(((double)(first + k) + 0.5 - centre) / stretch) / sum);
}

/* `in` inputs, of which [begin, begin + length) becomes `out` outputs. */
static int axis_make(axis *a, int64_t in, double begin, double length, int64_t out)
{
    const double scale = length / (double)out, stretch = fmax(scale, 1);
    *a = (axis){.taps = (int64_t)(2 * LOBES * stretch) + 2};
    a->first = neap_calloc((size_t)out, sizeof *a->first);
    a->used = neap_calloc((size_t)out, sizeof *a->used);
    a->weight = neap_calloc((size_t)(out * a->taps), sizeof *a->weight);
    if (!a->first || !a->used || !a->weight)
        return -1;
    for (int64_t i = 0; i < out; i++)
        weigh(a, i, begin + ((double)i + 0.5) * scale, stretch, in);
    return 0;
}

/* The columns of one row. */
static void filter_row(const axis *a, const float *from, int64_t channels, float *to, int64_t width)
{
    for (int64_t x = 0; x < width; x++) {
        const float *weight = a->weight + x * a->taps, *pixel = from + a->first[x] * channels;
        for (int64_t c = 0; c < channels; c++) {
            float sum = 0;
            for (int64_t k = 0; k < a->used[x]; k++)
                sum += weight[k] * pixel[k * channels + c];
            to[x * channels + c] = sum;
        }
    }
}

/* Row y of the output from rows whose columns are filtered; row 0 of `from` is row `top` of the picture. */
static void filter_column(const axis *a, int64_t y, const float *from, int64_t top, int64_t row, float *to)
{
    for (int64_t i = 0; i < row; i++)
        to[i] = 0;
    for (int64_t k = 0; k < a->used[y]; k++) {
        const float weight = a->weight[y * a->taps + k], *line = from + (a->first[y] + k - top) * row;
        for (int64_t i = 0; i < row; i++)
            to[i] += weight * line[i];
    }
    for (int64_t i = 0; i < row; i++)
        to[i] = fminf(fmaxf(to[i], -1), 1);
}

static int filter(const neap_raster *from, const axis *columns, const axis *rows, float *out, int64_t height,
                  int64_t width)
{
    const int64_t row = width * from->channels, top = rows->first[0];
    const int64_t bottom = rows->first[height - 1] + rows->used[height - 1];
    float *between = neap_calloc((size_t)((bottom - top) * row), sizeof *between);
    if (!between)
        return -1;
    for (int64_t y = top; y < bottom; y++)
        filter_row(columns, from->pixels + y * from->width * from->channels, from->channels, between + (y - top) * row, width);
    for (int64_t y = 0; y < height; y++)
        filter_column(rows, y, between, top, row, out + y * row);
    neap_free(between);
    return 0;
}

int neap_raster_scale(const neap_raster *from, neap_area area, float *out, int64_t height, int64_t width)
{
    axis columns = {0}, rows = {0};
    int status = axis_make(&columns, from->width, area.left, area.width, width);
    if (status == 0)
        status = axis_make(&rows, from->height, area.top, area.height, height);
    if (status == 0)
        status = filter(from, &columns, &rows, out, height, width);
    axis_free(&columns);
    axis_free(&rows);
    return status;
}

/* --- Tensors -------------------------------------------------------------------------------------------------------- */

neap_area neap_raster_middle(const neap_raster *of, int64_t height, int64_t width)
{
    const double scale = fmin((double)of->height / (double)height, (double)of->width / (double)width);
    const double rows = scale * (double)height, columns = scale * (double)width;
    return (neap_area){((double)of->height - rows) / 2, ((double)of->width - columns) / 2, rows, columns};
}

neap_tensor *neap_picture_fit(neap_tensor *picture, int64_t height, int64_t width)
{
    char got[NEAP_SHAPE_TEXT];
    if (!picture)
        return NULL;
    if (neap_rank(picture) != 3 || neap_dtype_of(picture) != NEAP_F32 || neap_size(picture) < 1)
        return neap_fail_null("fit: expected a picture f32 [H, W, C], got %s %s", neap_dtype_name(neap_dtype_of(picture)),
                              neap_shape_text(neap_shape_of(picture), got));
    if (height < 1 || width < 1)
        return neap_fail_null("fit: expected a size from 1, got %lld by %lld", (long long)height, (long long)width);
    neap_tensor *result = neap_empty(NEAP_F32, neap_dims(height, width, neap_dim(picture, 2)));
    float *out = result ? neap_data(result) : NULL, *pixels = neap_calloc((size_t)neap_size(picture), sizeof *pixels);
    const neap_raster from = {pixels, neap_dim(picture, 0), neap_dim(picture, 1), neap_dim(picture, 2)};
    int status = out && pixels ? neap_read(picture, NEAP_F32, pixels) : -1;
    if (status == 0)
        status = neap_raster_scale(&from, neap_raster_middle(&from, height, width), out, height, width);
    neap_free(pixels);
    return status == 0 ? result : NULL;
}
