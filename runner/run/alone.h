/*
 * alone.h - a script that shows a finding without ftstress: it is written (stress/ftstress_driver/standalone.py), and
 * tried with the interpreter that has ThreadSanitizer, before anybody is told of it.
 */
#ifndef RUNNER_ALONE_H
#define RUNNER_ALONE_H

#include <stdint.h>

#include "runner/run/session.h"

struct alone {
	char *path;     /* of the script; NULL = there is none */
	uint64_t lines; /* 0 = not known */
	char *why;      /* why there is none, or NULL */
	unsigned
		tries; /* how often it was run; 0: nothing but ftstress sees a finding of this kind */
	bool shown;    /* the last one showed the finding */
};

/* `test`, in so many threads. Returns 0 or an exit code. alone_clear() follows in any case. */
int alone_make(const struct run *run, const struct finding *finding, const char *test,
	       unsigned threads, struct alone *alone);
void alone_clear(struct alone *alone);

/*
 * Does what the process printed, and how it ended (as in struct spawned), show the finding? Of a race: one report of
 * ThreadSanitizer has the C functions of both sides.
 */
bool alone_shows(const struct finding *finding, const char *printed, int status);

#endif
