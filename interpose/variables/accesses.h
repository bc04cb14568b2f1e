/*
 * accesses.h - an access to a Python variable that is not the thread's own: is it looked at, and who is to
 * know of it?
 */
#ifndef INTERPOSE_ACCESSES_H
#define INTERPOSE_ACCESSES_H

#include "interpose/base/raw.h"
#include "interpose/variables/fibers.h"
#include "interpose/variables/patterns.h"
#include "interpose/variables/sites.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The Python code that touches what lies at `address` now, and shares it from now on. False: there is none,
 * or the thread is told of.
 */
HIDDEN bool accesses_call(uintptr_t address, struct call *call);
/* Does the code make threads wait for each other, or do only what code that is looked at asks of it? */
HIDDEN bool accesses_is_of_sync(const struct call *call);
/*
 * Does code that is looked at make the access, for its own sake, and not C code that works on objects
 * of its own?
 */
HIDDEN bool accesses_is_looked_at(const struct call *call);

/* The frame that calls setdefault(): what is there by then stays, whatever the thread has seen before. */
extern HIDDEN __thread const void *accesses_keeps __attribute__((tls_model("initial-exec")));
/* The frame that calls a function of C that reads and writes in several steps (steps.h). */
extern HIDDEN __thread const void *accesses_within __attribute__((tls_model("initial-exec")));
HIDDEN struct access accesses_of(const struct call *call, uintptr_t address, uint8_t site);
/* Before it is made. `releases`: what the thread did before is before what those do that load what it stores. */
HIDDEN void accesses_note(const struct access *access, bool releases);

/* A number is not given to another thread for what it stands for; all else may be. */
HIDDEN bool accesses_publishes(uint64_t value);
/* Is it the number of the calling thread, as threading.get_ident() has it? */
HIDDEN bool accesses_is_ident(uint64_t value);
/* Is it a module, that the call's instruction stores in a global? An import gives all threads the same one. */
HIDDEN bool accesses_imports(const struct call *call, uint64_t value);
/*
 * A container that threads share has got new memory, which the allocator gave to this thread: it is
 * shared as well. `memory`: where it begins.
 */
HIDDEN void accesses_share(uintptr_t memory, uint64_t bytes);
/* An object that is stored where others may find it is shared, as far as its memory is one piece. */
HIDDEN void accesses_share_object(uintptr_t object);

/* What the types' functions tell (iterators.h, containers.h, wholes.h), of what is not the thread's own. */

/* The thread is about to take an item out of an iterator. */
HIDDEN void accesses_note_next(uintptr_t iterator);
/* It is in the middle of an iteration over what has its size at the address. */
HIDDEN void accesses_note_iteration(uintptr_t size, bool of_dict);

enum whole {
	WHOLE_COPIED,
	WHOLE_PASSED,   /* goes over it, one item after the other */
	WHOLE_SEARCHED, /* x in it */
	WHOLE_PLACED,   /* where is x in it? */
	WHOLE_CUT,      /* a slice of it is taken away, or replaced */
	WHOLE_EMPTIED,
};
/* It is about to do that to a container; where its size is. */
HIDDEN void accesses_note_whole(uintptr_t size, enum site_class class, enum whole what);
/* It is about to read or write an item of an object, or to see whether a key is in a set (SITE_OTHER). */
HIDDEN void accesses_note_item(uintptr_t container, uint64_t key, enum site_operation what,
			       enum site_class class);
/* A set gets larger or smaller by the key. */
HIDDEN void accesses_note_set_key(const struct call *call, uintptr_t set, uint64_t hash,
				  bool grows);

/* `loop`: the interpreter's, of so many bytes. False: this Python looks different. */
HIDDEN bool accesses_start(uintptr_t loop, uint64_t bytes);

#endif
