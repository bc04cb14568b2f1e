/* livelock.c - see livelock.h. */
#include "runner/verdict/livelock.h"

#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "runner/base/util.h"

#define ROUND_TIMES 20
#define ROUND_LEAST 5.0
#define LONG_TIMES 100
#define CALL_LEAST 30.0 /* seconds: so long, one call of C may just take */
#define AGAIN 2.5  /* seconds till it is looked at closely again; twice as long after each look */
#define APART 10.0 /* so long before, at least, they have to have been in the same functions */

static double most(double a, double b)
{
	return a > b ? a : b;
}

/* A thread that does not compute: will it wait for ever, if those that compute do not wake it? */
static bool waits_for_them(const struct captured_thread *thread, bool gil)
{
	if (thread->syscall != SYS_futex)
		return false; /* it sleeps, or something may come from outside */
	bool timed = thread->arguments[3] != 0;
	return !timed || (gil && thread->python && !thread->attached);
}

enum livelock_state livelock_state(const struct capture *capture, const struct moving *moving,
				   bool gil)
{
	size_t computing = 0, standing = 0;
	bool open = false;
	for (size_t i = 0; i < capture->count; i++) {
		const struct captured_thread *thread = &capture->threads[i];
		const struct moving_thread *seen = motion_of(moving, thread->tid);
		enum motion motion = seen ? seen->motion : MOTION_UNKNOWN;
		if (thread->sanitizer)
			continue;
		if (!thread->busy) {
			open = open || !waits_for_them(thread, gil);
			continue;
		}
		computing++;
		standing += motion == MOTION_STANDS;
		open = open || motion == MOTION_ON || motion == MOTION_UNKNOWN;
	}
	if (!computing)
		return LIVELOCK_IDLE;
	return open ? LIVELOCK_OPEN : standing ? LIVELOCK_STANDS : LIVELOCK_ROUND;
}

/* ---- are they where they were? ---- */

/*
 * What tells people why a test failed compares texts, or tries smaller inputs, and may need minutes for that: it
 * comes to its end.
 */
static bool tells_a_failure(const struct captured_thread *thread)
{
	static const char *const files[] = { "/difflib.py", "/_pytest/assertion/", "/hypothesis/",
					     "/traceback.py", "/pprint.py" };
	for (size_t i = 0; i < thread->count; i++)
		for (size_t k = 0; thread->frames[i].file && k < sizeof files / sizeof *files; k++)
			if (strstr(thread->frames[i].file, files[k]))
				return true;
	return false;
}

static const struct captured_frame *python_of(const struct captured_thread *thread)
{
	for (size_t i = 0; i < thread->count; i++)
		if (thread->frames[i].kind == CAPTURED_PYTHON)
			return &thread->frames[i];
	return NULL;
}

static bool was_in(const struct capture *before, pid_t tid, const struct captured_frame *frame)
{
	for (size_t i = 0; i < before->count; i++)
		for (size_t k = 0; before->threads[i].tid == tid && k < before->threads[i].count;
		     k++) {
			const struct captured_frame *other = &before->threads[i].frames[k];
			if (other->kind == CAPTURED_PYTHON &&
			    !strcmp(other->qualname, frame->qualname) && other->file &&
			    frame->file && !strcmp(other->file, frame->file))
				return true;
		}
	return false;
}

static bool are_where_they_were(const struct capture *before, const struct capture *after)
{
	for (size_t i = 0; i < after->count; i++) {
		const struct captured_thread *thread = &after->threads[i];
		const struct captured_frame *frame = python_of(thread);
		if (!thread->sanitizer && thread->busy &&
		    (!frame || tells_a_failure(thread) || !was_in(before, thread->tid, frame)))
			return false;
	}
	return true;
}

/* ---- looking ---- */

static bool capture(pid_t pid, struct capture *out)
{
	char *why = NULL;
	bool taken = !capture_process(pid, out, &why);
	free(why);
	return taken;
}

/* Is there any chance that it is one? Then it is looked at closely, which stops it many times. */
static bool is_due(struct livelock *livelock, const struct livelock_question *question, double now)
{
	/* Before it is ended as too slow there is not much time for the last looks. */
	double pause = question->still >= question->patience ? AGAIN : livelock->pause;
	livelock->suspect = livelock->used >= LIVELOCK_WAIT;
	return livelock->suspect && question->alone > 0 && now - livelock->looked >= pause &&
	       livelock->used >= most(ROUND_TIMES * question->alone, ROUND_LEAST);
}

/* What goes round now and then, and gets on between, is somewhere else at the second look. */
static bool have_returned(const struct livelock *livelock, const struct capture *after)
{
	for (size_t i = 0; i < after->count; i++)
		if (after->threads[i].busy && !after->threads[i].sanitizer &&
		    !motion_returned(&livelock->earlier, &livelock->moving, after->threads[i].tid))
			return false;
	return true;
}

bool livelock_call_is_long(const struct livelock_question *question)
{
	double least = most(question->timeout / 2, CALL_LEAST);
	return question->still >= (least < question->patience ? least : question->patience);
}

/* Was it seen, and for long enough, by livelock->state? */
static bool is_sure(const struct livelock *livelock, const struct livelock_question *question,
		    double now, const struct capture *after)
{
	bool long_ago = livelock->before.count && now - livelock->before_at >= APART;
	bool much = livelock->used >= LONG_TIMES * question->alone;
	switch (livelock->state) {
	case LIVELOCK_ROUND:
		return have_returned(livelock, after);
	case LIVELOCK_STANDS:
		return much && livelock_call_is_long(question);
	case LIVELOCK_OPEN:
		return much && question->still >= question->patience && long_ago &&
		       are_where_they_were(&livelock->before, after);
	default:
		return false;
	}
}

bool livelock_look(struct livelock *livelock, const struct livelock_question *question, double now,
		   struct capture *after)
{
	struct capture before;
	if (!is_due(livelock, question, now) || !capture(question->pid, &before))
		return false;
	livelock->looked = now;
	livelock->pause = livelock->pause > 0 ? 2 * livelock->pause : AGAIN;
	motion_clear(&livelock->earlier);
	livelock->earlier = livelock->moving;
	motion_look(question->pid, &livelock->moving);
	if (!capture(question->pid, after)) {
		capture_clear(&before);
		return false;
	}
	livelock->state = livelock_state(after, &livelock->moving, question->gil);
	livelock->sure = is_sure(livelock, question, now, after);
	bool first = !livelock->before.count;
	if (first || (livelock->sure && livelock->state != LIVELOCK_OPEN)) {
		capture_clear(&livelock->before);
		livelock->before = before;
		livelock->before_at = now;
	} else
		capture_clear(&before);
	if (!livelock->sure)
		capture_clear(after);
	return livelock->sure;
}

void livelock_clear(struct livelock *livelock)
{
	capture_clear(&livelock->before);
	motion_clear(&livelock->moving);
	motion_clear(&livelock->earlier);
	*livelock = (struct livelock){ 0 };
}
