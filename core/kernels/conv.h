/* What the files of the convolution share. */
#ifndef NEAP_KERNELS_CONV_H
#define NEAP_KERNELS_CONV_H

#include "gemm_block.h"

/* Backward to the input where it has few channels, and whether that is the way to go. */
bool NEAP_VARIANT(neap_conv_is_narrow)(const neap_conv *c);
int NEAP_VARIANT(neap_conv_spread)(const neap_conv *c);

#endif
