/*
 * Temporary files, which are renamed over their target. A killed process leaves them behind; the next output to the
 * same target, and neap_folder_clean, remove them.
 *
 * The name is `.NAME.neap-HOST-PID-N` in the folder of the target: NAME is that of the target, cut to 64 bytes; HOST is
 * a hash of the machine's name. A writer holds an flock on the file until it is renamed, and the system releases the
 * lock when the process ends. So a temporary of this machine is abandoned if it is not locked, even if another process
 * has its PID. A temporary of another machine, whose locks may be invisible on a network file system, or on a file
 * system without locks, is abandoned a day after its last write.
 */
#ifndef NEAP_IO_TEMPORARY_H
#define NEAP_IO_TEMPORARY_H

#include <sys/types.h>

/* Creates and locks a temporary for a target. Returns its descriptor, which holds the lock, and its path, which the
 * caller owns; or -1 with errno set, or with a message if memory ran out. */
int neap_temporary_make(const char *target, mode_t mode, char **path);

/* Removes abandoned temporaries of the file of that name in a folder; of all files if it is NULL. Returns how many. */
int neap_temporary_clean(const char *folder, const char *name);

#endif
