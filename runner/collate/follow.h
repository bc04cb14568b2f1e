/*
 * follow.h - which findings only follow from another one.
 *
 *     thread 1  p.__setstate__(...)          thread 2  p(3)
 *       _PyLong_FromMedium  makes an int ◄─── race ───► maybe_tracked      reads it
 *       partial_setstate    stores it    ◄─── race ───► partial_vectorcall gets it
 *
 * A thread that gets an object through a slot that is not protected is not ordered after the making
 * of the object, and does not keep it from being freed. So with each such slot come races on the
 * objects that were in it, often more of them than on the slot. They are real, but the slot is what
 * is to be mended: they are listed behind it, and say so.
 */
#ifndef RUNNER_FOLLOW_H
#define RUNNER_FOLLOW_H

#include <stddef.h>

#include "ftstress/finding.h"

/*
 * Sets `follows` of each finding of a run. One that follows from another is a data race in which a
 * side makes the object, or is the allocator's. The other is a race that has none of these, at the
 * same line of Python on the side that uses the object and in the same Python function on the other
 * side (if that has one: memory that was freed may be anybody's since).
 */
void follow_mark(struct finding *const *findings, size_t count);

#endif
