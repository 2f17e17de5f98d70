/* Its table lacks the last row; what follows in memory is no row. */
#include "faulty.h"

static const struct {
    neap_param row;
    neap_param_type type[sizeof(neap_param) / sizeof(neap_param_type)];
} table = {NEAP_INT(faulty_config, number, 1, 1, 4, "A number."), {77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77, 77}};

static const neap_dataset functions = {.size = sizeof functions, .open = faulty_open, .close = neap_free,
                                       .spec = faulty_points, .count = faulty_count, .read = faulty_read};
static const neap_component components[] = {
    {"dataset/2", "no_end", "Has one fault.", sizeof(faulty_config), &table.row, &functions},
    {0},
};

NEAP_PLUGIN(no_end) = {NEAP_ABI, sizeof(neap_plugin), "no_end", "1.0.0", "MIT", "Has one fault.", components};
