/* The resolutions of an autoencoder, and the channels of each. */
#include <stdlib.h>

#include "vae_gan.h"

#define MOST_GROWTH 64

static int count_levels(const vae_gan_config *c)
{
    int count = 1;
    while (1 << (count - 1) < c->factor)
        count++;
    return count;
}

static int check_sides(const vae_gan_config *c)
{
    if (c->factor != 2 && c->factor != 4 && c->factor != 8)
        return neap_fail("factor: expected 2, 4 or 8, got %lld", (long long)c->factor);
    if (c->rows % c->factor || c->columns % c->factor)
        return neap_fail("rows, columns: expected multiples of the factor %lld, got %lld by %lld", (long long)c->factor,
                         (long long)c->rows, (long long)c->columns);
    return 0;
}

static int fail_growth(const vae_gan_config *c, int count)
{
    return neap_fail("growth: expected %d whole numbers from 1 to %d with commas between them for the factor %lld, got "
                     "'%s'", count, MOST_GROWTH, (long long)c->factor, c->growth);
}

/* Reads `count` numbers of "1,2,2". */
static int read_growth(const vae_gan_config *c, int count, long *multiple)
{
    const char *text = c->growth;
    for (int i = 0; i < count; i++) {
        char *end;
        if (*text < '0' || *text > '9') /* strtol would skip blanks and take signs */
            return fail_growth(c, count);
        multiple[i] = strtol(text, &end, 10);
        if (multiple[i] < 1 || multiple[i] > MOST_GROWTH || *end != (i + 1 < count ? ',' : '\0'))
            return fail_growth(c, count);
        text = end + 1;
    }
    return 0;
}

int vae_gan_levels_of(const vae_gan_config *c, vae_gan_levels *levels)
{
    long multiple[VAE_GAN_LEVELS] = {1, 2, 2, 2};
    if (check_sides(c) < 0)
        return -1;
    *levels = (vae_gan_levels){.count = count_levels(c)};
    if (c->growth && *c->growth && read_growth(c, levels->count, multiple) < 0)
        return -1;
    for (int i = 0; i < levels->count; i++)
        levels->width[i] = c->width * multiple[i];
    return 0;
}
