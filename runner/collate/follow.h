/*
 * follow.h - which findings only follow from another one.
 *
 * Thread 1 makes an int and stores it in a slot of `p`; thread 2 gets it out of the slot and uses
 * it:
 *
 *     thread 1  p.__setstate__(...)          thread 2  p(3)
 *       _PyLong_FromMedium  makes an int ◄─── race ───► maybe_tracked      reads it
 *       partial_setstate    stores it    ◄─── race ───► partial_vectorcall gets it
 *
 * If nothing protects the slot, thread 2 is not ordered after the making of the object, and does
 * not keep it from being freed. So each such slot brings races on the objects that were in it,
 * often more of them than on the slot itself. They are real; but what has to be mended is the slot.
 * So they are listed behind it, and say that they follow from it.
 */
#ifndef RUNNER_FOLLOW_H
#define RUNNER_FOLLOW_H

#include <stddef.h>

#include "ftstress/finding.h"

/*
 * Sets `follows` of each finding of a run. A finding that follows is a data race of which one side
 * makes the object, or is the allocator's. It follows from a data race of which no side does so, if
 * the side that uses the object is at the same line of Python in both, and the other side in the
 * same Python function (or in none: memory that was freed may be anybody's by now). Or one function of C
 * makes the object and stores it, and the users came to both by the same one. A race on the head of an
 * object follows from the wrong count that says that the same function writes there. A crash follows
 * from its `cause`, the race of the same process on the memory that it crashed on.
 */
void follow_mark(struct finding *const *findings, size_t count);

#endif
