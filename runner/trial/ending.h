/*
 * ending.h - ends processes by force, and says how processes ended.
 */
#ifndef RUNNER_ENDING_H
#define RUNNER_ENDING_H

#include <sys/types.h>

/* How a process ended, by its wait status, for the user: "it died of SIGSEGV". To be freed. */
char *ending_text(int status);

/*
 * Kills an iteration's process and its group, and waits until it is reaped. To be called when its
 * zygote can't do that. A `pid` of 0 is none.
 */
void end_iteration(pid_t pid);

/* Kills a child and waits for its end, but does not reap it. Returns its wait status. */
int end_child(pid_t pid);

#endif
