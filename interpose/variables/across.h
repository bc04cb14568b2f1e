/*
 * across.h - a read in one function, and the write that goes by it in another one.
 *
 *     def take(self):                    def take(self):               if self.link is None:
 *         if not self.empty():               n = self.count() + 1          self.connect()
 *             return self.pop()              self.set(n)
 *
 * They meet in a function that has made one of them, or both, by a call. They belong together only if
 * what was read is what came back from the one call, or decided about it, and if that decided
 * whether the other call was made, or was given to it and is what it stores. A write that is nearer
 * to another read of the variable, or was not the first since the read, has nothing to do with it.
 */
#ifndef INTERPOSE_ACROSS_H
#define INTERPOSE_ACROSS_H

#include "interpose/variables/handlers.h"
#include "interpose/variables/patterns.h"

#include <stdbool.h>
#include <stdint.h>

struct across {
	const struct access *read, *write;
	bool fails;                       /* may the write raise an exception, */
	enum handled how;                 /* and which one? */
	unsigned read_level, write_level; /* how many calls outside of each the function is */
	/* The accesses with the ways by which they were called: across_way() of all callers up to it. */
	uint64_t read_way, write_way;
};

/* The next caller. */
HIDDEN uint64_t across_way(uint64_t way, uint64_t caller);

/* The innermost function that has made one and called who made the other. False: there is none. */
HIDDEN bool across_meet(const struct access *read, const struct access *write,
			struct across *across);

/* FLOW_CHECKS, FLOW_DEPENDS. */
HIDDEN uint32_t across_relation(const struct across *across);

/* False: this Python's code objects are not found. */
HIDDEN bool across_start(void);

#endif
