/*
 * lockname.h - what a lock is called, for people and in fingerprints.
 *
 *     known by             name                                    class
 *     where it was made    threading.Lock self._lock of app.py:12  kind, function, text of the line
 *     its variable         PyMutex mutexes+1                       the same
 *     the object it is in  PyMutex in a Table                      the same
 *                          critical section of a dict              the same; vague
 *     its module           import lock of module app               the same
 *     nothing              pthread mutex                           the same; vague
 *
 * The class has no line number: it stays when code above it changes. A vague class is one of many
 * locks that have nothing to do with each other.
 */
#ifndef RUNNER_LOCKNAME_H
#define RUNNER_LOCKNAME_H

#include <stdbool.h>
#include <stdint.h>

#include "runner/symbols/source.h"
#include "runner/model/fingerprint.h"
#include "runner/locks/lockgraph.h"
#include "runner/symbols/symbolize.h"

struct lockorder_host;

/* What is known of a class of locks that have no birth. */
struct lock_label {
	position where; /* of a lock in static storage */
	char *type;     /* of the object that a lock is in; the module's name of an import lock */
};

struct lockname {
	char *name, *class;
	size_t place; /* in `name`: where "of app.py:12" begins; 0 = it names no place */
	bool vague;
	bool ours; /* made by ftstress itself, in the test's process */
};

/* `label` may be NULL. */
struct lockname lockname_of(const struct lockorder_host *host, struct source_cache *sources,
			    const struct lockgraph_lock *lock, const struct lock_label *label);
void lockname_clear(struct lockname *name);

/* The innermost frame that a person wrote; NULL in an empty stack. */
const struct frame *lockname_frame(const struct stack *stack);
/* Its line, "x.py:10"; to be freed. */
char *lockname_line(const struct stack *stack, const struct roots *roots);

/* One thread's part of a cycle: it holds a lock, and waits for that of the next. */
struct lockname_arc {
	const struct lockname *lock; /* that is held */
	const char *taken, *wanted;  /* lines, "x.py:10" */
};

/* The cycle as Graphviz source; to be freed. */
char *lockname_graph(const struct lockname_arc *arcs, size_t count);

#endif
