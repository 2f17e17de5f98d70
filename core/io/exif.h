/*
 * The orientation in a picture's EXIF data (CIPA DC-008, tag 0x0112); nothing else of them is read.
 */
#ifndef NEAP_IO_EXIF_H
#define NEAP_IO_EXIF_H

#include <stddef.h>

/* The orientation, 1 to 8, of a TIFF structure as an eXIf chunk holds it, or an APP1 segment behind "Exif\0\0". 1
 * (as stored) without one or for damaged data. */
int neap_exif_orientation(const unsigned char *tiff, size_t size);

#endif
