/* Pictures of one size to another. Part of the plugins emoji and folder. */
#ifndef NEAP_DATASET_RESAMPLE_H
#define NEAP_DATASET_RESAMPLE_H

#include <stdint.h>

/* A picture f32 [height, width, channels], contiguous, borrowed. */
typedef struct resample_picture {
    const float *pixels;
    int64_t height, width, channels;
} resample_picture;

/* A rectangle of a picture, in pixels; its edges need not lie between pixels. */
typedef struct resample_window {
    double top, left, height, width;
} resample_window;

/* Scales the window of a picture to `out`, [height, width, channels], with the Lanczos filter of three lobes (Duchon 1979,
 * Lanczos Filtering in One and Two Dimensions), separably. Where it scales down, the filter is stretched by the factor, so
 * that nothing aliases. Beyond the edges of the picture the weights are left out and the others normalised. The filter
 * overshoots beside sharp edges; values are clamped to [-1, 1]. Returns 0, or -1 with a message. Any thread may call it. */
int resample(const resample_picture *from, resample_window window, float *out, int64_t height, int64_t width);

#endif
