/*
 * release.h - which CPython this process runs, and how it is laid out.
 *
 * python_known() looks once, at start. Where its structures have what we read says a file that was
 * made of its debug information (ftstress/layout.h), or that of the release's own build; here and in
 * interpose/releases/ is what differs in meaning between releases, the list of which is
 * include/ftstress/pythons.h. A concern that reads CPython's memory asks python_has() before it does
 * anything.
 */
#ifndef INTERPOSE_RELEASE_H
#define INTERPOSE_RELEASE_H

#include "ftstress/layout.h"
#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

/* Functions of the interpreter; places and what they mean are in interpose/order/order_table.h. */
struct python_functions {
	unsigned place;
	const char *names; /* separated by a blank */
};

/* Counters of free lists, in _PyThreadStateImpl.freelists; of the same kind, one after the other. */
struct python_freelists {
	uint16_t first, apart; /* bytes from the start of the lists; from one to the next */
	uint8_t bytes, count;
};

struct python_release {
	unsigned major, minor;
	bool semaphores;  /* PyThread_allocate_lock() makes these; an RLock has one */
	bool locks_cells; /* the eval loop locks a cell to read it */
	/* NULL: each list is a struct _Py_freelist, one after the other. Else it ends with count 0. */
	const struct python_freelists *freelists;
	/* What this release has and others have not; ends with names NULL. */
	const struct python_functions *functions;
};

/* All that are known; ends with NULL. Defined in interpose/releases/releases.c. */
extern HIDDEN const struct python_release *const python_releases[];

/* Of this process; NULL until python_known() has found it to be laid out as its layout says. */
extern HIDDEN const struct python_release *python_release;

/* False, and *why, if this Python is not known or is laid out in another way. */
HIDDEN bool python_known(const char **why);

/* The same, and does it have all that is needed for this? *why names what it has not. */
HIDDEN bool python_has(enum fts_need need, const char **why);

/*
 * The parts of it. Is the layout what the Python tells debuggers (struct _Py_DebugOffsets, with
 * which _PyRuntime begins), and what is compiled in (layout.h)?
 */
HIDDEN bool python_layout_matches(const struct fts_layout *layout, const void *debug_offsets,
				  const char **why);

/* probe.c: the same of what is not told. Returns NULL, or what looks different, in words. */
HIDDEN const char *python_probe(void);

#endif
