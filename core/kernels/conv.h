/* Shared by the files of the convolution. */
#ifndef NEAP_KERNELS_CONV_H
#define NEAP_KERNELS_CONV_H

#include "gemm.h"

/* Backward to an input of so few channels that conv_spread is faster. */
bool NEAP_VARIANT(neap_conv_is_narrow)(const neap_conv *c);
int NEAP_VARIANT(neap_conv_spread)(const neap_product *p, const neap_conv *c);

/* Forward, and backward to the weights, to so few channels that it is faster with x and y exchanged. */
bool NEAP_VARIANT(neap_conv_turns)(const neap_conv *c);
int NEAP_VARIANT(neap_conv_turned)(const neap_kernels *kernels, const neap_conv *c);
int NEAP_VARIANT(neap_conv_turned_weight)(const neap_kernels *kernels, const neap_conv *c);

#endif
