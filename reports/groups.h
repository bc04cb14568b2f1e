/*
 * groups.h - which findings are told together, as one entry (entries.h).
 *
 * One array that two threads share without a lock gives twenty races: on its length, on its pointer, on
 * what it points to, and in the allocator, which moves that. They are one bug. Each finding has keys,
 * and those that have one in common are one group:
 *
 *     length   array.array, offset 32        ─┐
 *     length   array.array, offset 32        ─┴─► the field   ─┐
 *     pointer  array.array, made at x.py:4   ─┐                ├─► one group
 *     data     array.array, made at x.py:4   ─┴─► the line    ─┘
 *
 * A wrong group hides a bug behind another one, which is worse than two entries. So what counts as a key
 * depends on how much it says:
 *
 * - A type whose name has its module ("array.array"): the field; a function of that type's code; the
 *   line of Python at which the objects were made. But if it is inside of an object of another type that threads
 *   share, and whose operations race in that test, it is the other one's lock that is missing.
 * - What one line makes and the same two lines use, whatever its type, where CPython's own code touches it: an
 *   iterator and the list in it. An iterator or a generator of the interpreter's: the line at which it is made, as whoever shares it is one bug.
 *   And what two operations of a type make for themselves while they race.
 * - Memory that an operation of a type in C touches on both sides, when Python code has called that: the
 *   type, if the memory is of an object of it or of none that is known. (Data of a buffer apart.)
 *   And, if there is one, what an operation of it frees a second time, or uses when it was freed.
 * - Any other type (dict, list, a class of the tests) is everybody's: objects made at the same line, of
 *   which the same function, or the same line of Python, is a side of both races.
 * - Memory that was freed in use, or that is still being made: nothing but the line at which the object
 *   was made. Who let it go is not told by who touches it.
 * - A global variable: its name, with a function in common, or the offset and the file.
 * - A block of malloc(): the C function and the lines that it was allocated at.
 * - A race of Python code: the race in C on an object that was made at the same line, and that the same
 *   line uses (an iterator that two threads share). And others of the same class, if in each of them
 *   both sides are methods of it, and neither holds a lock: most likely it takes none.
 *
 * But what is all that races in one of its tests, an iterator of the interpreter's, is a bug by itself there.
 *
 * Then memory of no object that is known joins the group of a type if both of its functions race on
 * objects of that type, and on those of no other. (Of the allocator it is the function that called it;
 * one that was only given the memory does not count.) What follows from another finding (`follows`) joins
 * that one's group. Borrowed references are known by who borrows. A crash in a test is of the
 * group of races there, if there is one of these, and it came in the same iteration. And a crash, a wrong count, a borrowed
 * reference, or memory that is given back twice, in a pair of two operations that race in one group of their
 * type is of that group; unless one thread alone, with both calls, crashes, too: those of one type that say
 * the same are one group. What is documented, or suppressed, is in no group with what is not.
 */
#ifndef REPORTS_GROUPS_H
#define REPORTS_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ftstress/finding.h"

/* The key of a finding that is told with its type in pairs (entries.c); 0 = it is told otherwise. */
typedef uint64_t groups_key(const void *context, const struct finding *finding);

/* Of a finding that is told with the type of that name, or `apart` from it, with what it is on; never 0. */
uint64_t groups_pairs_key(const struct finding *finding, const char *name, size_t length,
			  bool apart);

/* For each finding the number of the first one of its group. To be freed. */
size_t *groups_new(const struct finding *const *findings, size_t count, groups_key *pairs,
		   const void *context);

/* Does the name of the type have its module before it? Then it is no other's. */
bool groups_is_own_type(const char *type);

/* The type with its module's name of which both sides of a race are operations, or NULL. */
const char *groups_type_of_both(const struct finding *finding);

/*
 * The class of which both sides of a race of Python code are methods: of "Box.add" *length is that of "Box".
 * NULL: it is no such race.
 */
const char *groups_methods_of_both(const struct finding *finding, size_t *length);
/* The same, if they hold no lock. */
const char *groups_class_of_both(const struct finding *finding, size_t *length);

/* The line of Python at which the memory was made, or NULL. */
const struct frame *groups_made_at(const struct subject *subject);

#endif
