/* Pictures to sequences of patches and back. */
#include <neap/error.h>
#include <neap/nn.h>

neap_tensor *neap_patchify(neap_tensor *x, int64_t patch)
{
    char text[NEAP_SHAPE_TEXT];
    if (!x)
        return NULL;
    int64_t b = neap_dim(x, 0), h = neap_dim(x, 1), w = neap_dim(x, 2), c = neap_dim(x, 3);
    if (neap_rank(x) != 4 || patch < 1 || h % patch || w % patch)
        return neap_fail_null("patchify: expected [B, H, W, C] with H and W divisible by %lld, got %s", (long long)patch,
                              neap_shape_text(neap_shape_of(x), text));
    x = neap_reshape(x, neap_dims(b, h / patch, patch, w / patch, patch, c));
    x = neap_permute(x, (int[]){0, 1, 3, 2, 4, 5});
    return neap_reshape(x, neap_dims(b, (h / patch) * (w / patch), patch * patch * c));
}

neap_tensor *neap_unpatchify(neap_tensor *x, int64_t patch, int64_t height, int64_t width)
{
    char text[NEAP_SHAPE_TEXT];
    if (!x)
        return NULL;
    if (patch < 1 || height % patch || width % patch)
        return neap_fail_null("unpatchify: expected height and width divisible by %lld, got %lld and %lld", (long long)patch,
                              (long long)height, (long long)width);
    int64_t b = neap_dim(x, 0), rows = height / patch, columns = width / patch, c = neap_dim(x, 2) / (patch * patch);
    if (neap_rank(x) != 3 || neap_dim(x, 1) != rows * columns || c * patch * patch != neap_dim(x, 2))
        return neap_fail_null("unpatchify: expected [B, %lld, %lld C], got %s", (long long)(rows * columns),
                              (long long)(patch * patch), neap_shape_text(neap_shape_of(x), text));
    x = neap_reshape(x, neap_dims(b, rows, columns, patch, patch, c));
    x = neap_permute(x, (int[]){0, 1, 3, 2, 4, 5});
    return neap_reshape(x, neap_dims(b, height, width, c));
}
