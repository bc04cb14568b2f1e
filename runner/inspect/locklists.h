/*
 * locklists.h - the lists that our library keeps in a process (ftstress/locks.h), read from
 * outside.
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
	bool ended;   /* the thread is no more, its slot is still there */
};

struct locklists {
	struct locklist *threads;
	size_t count;
};

/* Where the process keeps its lists; false if it has none. Costs some milliseconds. */
bool locklists_find(pid_t pid, struct fts_locks *where);

/* Without stopping the process: each list is as it was at some moment. False: it is gone. */
bool locklists_read(const struct fts_locks *where, pid_t pid, struct locklists *out);
void locklists_clear(struct locklists *lists);

#endif
