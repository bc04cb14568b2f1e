/* deadlock.c - see deadlock.h: looks and decides. deadlock_tell.c puts it into words. */
#include "runner/verdict/deadlock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/inspect/asleep.h"
#include "runner/inspect/locklists.h"
#include "runner/base/util.h"

struct standing { /* a thread at one look */
	pid_t tid;
	uint64_t switches; /* how often it gave up a processor */
	uint64_t waits;    /* how often of these it did so to sleep */
	uint64_t running;  /* nanoseconds on a processor */
	uint32_t call;     /* its attach_calls while it waits to be attached; else 0 */
	bool stops;        /* it waits to stop the world */
	bool starved;      /* it is ready to run: it may only lack a processor */
};

/*
 * A thread that waits to be attached must have looked so often between two looks of ours. One that
 * has looked less often may just get no processor.
 */
#define POLLS_LEAST 3

struct deadlock_watch {
	pid_t pid;
	double looked;          /* when the last look was */
	struct fts_locks where; /* where the process keeps its lists; address 0 = not known */
	bool without;           /* the process keeps no lists */
	struct standing *last;  /* the threads of the lists, at the last look */
	size_t last_count;
	struct deadlock verdict; /* of the last look */
	double since;            /* since when this verdict has held */
	struct asleep asleep;    /* at the last look */
	double polled;           /* see deadlock_polled() */
};

struct deadlock_watch *deadlock_watch_new(void)
{
	return xcalloc(1, sizeof(struct deadlock_watch));
}

void deadlock_watch_free(struct deadlock_watch *watch)
{
	if (!watch)
		return;
	asleep_clear(&watch->asleep);
	free(watch->last);
	free(watch);
}

/* ---- deciding ---- */

static bool waits(const struct locklist *thread)
{
	return !thread->ended && thread->head.wait_address &&
	       !(thread->head.wait_flags & FTS_HELD_TIMED);
}

/* Does `other` keep `thread` from going on? Then the entry of the lock that it holds; else NULL. */
static const struct fts_held *keeps(const struct locklist *other, const struct locklist *thread)
{
	static const struct fts_held attached = { .address = 1, .kind = FTS_LOCK_ATTACHED };
	const struct fts_lock_thread *head = &thread->head;
	/* A thread that stops the world waits for all threads that are attached while they wait. */
	if (head->wait_kind == FTS_LOCK_ATTACHED)
		return waits(other) && other->head.wait_flags & FTS_HELD_ATTACHED ? &attached
										  : NULL;
	if (other == thread && head->wait_own.address == head->wait_address)
		return &head->wait_own;
	for (size_t i = 0; i < other->count; i++) {
		const struct fts_held *held = &other->held[i];
		if (held->address == head->wait_address &&
		    !(held->flags & head->wait_flags & FTS_HELD_SHARED))
			return held;
	}
	return NULL;
}

/*
 * A number for the thread's wait to be attached, another one for each such wait. 0: it does not
 * wait for that.
 */
static uint32_t attach_call(const struct locklist *thread)
{
	return waits(thread) && thread->head.wait_kind == FTS_LOCK_ATTACHED
		       ? thread->head.attach_calls
		       : 0;
}

static struct deadlock_wait wait_of(const struct locklist *thread, const struct locklist *holder,
				    const struct fts_held *taken)
{
	return (struct deadlock_wait){ .tid = (pid_t)thread->head.tid,
				       .address = thread->head.wait_address,
				       .kind = thread->head.wait_kind,
				       .stops = thread->head.wait_flags & FTS_HELD_STOPS,
				       .call = attach_call(thread),
				       .holder = (pid_t)holder->head.tid,
				       .ended = holder->ended,
				       .taken = *taken };
}

struct search {
	const struct locklists *lists;
	const struct locklist *start;
	bool *seen; /* for each thread: it was followed, and does not lead back to the start */
	struct deadlock *out;
};

/*
 * Follow who waits for whom, from `thread` on. True if that leads back to the start; out->waits has
 * the waits on the way.
 */
static bool follow(struct search *s, const struct locklist *thread, size_t depth)
{
	const struct fts_held *taken;
	for (size_t i = 0; i < s->lists->count; i++) {
		const struct locklist *next = &s->lists->threads[i];
		if (next->ended || s->seen[i] || !(taken = keeps(next, thread)))
			continue;
		s->out->waits[depth] = wait_of(thread, next, taken);
		/*
		 * A thread may wait for a lock of its own if any thread may release it: a signal.
		 */
		if (next == s->start && depth == 0 &&
		    fts_lock_is(thread->head.wait_kind, FTS_ANYONE))
			continue;
		s->out->wait_count = s->out->count = depth + 1;
		if (next == s->start)
			return true;
		s->seen[i] = true;
		if (waits(next) && depth + 1 < DEADLOCK_MAX && follow(s, next, depth + 1))
			return true;
	}
	return false;
}

static bool find_cycle(const struct locklists *lists, struct deadlock *out)
{
	bool found = false;
	bool *seen = xcalloc(lists->count, sizeof *seen);
	for (size_t i = 0; i < lists->count && !found; i++) {
		struct search search = { lists, &lists->threads[i], seen, out };
		memset(seen, 0, lists->count * sizeof *seen);
		*out = (struct deadlock){ .kind = DEADLOCK_CYCLE };
		found = waits(search.start) && follow(&search, search.start, 0);
	}
	free(seen);
	return found;
}

/* All threads sleep: fill in what the lists know of who waits for whom. */
static bool fill_asleep(const struct locklists *lists, size_t count, struct deadlock *out)
{
	const struct fts_held *taken;
	*out = (struct deadlock){ .kind = DEADLOCK_ASLEEP, .count = count };
	for (size_t i = 0; count && i < lists->count; i++) {
		const struct locklist *thread = &lists->threads[i];
		for (size_t k = 0; waits(thread) && k < lists->count; k++) {
			const struct locklist *holder = &lists->threads[k];
			if (!(taken = keeps(holder, thread)) || out->wait_count == DEADLOCK_MAX ||
			    (holder == thread && taken->flags & FTS_HELD_SIGNAL))
				continue;
			out->waits[out->wait_count++] = wait_of(thread, holder, taken);
			break;
		}
	}
	return count > 0;
}

bool deadlock_find(const struct locklists *lists, size_t asleep, struct deadlock *out)
{
	return find_cycle(lists, out) || fill_asleep(lists, asleep, out);
}

/* ---- does it last? ---- */

/* What the lists and the kernel say of a thread now. */
static struct standing standing_of(pid_t pid, const struct locklist *thread)
{
	char path[64], line[128], state;
	unsigned long long one;
	struct standing now = { .tid = (pid_t)thread->head.tid,
				.call = attach_call(thread),
				.stops = thread->head.wait_flags & FTS_HELD_STOPS };
	snprintf(path, sizeof path, "/proc/%d/task/%d/status", (int)pid, (int)now.tid);
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof line, file)) {
		if (sscanf(line, "State: %c", &state) == 1)
			now.starved = state == 'R';
		else if (sscanf(line, "voluntary_ctxt_switches: %llu", &one) == 1)
			now.switches += now.waits = one;
		else if (sscanf(line, "nonvoluntary_ctxt_switches: %llu", &one) == 1)
			now.switches += one;
	}
	if (file)
		fclose(file);
	snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", (int)pid, (int)now.tid);
	file = fopen(path, "re");
	if (file && fscanf(file, "%llu", &one) == 1)
		now.running = one;
	if (file)
		fclose(file);
	return now;
}

static const struct standing *find_standing(const struct standing *list, size_t count, pid_t tid)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].tid == tid)
			return &list[i];
	return NULL;
}

/* Is the thread in the same wait to be attached at both looks, and has it polled in between? */
static bool polls(const struct standing *before, const struct standing *now)
{
	return before && now->call && before->call == now->call &&
	       now->waits >= before->waits + POLLS_LEAST;
}

static bool same_verdict(const struct deadlock *a, const struct deadlock *b)
{
	if (!a->count || a->kind != b->kind || a->count != b->count ||
	    a->wait_count != b->wait_count)
		return false;
	for (size_t i = 0; i < a->wait_count; i++)
		if (a->waits[i].tid != b->waits[i].tid ||
		    a->waits[i].address != b->waits[i].address ||
		    a->waits[i].call != b->waits[i].call)
			return false;
	return true;
}

/*
 * Does what the thread did since the last look fit the verdict? A thread that waits for a lock must
 * not have run. A thread that waits to be attached may have: it wakes up to poll, and finds nothing
 * as long as the thread that it waits for does not run. But if it has not run, and is ready to run,
 * it only waits for a processor: that does not fit. True for a thread that is not in the verdict.
 */
static bool stands(const struct deadlock *verdict, const struct standing *before,
		   const struct standing *now)
{
	bool still = before && before->switches == now->switches;
	for (size_t i = 0; i < verdict->wait_count; i++)
		if (verdict->waits[i].tid == now->tid)
			return verdict->waits[i].kind == FTS_LOCK_ATTACHED
				       ? before && !(still && now->starved)
				       : still;
	return true;
}

/*
 * *cycle_still: what the threads of the cycle did fits the verdict. *all_still: no thread has run.
 */
static void compare(const struct deadlock_watch *watch, const struct standing *now, size_t count,
		    const struct deadlock *cycle, bool *cycle_still, bool *all_still)
{
	*cycle_still = *all_still = true;
	for (size_t i = 0; i < count; i++) {
		const struct standing *before =
			find_standing(watch->last, watch->last_count, now[i].tid);
		*all_still &= before && before->switches == now[i].switches;
		*cycle_still &= stands(cycle, before, &now[i]);
	}
}

static bool any_may_give(const struct deadlock *cycle)
{
	for (size_t i = 0; i < cycle->wait_count; i++)
		if (fts_lock_is(cycle->waits[i].kind, FTS_ANYONE))
			return true;
	return false;
}

/* One look at the threads in the lists. */
struct look {
	struct standing *threads;
	size_t count;
	struct deadlock_poll *polls;
	size_t poll_count;
};

static void take_look(struct deadlock_watch *watch, const struct locklists *lists,
		      struct look *look)
{
	*look = (struct look){ .threads = xcalloc(lists->count, sizeof *look->threads),
			       .polls = xcalloc(lists->count, sizeof *look->polls) };
	for (size_t i = 0; i < lists->count; i++) {
		if (lists->threads[i].ended)
			continue;
		struct standing *now = &look->threads[look->count++];
		*now = standing_of(watch->pid, &lists->threads[i]);
		const struct standing *before =
			find_standing(watch->last, watch->last_count, now->tid);
		if (!polls(before, now))
			continue;
		look->polls[look->poll_count++] = (struct deadlock_poll){ now->tid, now->stops };
		watch->polled += (double)(now->running - before->running) * 1e-9;
	}
}

/*
 * Is the verdict of this look sure? It is kept for the next look. `asleep`: all threads sleep, as
 * at the last look.
 */
static bool is_sure(struct deadlock_watch *watch, const struct look *look,
		    const struct deadlock *verdict, bool asleep, double now)
{
	bool cycle_still, all_still, same = same_verdict(&watch->verdict, verdict);
	compare(watch, look->threads, look->count, verdict, &cycle_still, &all_still);
	bool cycle = verdict->kind == DEADLOCK_CYCLE, given = cycle && any_may_give(verdict);
	if (!same || (cycle && !(given ? all_still : cycle_still)))
		watch->since = now;
	watch->verdict = *verdict;
	if (asleep)
		return same;
	return cycle && now - watch->since >= (given ? DEADLOCK_PATIENCE : DEADLOCK_SECONDS);
}

static void forget(struct deadlock_watch *watch, pid_t pid)
{
	watch->pid = pid;
	watch->last_count = watch->verdict.count = 0;
	watch->without = false;
	watch->where.address = 0;
	watch->polled = 0;
	asleep_clear(&watch->asleep);
}

/*
 * Do all threads sleep, as at the last look? Threads that poll count as asleep: if all others sleep
 * for ever, they poll for ever. *count: how many threads sleep, 0 if not all do.
 */
static bool look_asleep(struct deadlock_watch *watch, const struct look *look, size_t *count)
{
	struct asleep asleep;
	pid_t *tids = xcalloc(look->poll_count, sizeof *tids);
	for (size_t i = 0; i < look->poll_count; i++)
		tids[i] = look->polls[i].tid;
	*count = 0;
	if (asleep_look("/proc", watch->pid, tids, look->poll_count, &asleep))
		*count = asleep.count + look->poll_count;
	bool same = asleep_same(&watch->asleep, &asleep);
	asleep_clear(&watch->asleep);
	watch->asleep = asleep;
	free(tids);
	return same;
}

bool deadlock_look(struct deadlock_watch *watch, pid_t pid, double now, struct deadlock *out)
{
	struct locklists lists = { 0 };
	struct look look;
	size_t asleep;
	if (watch->pid != pid)
		forget(watch, pid);
	else if (now - watch->looked < DEADLOCK_SECONDS)
		return false;
	watch->looked = now;
	if (!watch->where.address && !watch->without)
		watch->without = !locklists_find(pid, &watch->where);
	if (!watch->without)
		locklists_read(&watch->where, pid, &lists);
	take_look(watch, &lists, &look);
	bool all_asleep = look_asleep(watch, &look, &asleep), found = false;
	if (deadlock_find(&lists, asleep, out))
		found = is_sure(watch, &look, out, all_asleep, now);
	else
		watch->verdict.count = 0;
	if (!found)
		out->count = 0;
	for (size_t i = 0; found && i < look.poll_count && i < DEADLOCK_MAX; i++)
		out->polls[out->poll_count++] = look.polls[i];
	free(watch->last);
	watch->last = look.threads;
	watch->last_count = look.count;
	free(look.polls);
	locklists_clear(&lists);
	return found;
}

double deadlock_polled(const struct deadlock_watch *watch, pid_t pid)
{
	return watch && watch->pid == pid ? watch->polled : 0;
}
