/*
 * ending.h - processes that are ended by force, and how processes ended.
 */
#ifndef RUNNER_ENDING_H
#define RUNNER_ENDING_H

#include <sys/types.h>

/* Why a process ended, for the user, from its wait status: "it died of SIGSEGV". The caller's. */
char *ending_text(int status);

/*
 * Makes sure that an iteration's process, with its group, is dead and reaped, when its zygote can't
 * do it. Nothing for a `pid` of 0.
 */
void end_iteration(pid_t pid);

/* Kills a child and waits for it without reaping it; returns its wait status. */
int end_child(pid_t pid);

#endif
