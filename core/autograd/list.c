/* The part of the tape that a tensor depends on, oldest node first. */
#include <stdlib.h>

#include <neap/memory.h>

#include "autograd/node.h"

static _Thread_local uint64_t last_number;

static int reach(neap_tape_list *list, neap_node *head)
{
    neap_tape_node *node = (neap_tape_node *)head;
    if (!node || node->pass == list->number)
        return 0;
    if (list->count == list->capacity) {
        int64_t capacity = list->capacity ? 2 * list->capacity : 256;
        void *grown = neap_realloc(list->node, (size_t)capacity * sizeof *list->node);
        if (!grown)
            return -1;
        list->node = grown;
        list->capacity = capacity;
    }
    node->pass = list->number;
    node->useful = false;
    list->node[list->count++] = node;
    return 0;
}

static int by_sequence(const void *a, const void *b)
{
    uint64_t x = (*(neap_tape_node *const *)a)->sequence, y = (*(neap_tape_node *const *)b)->sequence;
    return (x > y) - (x < y);
}

/* The list is its own queue: each node is added once and visited later. */
int neap_tape_list_fill(neap_tape_list *list, neap_tensor *y)
{
    list->number = ++last_number;
    int status = reach(list, y->node);
    for (int64_t i = 0; status == 0 && i < list->count; i++)
        for (int j = 0; status == 0 && j < list->node[i]->call.count; j++)
            status = reach(list, list->node[i]->edge[j]);
    if (status == 0 && list->count > 0) /* qsort accepts no NULL, even for 0 elements */
        qsort(list->node, (size_t)list->count, sizeof *list->node, by_sequence);
    return status;
}
