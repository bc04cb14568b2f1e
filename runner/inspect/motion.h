/*
 * motion.h - does a thread that computes get anywhere? It is stopped many times within half a second, and each
 * time a number is made of all that its Python frames have in hand: where they are, their variables, and what
 * these objects hold.
 *
 *     1 2 3 4 5 6 7 8     it goes on: a counter counts, a list grows, an iterator moves
 *     1 2 3 1 3 2 2 1     it goes round: it comes back to where it was, with nothing changed
 *     1 1 1 1 1 1 1 1     it stands: it is in one call of C (or did not run)
 *
 * What is not looked at: objects that are further away than a variable's own fields and the objects in these, and
 * what C code has in hand. So a thread that goes round may still get somewhere; one that goes on may count how
 * often it went round.
 */
#ifndef RUNNER_MOTION_H
#define RUNNER_MOTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MOTION_SAMPLES 40

enum motion {
	MOTION_UNKNOWN, /* it runs no Python code, or could not be looked at */
	MOTION_STANDS,
	MOTION_ROUND,
	MOTION_ON,
};

struct moving_thread {
	pid_t tid;
	enum motion motion;
	/* How many of its Python frames, from the outermost on, were the same functions each time. */
	size_t common;
	uint64_t numbers[MOTION_SAMPLES];
	size_t number_count;
};

struct moving {
	struct moving_thread *threads;
	size_t count;
};

/* Takes about half a second. Nothing in `out` if the process can't be looked at. */
void motion_look(pid_t pid, struct moving *out);
void motion_clear(struct moving *moving);

/* NULL if it is not in it. */
const struct moving_thread *motion_of(const struct moving *moving, pid_t tid);

/* Did the thread, in the second look, come back to where it was in the first? */
bool motion_returned(const struct moving *first, const struct moving *second, pid_t tid);

/* The motion that so many numbers show. */
enum motion motion_judge(const uint64_t *numbers, size_t count);

#endif
