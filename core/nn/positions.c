/* Sinusoidal features of time and of positions in a grid. */
#include <math.h>

#include <neap/error.h>
#include <neap/nn.h>

neap_tensor *neap_time_features(neap_tensor *t, int64_t width)
{
    int64_t half = width / 2;
    if (!t)
        return NULL;
    if (neap_rank(t) != 1 || width < 2 || width % 2)
        return neap_fail_null("time_features: expected t [B] and an even width, got rank %d and %lld", neap_rank(t), (long long)width);
    neap_tensor *rate = neap_empty(NEAP_F32, neap_dims(half));
    float *f = neap_data(rate);
    for (int64_t i = 0; f && i < half; i++)
        f[i] = (float)(1000 * exp(-log(10000) * (double)i / (double)half));
    neap_tensor *angle = neap_mul(neap_reshape(t, neap_dims(-1, 1)), neap_cast(rate, neap_dtype_of(t)));
    return neap_concat((neap_tensor *[]){neap_cos(angle), neap_sin(angle)}, 2, 1);
}

neap_tensor *neap_slow_time_features(neap_tensor *t, int64_t width)
{
    return neap_time_features(neap_affine(t, 0.01, 0), width);
}

static void write_axis(float *out, int64_t at, int64_t half)
{
    int64_t quarter = half / 2;
    for (int64_t i = 0; i < quarter; i++) {
        double angle = (double)at / pow(10000, (double)i / (double)quarter);
        out[i] = (float)sin(angle);
        out[quarter + i] = (float)cos(angle);
    }
}

neap_tensor *neap_grid_positions(int64_t rows, int64_t columns, int64_t width)
{
    if (width % 4 || width < 4)
        return neap_fail_null("grid_positions: expected a width that is a multiple of 4, got %lld", (long long)width);
    neap_tensor *table = neap_empty(NEAP_F32, neap_dims(rows * columns, width));
    float *out = neap_data(table);
    for (int64_t i = 0; out && i < rows * columns; i++) {
        write_axis(out + i * width, i % columns, width / 2);
        write_axis(out + i * width + width / 2, i / columns, width / 2);
    }
    return table;
}
