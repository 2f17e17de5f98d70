/* Eigenvalues of symmetric matrices that are known by hand, and what is refused. */
#include <math.h>

#include <neap/linalg.h>

#include "tests/core/plugin/plugin_test.h"

#define TOLERANCE 1e-12 /* some roundings of numbers below 10 */

/* Eigenvalues 1, 3, 5 with vectors (1, -1, 0), (1, 1, 0), (0, 0, 1) up to their length and sign. */
static const double matrix[9] = {2, 1, 0, 1, 2, 0, 0, 0, 5};

START_TEST(values)
{
    double a[9], found[3] = {0};
    memcpy(a, matrix, sizeof a);
    ck_succeeds(neap_eigenvalues_symmetric(a, 3, found, false));
    for (int i = 0; i < 3; i++)
        ck_assert(fabs(found[i] - (2 * i + 1)) < TOLERANCE);
}
END_TEST

START_TEST(vectors)
{
    double a[9], found[3] = {0};
    memcpy(a, matrix, sizeof a);
    ck_succeeds(neap_eigenvalues_symmetric(a, 3, found, true));
    for (int i = 0; i < 3; i++) {
        double length = 0;
        for (int j = 0; j < 3; j++) {
            double product = 0;
            for (int k = 0; k < 3; k++)
                product += matrix[3 * j + k] * a[3 * i + k];
            ck_assert(fabs(product - found[i] * a[3 * i + j]) < TOLERANCE);
            length += a[3 * i + j] * a[3 * i + j];
        }
        ck_assert(fabs(length - 1) < TOLERANCE);
    }
}
END_TEST

static bool find_values(void)
{
    double a[9], found[3];
    memcpy(a, matrix, sizeof a);
    return neap_eigenvalues_symmetric(a, 3, found, false) == 0;
}

START_TEST(refused)
{
    double one[1] = {1};
    ck_fails_with(neap_eigenvalues_symmetric(one, 0, one, false),
                  "eigenvalues: expected a matrix of 1 to 2147483647 rows, got 0");
    refuse_each(find_values);
}
END_TEST

int main(void)
{
    return RUN_SUITE("linalg", values, vectors, refused);
}
