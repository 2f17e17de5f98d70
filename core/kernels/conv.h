/* Shared by the files of the convolution. */
#ifndef NEAP_KERNELS_CONV_H
#define NEAP_KERNELS_CONV_H

#include "gemm.h"

/* Backward to an input of so few channels that conv_spread is faster. */
bool NEAP_VARIANT(neap_conv_is_narrow)(const neap_conv *c);
int NEAP_VARIANT(neap_conv_spread)(const neap_product *p, const neap_conv *c);

#endif
