/* Checks of evidence that metrics share. Part of each plugin in this folder. */
#ifndef NEAP_METRIC_EVIDENCE_H
#define NEAP_METRIC_EVIDENCE_H

#include <neap/plugin.h>

/* Features of both sides must be f32 [N, D] with N >= `rows`, of equal width and finite. Returns 0, or -1 with a
 * message. */
int evidence_features(const neap_evidence *samples, const neap_evidence *reference, int64_t rows);

/* The same check of one side; `side` is "the samples" or "the reference". */
int evidence_side(const char *side, const neap_evidence *evidence, int64_t rows);

/* Logits must be [N, classes], neither of them 0. Returns 0, or -1 with a message. */
int evidence_logits(const char *side, const neap_evidence *evidence);

/* The class of the largest logit in a row of f32 [N, classes]; -1 with a message where a logit is NaN or infinite. */
int64_t evidence_class(const char *side, const float *logits, int64_t classes, int64_t row);

/* Pictures must be there, with at least one row, and finite. Returns 0, or -1 with a message. */
int evidence_pictures(const char *side, const neap_evidence *evidence);

#endif
