/* Values of pictures, in [-1, 1], as bytes and back. Part of the plugins emoji and folder. */
#ifndef NEAP_DATASET_BYTES_H
#define NEAP_DATASET_BYTES_H

#include <stdbool.h>
#include <stdint.h>

static inline uint8_t bytes_of_value(float x)
{
    return (uint8_t)((x + 1) * 127.5f + 0.5f);
}

/* Reads a picture u8 [height, width, channels], or its mirror image, to `out`. */
static inline void bytes_read(const uint8_t *from, int64_t height, int64_t width, int64_t channels, bool mirrored, float *out)
{
    for (int64_t i = 0; i < height * width; i++) {
        const int64_t pixel = mirrored ? i / width * width + width - 1 - i % width : i;
        for (int64_t c = 0; c < channels; c++)
            out[i * channels + c] = (float)from[pixel * channels + c] / 127.5f - 1;
    }
}

#endif
