/* Initial values of parameters. */
#ifndef NEAP_INIT_H
#define NEAP_INIT_H

#include <neap/nn.h>

neap_tensor *neap_init_tensor(neap_init init, neap_shape shape, neap_random random);

#endif
