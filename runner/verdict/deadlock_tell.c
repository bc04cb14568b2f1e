/*
 * deadlock_tell.c - a deadlock as a finding: who waits for what, and who should have released it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/verdict/deadlock.h"
#include "runner/model/fingerprint.h"
#include "runner/locks/lockname.h"
#include "runner/model/lock_kind.h"
#include "runner/base/util.h"
#include "runner/verdict/waiting.h"

enum { SENTENCES = 8 }; /* the text describes so many threads at most */

static const struct roots no_roots = { NULL, 0 };

static bool is_thread(const struct participant *part, pid_t tid)
{
	return tid && part->tid == (int)tid;
}

/* The thread's index among the participants; their count if its stack was not captured. */
static size_t participant_of(const struct finding *finding, pid_t tid)
{
	size_t found = 0;
	while (found < finding->participant_count && !is_thread(&finding->participants[found], tid))
		found++;
	return found;
}

static void move_to(struct finding *finding, size_t from, size_t to)
{
	struct participant moved = finding->participants[from];
	for (; from > to; from--)
		finding->participants[from] = finding->participants[from - 1];
	finding->participants[to] = moved;
}

static void set_role(struct participant *part, char *role)
{
	free(part->role);
	part->role = role;
}

/* Where the lock was acquired. */
static void frames_of(const struct fts_held *taken, struct collator *collator,
		      const struct iteration_context *context, pid_t pid, struct stack *out)
{
	uint64_t pcs[2] = { taken->pc, taken->position };
	collator_frames(collator, context, pid, pcs, pcs[1] ? 2 : 1, false, out);
}

static void add_held(const struct fts_held *taken, struct collator *collator,
		     const struct iteration_context *context, pid_t pid, struct participant *part)
{
	for (size_t i = 0; i < part->lock_count; i++)
		if (part->locks[i].address == taken->address)
			return;
	part->locks = xrealloc(part->locks, (part->lock_count + 1) * sizeof *part->locks);
	struct held_lock *held = &part->locks[part->lock_count++];
	*held = (struct held_lock){ .name = xstrdup(lock_kind_name(taken->kind)),
				    .address = taken->address };
	frames_of(taken, collator, context, pid, &held->created);
}

static void drop_after(struct finding *finding, size_t count)
{
	while (finding->participant_count > count) {
		struct finding rest = {
			.participants = xcalloc(1, sizeof *rest.participants),
			.participant_count = 1,
		};
		rest.participants[0] = finding->participants[--finding->participant_count];
		finding_clear(&rest);
	}
}

static void replace(char **text, char *by)
{
	free(*text);
	*text = by;
}

/* ---- a cycle ---- */

static char letter(size_t i)
{
	return (char)('A' + i);
}

struct telling {
	const struct deadlock *deadlock;
	struct collator *collator;
	const struct iteration_context *context;
	pid_t pid;
	struct finding *finding;
	struct lockname names[DEADLOCK_MAX]; /* of the lock that each thread holds */
	struct lockname_arc arcs[DEADLOCK_MAX];
	struct buf text;
};

/* The lock that thread i holds, and for which the thread before it waits. */
static const struct fts_held *lock_of(const struct deadlock *deadlock, size_t i)
{
	size_t count = deadlock->wait_count;
	return &deadlock->waits[(i + count - 1) % count].taken;
}

/* What a thread waits for that polls. */
static const char *attach_text(bool stops, bool gil)
{
	return stops ? "a stop of the world, which needs all threads detached"
	       : gil ? "the GIL"
		     : "being attached to the interpreter";
}

/* One thread of the cycle: its line in the text. */
static void put_part(struct telling *t, size_t i)
{
	size_t next = (i + 1) % t->deadlock->wait_count;
	buf_printf(&t->text, "%sT%zu ", i ? "; " : "", i + 1);
	if (lock_of(t->deadlock, i)->kind == FTS_LOCK_ATTACHED)
		buf_puts(&t->text,
			 t->context->gil ? "keeps the GIL" : "stays attached to the interpreter");
	else
		buf_printf(&t->text, "holds %c (%s), acquired at %s,", letter(i), t->names[i].name,
			   t->arcs[i].taken);
	if (lock_of(t->deadlock, next)->kind == FTS_LOCK_ATTACHED)
		buf_printf(&t->text, " and waits for %s (%c), at %s",
			   attach_text(t->deadlock->waits[i].stops, t->context->gil), letter(next),
			   t->arcs[i].wanted);
	else
		buf_printf(&t->text, " and waits for %c (%s) at %s", letter(next),
			   t->names[next].name, t->arcs[i].wanted);
}

/*
 * Names the locks, and sets the finding's id: its digits are those of the same cycle's lock order.
 */
static void name_locks(struct telling *t)
{
	uint64_t addresses[DEADLOCK_MAX];
	size_t count = t->deadlock->wait_count;
	for (size_t i = 0; i < count; i++)
		addresses[i] = lock_of(t->deadlock, i)->address;
	char *order = collator_order(t->collator, t->context, t->pid, addresses, count, t->names);
	if (order)
		replace(&t->finding->id, xprintf("%s-%s", finding_kind_name(FINDING_DEADLOCK),
						 fingerprint_digits(order)));
	for (size_t i = 0; i < count && !order; i++)
		t->names[i].name = xstrdup(lock_kind_name(lock_of(t->deadlock, i)->kind));
	free(order);
}

/* The cycle begins with the lock whose name comes first, as in lockorder.c. */
static void sort_cycle(const struct telling *t, struct deadlock *sorted)
{
	size_t count = t->deadlock->wait_count, first = 0;
	*sorted = *t->deadlock;
	for (size_t i = 1; i < count; i++)
		if (strcmp(t->names[i].name, t->names[first].name) < 0)
			first = i;
	for (size_t i = 0; i < count; i++)
		sorted->waits[i] = t->deadlock->waits[(first + i) % count];
}

static void fill_part(struct telling *t, size_t i)
{
	const struct deadlock_wait *wait = &t->deadlock->waits[i];
	move_to(t->finding, participant_of(t->finding, wait->tid), i);
	struct participant *part = &t->finding->participants[i];
	add_held(lock_of(t->deadlock, i), t->collator, t->context, t->pid, part);
	struct held_lock *held = &part->locks[part->lock_count - 1];
	const struct stack *taken = &held->created;
	replace(&held->name, xstrdup(t->names[i].name));
	t->arcs[i] = (struct lockname_arc){ &t->names[i], lockname_line(taken, &no_roots),
					    lockname_line(&part->stack, &no_roots) };
	set_role(part, xprintf("holds %c and waits for %c", letter(i),
			       letter((i + 1) % t->deadlock->wait_count)));
	part->address = wait->address;
}

static void tell_cycle(struct telling *t)
{
	struct deadlock sorted;
	struct finding *finding = t->finding;
	size_t count = t->deadlock->wait_count;
	name_locks(t);
	sort_cycle(t, &sorted);
	for (size_t i = 0; i < count; i++)
		lockname_clear(&t->names[i]);
	t->deadlock = &sorted;
	name_locks(t);
	for (size_t i = 0; i < count; i++)
		fill_part(t, i);
	for (size_t i = 0; i < count; i++)
		put_part(t, i);
	buf_puts(&t->text, ". Each waits for what the next holds, so none will ever go on. Usual "
			   "fixes: acquire the locks in one order everywhere, or don't call other "
			   "code while holding one.");
	/* The other threads are no part of the cycle, and so none of the bug. */
	drop_after(finding, count);
	replace(&finding->title, xprintf("%zu threads wait for each other's locks", count));
	replace(&finding->explanation, buf_take(&t->text));
	replace(&finding->graph, lockname_graph(t->arcs, count));
	for (size_t i = 0; i < count; i++) {
		lockname_clear(&t->names[i]);
		free((char *)t->arcs[i].taken);
		free((char *)t->arcs[i].wanted);
	}
}

/* A thread that waits for a lock which it holds itself. */
static char *self_text(const struct deadlock_wait *wait, const char *taken_at, const char *at)
{
	if (wait->kind == FTS_LOCK_PTHREAD_RW && (wait->taken.flags & FTS_HELD_SHARED))
		return xprintf("it acquired the %s for reading, at %s, and waits at %s to write, "
			       "until no reader holds it: it waits for itself",
			       lock_kind_name(wait->kind), taken_at, at);
	return xprintf("it acquired the %s itself, at %s, and waits for it at %s",
		       lock_kind_name(wait->kind), taken_at, at);
}

static void tell_self(const struct deadlock *deadlock, struct collator *collator,
		      const struct iteration_context *context, pid_t pid, struct finding *finding)
{
	const struct deadlock_wait *wait = &deadlock->waits[0];
	move_to(finding, participant_of(finding, wait->tid), 0);
	struct participant *part = &finding->participants[0];
	add_held(&wait->taken, collator, context, pid, part);
	char *taken_at = lockname_line(&part->locks[part->lock_count - 1].created, &no_roots);
	char *at = lockname_line(&part->stack, &no_roots);
	char *text = self_text(wait, taken_at, at);
	set_role(part, xprintf("waits for the %s that it holds", lock_kind_name(wait->kind)));
	part->address = wait->address;
	drop_after(finding, 1);
	replace(&finding->title, xprintf("A thread waits for a %s that it holds itself",
					 lock_kind_name(wait->kind)));
	replace(&finding->explanation,
		xprintf("The thread will never go on: %s. The lock is not recursive. Usual fixes: "
			"an RLock or a recursive mutex, or a function that expects its caller to "
			"hold the lock.",
			text));
	free(text);
	free(at);
	free(taken_at);
}

/* ---- all asleep ---- */

struct sleeper {
	struct waiting waiting;
	const struct deadlock_wait *wait; /* its lock, where the holder is known, or NULL */
	const struct deadlock_poll *poll; /* if it polls; else NULL */
	bool keeper; /* it stays attached, and the threads that poll wait for it */
	char *at;    /* "x.py:12" */
};

/* Does it wait for a lock of its own? The inner lock of a Condition does not count. */
static bool own_lock(const struct sleeper *sleeper)
{
	return sleeper->wait && sleeper->wait->holder == sleeper->wait->tid &&
	       !sleeper->wait->ended && !sleeper->waiting.what;
}

static const struct deadlock_wait *wait_of(const struct deadlock *deadlock,
					   const struct participant *part)
{
	for (size_t i = 0; i < deadlock->wait_count; i++)
		if (is_thread(part, deadlock->waits[i].tid))
			return &deadlock->waits[i];
	return NULL;
}

static const struct deadlock_poll *poll_of(const struct deadlock *deadlock,
					   const struct participant *part)
{
	for (size_t i = 0; i < deadlock->poll_count; i++)
		if (is_thread(part, deadlock->polls[i].tid))
			return &deadlock->polls[i];
	return NULL;
}

static struct sleeper sleeper_of(const struct deadlock *deadlock, const struct participant *part)
{
	struct sleeper sleeper = { .waiting = waiting_of(&part->stack),
				   .wait = wait_of(deadlock, part),
				   .poll = poll_of(deadlock, part),
				   .keeper = deadlock->poll_count && deadlock->keeper &&
					     is_thread(part, deadlock->keeper) };
	/* It has got what its stack waits for, and now waits to be attached. */
	if (sleeper.poll)
		sleeper.waiting.what = sleeper.waiting.giver = NULL;
	const struct frame *user = sleeper.waiting.user;
	if (!user) {
		sleeper.at = lockname_line(&part->stack, &no_roots);
	} else {
		char *path = short_path(user->file, &no_roots);
		sleeper.at = xprintf("%s:%d", path, user->line);
		free(path);
	}
	return sleeper;
}

/* The driver's own thread, and idle threads of a pool, have nothing to do with the bug. */
static bool is_idle(const struct sleeper *sleeper)
{
	return sleeper->waiting.driver || sleeper->waiting.idle;
}

struct asleep_telling {
	const struct deadlock *deadlock;
	struct collator *collator;
	const struct iteration_context *context;
	pid_t pid;
	struct finding *finding;
	struct sleeper *sleepers; /* of each participant */
};

/* Adds ", which T2 acquired at x.py:3". */
static void put_holder(struct asleep_telling *t, const struct sleeper *sleeper, struct buf *text)
{
	const struct deadlock_wait *wait = sleeper->wait;
	if (!wait || sleeper->waiting.what || sleeper->poll)
		return;
	struct stack taken;
	frames_of(&wait->taken, t->collator, t->context, t->pid, &taken);
	char *line = lockname_line(&taken, &no_roots);
	size_t holder = participant_of(t->finding, wait->holder);
	if (wait->ended)
		buf_printf(text,
			   ", which a thread that has ended acquired at %s and never released",
			   line);
	else if (wait->holder == wait->tid)
		buf_printf(text, ", which it acquired itself at %s", line);
	else if (holder < t->finding->participant_count)
		buf_printf(text, ", which T%zu acquired at %s", holder + 1, line);
	free(line);
	stack_clear(&taken);
}

static void put_sleeper(struct asleep_telling *t, size_t i, struct buf *text)
{
	struct sleeper *sleeper = &t->sleepers[i];
	struct participant *part = &t->finding->participants[i];
	const struct deadlock_poll *poll = sleeper->poll;
	const char *what = poll ? attach_text(poll->stops, t->context->gil) : sleeper->waiting.what;
	char *lock = xprintf("a %s", sleeper->wait ? lock_kind_name(sleeper->wait->kind) : "lock");
	struct buf holder = { 0 };
	put_holder(t, sleeper, &holder);
	set_role(part, sleeper->waiting.driver ? xstrdup("waits for the threads of the test")
					       : xprintf("waits for %s%s", what ? what : lock,
							 holder.data ? holder.data : ""));
	if (sleeper->wait && !what)
		part->address = sleeper->wait->address;
	if (!is_idle(sleeper) && i < SENTENCES) {
		buf_printf(text, "%sT%zu waits for %s at %s%s", text->length ? "; " : "", i + 1,
			   what ? what : lock, sleeper->at, holder.data ? holder.data : "");
		if (sleeper->keeper)
			buf_printf(text, " and %s meanwhile",
				   t->context->gil ? "keeps the GIL" : "stays attached");
		if (sleeper->waiting.giver)
			buf_printf(text, ", and no thread is left that %s", sleeper->waiting.giver);
	}
	buf_free(&holder);
	free(lock);
}

/* What the waits are, all together: a title, and advice. The first one that fits counts. */
struct verdict {
	const char *title, *advice;
};

enum { KEEPS_GIL, STAYS_ATTACHED, OWN, ENDED, FULL_POOL, JOINED, NO_GIVER, VERDICTS };

static const struct verdict verdicts[VERDICTS] = {
	[KEEPS_GIL] = { "A thread waits for ever and keeps the GIL",
			"The thread that could wake it needs the GIL first. Usual fix: release the "
			"GIL (Py_BEGIN_ALLOW_THREADS) around every wait for a lock under which "
			"another thread may call Python." },
	[STAYS_ATTACHED] = { "A thread waits for ever and stays attached to the interpreter",
			     "Stopping the world (a garbage collection, for one) waits for it, and "
			     "the thread that could wake it waits for that. Usual fix: detach "
			     "(Py_BEGIN_ALLOW_THREADS) around every wait for a lock under which "
			     "another thread may call Python." },
	[OWN] = { "A thread waits for a lock that it holds itself",
		  "A threading.Lock is not recursive. Usual fixes: an RLock, or a function that "
		  "expects its caller to hold the lock." },
	[ENDED] = { "A thread waits for a lock whose holder has ended",
		    "A lock is not released when its thread ends. Usual fix: `with`, or a "
		    "`finally` that releases it." },
	[FULL_POOL] = { "A job of a ThreadPoolExecutor waits for a Future that no thread is left "
			"to complete",
			"A job must not wait for another job of the same pool: when all its "
			"threads do, none is left to run that one. Usual fix: a pool of its own "
			"for the inner jobs." },
	[JOINED] = { "A thread waits for the end of one that waits for ever",
		     "Usual fixes: release locks before joining, and tell a thread to end before "
		     "waiting for its end." },
	[NO_GIVER] = { NULL, "Either the wake-up came before the wait began, and was lost; or the "
			     "thread that should have come has ended, or waits, too." },
};

static struct verdict verdict_of(const struct asleep_telling *t, const char **giver)
{
	const struct finding *finding = t->finding;
	bool is[VERDICTS] = { [NO_GIVER] = true };
	*giver = NULL;
	for (size_t i = 0; i < finding->participant_count; i++) {
		const struct sleeper *sleeper = &t->sleepers[i];
		const struct waiting *waiting = &sleeper->waiting;
		is[KEEPS_GIL] |= sleeper->keeper && t->context->gil;
		is[STAYS_ATTACHED] |= sleeper->keeper;
		is[FULL_POOL] |= waiting->job && waiting->future;
		is[OWN] |= own_lock(sleeper);
		is[ENDED] |= sleeper->wait && sleeper->wait->ended && !waiting->what;
		is[JOINED] |= waiting->join && !waiting->driver;
		if (!*giver && !is_idle(sleeper))
			*giver = waiting->giver;
	}
	size_t i = 0;
	while (!is[i])
		i++;
	return verdicts[i];
}

/* The threads whose waits are the bug come first; the driver's thread and idle ones last. */
static void sort_sleepers(const struct deadlock *deadlock, struct finding *finding)
{
	for (size_t pass = 0, next = 0; pass < 4; pass++)
		for (size_t i = next; i < finding->participant_count; i++) {
			struct participant *part = &finding->participants[i];
			struct sleeper sleeper = sleeper_of(deadlock, part);
			size_t rank = sleeper.keeper      ? 0
				      : is_idle(&sleeper) ? 3
				      : sleeper.wait      ? 1
							  : 2;
			free(sleeper.at);
			if (rank == pass)
				move_to(finding, i, next++);
		}
}

/*
 * The id: which function waits for what, for each thread; without lines, see fingerprint.h. If
 * threads poll, it is chance where they were at that moment: then only the thread counts that they
 * wait for, if that is known.
 */
static char *asleep_id(const struct asleep_telling *t)
{
	size_t count = 0;
	bool kept = t->finding->participant_count && t->sleepers[0].keeper;
	char **parts = xcalloc(t->finding->participant_count, sizeof *parts);
	for (size_t i = 0; i < t->finding->participant_count; i++) {
		const struct waiting *waiting = &t->sleepers[i].waiting;
		if (is_idle(&t->sleepers[i]) || !waiting->user || (kept && i))
			continue;
		char *place = frame_text(waiting->user, &no_roots);
		parts[count++] = xprintf("%s > %s", place, waiting->what ? waiting->what : "");
		free(place);
	}
	char *id = count ? fingerprint(FINDING_DEADLOCK, (const char *const *)parts, count) : NULL;
	for (size_t i = 0; i < count; i++)
		free(parts[i]);
	free(parts);
	return id;
}

static void tell_asleep(struct asleep_telling *t)
{
	struct finding *finding = t->finding;
	struct buf text = { 0 };
	sort_sleepers(t->deadlock, finding);
	t->sleepers = xcalloc(finding->participant_count, sizeof *t->sleepers);
	for (size_t i = 0; i < finding->participant_count; i++)
		t->sleepers[i] = sleeper_of(t->deadlock, &finding->participants[i]);
	for (size_t i = 0; i < finding->participant_count; i++)
		put_sleeper(t, i, &text);
	for (size_t i = 0; i < t->deadlock->wait_count; i++) {
		const struct deadlock_wait *wait = &t->deadlock->waits[i];
		size_t holder = participant_of(finding, wait->holder);
		if (holder < finding->participant_count)
			add_held(&wait->taken, t->collator, t->context, t->pid,
				 &finding->participants[holder]);
	}
	const char *giver;
	struct verdict verdict = verdict_of(t, &giver);
	buf_printf(&text,
		   ". All %zu threads of the process %s, and no other process, timer or signal "
		   "handler is there to wake one. %s",
		   t->deadlock->count,
		   t->deadlock->poll_count ? "wait, each without end"
					   : "sleep in waits without a time limit",
		   verdict.advice);
	replace(&finding->title,
		verdict.title ? xstrdup(verdict.title)
		: giver       ? xprintf("A thread waits for ever: no thread is left that %s", giver)
			      : xstrdup("All threads wait, and none is left to wake one"));
	replace(&finding->explanation, buf_take(&text));
	replace(&finding->id, asleep_id(t));
	for (size_t i = 0; i < finding->participant_count; i++)
		free(t->sleepers[i].at);
	free(t->sleepers);
}

void deadlock_tell(const struct deadlock *deadlock, struct collator *collator,
		   const struct iteration_context *context, pid_t pid, struct finding *finding)
{
	for (size_t i = 0; i < deadlock->wait_count && deadlock->kind == DEADLOCK_CYCLE; i++)
		if (participant_of(finding, deadlock->waits[i].tid) == finding->participant_count)
			return; /* the stack of a thread is missing: it stays a hang */
	if (!finding->participant_count)
		return;
	finding->kind = FINDING_DEADLOCK;
	if (deadlock->kind == DEADLOCK_ASLEEP) {
		struct asleep_telling t = { .deadlock = deadlock,
					    .collator = collator,
					    .context = context,
					    .pid = pid,
					    .finding = finding };
		tell_asleep(&t);
	} else if (deadlock->wait_count == 1) {
		tell_self(deadlock, collator, context, pid, finding);
	} else {
		struct telling t = { .deadlock = deadlock,
				     .collator = collator,
				     .context = context,
				     .pid = pid,
				     .finding = finding };
		tell_cycle(&t);
	}
}
