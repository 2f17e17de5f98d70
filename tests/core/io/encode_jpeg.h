/*
 * JPEG made with TurboJPEG as others make it: for tests and as seeds to fuzz with.
 */
#ifndef NEAP_ENCODE_JPEG_H
#define NEAP_ENCODE_JPEG_H

#include <stdlib.h>

#include <turbojpeg.h>

typedef struct jpeg_form {
    int components, pixels, sampling, flags;
} jpeg_form;

#define JPEG_GRAY {1, TJPF_GRAY, TJSAMP_GRAY, 0}
#define JPEG_COLOR {3, TJPF_RGB, TJSAMP_444, 0}
#define JPEG_PROGRESSIVE {3, TJPF_RGB, TJSAMP_444, TJFLAG_PROGRESSIVE}
#define JPEG_CMYK {4, TJPF_CMYK, TJSAMP_444, 0}

typedef struct jpeg_file {
    unsigned char *bytes; /* tjFree() them; NULL where the form is wrong */
    unsigned long size;
} jpeg_file;

/* The best quality, and colours as fine as the light. */
static inline jpeg_file encode_jpeg(jpeg_form as, int width, int height, const unsigned char *pixels)
{
    jpeg_file f = {NULL, 0};
    tjhandle turbo = tjInitCompress();
    if (tjCompress2(turbo, pixels, width, 0, height, as.pixels, &f.bytes, &f.size, as.sampling, 100, as.flags) < 0)
        f = (jpeg_file){NULL, 0};
    tjDestroy(turbo);
    return f;
}

#endif
