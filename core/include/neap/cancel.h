/*
 * Cancellation: how a program ends calls that may take long.
 *
 * neap_trainer_rehearse, neap_sample, neap_score, neap_source_open, neap_source_read and neap_gradient_check ask the hook
 * between units of work: a step, a phase, an evaluation of the network, a resample, an example. Where it answers true they
 * fail with the message "interrupted" and leave what any failure of theirs leaves. A training step is never cut short.
 */
#ifndef NEAP_CANCEL_H
#define NEAP_CANCEL_H

#include <stdbool.h>

/* The hook, one per process; NULL removes it. Any thread may call it, several at once. */
typedef bool neap_cancel_fn(void *user);
void neap_on_cancel(neap_cancel_fn *asked, void *user);

/* 0: go on; -1 with the message "interrupted" where the hook asks for it. For long loops of the core and of plugins. */
int neap_check_cancel(void);

/* While on, neap_check_cancel gives 0 on this thread: for work that must be whole. Returns the former state. */
bool neap_cancel_hold(bool on);

#endif
