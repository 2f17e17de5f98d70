/*
 * Cancellation: how a program interrupts long calls.
 *
 * neap_trainer_rehearse, neap_sample, neap_score, neap_source_open, neap_source_read and neap_gradient_check call the
 * hook between units of work: a step, a phase, an evaluation of the network, a resample, an example. If it returns true
 * they fail with the message "interrupted", with the same clean-up as for any failure. A training step is never
 * interrupted by the hook.
 *
 * Abandonment is stronger: while it is on, each op fails with the message "interrupted". A training step can be abandoned
 * until its first update; it then leaves parameters, buffers and the state of the optimisers as they were.
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

/* Turns abandonment on or off for the process. Async-signal-safe. */
void neap_abandon(bool on);

/* Has an op been refused since neap_abandon(true)? */
bool neap_abandoned(void);

/* 0, or -1 with the message "interrupted" while abandonment is on and this thread does not hold it off. */
int neap_check_abandon(void);

/* While on, abandonment does not reach this thread: for what changes state. Returns the former state. */
bool neap_abandon_hold(bool on);

#endif
