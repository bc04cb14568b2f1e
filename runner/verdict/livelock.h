/*
 * livelock.h - threads that compute, and will never come to an end.
 *
 * Nobody can see that from a program in general. Three things together say it here:
 *
 *   much     The test has computed for many times what it takes when its threads run one after the other
 *            (runner/run/measure.h measures that as soon as the test has computed for a while in vain).
 *            Seconds of processor time against seconds of a clock: a machine that is slow, or busy, makes
 *            it take longer till this is so, and never makes it so.
 *   round    What each thread that computes has in hand comes back to what it was (runner/inspect/motion.h);
 *            or it stands in one call of C.
 *   alone    No other thread may still come and help: one that sleeps for a time, or waits for what comes
 *            from outside. Then it has as much time as one that is just slow.
 *
 *     all go round, at two looks       20 times as much as alone, and 5 s at least
 *     one stands in a call of C       100 times, and half of --timeout, but 30 s at least
 *     one goes on, or may still come  100 times, and nearly till it is ended as too slow; and those that compute
 *                                     are in the functions in which they were long before
 */
#ifndef RUNNER_LIVELOCK_H
#define RUNNER_LIVELOCK_H

#include <stdbool.h>
#include <sys/types.h>

#include "ftstress/finding.h"
#include "runner/inspect/motion.h"
#include "runner/inspect/unwind.h"

#define LIVELOCK_WAIT 2.0 /* seconds of processor time after which it is measured what is usual */

/* What the threads do, by what was seen of them. */
enum livelock_state {
	LIVELOCK_IDLE,   /* none computes */
	LIVELOCK_ROUND,  /* those that compute go round, and all others wait for them */
	LIVELOCK_STANDS, /* the same, but that one stands in a call */
	LIVELOCK_OPEN,   /* one may still end it */
};
struct livelock {
	double asked;              /* when its processor time was last looked at, now_seconds() */
	double looked;             /* when it was last looked at closely */
	double pause;              /* so long it is not, after that */
	double progressed;         /* the progress since which `processor` counts */
	double processor;          /* processor seconds of the process then */
	double used;               /* and since */
	bool suspect;              /* what the test takes alone has to be measured */
	enum livelock_state state; /* at the last close look */
	bool sure;                 /* its threads will not end */
	struct capture before;     /* a capture of the threads; may be empty */
	double before_at;          /* when: now_seconds() */
	struct moving moving;      /* what they did after it, at the last close look */
	struct moving earlier;     /* and at the one before */
};

struct livelock_question {
	pid_t pid;
	double still; /* seconds without progress */
	double alone; /* seconds that the test takes alone; 0 = not known yet, less: it can't be known */
	double timeout, patience; /* seconds; till one that computes is ended in any case */
	bool gil;                 /* the process has the GIL on */
};

/*
 * To be asked now and then, with `used` set, and `now` now_seconds(). True, with *after, a capture of the threads,
 * once they are sure not to end. It takes about a second if it has to look closely.
 */
bool livelock_look(struct livelock *livelock, const struct livelock_question *question, double now,
		   struct capture *after);

/* Has there been no progress for longer than one call of C may take? */
bool livelock_call_is_long(const struct livelock_question *question);

/* The part that decides, by a capture and what was seen before it. */
enum livelock_state livelock_state(const struct capture *capture, const struct moving *moving,
				   bool gil);

/* Forgets what was seen of a process. */
void livelock_clear(struct livelock *livelock);

#endif
