/* Files of pictures, by the format that their bytes have. */
#include "io/picture.h"

#include <neap/error.h>
#include <neap/io.h>
#include <neap/memory.h>

#include "io/jpeg.h"
#include "io/picture_bytes.h"
#include "io/png.h"

neap_tensor *neap_picture_parse(const char *name, const void *bytes, size_t size, neap_tensor **alpha)
{
    if (alpha)
        *alpha = NULL;
    if (neap_is_png(bytes, size))
        return neap_png_parse(name, bytes, size, alpha);
    if (neap_is_jpeg(bytes, size))
        return neap_jpeg_parse(name, bytes, size);
    if (neap_refuse_foreign(name, NEAP_FILE_PICTURE, bytes, size) == 0)
        neap_fail("%s: expected a PNG or JPEG picture, got %s", name, size ? "unknown bytes" : "an empty file");
    return NULL;
}

neap_tensor *neap_picture_load(const char *path, neap_tensor **alpha)
{
    size_t size;
    void *bytes = neap_file_load(path, NEAP_PICTURE_BYTES, &size);
    neap_tensor *picture = bytes ? neap_picture_parse(path, bytes, size, alpha) : NULL;
    neap_free(bytes);
    return picture;
}
