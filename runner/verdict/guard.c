/* guard.c - see guard.h. */
#include "runner/verdict/guard.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>

#include "runner/verdict/cause.h"
#include "runner/verdict/faults.h"
#include "runner/verdict/livelock_tell.h"
#include "runner/base/util.h"
#include "runner/trial/watch.h"

#define FOLLOWERS_EVERY 0.5 /* seconds between looks at an iteration's children */

/* A process that uses more than this share of a core counts as computing. */
#define BUSY_SHARE 0.02
/* A test that computes without progress is ended after --timeout times this. */
#define SLOW_TIMEOUTS 5
/* ... but this times it is a finding, if it is sure that it gets nowhere. */
#define LIVELOCK_TIMEOUTS 4.5
#define LIVELOCK_STILL 1.0 /* seconds without progress until processor time is counted */
#define LIVELOCK_EVERY 0.5 /* seconds between two looks at it, which read all of /proc */

void guard_begin(struct guard *guard, double now)
{
	guard->followers = 0;
	guard->followed = now;
}

static void kill_iteration(struct trial *trial, enum kill_reason reason)
{
	trial->killed = reason;
	if (kill(-trial->pid, SIGKILL) < 0)
		kill(trial->pid, SIGKILL);
}

static char *take_capture(struct guard *guard, const struct trial *trial, bool crashed)
{
	char *why = NULL;
	int failed = crashed ? capture_crashed(trial->pid, (pid_t)trial->crash_tid, &trial->crash,
					       &guard->capture, &why)
			     : capture_process(trial->pid, &guard->capture, &why);
	guard->captured = !failed;
	guard->looked_at = true;
	if (!why)
		return NULL;
	char *text = xprintf("stacks of a process that %s: %s", crashed ? "crashed" : "hung", why);
	free(why);
	return text;
}

char *guard_crash(struct guard *guard, const struct trial *trial)
{
	return take_capture(guard, trial, true);
}

static void check_memory(struct guard *guard, const struct guard_limits *limits,
			 struct trial *trial, double now)
{
	if (now - guard->followed >= FOLLOWERS_EVERY) {
		guard->followers = resident_of_followers(trial->pid);
		guard->followed = now;
	}
	uint64_t resident = resident_of(trial->pid) + guard->followers;
	if (resident <= limits->memory)
		return;
	guard->resident = resident;
	kill_iteration(trial, KILL_MEMORY);
}

/* Capture where a computing process is now. Later this shows whether it got anywhere. */
static void take_earlier(struct guard *guard, const struct trial *trial)
{
	char *why = NULL;
	capture_clear(&guard->earlier);
	if (capture_process(trial->pid, &guard->earlier, &why) != 0)
		guard->earlier = (struct capture){ 0 };
	free(why);
}

/* Processor seconds of the process and of what it started, without what threads spent polling. */
static double computed(const struct guard *guard, const struct trial *trial)
{
	return processor_of_group(trial->pid) - deadlock_polled(guard->watch, trial->pid);
}

/*
 * Acts when there was no progress for limits->timeout. If the process has used next to no processor
 * time in the second half of that, it hangs. Else the test is just slow, and gets more time before
 * it is ended.
 */
static char *check_progress(struct guard *guard, const struct guard_limits *limits,
			    struct trial *trial, double now)
{
	double timeout = limits->timeout;
	double still = now - trial->progressed;
	if (still < timeout / 2) {
		guard->sampled = 0;
		return NULL;
	}
	if (guard->sampled <= 0) {
		guard->sampled = now;
		guard->processor = computed(guard, trial);
		return NULL;
	}
	if (still < timeout || now - guard->sampled < timeout / 2)
		return NULL;
	double used = computed(guard, trial) - guard->processor;
	bool computes = used > BUSY_SHARE * (now - guard->sampled);
	guard->sampled = 0;
	if (computes && still < SLOW_TIMEOUTS * timeout) {
		take_earlier(guard, trial);
		return NULL;
	}
	char *text = take_capture(guard, trial, false);
	guard->still = still;
	kill_iteration(trial, computes ? KILL_SLOW : KILL_HANG);
	return text;
}

/* The thread for which those that poll wait: it is attached, and does not poll. 0 if not known. */
static pid_t keeper_of(const struct deadlock *deadlock, const struct capture *capture)
{
	for (size_t i = 0; i < capture->count; i++) {
		const struct captured_thread *thread = &capture->threads[i];
		bool waits = false;
		for (size_t k = 0; k < deadlock->poll_count; k++)
			waits |= deadlock->polls[k].tid == thread->tid;
		if (thread->attached && !waits)
			return thread->tid;
	}
	return 0;
}

/* A deadlock ends the process as soon as it is sure; --timeout is not waited for. */
static char *check_deadlock(struct guard *guard, struct trial *trial, double now)
{
	if (now - trial->progressed < DEADLOCK_SECONDS)
		return NULL;
	if (!guard->watch)
		guard->watch = deadlock_watch_new();
	if (!deadlock_look(guard->watch, trial->pid, now, &guard->deadlock))
		return NULL;
	char *text = take_capture(guard, trial, false);
	if (guard->captured)
		guard->deadlock.keeper = keeper_of(&guard->deadlock, &guard->capture);
	guard->still = now - trial->progressed;
	kill_iteration(trial, KILL_HANG);
	return text;
}

/* So does a thread that will never come out of the allocator. */
static char *check_heap(struct guard *guard, const struct heap_names *names, struct trial *trial,
			double now)
{
	if (now - trial->progressed < HEAP_SECONDS) {
		guard->heap = (struct heap_watch){ 0 };
		return NULL;
	}
	if (!heap_look(&guard->heap, names, trial->pid, now))
		return NULL;
	char *text = take_capture(guard, trial, false);
	guard->corrupted = true;
	guard->still = now - trial->progressed;
	kill_iteration(trial, KILL_HANG);
	return text;
}

/* Is it worth to ask whether the test that runs will ever end? */
static bool may_be_livelock(const struct trial *trial)
{
	return trial->running < trial->count && trial->threads[trial->running] > 1 &&
	       trial_counts(trial);
}

/* So do threads that compute, and will never come to an end. */
static char *check_livelock(struct guard *guard, const struct guard_limits *limits,
			    struct trial *trial, double now)
{
	struct livelock *livelock = &guard->livelock;
	double still = now - trial->progressed;
	if (!may_be_livelock(trial) || still < LIVELOCK_STILL) {
		livelock->suspect = false;
		return NULL;
	}
	if (now - livelock->asked < LIVELOCK_EVERY)
		return NULL;
	livelock->asked = now;
	double processor = computed(guard, trial);
	if (livelock->progressed != trial->progressed) {
		livelock_clear(livelock);
		livelock->progressed = trial->progressed;
		livelock->processor = processor;
	}
	livelock->used = processor - livelock->processor;
	struct livelock_question question = { .pid = trial->pid,
					      .still = still,
					      .alone = limits->alone,
					      .timeout = limits->timeout,
					      .patience = LIVELOCK_TIMEOUTS * limits->timeout,
					      .gil = trial->gil };
	if (!livelock_look(livelock, &question, now, &guard->capture))
		return NULL;
	guard->captured = guard->looked_at = true;
	guard->still = still;
	kill_iteration(trial, KILL_LIVELOCK);
	return NULL;
}

char *guard_look(struct guard *guard, const struct guard_limits *limits,
		 const struct heap_names *names, struct trial *trial, double now)
{
	check_memory(guard, limits, trial, now);
	char *text = trial->killed ? NULL : check_deadlock(guard, trial, now);
	if (!trial->killed && !text && names)
		text = check_heap(guard, names, trial, now);
	if (!trial->killed && !text && names) /* it takes a second */
		text = check_livelock(guard, limits, trial, now);
	return trial->killed || text ? text : check_progress(guard, limits, trial, now);
}

static void note_slow(const struct guard *guard, struct collator *collator,
		      const struct guard_limits *limits, const struct trial *trial)
{
	const char *test = trial_blamed(trial);
	char *where = fault_spinning(&guard->earlier, guard->captured ? &guard->capture : NULL);
	char *text = xprintf(
		"%s was ended after %.0f s: it was still computing (five times --timeout)%s%s",
		test ? test : "an iteration", SLOW_TIMEOUTS * limits->timeout, *where ? ": " : "",
		where);
	collator_note(collator, text);
	free(text);
	free(where);
}

static void note_uncertain(struct collator *collator, const struct trial *trial)
{
	char *text = xprintf("how the process of iteration %" PRIu64 " (%s) ended is not known: "
			     "records of it were lost",
			     trial->plan.iteration, trial->token);
	collator_note(collator, text);
	free(text);
}

static void judge_hang(const struct guard *guard, const struct fault *fault,
		       struct finding *finding)
{
	fault_of_hang(fault, finding);
	if (guard->deadlock.count)
		deadlock_tell(&guard->deadlock, fault->collator, fault->context, fault->trial->pid,
			      finding);
	else if (guard->corrupted)
		heap_tell(&guard->heap,
			  trial_blamed(fault->trial) ? trial_blamed(fault->trial) : "an iteration",
			  finding);
}

/* Threads that wait for each other's locks have the cause in themselves. */
static bool is_to_explain(const struct guard *guard, const struct trial *trial)
{
	bool cycle = guard->deadlock.count && guard->deadlock.kind == DEADLOCK_CYCLE;
	bool hangs = trial->killed == KILL_HANG && !cycle;
	return guard->captured && (hangs || trial->killed == KILL_LIVELOCK);
}

static void tell_cause(const struct guard *guard, const struct trial *trial,
		       const struct guard_end *end, struct finding *finding)
{
	size_t count;
	const struct race_place *races = collator_races(end->collator, end->context, &count);
	if (trial->crashed || guard->corrupted)
		cause_tell(trial, races, count, finding);
	else if (is_to_explain(guard, trial))
		cause_tell_hang(trial, &guard->capture, races, count, finding);
}

void guard_judge(const struct guard *guard, const struct guard_limits *limits,
		 const struct trial *trial, const struct guard_end *end)
{
	struct fault fault = { .trial = trial,
			       .context = end->context,
			       .collator = end->collator,
			       .capture = guard->captured ? &guard->capture : NULL,
			       .status = end->status,
			       .output = end->output,
			       .timeout = limits->timeout,
			       .alone = limits->alone,
			       .still = guard->still,
			       .memory = limits->memory,
			       .resident = guard->resident };
	struct finding finding = { 0 };
	if (trial->killed == KILL_HANG)
		judge_hang(guard, &fault, &finding);
	else if (trial->killed == KILL_MEMORY)
		fault_of_memory(&fault, &finding);
	else if (trial->killed == KILL_PARENT)
		fault_of_parent(&fault, &finding);
	else if (trial->killed == KILL_LIVELOCK)
		livelock_tell(&guard->livelock, &fault, &finding);
	else if (trial->killed == KILL_SLOW)
		note_slow(guard, end->collator, limits, trial);
	bool made = trial->killed == KILL_HANG || trial->killed == KILL_MEMORY ||
		    trial->killed == KILL_PARENT || trial->killed == KILL_LIVELOCK;
	if (made || (trial->killed == KILL_NONE && fault_of_status(&fault, &finding))) {
		tell_cause(guard, trial, end, &finding);
		collator_add(end->collator, end->context, &finding);
	} else if (trial->killed == KILL_NONE && !trial->slice_end)
		note_uncertain(end->collator, trial);
}

void guard_forget(struct guard *guard)
{
	if (guard->captured)
		capture_clear(&guard->capture);
	capture_clear(&guard->earlier);
	livelock_clear(&guard->livelock);
	guard->deadlock.count = 0;
	guard->heap = (struct heap_watch){ 0 };
	guard->corrupted = false;
	guard->captured = guard->looked_at = false;
	guard->resident = guard->followers = 0;
	guard->sampled = guard->still = 0;
}

void guard_free(struct guard *guard)
{
	guard_forget(guard);
	deadlock_watch_free(guard->watch);
	guard->watch = NULL;
}
