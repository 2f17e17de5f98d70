/* Comparisons, which give bytes, and the choice between two arrays by a byte. */
#include "variant.h"

#define COMPARE_LOOP(left, right, operator)                                                                         \
    for (int64_t i = 0; i < n; i++)                                                                                 \
        y[i] = left operator right;

#define COMPARE(name, operator)                                                                                     \
    void NEAP_COMPARE(name)(int64_t n, const void *va, int64_t as, const void *vb, int64_t bs, uint8_t *restrict y) \
    {                                                                                                               \
        const real *a = va, *b = vb;                                                                                \
        if (as == 1 && bs == 1)                                                                                     \
            COMPARE_LOOP(a[i], b[i], operator)                                                                      \
        else if (as == 1 && bs == 0)                                                                                \
            COMPARE_LOOP(a[i], b[0], operator)                                                                      \
        else                                                                                                        \
            COMPARE_LOOP(a[i * as], b[i * bs], operator)                                                            \
    }

COMPARE(eq, ==)
COMPARE(ne, !=)
COMPARE(lt, <)
COMPARE(le, <=)
COMPARE(gt, >)
COMPARE(ge, >=)

void NEAP_KERNEL(select)(int64_t n, const uint8_t *c, int64_t cs, const void *va, int64_t as, const void *vb, int64_t bs,
                         void *vy)
{
    const real *a = va, *b = vb;
    real *y = vy;
    for (int64_t i = 0; i < n; i++)
        y[i] = c[i * cs] ? a[i * as] : b[i * bs];
}
