/*
 * Temporary files, which become a file when they are renamed over it. A killed process leaves them behind; the next
 * output to the same file, and neap_folder_clean, remove them.
 *
 * The name is `.NAME.neap-HOST-PID-N` in the folder of the target: NAME is that of the target, cut to 64 bytes; HOST is a hash
 * of the machine's name. A writer holds an flock on the file until it is renamed, and the system ends the lock with the
 * process. So a temporary of this machine is abandoned where it is not locked, whatever process has its number by now.
 * One of another machine, whose locks a network file system may not show here, or one on a file system without locks, is
 * abandoned a day after it was last written.
 */
#ifndef NEAP_IO_TEMPORARY_H
#define NEAP_IO_TEMPORARY_H

#include <sys/types.h>

/* Creates and locks a temporary for a target. Returns its descriptor, which holds the lock, and its path, which the caller
 * owns; or -1 with errno set, or with a message where memory ran out. */
int neap_temporary_make(const char *target, mode_t mode, char **path);

/* Removes abandoned temporaries of the file of that name in a folder; of all files where it is NULL. Returns how many. */
int neap_temporary_clean(const char *folder, const char *name);

#endif
