/*
 * The data sets toy2d and shapes: points lie on their shape, pictures look like their class, and example i depends on
 * seed and i alone.
 */
#include <math.h>

#include "tests/core/plugin/plugin_test.h"

extern const neap_plugin neap_plugin_toy2d, neap_plugin_shapes;

typedef struct set {
    const neap_dataset *functions;
    neap_instance *instance;
    void *self;
} set;

static set open_set(const char *name, const char *const *settings)
{
    if (neap_registry_count("dataset") == 0) {
        ck_succeeds(neap_registry_add(&neap_plugin_toy2d, NULL));
        ck_succeeds(neap_registry_add(&neap_plugin_shapes, NULL));
    }
    const neap_component *component = neap_registry_find("dataset", name);
    set s = {component->functions, neap_instance_new(component), NULL};
    for (int i = 0; settings[i]; i += 2)
        ck_succeeds(neap_instance_set_text(s.instance, settings[i], settings[i + 1]));
    s.self = s.functions->open(neap_instance_config(s.instance));
    ck_assert_ptr_nonnull(s.self);
    return s;
}

#define OPEN(name, ...) open_set(name, (const char *const[]){__VA_ARGS__, NULL})

static void close_set(set s)
{
    s.functions->close(s.self);
    neap_instance_release(s.instance);
}

static int32_t read_point(set s, int64_t index, float x[2])
{
    int32_t label = -1;
    ck_succeeds(read_labelled(s.functions, s.self, index, x, &label));
    return label;
}

/* Distance of a point from its shape, implemented independently of the plugin. */
static double distance_to_moons(const float p[2], int k)
{
    double x = 1.5 * (double)p[0] + 0.5, y = 1.5 * (double)p[1] + 0.25;
    bool side = k == 0 ? y > -1e-6 : y < 0.5 + 1e-6;
    return side ? fabs(hypot(x - k, y - 0.5 * k) - 1) : 1;
}

static double distance_to_spirals(const float p[2], int k)
{
    double radius = hypot((double)p[0], (double)p[1]), angle = atan2((double)p[1], (double)p[0]);
    double wanted = 3 * M_PI * radius + M_PI * k;
    return radius * fabs(sin((angle - wanted) / 2)) + (radius > 1 + 1e-6);
}

static double distance_to_checkerboard(const float p[2], int k)
{
    int column = (int)floor(((double)p[0] + 1) * 2), row = (int)floor(((double)p[1] + 1) * 2);
    return (row + column) % 2 != 0 || row * 2 + column / 2 != k;
}

static double distance_to_gaussians8(const float p[2], int k)
{
    return hypot((double)p[0] - 0.8 * cos(k * M_PI / 4), (double)p[1] - 0.8 * sin(k * M_PI / 4));
}

static double distance_to_rings(const float p[2], int k)
{
    return fabs(hypot((double)p[0], (double)p[1]) - (k ? 0.9 : 0.4));
}

static const struct {
    const char *name;
    int classes;
    double (*off)(const float p[2], int k);
} toys[] = {
    {"moons", 2, distance_to_moons},
    {"spirals", 2, distance_to_spirals},
    {"checkerboard", 8, distance_to_checkerboard},
    {"gaussians8", 8, distance_to_gaussians8},
    {"rings", 2, distance_to_rings},
};
#define TOYS ((int)(sizeof toys / sizeof *toys))

START_TEST(points_lie_on_their_shape)
{
    for (int i = 0; i < TOYS; i++) {
        set s = OPEN("toy2d", "shape", toys[i].name, "noise", "0");
        neap_spec spec = dataset_spec(s.functions, s.self);
        ck_assert(spec.height == 1 && spec.width == 1 && spec.channels == 2 && spec.classes == toys[i].classes);
        ck_assert_int_eq(s.functions->count(s.self), 10000);
        for (int64_t n = 0; n < 2000; n++) {
            float p[2];
            int32_t k = read_point(s, n, p);
            ck_assert(k >= 0 && k < toys[i].classes);
            ck_assert_msg(toys[i].off(p, k) < 1e-5, "%s: %g %g is not of class %d", toys[i].name, (double)p[0],
                          (double)p[1], k);
            ck_assert(fabsf(p[0]) < 1.00001f && fabsf(p[1]) < 1.00001f);
        }
        close_set(s);
    }
}
END_TEST

/* Classes are drawn uniformly and independently: chi-squared of the counts of classes and of pairs of neighbours. It
 * exceeds its mean by five standard deviations with a probability below 1e-5. */
START_TEST(classes_are_drawn)
{
    enum { POINTS = 10240, MOST = 8 };
    for (int i = 0; i < TOYS; i++) {
        set s = OPEN("toy2d", "shape", toys[i].name, "count", "10240");
        const int classes = toys[i].classes;
        double one[MOST] = {0}, two[MOST][MOST] = {{0}}, single = 0, pairs = 0;
        for (int64_t n = 0, before = 0; n < POINTS; n++) {
            float p[2];
            const int32_t k = read_point(s, n, p);
            one[k]++;
            two[before][k]++;
            before = k;
        }
        for (int a = 0; a < classes; a++) {
            single += pow(one[a] - POINTS / classes, 2) * classes / POINTS;
            for (int b = 0; b < classes; b++)
                pairs += pow(two[a][b] - POINTS / classes / classes, 2) * classes * classes / POINTS;
        }
        const double free = classes - 1, both = classes * classes - 1;
        ck_assert_double_lt(single, free + 5 * sqrt(2 * free));
        ck_assert_double_lt(pairs, both + 5 * sqrt(2 * both));
        ck_assert_double_gt(pairs, 0);
        close_set(s);
    }
}
END_TEST

/* Each shape extends over the square [-1, 1]^2, as far as its form does. */
START_TEST(points_are_spread)
{
    for (int i = 0; i < TOYS; i++) {
        set s = OPEN("toy2d", "shape", toys[i].name, "noise", "0");
        float low[2] = {9, 9}, high[2] = {-9, -9}, p[2];
        for (int64_t n = 0; n < 2000; n++) {
            read_point(s, n, p);
            for (int a = 0; a < 2; a++) {
                low[a] = fminf(low[a], p[a]);
                high[a] = fmaxf(high[a], p[a]);
            }
        }
        ck_assert_msg(low[0] < -0.75f && high[0] > 0.75f && low[1] < -0.45f && high[1] > 0.45f, "%s", toys[i].name);
        close_set(s);
    }
}
END_TEST

START_TEST(noise_has_its_deviation)
{
    set s = OPEN("toy2d", "shape", "gaussians8", "noise", "0.1");
    double sum = 0, squares = 0;
    const int count = 8000;
    for (int64_t n = 0; n < count; n++) {
        float p[2];
        int32_t k = read_point(s, n, p);
        double x = (double)p[0] - 0.8 * cos(k * M_PI / 4), y = (double)p[1] - 0.8 * sin(k * M_PI / 4);
        sum += x + y;
        squares += x * x + y * y;
    }
    ck_assert_double_eq_tol(sum / (2 * count), 0, 0.1 * 4 / sqrt(2.0 * count));        /* four standard errors */
    ck_assert_double_eq_tol(sqrt(squares / (2 * count)), 0.1, 0.1 * 4 / sqrt(4.0 * count));
    close_set(s);
}
END_TEST

START_TEST(points_depend_on_seed_and_index)
{
    set a = OPEN("toy2d", "seed", "5"), b = OPEN("toy2d", "seed", "5", "count", "100"), c = OPEN("toy2d", "seed", "6");
    float p[2], q[2];
    int same = 0;
    for (int64_t n = 99; n >= 0; n--) {
        read_point(a, 99 - n, p); /* in another order */
        read_point(a, n, p);
        read_point(b, n, q);
        ck_assert_mem_eq(p, q, sizeof p);
        read_point(c, n, q);
        same += p[0] == q[0];
    }
    ck_assert_int_lt(same, 2);
    int32_t label;
    ck_fails_with(read_labelled(b.functions, b.self, 100, p, &label), "toy2d: expected a point of 0 to 99, got 100");
    ck_fails_with(read_labelled(b.functions, b.self, -1, p, &label), "toy2d: expected a point of 0 to 99, got -1");
    close_set(a);
    close_set(b);
    close_set(c);
}
END_TEST

START_TEST(unlabelled)
{
    float p[2];
    set s = OPEN("toy2d", "labels", "false"), t = OPEN("shapes", "labels", "false");
    ck_assert_int_eq(dataset_spec(s.functions, s.self).classes, 0);
    ck_succeeds(read_labelled(s.functions, s.self, 1, p, NULL));
    ck_assert_int_eq(dataset_spec(t.functions, t.self).classes, 0);
    ck_assert_ptr_null(t.functions->label_name(t.self, 0));
    close_set(s);
    close_set(t);
}
END_TEST

/* The share of a picture's area that the shape covers. The shape has one brightness, that of the brightest pixel. */
static double covered_share(const float *x, int64_t size)
{
    double sum = 0, most = 0;
    for (int64_t i = 0; i < size * size; i++) {
        double value = ((double)x[i] + 1) / 2;
        ck_assert(value >= 0 && value <= 1);
        sum += value;
        most = fmax(most, value);
    }
    ck_assert_double_ge(most, 0.69);
    return sum / most / (double)(size * size);
}

static double border_brightness(const float *x, int64_t size)
{
    double most = -1;
    for (int64_t i = 0; i < size; i++) {
        most = fmax(most, fmax((double)x[i], (double)x[size * size - 1 - i]));
        most = fmax(most, fmax((double)x[i * size], (double)x[i * size + size - 1]));
    }
    return most;
}

/* Areas for radius 1; a share is area * radius^2, with radius between 0.28 and 0.4 of a side. */
static const struct {
    const char *name;
    double area;
} forms[] = {
    {"disc", 2.544690},     {"ring", 1.628602},    {"square", 2.25},   {"frame", 1.3520},     {"triangle", 1.299038},
    {"plus", 1.65},         {"cross", 1.65},       {"diamond", 1.045}, {"stripes", 1.734000}, {"half_moon", -1},
};

START_TEST(pictures_are_their_class)
{
    static float x[64 * 64];
    set s = OPEN("shapes", "size", "64", "seed", "3");
    int32_t label;
    ck_assert_int_eq(dataset_spec(s.functions, s.self).classes, 10);
    for (int64_t n = 0; n < 400; n++) {
        ck_succeeds(read_labelled(s.functions, s.self, n, x, &label));
        ck_assert_int_eq(label, n % 10);
        ck_assert_str_eq(s.functions->label_name(s.self, label), forms[label].name);
        ck_assert_double_le(border_brightness(x, 64), -0.999999); /* the shape is inside the picture */
        double share = covered_share(x, 64), area = forms[label].area;
        if (area > 0)
            ck_assert_msg(share > 0.97 * area * 0.28 * 0.28 && share < 1.03 * area * 0.4 * 0.4, "%s: %g",
                          forms[label].name, share);
    }
    ck_assert_ptr_null(s.functions->label_name(s.self, 10));
    close_set(s);
}
END_TEST

START_TEST(pictures_depend_on_seed_and_index)
{
    float x[28 * 28], y[28 * 28];
    int32_t label;
    set a = OPEN("shapes", "seed", "1"), b = OPEN("shapes", "seed", "1", "count", "30");
    set c = OPEN("shapes", "seed", "2");
    for (int64_t n = 29; n >= 0; n--) {
        ck_succeeds(read_labelled(a.functions, a.self, n, x, &label));
        ck_succeeds(read_labelled(b.functions, b.self, n, y, &label));
        ck_assert_mem_eq(x, y, sizeof x);
        ck_succeeds(read_labelled(c.functions, c.self, n, y, &label));
        ck_assert_int_ne(memcmp(x, y, sizeof x), 0);
    }
    ck_fails_with(read_labelled(b.functions, b.self, 30, x, &label), "shapes: expected a picture of 0 to 29, got 30");
    close_set(a);
    close_set(b);
    close_set(c);
}
END_TEST

START_TEST(wrong_settings)
{
    close_set(OPEN("toy2d", NULL));
    neap_instance *toy = neap_instance_new(neap_registry_find("dataset", "toy2d"));
    neap_instance *shapes = neap_instance_new(neap_registry_find("dataset", "shapes"));
    ck_fails_saying(neap_instance_set_text(toy, "shape", "spiral"), "toy2d: shape: expected one of 'moons', 'spirals'");
    ck_fails_with(neap_instance_set_text(toy, "noise", "-1"), "toy2d: noise: expected 0 to 10, got -1");
    ck_fails_with(neap_instance_set_text(toy, "count", "0"), "toy2d: count: expected 1 to 1000000000000, got 0");
    ck_fails_with(neap_instance_set_text(shapes, "size", "7"), "shapes: size: expected 8 to 1024, got 7");
    ck_fails_with(neap_instance_set_text(shapes, "siez", "28"),
                  "shapes: unknown parameter 'siez'; did you mean 'size'?");
    neap_instance_release(toy);
    neap_instance_release(shapes);
}
END_TEST

int main(void)
{
    return RUN_SUITE("toy", points_lie_on_their_shape, classes_are_drawn, points_are_spread, noise_has_its_deviation,
                     points_depend_on_seed_and_index, unlabelled, pictures_are_their_class,
                     pictures_depend_on_seed_and_index, wrong_settings);
}
