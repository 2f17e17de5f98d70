/* Shared by the attention ops: arguments of the kernel, lengths, and the gradient in ops. */
#ifndef NEAP_OPS_ATTENTION_H
#define NEAP_OPS_ATTENTION_H

#include "ops/rules.h"

neap_attention_args neap_attention_sizes(int64_t batch, int64_t heads, int64_t queries, int64_t keys, int64_t dim);

/* Part `part` of an array [B, N, parts H d]. */
neap_attention_view neap_attention_part(const neap_tensor *x, int64_t part, const neap_attention_args *args);

/* Is the optional input `input` absent or i32 [B]? */
bool neap_attention_fits_lengths(const neap_call *call, int input);

/* Points *lengths to the elements of the optional input `input`, each checked to lie in [0, most]. */
int neap_attention_lengths(const neap_call *call, int input, int64_t most, const int32_t **lengths);

/* The forward pass. Its gradient needs the inputs, the output and the log-sum-exp, which becomes call->aux[0]. */
int neap_attention_run(neap_call *call, neap_attention_args *args);

/* The gradient in ops. x: q, k, v, and g like q; gx[i] for each that is wanted; all [B, N, H, d]. Lengths may be NULL. */
int neap_attention_composite(neap_tensor *const *x, neap_tensor *query_lengths, neap_tensor *key_lengths, neap_tensor *g,
                             const bool wants[3], neap_tensor **gx);

#endif
