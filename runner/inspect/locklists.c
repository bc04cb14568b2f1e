/* locklists.c - see locklists.h. */
#include "runner/inspect/locklists.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "runner/inspect/remote.h"
#include "runner/base/util.h"

#define HEAD_BYTES offsetof(struct fts_lock_thread, held)

static bool read_memory(pid_t pid, uint64_t address, void *to, size_t length)
{
	struct iovec local = { to, length }, remote = { (void *)(uintptr_t)address, length };
	return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)length;
}

bool locklists_find(pid_t pid, struct fts_locks *where)
{
	struct remote remote;
	bool found = false;
	if (remote_open(&remote, pid) != 0)
		return false;
	for (size_t i = 0; i < remote.module_count; i++) {
		struct remote_module *module = remote.modules[i];
		if (!module->path || !strstr(module->path, "libftstress.so"))
			continue;
		remote_parse(&remote, module);
		uint64_t at = remote_symbol(&remote, module, "ftstress_locks");
		found = at && remote_read(&remote, at, where, sizeof *where) && where->address &&
			where->count <= FTS_LOCK_THREADS &&
			where->size == sizeof(struct fts_lock_thread);
		break;
	}
	remote_close(&remote);
	return found;
}

void locklists_clear(struct locklists *lists)
{
	for (size_t i = 0; i < lists->count; i++)
		free(lists->threads[i].held);
	free(lists->threads);
	*lists = (struct locklists){ 0 };
}

/* Read the heads of all lists, 256 in a call. The lists as a whole are megabytes. */
static size_t read_heads(const struct fts_locks *where, pid_t pid, struct locklist *threads)
{
	static const size_t most = 256;
	struct iovec local[256], remote[256];
	size_t done = 0;
	while (done < where->count) {
		size_t n = where->count - done < most ? where->count - done : most;
		for (size_t i = 0; i < n; i++) {
			uint64_t at = where->address + (done + i) * where->size;
			local[i] = (struct iovec){ &threads[done + i].head, HEAD_BYTES };
			remote[i] = (struct iovec){ (void *)(uintptr_t)at, HEAD_BYTES };
		}
		if (process_vm_readv(pid, local, n, remote, n, 0) != (ssize_t)(n * HEAD_BYTES))
			return 0;
		done += n;
	}
	return done;
}

static void read_held(const struct fts_locks *where, pid_t pid, size_t slot,
		      struct locklist *thread)
{
	char path[64];
	uint32_t used = thread->head.used < FTS_HELD_MAX ? thread->head.used : FTS_HELD_MAX;
	uint64_t at = where->address + slot * where->size + HEAD_BYTES;
	snprintf(path, sizeof path, "/proc/%d/task/%u", (int)pid, thread->head.tid);
	thread->ended = access(path, F_OK) != 0;
	thread->held = xcalloc(used, sizeof *thread->held);
	if (read_memory(pid, at, thread->held, used * sizeof *thread->held))
		thread->count = used;
}

bool locklists_read(const struct fts_locks *where, pid_t pid, struct locklists *out)
{
	struct locklist *all = xcalloc(where->count, sizeof *all);
	size_t count = read_heads(where, pid, all);
	*out = (struct locklists){ .threads = all };
	for (size_t i = 0; i < count; i++) {
		if (!all[i].head.tid)
			continue;
		read_held(where, pid, i, &all[i]);
		all[out->count++] = all[i];
	}
	if (!count)
		locklists_clear(out);
	return count > 0;
}
