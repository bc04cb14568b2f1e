/*
 * lockprofile.h - where threads wait: the times of all processes of a run, by class of lock.
 */
#ifndef RUNNER_LOCKPROFILE_H
#define RUNNER_LOCKPROFILE_H

#include <stddef.h>

#include "ftstress/finding.h"
#include "runner/locks/lockname.h"

#define LOCKPROFILE_TOLD 10 /* classes */

struct lockprofile;

struct lockprofile *lockprofile_new(void);
void lockprofile_free(struct lockprofile *profile);

/* What one process tells of one lock, times in seconds. */
struct lockprofile_times {
	uint64_t waits;
	double waited, longest_wait, longest_hold;
};

/* `where`: the line of the longest wait. All is copied. */
void lockprofile_add(struct lockprofile *profile, const struct lockname *name, uint32_t kind,
		     const char *where, const struct lockprofile_times *times);

/* The classes with the most waiting, that first; the caller's, see run_info. */
struct run_lock *lockprofile_most(const struct lockprofile *profile, size_t *count);

#endif
