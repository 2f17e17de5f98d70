/*
 * Jansson with our memory. Its parser drops characters without a word when its buffer cannot grow, so refusals are
 * noted: call neap_json_begin before Jansson, and believe a result only where neap_json_refused says no.
 */
#ifndef NEAP_IO_JSON_H
#define NEAP_IO_JSON_H

#include <stdbool.h>

#include <jansson.h>

void neap_json_begin(void);
bool neap_json_refused(void); /* on this thread, since it began; the message is recorded */

#endif
