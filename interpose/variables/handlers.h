/*
 * handlers.h - is what an instruction may raise expected there?
 *
 *     if jobs:                        what was looked at may be no longer so, and the program
 *         try:                        knows: nothing is lost
 *             job = jobs.pop()
 *         except IndexError:
 *             return
 */
#ifndef INTERPOSE_HANDLERS_H
#define INTERPOSE_HANDLERS_H

#include "interpose/base/raw.h"
#include "interpose/variables/patterns.h"

#include <stdbool.h>

enum handled {
	HANDLED_LOOKUP, /* IndexError, KeyError: what was to be taken is gone */
	HANDLED_CHANGE, /* RuntimeError: what was gone over has changed */
	HANDLED_NONE,   /* AttributeError, TypeError: what was to be used is None */
};
/*
 * Does the access stand in a `try` that catches that, or in a `with suppress()` of it? By the names that
 * stand there.
 */
HIDDEN bool handlers_catch(const struct access *access, enum handled what);

#endif
