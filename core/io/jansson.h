/*
 * Jansson, and its allocation through neap/memory.h (neap_json_begin in neap/io.h).
 */
#ifndef NEAP_IO_JANSSON_H
#define NEAP_IO_JANSSON_H

#include <jansson.h>

#include <neap/io.h>

#endif
