/* Scopes hold objects of any type: tensors, conditions. */
#ifndef NEAP_TENSOR_SCOPE_H
#define NEAP_TENSOR_SCOPE_H

/* Hands an object with one owner to the innermost scope, which calls release(object) when it closes. Gives the object; or
 * releases it and gives NULL, with a message, when there is no memory. NULL gives NULL. */
void *neap_scope_hold(void *object, void (*release)(void *object));

#endif
