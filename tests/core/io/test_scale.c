/* Scaling of pictures: compared with the filter's formula in double precision, and what must hold for any filter. */
#include <math.h>

#include <neap/io.h>
#include <neap/random.h>

#include "tests/core/plugin/plugin_test.h"

#define MOST (96 * 96 * 3)

static double lanczos3(double x)
{
    if (x == 0)
        return 1;
    return fabs(x) < 3 ? sin(M_PI * x) * sin(M_PI * x / 3) * 3 / (M_PI * M_PI * x * x) : 0;
}

/* One value, by a sum over the whole picture. */
static double reference(const neap_raster *p, neap_area w, int64_t height, int64_t width, int64_t y, int64_t x,
                        int64_t c)
{
    const double down = w.height / (double)height, across = w.width / (double)width;
    const double row = w.top + ((double)y + 0.5) * down, column = w.left + ((double)x + 0.5) * across;
    double sum = 0, weights = 0;
    for (int64_t i = 0; i < p->height; i++)
        for (int64_t j = 0; j < p->width; j++) {
            const double weight = lanczos3(((double)i + 0.5 - row) / fmax(down, 1)) *
                                  lanczos3(((double)j + 0.5 - column) / fmax(across, 1));
            sum += weight * (double)p->pixels[(i * p->width + j) * p->channels + c];
            weights += weight;
        }
    return fmin(fmax(sum / weights, -1), 1);
}

/* Floats of a sum of weights whose magnitudes sum to less than 2. */
#define TOLERANCE 2e-6

START_TEST(formula)
{
    static const struct {
        int64_t height, width, channels;
        neap_area area;
        int64_t out_height, out_width;
    } cases[] = {
        {23, 31, 3, {0, 0, 23, 31}, 8, 9},     {7, 5, 1, {0, 0, 7, 5}, 20, 13},
        {32, 32, 3, {3.5, 0.25, 20, 31}, 16, 40},
        {1, 1, 3, {0, 0, 1, 1}, 4, 4},         {40, 3, 1, {10, 1, 4.5, 1}, 9, 5},       {50, 2, 3, {0, 0, 50, 2}, 1, 1},
    };
    static float from[MOST], out[MOST];
    neap_random_uniform((neap_random){3, 1}, 0, MOST, from);
    for (int i = 0; i < MOST; i++)
        from[i] = 2 * from[i] - 1;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const neap_raster picture = {from, cases[k].height, cases[k].width, cases[k].channels};
        const int64_t height = cases[k].out_height, width = cases[k].out_width, channels = picture.channels;
        out[height * width * channels] = 7; /* beyond the end */
        ck_succeeds(neap_raster_scale(&picture, cases[k].area, out, height, width));
        for (int64_t i = 0; i < height * width * channels; i++) {
            const double wanted = reference(&picture, cases[k].area, height, width, i / channels / width,
                                            i / channels % width, i % channels);
            ck_assert_msg(fabs((double)out[i] - wanted) < TOLERANCE, "case %zu, value %ld: expected %.9g, got %.9g", k, (long)i,
                          wanted, (double)out[i]);
        }
        ck_assert(out[height * width * channels] == 7);
    }
}
END_TEST

START_TEST(equal_sizes_change_nothing)
{
    static float from[12 * 10 * 3], out[12 * 10 * 3];
    neap_random_uniform((neap_random){4, 1}, 0, 360, from);
    ck_succeeds(neap_raster_scale(&(neap_raster){from, 12, 10, 3}, (neap_area){0, 0, 12, 10}, out, 12, 10));
    for (int i = 0; i < 360; i++)
        ck_assert_float_eq_tol(out[i], from[i], 1e-6f);
}
END_TEST

/* Stripes finer than the new pixels become grey; a filter that skips pixels would keep stripes. */
START_TEST(nothing_aliases)
{
    static float from[96 * 96], out[24 * 24];
    for (int i = 0; i < 96 * 96; i++)
        from[i] = i % 96 % 2 ? 0.8f : -0.8f;
    ck_succeeds(neap_raster_scale(&(neap_raster){from, 96, 96, 1}, (neap_area){0, 0, 96, 96}, out, 24, 24));
    for (int i = 0; i < 24 * 24; i++)
        if (i % 24 > 3 && i % 24 < 20)
            ck_assert_float_eq_tol(out[i], 0, 0.02f);
}
END_TEST

static bool work(void)
{
    static float from[64], out[16];
    return neap_raster_scale(&(neap_raster){from, 8, 8, 1}, (neap_area){0, 0, 8, 8}, out, 4, 4) == 0;
}

START_TEST(refused_memory)
{
    refuse_each(work);
}
END_TEST

/* The middle, in the proportions of the result: the outer columns, or rows, are left out. */
START_TEST(fitted_pictures)
{
    const neap_scope scope = neap_scope_open();
    neap_tensor *wide = neap_from(NEAP_F32, neap_dims(2, 4, 1), (float[]){1, 0.5f, 0.25f, 1, 1, 0.5f, 0.25f, 1});
    float got[4];
    ck_succeeds(neap_read(neap_picture_fit(wide, 2, 2), NEAP_F32, got));
    ck_assert_mem_eq(got, ((float[]){0.5f, 0.25f, 0.5f, 0.25f}), sizeof got);
    const neap_area tall = neap_raster_middle(&(neap_raster){NULL, 9, 4, 1}, 1, 2);
    ck_assert(tall.top == 3.5 && tall.left == 0 && tall.height == 2 && tall.width == 4);
    ck_assert_ptr_null(neap_picture_fit(wide, 0, 2));
    ck_assert_str_eq(neap_error_message(), "fit: expected a size from 1, got 0 by 2");
    neap_error_clear();
    ck_assert_ptr_null(neap_picture_fit(neap_zeros(NEAP_U8, neap_dims(2, 4, 1)), 2, 2));
    ck_assert_str_eq(neap_error_message(), "fit: expected a picture f32 [H, W, C], got u8 [2, 4, 1]");
    neap_error_clear();
    ck_assert_ptr_null(neap_picture_fit(NULL, 2, 2));
    neap_scope_close(scope);
}
END_TEST

int main(void)
{
    return RUN_SUITE("scale", formula, equal_sizes_change_nothing, nothing_aliases, fitted_pictures, refused_memory);
}
