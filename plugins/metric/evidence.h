/* What metrics ask of the evidence they are given. Part of each plugin in this folder. */
#ifndef NEAP_METRIC_EVIDENCE_H
#define NEAP_METRIC_EVIDENCE_H

#include <neap/plugin.h>

/* Features of both sides, f32 [N, D] with N at least `rows`, of one width, all finite. Fails and says which is not so. */
int evidence_features(const neap_evidence *samples, const neap_evidence *reference, int64_t rows);

/* The same of one side; `side` is "the samples" or "the reference". */
int evidence_side(const char *side, const neap_evidence *evidence, int64_t rows);

/* Logits [N, classes] with at least one of each. Fails where there are none. */
int evidence_logits(const char *side, const neap_evidence *evidence);

/* The class of the largest logit of a row of f32 [N, classes], or -1 with a message where one is no number. */
int64_t evidence_class(const char *side, const float *logits, int64_t classes, int64_t row);

#endif
