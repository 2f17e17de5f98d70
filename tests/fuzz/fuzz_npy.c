/* Fuzz target: any bytes as a NumPy array. */
#include <neap/error.h>

#include "io/npy.h"
#include "replay.h"

/* Of what is copied and not converted. */
static bool is_plain(const neap_npy_header *h)
{
    static const char *const names[] = {"<f4", "<f8", "<i4", "|u1"};
    for (int i = 0; i < 4; i++)
        if (strcmp(h->dtype, names[i]) == 0)
            return !h->fortran;
    return false;
}

/* Elements that are copied are the file's last bytes, as they stand there. */
static void check_elements(neap_tensor *x, const uint8_t *data, size_t size)
{
    size_t bytes = (size_t)neap_size(x) * neap_dtype_size(neap_dtype_of(x)), start = data[6] >= 2 ? 12 : 10, length = 0;
    neap_npy_header header = {0};
    for (size_t i = 8; i < start; i++)
        length |= (size_t)data[i] << 8 * (i - 8);
    if (!neap_npy_read_header((const char *)data + start, length, &header))
        abort();
    if (is_plain(&header) && (bytes > size || (bytes && memcmp(neap_data(x), data + size - bytes, bytes) != 0)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    neap_scope scope = neap_scope_open();
    neap_tensor *x = neap_npy_parse("fuzz", data, size);
    if (!x != neap_failed())
        abort(); /* a failure has a message, and a success has none */
    if (x)
        check_elements(x, data, size);
    neap_error_clear();
    neap_scope_close(scope);
    return 0;
}

#ifdef NEAP_FUZZ_REPLAY

/* The three versions, a scalar, nothing at all in many axes, and elements that are converted and reordered. */
static size_t make_array(int index, uint8_t *bytes)
{
    static const struct {
        int version, data;
        const char *header;
    } rows[] = {
        {1, 24, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n"},
        {2, 8, "{'descr': '<f8', 'fortran_order': False, 'shape': (), }\n"},
        {3, 4, "{'shape': (4,), 'descr': '|u1', 'fortran_order': False}"},
        {1, 24, "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3, 2), }\n"},
        {1, 24, "{'descr': '<u8', 'fortran_order': True, 'shape': (1, 3), }\n"},
        {1, 4, "{'descr': [('x', '<f2'), ('y', '|b1', (2,))], 'fortran_order': False, 'shape': (1,), }\n"},
        {1, 0, "{'descr': '<i4', 'fortran_order': False, 'shape': (1, 2, 3, 0, 5, 6, 7, 8), }   \n"},
    };
    if (index > 6)
        return 0;
    size_t length = strlen(rows[index].header), start = rows[index].version == 1 ? 10 : 12;
    memset(bytes, 0, start + length + (size_t)rows[index].data);
    memcpy(bytes, "\x93NUMPY", 6);
    bytes[6] = (uint8_t)rows[index].version;
    bytes[8] = (uint8_t)length;
    memcpy(bytes + start, rows[index].header, length);
    return start + length + (size_t)rows[index].data;
}

int main(int argc, char **argv)
{
    return replay(argc, argv, make_array, 50000);
}

#endif
