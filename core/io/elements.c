/* Elements of arrays in files: see elements.h. */
#include "io/elements.h"

#include <inttypes.h>
#include <string.h>

#include <neap/error.h>

/* IEEE 754 binary16 to binary32. */
static float half(uint16_t bits)
{
    uint32_t sign = (uint32_t)(bits & 0x8000) << 16, exponent = bits >> 10 & 31, fraction = bits & 0x3ff, word;
    float value;
    if (exponent == 0) {
        value = (float)fraction * 0x1p-24f;
        memcpy(&word, &value, sizeof word);
    } else {
        word = (exponent == 31 ? 255u << 23 : (exponent + 112) << 23) | fraction << 13;
    }
    word |= sign;
    memcpy(&value, &word, sizeof value);
    return value;
}

static int read_f16(const uint8_t *from, void *to, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        uint16_t bits;
        memcpy(&bits, from + 2 * i, sizeof bits);
        ((float *)to)[i] = half(bits);
    }
    return 0;
}

/* Whole numbers as i32; fails for the first that does not fit. `format` prints one of the type. */
#define READ_WHOLE(name, type, format)                                                                              \
    static int read_##name(const uint8_t *from, void *to, int64_t count)                                           \
    {                                                                                                               \
        for (int64_t i = 0; i < count; i++) {                                                                       \
            type value;                                                                                             \
            int32_t *out = (int32_t *)to + i;                                                                       \
            memcpy(&value, from + (int64_t)sizeof value * i, sizeof value);                                         \
            if (__builtin_add_overflow(value, 0, out))                                                              \
                return neap_fail("expected whole numbers that fit i32, got %" format " at element %" PRId64, value, i); \
        }                                                                                                           \
        return 0;                                                                                                   \
    }

READ_WHOLE(i8, int8_t, PRId8)
READ_WHOLE(i16, int16_t, PRId16)
READ_WHOLE(i64, int64_t, PRId64)
READ_WHOLE(u16, uint16_t, PRIu16)
READ_WHOLE(u32, uint32_t, PRIu32)
READ_WHOLE(u64, uint64_t, PRIu64)

static const neap_element elements[] = {
    {"F32", "f4", 4, NEAP_F32, NULL},     {"F64", "f8", 8, NEAP_F64, NULL},     {"F16", "f2", 2, NEAP_F32, read_f16},
    {"BF16", NULL, 2, NEAP_BF16, NULL},   {"I32", "i4", 4, NEAP_I32, NULL},     {"U8", "u1", 1, NEAP_U8, NULL},
    {"BOOL", "b1", 1, NEAP_U8, NULL},     {"I8", "i1", 1, NEAP_I32, read_i8},   {"I16", "i2", 2, NEAP_I32, read_i16},
    {"I64", "i8", 8, NEAP_I32, read_i64}, {"U16", "u2", 2, NEAP_I32, read_u16}, {"U32", "u4", 4, NEAP_I32, read_u32},
    {"U64", "u8", 8, NEAP_I32, read_u64},
};

#define COUNT (sizeof elements / sizeof *elements)

const neap_element *neap_element_of_safetensors(const char *name)
{
    for (size_t i = 0; i < COUNT; i++)
        if (strcmp(elements[i].safetensors, name) == 0)
            return &elements[i];
    return NULL;
}

const neap_element *neap_element_of_numpy(const char *name)
{
    for (size_t i = 0; i < COUNT; i++)
        if (elements[i].numpy && strcmp(elements[i].numpy, name) == 0)
            return &elements[i];
    return NULL;
}

neap_tensor *neap_element_tensor(const neap_element *element, neap_shape shape, const void *from)
{
    neap_tensor *x = neap_empty(element->dtype, shape);
    void *to = neap_data(x);
    if (!to)
        return NULL;
    if (element->read)
        return element->read(from, to, neap_size(x)) == 0 ? x : NULL;
    memcpy(to, from, (size_t)neap_size(x) * element->bytes);
    return x;
}
