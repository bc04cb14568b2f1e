/* deadlock.c - see deadlock.h. */
#include "runner/deadlock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "runner/lockorder.h"
#include "runner/remote.h"
#include "runner/util.h"

struct standing { /* a thread at the last look */
	pid_t tid;
	uint64_t switches; /* times it was scheduled */
	uint64_t waits;
};

struct deadlock_watch {
	pid_t pid;
	double looked;
	struct fts_locks where; /* address 0 = not known */
	bool without;           /* the process has no such thing */
	struct standing *last;
	size_t last_count, last_capacity;
	struct deadlock cycle; /* of the last look */
};

struct deadlock_watch *deadlock_watch_new(void)
{
	return xcalloc(1, sizeof(struct deadlock_watch));
}

void deadlock_watch_free(struct deadlock_watch *watch)
{
	if (!watch)
		return;
	free(watch->last);
	free(watch);
}

/* ---- reading ---- */

static bool read_memory(pid_t pid, uint64_t address, void *to, size_t length)
{
	struct iovec local = { to, length }, remote = { (void *)(uintptr_t)address, length };
	return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)length;
}

/* Where the process keeps its locks: the variable ftstress_locks of our library. */
static void find_locks(struct deadlock_watch *watch, pid_t pid)
{
	struct remote remote;
	watch->without = true;
	if (remote_open(&remote, pid) != 0)
		return;
	for (size_t i = 0; i < remote.module_count; i++) {
		struct remote_module *module = remote.modules[i];
		if (!module->path || !strstr(module->path, "libftstress.so"))
			continue;
		remote_parse(&remote, module);
		uint64_t at = remote_symbol(&remote, module, "ftstress_locks");
		if (at && remote_read(&remote, at, &watch->where, sizeof watch->where) &&
		    watch->where.address && watch->where.count <= FTS_LOCK_THREADS &&
		    watch->where.size == sizeof(struct fts_lock_thread))
			watch->without = false;
		break;
	}
	remote_close(&remote);
}

static uint64_t switches_of(pid_t pid, pid_t tid)
{
	char path[64], line[128];
	unsigned long long sum = 0, one;
	snprintf(path, sizeof path, "/proc/%d/task/%d/status", (int)pid, (int)tid);
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof line, file))
		if (sscanf(line, "voluntary_ctxt_switches: %llu", &one) == 1 ||
		    sscanf(line, "nonvoluntary_ctxt_switches: %llu", &one) == 1)
			sum += one;
	if (file)
		fclose(file);
	return sum;
}

struct look {
	pid_t pid;
	struct fts_lock_thread *threads; /* those that exist */
	size_t count;
};

static bool take_look(const struct deadlock_watch *watch, pid_t pid, struct look *look)
{
	size_t bytes = (size_t)watch->where.count * watch->where.size;
	*look = (struct look){ .pid = pid, .threads = xmalloc(bytes) };
	if (!read_memory(pid, watch->where.address, look->threads, bytes)) {
		free(look->threads);
		return false;
	}
	for (size_t i = 0; i < watch->where.count; i++) {
		char path[64];
		const struct fts_lock_thread *thread = &look->threads[i];
		snprintf(path, sizeof path, "/proc/%d/task/%u", (int)pid, thread->tid);
		if (thread->tid && access(path, F_OK) == 0)
			look->threads[look->count++] = *thread;
	}
	return true;
}

/* ---- deciding ---- */

/* Who holds the lock; NULL = nobody that is known. */
static const struct fts_lock_thread *owner_of(const struct look *look, uint64_t address,
					      const struct fts_held **held)
{
	for (size_t i = 0; i < look->count; i++) {
		const struct fts_lock_thread *thread = &look->threads[i];
		for (uint32_t k = 0; k < thread->used && k < FTS_HELD_MAX; k++) {
			*held = &thread->held[k];
			if ((*held)->address == address && !((*held)->flags & FTS_HELD_SHARED))
				return thread;
		}
	}
	return NULL;
}

static bool waits(const struct fts_lock_thread *thread)
{
	return thread->wait_address && !(thread->wait_flags & FTS_HELD_TIMED);
}

/* The cycle that starts at a thread, if it is the first of it. */
static bool follow(const struct look *look, const struct fts_lock_thread *start,
		   struct deadlock *out)
{
	const struct fts_lock_thread *thread = start;
	out->count = 0;
	while (thread && waits(thread) && out->count < DEADLOCK_MAX) {
		const struct fts_held *held = NULL;
		struct deadlock_wait *wait = &out->waits[out->count++];
		*wait = (struct deadlock_wait){ .tid = (pid_t)thread->tid,
						.number = thread->number,
						.address = thread->wait_address,
						.kind = thread->wait_kind,
						.holds = wait->holds };
		thread = owner_of(look, thread->wait_address, &held);
		if (!thread)
			break;
		if (thread == start) {
			out->waits[0].holds = *held;
			return out->count > 1; /* a lock that it waits for itself may be a signal */
		}
		if (out->count < DEADLOCK_MAX)
			out->waits[out->count].holds = *held;
	}
	out->count = 0;
	return false;
}

static bool same_cycle(const struct deadlock *a, const struct deadlock *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->waits[i].tid != b->waits[i].tid ||
		    a->waits[i].address != b->waits[i].address)
			return false;
	return true;
}

/* Was the thread not scheduled since the last look? */
static bool stood_still(const struct deadlock_watch *watch, const struct standing *now)
{
	for (size_t i = 0; i < watch->last_count; i++)
		if (watch->last[i].tid == now->tid)
			return watch->last[i].switches == now->switches;
	return false;
}

static bool in_cycle(const struct deadlock *cycle, pid_t tid)
{
	for (size_t i = 0; i < cycle->count; i++)
		if (cycle->waits[i].tid == tid)
			return true;
	return false;
}

static bool anyone_may_give_back(const struct deadlock *cycle)
{
	for (size_t i = 0; i < cycle->count; i++)
		if (cycle->waits[i].kind == FTS_LOCK_LOCK)
			return true;
	return false;
}

static bool is_sure(struct deadlock_watch *watch, const struct look *look,
		    const struct deadlock *cycle)
{
	bool all = anyone_may_give_back(cycle), sure = same_cycle(&watch->cycle, cycle);
	struct standing *now = xcalloc(look->count, sizeof *now);
	for (size_t i = 0; i < look->count; i++) {
		now[i].tid = (pid_t)look->threads[i].tid;
		now[i].switches = switches_of(look->pid, now[i].tid);
		if (all || in_cycle(cycle, now[i].tid))
			sure = sure && stood_still(watch, &now[i]);
	}
	free(watch->last);
	watch->last = now;
	watch->last_count = look->count;
	watch->cycle = *cycle;
	return sure;
}

bool deadlock_look(struct deadlock_watch *watch, pid_t pid, double now, struct deadlock *out)
{
	struct look look;
	bool found = false;
	if (watch->pid != pid) {
		watch->pid = pid;
		watch->last_count = watch->cycle.count = 0;
		watch->without = false;
		watch->where.address = 0;
	} else if (now - watch->looked < DEADLOCK_SECONDS) {
		return false;
	}
	watch->looked = now;
	if (!watch->where.address && !watch->without)
		find_locks(watch, pid);
	if (watch->without || !take_look(watch, pid, &look))
		return false;
	for (size_t i = 0; i < look.count && !found; i++)
		found = follow(&look, &look.threads[i], out);
	if (found)
		found = is_sure(watch, &look, out);
	else
		watch->cycle.count = 0;
	free(look.threads);
	return found;
}

/* ---- telling ---- */

static size_t participant_of(const struct finding *finding, pid_t tid)
{
	char *end = xprintf("(%d)", (int)tid);
	size_t found = finding->participant_count;
	for (size_t i = 0; i < finding->participant_count; i++)
		if (strstr(finding->participants[i].thread, end))
			found = i;
	free(end);
	return found;
}

static char letter(size_t i)
{
	return (char)('A' + i);
}

struct telling {
	const struct deadlock *deadlock;
	struct buf text, graph;
	const struct roots *roots;
};

/* One thread of the cycle: its line in the text, its arc, and its place among the participants. */
static void tell_one(struct telling *t, size_t i, struct participant *part)
{
	const struct deadlock_wait *wait = &t->deadlock->waits[i];
	size_t count = t->deadlock->count;
	char next = letter((i + 1) % count), own = letter(i);
	char *held_at = lockorder_line(&part->locks[0].created, t->roots);
	char *wanted_at = lockorder_line(&part->stack, t->roots);
	buf_printf(&t->text, "%sT%zu holds %c (a %s), taken at %s, and waits for %c (a %s) at %s",
		   i ? "; " : "", i + 1, own, lockorder_kind(wait->holds.kind), held_at, next,
		   lockorder_kind(wait->kind), wanted_at);
	buf_printf(&t->graph, "\t%c [label=\"%c: %s\"];\n\t%c -> %c [label=\"T%zu at %s\"];\n", own,
		   own, lockorder_kind(wait->holds.kind), own, next, i + 1, wanted_at);
	free(part->role);
	part->role = xprintf("holds %c and waits for %c", own, next);
	part->address = wait->address;
	free(held_at);
	free(wanted_at);
}

static void add_held(const struct deadlock_wait *wait, struct collator *collator,
		     const struct iteration_context *context, pid_t pid, struct participant *part)
{
	uint64_t pcs[2] = { wait->holds.pc, wait->holds.position };
	part->locks = xcalloc(1, sizeof *part->locks);
	part->lock_count = 1;
	part->locks[0].name = xprintf("%s (0x%llx)", lockorder_kind(wait->holds.kind),
				      (unsigned long long)wait->holds.address);
	collator_frames(collator, context, pid, pcs, pcs[1] ? 2 : 1, false,
			&part->locks[0].created);
}

void deadlock_tell(const struct deadlock *deadlock, struct collator *collator,
		   const struct iteration_context *context, pid_t pid, struct finding *finding)
{
	struct roots none = { NULL, 0 };
	struct telling t = { .deadlock = deadlock, .roots = &none };
	for (size_t i = 0; i < deadlock->count; i++)
		if (participant_of(finding, deadlock->waits[i].tid) == finding->participant_count)
			return; /* its stack was not taken: a hang is all that is known */
	buf_puts(&t.graph, "digraph locks {\n\tnode [shape=box];\n");
	for (size_t i = 0; i < deadlock->count; i++) {
		size_t at = participant_of(finding, deadlock->waits[i].tid);
		struct participant part = finding->participants[at];
		finding->participants[at] = finding->participants[i];
		finding->participants[i] = part;
		add_held(&deadlock->waits[i], collator, context, pid, &finding->participants[i]);
		tell_one(&t, i, &finding->participants[i]);
	}
	buf_puts(&t.graph, "}\n");
	buf_puts(&t.text, ". Each waits for what the next holds, so none will ever go on. Usual "
			  "fixes: take the locks in one order everywhere, or don't call out while "
			  "holding one.");
	finding->kind = FINDING_DEADLOCK;
	/* The other threads wait for these: they do not belong to what the bug is known by. */
	while (finding->participant_count > deadlock->count) {
		struct finding rest = {
			.participants = &finding->participants[--finding->participant_count],
			.participant_count = 1
		};
		rest.participants = xcalloc(1, sizeof *rest.participants);
		rest.participants[0] = finding->participants[finding->participant_count];
		finding_clear(&rest);
	}
	free(finding->title);
	free(finding->explanation);
	finding->title = xprintf("%zu threads wait for each other's locks", deadlock->count);
	finding->explanation = buf_take(&t.text);
	finding->graph = buf_take(&t.graph);
}
