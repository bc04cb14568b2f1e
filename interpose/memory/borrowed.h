/*
 * borrowed.h - borrowed references whose owner lets go.
 *
 *     thread 1, an extension                thread 2
 *       item = PyDict_GetItem(d, key)
 *                                             d[key] = other: the dict drops the last
 *                                             reference, the item is freed
 *       Py_INCREF(item)
 *
 * Both are correct by themselves, the dict has its own lock, and the item's count orders what each of them
 * does to it. So neither a race in memory nor a wrong count is seen, unless they meet to the instruction.
 *
 * Therefore each object that an extension has borrowed gets a word that stands for "what has it keeps it".
 * A use by the borrower is told to ThreadSanitizer as a read of the word, the drop of the last reference as
 * a write: what orders the two, a lock that both hold or the end of a thread, orders the accesses to the
 * word. The write is told before the drop, so that the object's count, which everybody changes, does not.
 *
 *   borrowed   the call returns an object that has one reference: that of what it was borrowed from. If
 *              there are others, one of them may be the borrower's own, and nothing is told.
 *   used       till the function that borrowed returns, or runs Python code: its type or its fields are
 *              read, or a reference is taken. From then on it is not borrowed any more.
 *   not used   it is compared with NULL, or got again by a function that returns a reference.
 */
#ifndef INTERPOSE_BORROWED_H
#define INTERPOSE_BORROWED_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

/* It is looked at; an object was borrowed in this process or its parent. */
extern HIDDEN bool borrowed_on, borrowed_any;
/* How many borrowed objects the calling thread may still use. */
extern HIDDEN __thread uint32_t borrowed_count __attribute__((tls_model("initial-exec")));

/* Code, by its range. */
struct borrowed_code {
	uintptr_t low, size;
};
static inline bool borrowed_in(struct borrowed_code code, uintptr_t place)
{
	return place - code.low < code.size;
}
extern HIDDEN struct borrowed_code borrowed_python, borrowed_eval;

/* Finds ThreadSanitizer's functions. False: not there. */
HIDDEN bool borrowed_start(struct borrowed_code python, struct borrowed_code eval);

/*
 * The function of an extension whose frame ends at `limit` has got the object from the container, by a call
 * of the C API's function `by`, and has no reference to it.
 */
HIDDEN void borrowed_note(uint64_t object, const void *container, const char *by, uint64_t limit);

/*
 * The calling thread reads at the address, or takes a reference to the object, in code that returns to
 * `place`. `hook`: the frame of the function that was called for it.
 */
HIDDEN void borrowed_read(uint64_t address, uintptr_t place, const void *hook);
HIDDEN void borrowed_taken(uint64_t object, uintptr_t place, const void *hook);

/* The last reference to an object is about to be dropped. */
HIDDEN void borrowed_ends(uint64_t object, uintptr_t place);
/* Another object begins there. */
HIDDEN void borrowed_renewed(uint64_t object);

/* The thread runs Python code, which may get the object in other ways. */
static inline void borrowed_python_begins(void)
{
	if (UNLIKELY(borrowed_count))
		borrowed_count = 0;
}

struct borrowed {
	uint64_t object;
	const char *by;        /* "PyDict_GetItem" */
	const char *container; /* name of its type */
};
/* What the word at the address stands for; false: it is none. */
HIDDEN bool borrowed_find(uint64_t address, struct borrowed *out);

#endif
