/* Shared by the files of the convolution. */
#ifndef NEAP_KERNELS_CONV_H
#define NEAP_KERNELS_CONV_H

#include "gemm.h"

/* Backward to an input of so few channels that conv_spread is faster. */
bool NEAP_VARIANT(neap_conv_is_narrow)(const neap_conv *c);
int NEAP_VARIANT(neap_conv_spread)(const neap_product *p, const neap_conv *c);

/* Whether y has so few channels that forward and backward to the weights are faster with x and y exchanged. Then *t is that
 * convolution, whose filters lie in scratch memory; -1 with a message where that memory is refused. */
bool NEAP_VARIANT(neap_conv_transposes)(const neap_conv *c);
int NEAP_VARIANT(neap_conv_transpose)(const neap_conv *c, neap_conv *t);

/* Filters [out, taps, in], flipped along both axes, as [in, taps, out]. */
void NEAP_VARIANT(neap_conv_flip_filters)(const real *from, int64_t out, int64_t taps, int64_t in, real *to);

#endif
