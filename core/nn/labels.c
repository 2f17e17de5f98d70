/* Label embeddings. */
#include <neap/nn.h>

neap_tensor *neap_label_embedding(neap_tensor *table, neap_tensor *labels)
{
    if (!table || !labels)
        return NULL;
    return neap_dtype_of(labels) == NEAP_I32 ? neap_embedding(table, labels) : neap_matmul(labels, table);
}
