/*
 * Cancellation: how a program interrupts long calls.
 *
 * neap_trainer_rehearse, neap_sample, neap_score, neap_source_open, neap_source_read and neap_gradient_check call the
 * hook between units of work: a step, a phase, an evaluation of the network, a resample, an example. If it returns true
 * they fail with the message "interrupted", with the same clean-up as for any failure. A training step is never
 * interrupted.
 */
#ifndef NEAP_CANCEL_H
#define NEAP_CANCEL_H

#include <stdbool.h>

/* The hook, one per process; NULL removes it. Any thread may call it, several at once. */
typedef bool neap_cancel_fn(void *user);
void neap_on_cancel(neap_cancel_fn *asked, void *user);

/* 0, or -1 with the message "interrupted" if the hook returns true. For long loops of the core and of plugins. */
int neap_check_cancel(void);

/* While on, neap_check_cancel returns 0 on this thread: for work that must not be interrupted. Returns the former
 * state. */
bool neap_cancel_hold(bool on);

#endif
