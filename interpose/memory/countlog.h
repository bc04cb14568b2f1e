/*
 * countlog.h - a log of what is done to the reference counts of objects, for `ftstress explain`.
 *
 * Where a count is seen to be wrong, the operation that took what it did not own may be long over. In a run
 * that is asked for it, each change of an object's count is written down, by all threads, in one ring in the
 * order in which it is done; and what of it is of the object is told with the finding.
 *
 *     | made, T3, list_new, x.py:7 | takes | drops | drops |  ◄ here it is seen to be wrong
 *
 * Not in it: plain stores, and the counts that the eval loop leaves out for its own stack (deferred
 * references, PEP 703).
 */
#ifndef INTERPOSE_COUNTLOG_H
#define INTERPOSE_COUNTLOG_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

enum countlog { COUNTLOG_MADE, COUNTLOG_TAKES, COUNTLOG_DROPS, COUNTLOG_FREED };

extern HIDDEN bool countlog_on; /* FTSTRESS_COUNT_LOG is set */

/*
 * To be called before it is done. `many`: how many are taken or dropped at once; `left`: how many references
 * there are afterwards, as both counts say; `place`: a return address. Thread-safe, no lock.
 */
HIDDEN void countlog_note(uint64_t object, enum countlog operation, uint64_t many, int64_t left,
			  uintptr_t place);

struct countlog_entry {
	uint64_t place,
		position; /* position: in Python code; the same as the place if there is none */
	int32_t thread, left;
	uint32_t many;
	enum countlog operation;
};
/*
 * The last ones of the object's present life, oldest first; returns how many. *whole: the first one is its
 * making.
 */
HIDDEN unsigned countlog_of(uint64_t object, struct countlog_entry *seen, unsigned most,
			    bool *whole);

HIDDEN void countlog_start(void);

#endif
