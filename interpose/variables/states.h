/*
 * states.h - how many items a queue.Queue has, as a variable of the code that asks.
 *
 *     while not jobs.empty():
 *         job = jobs.get_nowait()
 *
 * What a queue does inside is not looked at: it orders threads. But who has seen that there is an item may
 * find none. So its methods are taken for functions of C: the line that calls them makes the access.
 */
#ifndef INTERPOSE_STATES_H
#define INTERPOSE_STATES_H

#include "interpose/base/raw.h"
#include "interpose/variables/fibers.h"

#include <stdbool.h>
#include <stdint.h>

/* SCOPE_STATE (scope.h), if the function is one of a queue's, by its file and name; else 0. */
HIDDEN uint8_t states_scope(const uint8_t *path, uint64_t length, const uint8_t *name,
			    uint64_t name_length);

/*
 * The call is one of such a function: `call` becomes the one of the line that asks for it. False: that is not
 * code that is looked at; or it reads (not `write`), and for its own sake.
 */
HIDDEN bool states_asked(struct call *call, bool write);

/* The same of an exception that is raised there; true if it is that of a queue that has nothing to give or no room. */
HIDDEN bool states_raised(struct call *call, const void *type);

#endif
