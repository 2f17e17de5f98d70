/* Exports a function beside its constant. */
#include "faulty.h"

int stray_helper(int x);

int stray_helper(int x)
{
    return x + 1;
}

FAULTY_DATASET(stray_symbol, faulty_open, faulty_read);
