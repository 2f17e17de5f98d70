/* Models: parameters by name. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <neap/autograd.h>
#include <neap/error.h>
#include <neap/memory.h>

#include "nn/init.h"

typedef struct parameter {
    char *name;
    neap_tensor *tensor;
    bool buffer;
} parameter;

struct neap_model {
    uint64_t seed;
    parameter *item;
    int count, capacity;
    int64_t size, all, limit; /* elements: of parameters; with buffers; at most */
};

neap_model *neap_model_new(uint64_t seed)
{
    neap_model *model = neap_calloc(1, sizeof *model);
    if (model) {
        model->seed = seed;
        model->limit = INT64_MAX;
    }
    return model;
}

void neap_model_limit(neap_model *model, int64_t elements)
{
    model->limit = elements;
}

void neap_model_free(neap_model *model)
{
    if (!model)
        return;
    for (int i = 0; i < model->count; i++) {
        neap_free(model->item[i].name);
        neap_release(model->item[i].tensor);
    }
    neap_free(model->item);
    neap_free(model);
}

static int reserve_one(neap_model *model)
{
    if (model->count < model->capacity)
        return 0;
    int capacity = model->capacity ? 2 * model->capacity : 64;
    parameter *item = neap_realloc(model->item, (size_t)capacity * sizeof *item);
    if (!item)
        return -1;
    model->item = item;
    model->capacity = capacity;
    return 0;
}

static neap_tensor *add(neap_model *model, neap_shape shape, neap_init init, bool buffer, const char *name)
{
    if (neap_model_find(model, name))
        return neap_fail_null("model: parameter '%s' exists already", name);
    if (neap_shape_size(shape) > model->limit - model->all)
        return neap_fail_null("model: expected at most %lld elements in all, got more at '%s'", (long long)model->limit, name);
    if (reserve_one(model) < 0)
        return NULL;
    char *owned = neap_strdup(name);
    neap_scope scope = neap_scope_open();
    neap_tensor *x = owned ? neap_init_tensor(init, shape, neap_random_fork((neap_random){model->seed, 0}, name)) : NULL;
    neap_keep(x);
    neap_scope_close(scope);
    if (!x || neap_require_grad(x, !buffer) < 0 || (!buffer && neap_tape_name(x, owned) < 0)) {
        neap_release(x);
        neap_free(owned);
        return NULL;
    }
    model->item[model->count++] = (parameter){owned, x, buffer};
    model->size += buffer ? 0 : neap_size(x);
    model->all += neap_size(x);
    return x;
}

static neap_tensor *add_formatted(neap_model *model, neap_shape shape, neap_init init, bool buffer, const char *name,
                                  va_list args)
{
    char full[256];
    if (!model)
        return NULL;
    int length = vsnprintf(full, sizeof full, name, args);
    if (length < 0 || (size_t)length >= sizeof full)
        return neap_fail_null("model: expected a parameter name below %zu bytes, got %d", sizeof full, length);
    return add(model, shape, init, buffer, full);
}

neap_tensor *neap_model_parameter(neap_model *model, neap_shape shape, neap_init init, const char *name, ...)
{
    va_list args;
    va_start(args, name);
    neap_tensor *x = add_formatted(model, shape, init, false, name, args);
    va_end(args);
    return x;
}

neap_tensor *neap_model_buffer(neap_model *model, neap_shape shape, neap_init init, const char *name, ...)
{
    va_list args;
    va_start(args, name);
    neap_tensor *x = add_formatted(model, shape, init, true, name, args);
    va_end(args);
    return x;
}

int neap_model_count(const neap_model *model)
{
    return model->count;
}

const char *neap_model_name(const neap_model *model, int index)
{
    return index >= 0 && index < model->count ? model->item[index].name : NULL;
}

neap_tensor *neap_model_tensor(const neap_model *model, int index)
{
    return index >= 0 && index < model->count ? model->item[index].tensor : NULL;
}

bool neap_model_is_buffer(const neap_model *model, int index)
{
    return index >= 0 && index < model->count && model->item[index].buffer;
}

neap_tensor *neap_model_find(const neap_model *model, const char *name)
{
    for (int i = 0; i < model->count; i++)
        if (strcmp(model->item[i].name, name) == 0)
            return model->item[i].tensor;
    return NULL;
}

int64_t neap_model_size(const neap_model *model)
{
    return model->size;
}
