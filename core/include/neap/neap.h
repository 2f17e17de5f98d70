/* All of neap's C API. */
#ifndef NEAP_H
#define NEAP_H

#include <neap/autograd.h>
#include <neap/cancel.h>
#include <neap/condition.h>
#include <neap/cpu.h>
#include <neap/draw.h>
#include <neap/dtype.h>
#include <neap/error.h>
#include <neap/io.h>
#include <neap/linalg.h>
#include <neap/memory.h>
#include <neap/network.h>
#include <neap/nn.h>
#include <neap/number.h>
#include <neap/ops.h>
#include <neap/optim.h>
#include <neap/parallel.h>
#include <neap/plugin.h>
#include <neap/random.h>
#include <neap/registry.h>
#include <neap/run.h>
#include <neap/sampling.h>
#include <neap/tensor.h>

#define NEAP_VERSION "0.1.0"

#endif
