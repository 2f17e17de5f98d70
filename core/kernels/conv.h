/* What the files of the convolution share. */
#ifndef NEAP_KERNELS_CONV_H
#define NEAP_KERNELS_CONV_H

#include "gemm.h"

/* Has the input so few channels that the way back to it is by conv_spread? Then that way. */
bool NEAP_VARIANT(neap_conv_is_narrow)(const neap_conv *c);
int NEAP_VARIANT(neap_conv_spread)(const neap_product *p, const neap_conv *c);

#endif
