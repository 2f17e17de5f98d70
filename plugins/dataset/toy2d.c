/*
 * Data set: points of the plane, for models that train in seconds and whose samples are judged at a glance. Point i is
 * a function of (seed, i); its class is i modulo the number of classes: the arm, ring, square or peak it comes from.
 * Without noise every shape lies within [-1, 1] in both directions.
 */
#include <inttypes.h>
#include <math.h>

#include <neap/error.h>
#include <neap/memory.h>
#include <neap/plugin.h>

#define PI 3.14159265358979323846

typedef struct toy2d_config {
    int shape;
    int64_t count;
    double noise;
    int64_t seed;
    bool labels;
} toy2d_config;

typedef struct toy2d_data {
    toy2d_config config;
    neap_random place, noise; /* streams of uniforms and of normals */
} toy2d_data;

/* Where a point of class k lies before noise; u holds two uniforms. */
typedef void toy2d_place(int64_t k, const float u[2], double p[2]);

/* Two half circles, each with one end inside the other. */
static void place_moons(int64_t k, const float u[2], double p[2])
{
    double angle = PI * (double)u[0];
    double x = k == 0 ? cos(angle) : 1 - cos(angle);
    double y = k == 0 ? sin(angle) : 0.5 - sin(angle);
    p[0] = (x - 0.5) / 1.5;
    p[1] = (y - 0.25) / 1.5;
}

/* Two arms of one and a half turns; the root makes them evenly dense along their length. */
static void place_spirals(int64_t k, const float u[2], double p[2])
{
    double radius = sqrt((double)u[0]), angle = 3 * PI * radius + PI * (double)k;
    p[0] = radius * cos(angle);
    p[1] = radius * sin(angle);
}

/* The eight dark squares of a board of four by four. */
static void place_checkerboard(int64_t k, const float u[2], double p[2])
{
    int64_t row = k / 2, column = 2 * (k % 2) + row % 2;
    p[0] = ((double)column + (double)u[0]) / 2 - 1;
    p[1] = ((double)row + (double)u[1]) / 2 - 1;
}

static void place_gaussians8(int64_t k, const float u[2], double p[2])
{
    (void)u;
    p[0] = 0.8 * cos(PI / 4 * (double)k);
    p[1] = 0.8 * sin(PI / 4 * (double)k);
}

/* The inner circle and the outer one. */
static void place_rings(int64_t k, const float u[2], double p[2])
{
    double radius = k == 0 ? 0.4 : 0.9, angle = 2 * PI * (double)u[0];
    p[0] = radius * cos(angle);
    p[1] = radius * sin(angle);
}

/* In the order of the choices. Noise would blur the edges that a checkerboard is looked at for. */
static const struct {
    toy2d_place *place;
    int64_t classes;
    bool noisy;
} shapes[] = {
    {place_moons, 2, true},      {place_spirals, 2, true}, {place_checkerboard, 8, false},
    {place_gaussians8, 8, true}, {place_rings, 2, true},
};

static void *toy2d_open(const void *config)
{
    toy2d_data *data = neap_calloc(1, sizeof *data);
    if (!data)
        return NULL;
    data->config = *(const toy2d_config *)config;
    neap_random random = {.seed = (uint64_t)data->config.seed};
    data->place = neap_random_fork(random, "toy2d place");
    data->noise = neap_random_fork(random, "toy2d noise");
    return data;
}

static neap_spec toy2d_spec(const void *self)
{
    const toy2d_config *config = &((const toy2d_data *)self)->config;
    return (neap_spec){1, 1, 2, config->labels ? shapes[config->shape].classes : 0};
}

static int64_t toy2d_count(const void *self)
{
    return ((const toy2d_data *)self)->config.count;
}

static int toy2d_read(const void *self, int64_t index, float *x, int32_t *label)
{
    const toy2d_data *data = self;
    const toy2d_config *config = &data->config;
    if (index < 0 || index >= config->count)
        return neap_fail("toy2d: expected a point of 0 to %" PRId64 ", got %" PRId64, config->count - 1, index);
    int64_t k = index % shapes[config->shape].classes;
    double noise = shapes[config->shape].noisy ? config->noise : 0, p[2];
    float u[2], z[2];
    neap_random_uniform(data->place, (uint64_t)index, 2, u);
    neap_random_normal(data->noise, (uint64_t)index, 2, z);
    shapes[config->shape].place(k, u, p);
    x[0] = (float)(p[0] + noise * (double)z[0]);
    x[1] = (float)(p[1] + noise * (double)z[1]);
    *label = config->labels ? (int32_t)k : 0;
    return 0;
}

static const char *const shape_names[] = {"moons", "spirals", "checkerboard", "gaussians8", "rings", NULL};

static const neap_param toy2d_params[] = {
    NEAP_CHOICE(toy2d_config, shape, 0, shape_names, "what the points form"),
    NEAP_INT(toy2d_config, count, 10000, 1, 1e12, "number of points"),
    NEAP_REAL(toy2d_config, noise, 0.05, 0, 10, "standard deviation of the noise; a checkerboard has none"),
    NEAP_INT(toy2d_config, seed, 0, 0, 0x1p53, "another seed, other points"),
    NEAP_FLAG(toy2d_config, labels, 1, "give the class of each point"),
    NEAP_PARAMS_END,
};

static const neap_dataset toy2d_functions = {
    .size = sizeof toy2d_functions, .open = toy2d_open, .close = neap_free, .spec = toy2d_spec,
    .count = toy2d_count, .read = toy2d_read,
};

static const neap_component toy2d_components[] = {
    {"dataset/1", "toy2d", "Points of the plane: moons, spirals, checkerboard, eight Gaussians, rings.",
     sizeof(toy2d_config), toy2d_params, &toy2d_functions},
    {0},
};

NEAP_PLUGIN(toy2d) = {
    NEAP_ABI, sizeof(neap_plugin), "toy2d", "1.0.0", "MIT", "Points of the plane, made on the fly.", toy2d_components,
};
