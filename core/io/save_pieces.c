/* Writes safetensors files of tensors that are added piece by piece. */
#include <neap/error.h>
#include <neap/memory.h>

#include "io/saved.h"
#include "io/verify.h"

struct neap_pieces {
    neap_saved saved;
    neap_output out;
    int tensor;    /* that the next piece belongs to */
    int64_t added; /* elements of it */
    bool failed;
};

static void release(neap_pieces *p)
{
    neap_free(p->saved.header.bytes);
    neap_free(p->saved.tensors);
    neap_free(p);
}

static int prepare(neap_pieces *p, const neap_named_shape *tensors)
{
    neap_saved *saved = &p->saved;
    saved->tensors = neap_calloc((size_t)saved->count + 1, sizeof *saved->tensors);
    for (int i = 0; saved->tensors && i < saved->count; i++)
        saved->tensors[i] = (neap_saved_tensor){tensors[i].name, tensors[i].dtype, tensors[i].shape, NULL};
    return saved->tensors && neap_saved_prepare(saved, false) == 0 ? 0 : neap_fail_in("safetensors");
}

neap_pieces *neap_pieces_open(const char *path, const neap_named_shape *tensors, int count, const neap_pair *metadata,
                              int pairs)
{
    neap_pieces *p = neap_calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->out.held = -1;
    p->saved = (neap_saved){.count = count, .metadata = metadata, .pairs = pairs};
    if (prepare(p, tensors) == 0 && neap_output_open(&p->out, path) == 0 &&
        neap_saved_write_header(&p->saved, &p->out) == 0)
        return p;
    neap_pieces_abandon(p);
    return NULL;
}

/* --- Pieces ------------------------------------------------------------------------------------------------------ */

/* Skips tensors that are complete. */
static const neap_saved_tensor *current(neap_pieces *p)
{
    while (p->tensor < p->saved.count && p->added == neap_shape_size(p->saved.tensors[p->tensor].shape)) {
        p->tensor++;
        p->added = 0;
    }
    return p->tensor < p->saved.count ? &p->saved.tensors[p->tensor] : NULL;
}

static int write_piece(neap_pieces *p, neap_tensor *piece)
{
    const neap_saved_tensor *to = current(p);
    const int64_t left = to ? neap_shape_size(to->shape) - p->added : 0;
    if (!to)
        return neap_fail("expected no more pieces: all tensors are complete");
    if (neap_dtype_of(piece) != to->dtype)
        return neap_fail("'%s': expected %s, got %s", to->name, neap_dtype_name(to->dtype),
                         neap_dtype_name(neap_dtype_of(piece)));
    if (neap_size(piece) > left)
        return neap_fail("'%s': expected at most %lld more elements, got %lld", to->name, (long long)left,
                         (long long)neap_size(piece));
    p->added += neap_size(piece);
    return neap_saved_write_tensor(&p->out, piece);
}

/* Fails after an earlier failure. */
static int refuse(const neap_pieces *p)
{
    return !p || neap_failed() ? -1 : neap_fail("%s: a piece was not written before", p->out.path);
}

int neap_pieces_add(neap_pieces *p, neap_tensor *piece)
{
    if (!p || p->failed || !piece)
        return refuse(p);
    p->failed = write_piece(p, piece) < 0;
    return p->failed ? neap_fail_in(p->out.path) : 0;
}

/* --- The end ----------------------------------------------------------------------------------------------------- */

static int check_complete(neap_pieces *p)
{
    const neap_saved_tensor *missing = current(p);
    if (!missing)
        return 0;
    return neap_fail("%s: '%s': expected %lld more elements", p->out.path, missing->name,
                     (long long)(neap_shape_size(missing->shape) - p->added));
}

int neap_pieces_close(neap_pieces *p)
{
    if (!p)
        return -1;
    int status = p->failed ? refuse(p) : check_complete(p);
    if (status == 0)
        status = neap_output_flush(&p->out) < 0 ? -1 : neap_saved_verify(&p->out, &p->saved);
    status = status < 0 ? neap_output_abandon(&p->out) : neap_output_commit(&p->out);
    release(p);
    return status;
}

void neap_pieces_abandon(neap_pieces *p)
{
    if (!p)
        return;
    if (p->out.path)
        neap_output_abandon(&p->out);
    release(p);
}
