/*
 * watch.h - how much memory and processor time processes take.
 */
#ifndef RUNNER_WATCH_H
#define RUNNER_WATCH_H

#include <stdint.h>
#include <sys/types.h>

/* Bytes resident of one process; 0 if it is gone. */
uint64_t resident_of(pid_t pid);

/*
 * Bytes resident of the processes of a group, without its leader: processes that the tests started.
 * Pages that processes share count once for each. It looks at every process of the machine, so do
 * not call it each tick.
 */
uint64_t resident_of_followers(pid_t group);

/* Processor seconds that the living processes of a group have used. */
double processor_of_group(pid_t group);

/* Bytes of memory in the machine, or in the control group that we run in. */
uint64_t memory_of_machine(void);

#endif
