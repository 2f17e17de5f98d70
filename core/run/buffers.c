/* Copies of the buffers of a trained network: a forward pass in training mode changes them. */
#include <neap/error.h>
#include <neap/memory.h>
#include <neap/ops.h>

#include "run/trainer.h"

neap_tensor **neap_trainer_copy_buffers(const neap_trainer *t)
{
    const neap_model *model = neap_network_model(t->network);
    const int count = neap_model_count(model);
    neap_tensor **copies = neap_calloc((size_t)count + 1, sizeof *copies);
    for (int i = 0; copies && i < count; i++)
        if (neap_model_is_buffer(model, i) && !(copies[i] = neap_affine(neap_model_tensor(model, i), 1, 0))) {
            neap_free(copies);
            return NULL;
        }
    return copies;
}

int neap_trainer_restore_buffers(const neap_trainer *t, neap_tensor *const *copies)
{
    const neap_model *model = neap_network_model(t->network);
    int status = 0;
    for (int i = 0; i < neap_model_count(model); i++)
        if (copies[i] && neap_write(neap_model_tensor(model, i), NEAP_F32, neap_data(copies[i])) < 0)
            status = -1;
    return status;
}
