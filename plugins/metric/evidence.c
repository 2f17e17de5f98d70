/* Checks of evidence. Each message names the side and, where one is at fault, the row. */
#include <inttypes.h>
#include <math.h>

#include <neap/error.h>

#include "evidence.h"

static int check_finite(const char *what, const char *side, neap_tensor *values)
{
    const float *x = neap_data(values);
    const int64_t size = neap_size(values), rows = neap_dim(values, 0);
    for (int64_t i = 0; x && i < size; i++)
        if (!isfinite(x[i]))
            return neap_fail("%s of %s: expected finite numbers, got %g in row %" PRId64, what, side, (double)x[i],
                             i / (size / rows));
    return x ? 0 : -1;
}

int evidence_side(const char *side, const neap_evidence *evidence, int64_t rows)
{
    neap_tensor *features = evidence->features;
    if (!features)
        return neap_fail("expected features of %s, got none", side);
    if (neap_dim(features, 0) < rows)
        return neap_fail("features of %s: expected at least %" PRId64 " rows, got %" PRId64, side, rows,
                         neap_dim(features, 0));
    return check_finite("features", side, features);
}

int evidence_features(const neap_evidence *samples, const neap_evidence *reference, int64_t rows)
{
    if (evidence_side("the samples", samples, rows) < 0 || evidence_side("the reference", reference, rows) < 0)
        return -1;
    int64_t a = neap_dim(samples->features, 1), b = neap_dim(reference->features, 1);
    return a == b ? 0 : neap_fail("features: expected equal widths, got %" PRId64 " of the samples and %" PRId64
                                  " of the reference", a, b);
}

int evidence_logits(const char *side, const neap_evidence *evidence)
{
    if (!evidence->logits)
        return neap_fail("expected logits of %s, got none", side);
    if (neap_dim(evidence->logits, 0) < 1 || neap_dim(evidence->logits, 1) < 1)
        return neap_fail("logits of %s: expected at least one row and one class, got %" PRId64 " and %" PRId64, side,
                         neap_dim(evidence->logits, 0), neap_dim(evidence->logits, 1));
    return 0;
}

int64_t evidence_class(const char *side, const float *logits, int64_t classes, int64_t row)
{
    const float *x = logits + row * classes;
    int64_t best = 0;
    for (int64_t k = 0; k < classes; k++) {
        if (!isfinite(x[k]))
            return neap_fail("logits of %s: expected finite numbers, got %g in row %" PRId64, side, (double)x[k], row);
        if (x[k] > x[best])
            best = k;
    }
    return best;
}

int evidence_pictures(const char *side, const neap_evidence *evidence)
{
    neap_tensor *pictures = NEAP_MEMBER(evidence, pictures);
    if (!pictures || neap_dim(pictures, 0) < 1)
        return neap_fail("expected pictures of %s, got none", side);
    return check_finite("pictures", side, pictures);
}
