/*
 * flow.h - what comes of a value that a function has read, by its bytecode.
 *
 * Where it goes is not followed exactly: what a statement loads is taken to be in what it stores. So this
 * finds what depends on the value, and a little more; whether the code comes by in this order is known,
 * because it did.
 */
#ifndef INTERPOSE_FLOW_H
#define INTERPOSE_FLOW_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

/* A code object, and its instructions. */
struct flow_code {
	const void *code;
	const uint8_t *units;
};

enum {
	FLOW_DEPENDS = 1, /* the instruction `to` has the value, or what is made of it */
	FLOW_CHECKS = 2,  /* a branch between depends on it */
};

/* Of the value of the instruction `from`. `missing`: it is an exception, which may be caught. */
HIDDEN uint32_t flow_between(const struct flow_code *code, uint32_t from, uint32_t to,
			     bool missing);

/*
 * The same, but a branch counts only if it decides whether the code comes to `to`: if the way that it does
 * not go on leads behind `to`, or out of the function or the round of the loop.
 */
HIDDEN uint32_t flow_decides(const struct flow_code *code, uint32_t from, uint32_t to,
			     bool missing);

/*
 * Does the value decide about nothing but whether `to` stores, and that is the same in all threads that come
 * there: a constant, a global, a variable of an outer function; or `to` puts a key into a set?
 *
 *     if self.encoding is None:
 *         self.encoding = "utf-8"
 */
HIDDEN bool flow_only_sets(const struct flow_code *code, uint32_t from, uint32_t to);

/*
 * Is the value kept, a new one stored that has nothing to do with it, and what was kept used afterwards?
 *
 *     batch, self.lines = self.lines, []
 */
HIDDEN bool flow_takes(const struct flow_code *code, uint32_t from, uint32_t to);

/*
 * Is a value stored at `to`, and then no more done than that the function returns something, which is no constant,
 * or goes on with its loop? Not where it calls another one: that may be what only the first one should do.
 *
 *     if text not in texts:
 *         texts[text] = text
 *     return texts[text]
 */
HIDDEN bool flow_ends(const struct flow_code *code, uint32_t to);

/* Is the attribute that the instruction `from` loads loaded by another one before `to`, of whatever object? */
HIDDEN bool flow_looks_again(const struct flow_code *code, uint32_t from, uint32_t to);

/* Is what the function returns made of the value, or decided by it? */
HIDDEN bool flow_returns(const void *code, const void *frame, uint32_t from, bool missing);

/* Has the instruction `to` an argument of the function, or what is made of it? `self` counts for none. */
HIDDEN bool flow_has_argument(const void *code, const void *frame, uint32_t to);

#endif
