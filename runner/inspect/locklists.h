/*
 * locklists.h - reads, from outside, the lists of locks that libftstress.so keeps in a process
 * (ftstress/locks.h).
 */
#ifndef RUNNER_LOCKLISTS_H
#define RUNNER_LOCKLISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "ftstress/locks.h"

/* One thread's list. */
struct locklist {
	struct fts_lock_thread head; /* without held[] */
	struct fts_held *held;
	size_t count; /* of held */
	bool ended;   /* the thread has ended; its list is still there */
};

struct locklists {
	struct locklist *threads;
	size_t count;
};

/* Where the process keeps its lists; false if it has none. Costs some milliseconds. */
bool locklists_find(pid_t pid, struct fts_locks *where);

/*
 * The process goes on meanwhile: each list is as it was at some moment. False: the process is gone.
 */
bool locklists_read(const struct fts_locks *where, pid_t pid, struct locklists *out);
void locklists_clear(struct locklists *lists);

#endif
