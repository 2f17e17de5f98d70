/*
 * Jansson with neap's memory: what neap/io.h says of JSON, and Jansson itself.
 */
#ifndef NEAP_IO_JANSSON_H
#define NEAP_IO_JANSSON_H

#include <jansson.h>

#include <neap/io.h>

#endif
