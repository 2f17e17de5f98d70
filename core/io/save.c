/* Writes safetensors files of tensors in memory. The header is read back before the file replaces another. */
#include <neap/error.h>
#include <neap/memory.h>

#include "io/saved.h"
#include "io/verify.h"

static int write_all(neap_output *out, const neap_saved *saved)
{
    int status = neap_saved_write_header(saved, out);
    for (int i = 0; status == 0 && i < saved->count; i++)
        status = neap_saved_write_tensor(out, saved->tensors[i].tensor);
    return status;
}

static int write_file(const char *path, const neap_saved *saved)
{
    neap_output out;
    if (neap_output_open(&out, path) < 0 || write_all(&out, saved) < 0 || neap_output_flush(&out) < 0 ||
        neap_saved_verify(&out, saved) < 0)
        return neap_output_abandon(&out);
    return neap_output_commit(&out);
}

/* Fills the list of a file's tensors, which the caller frees. An entry without a tensor has no name and is refused later. */
static int list(neap_saved *saved, const neap_named_tensor *tensors)
{
    saved->tensors = neap_calloc((size_t)saved->count + 1, sizeof *saved->tensors);
    for (int i = 0; saved->tensors && i < saved->count; i++) {
        neap_tensor *x = tensors[i].tensor;
        if (x)
            saved->tensors[i] = (neap_saved_tensor){tensors[i].name, neap_dtype_of(x), neap_shape_of(x), x};
    }
    return saved->tensors ? 0 : -1;
}

static int end(neap_saved *saved, int status)
{
    neap_free(saved->header.bytes);
    neap_free(saved->tensors);
    return status < 0 ? neap_fail_in("safetensors") : 0;
}

int neap_safetensors_save(const char *path, const neap_named_tensor *tensors, int count, const neap_pair *metadata,
                          int pairs)
{
    neap_saved saved = {.count = count, .metadata = metadata, .pairs = pairs};
    int status = list(&saved, tensors) < 0 || neap_saved_prepare(&saved, true) < 0 ? -1 : write_file(path, &saved);
    return end(&saved, status);
}

int64_t neap_safetensors_size(const neap_named_tensor *tensors, int count, const neap_pair *metadata, int pairs)
{
    neap_saved saved = {.count = count, .metadata = metadata, .pairs = pairs};
    const int status = list(&saved, tensors) < 0 ? -1 : neap_saved_prepare(&saved, true);
    int64_t size = 8 + (int64_t)saved.header.length;
    for (int i = 0; status == 0 && i < count; i++)
        size += (int64_t)neap_saved_bytes(&saved.tensors[i]);
    return end(&saved, status) < 0 ? -1 : size;
}
