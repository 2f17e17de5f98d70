/* What a thread is doing, for the line of a crash. core/plugin sets it; here it is handed to the workers of a job. */
#ifndef NEAP_BASE_CALL_H
#define NEAP_BASE_CALL_H

/* A call of a component that runs on this thread; NULL: none. A signal handler reads it, so it is never allocated lazily. */
extern _Thread_local const void *neap_call_now __attribute__((tls_model("initial-exec")));

#endif
