/*
 * groups_lines.h - keys of groups.h that are made of the lines of Python at which objects are made and used.
 */
#ifndef REPORTS_GROUPS_LINES_H
#define REPORTS_GROUPS_LINES_H

#include "reports/joined.h"

/* Does an object of this type of the interpreter's only walk: an iterator, a generator? A line that makes it
 * makes it for one purpose, whoever uses it. */
bool groups_walks(const char *type);

/*
 * A race on an object, in CPython's own code: what one line makes, and what the same two lines use, is one bug,
 * whatever type it has (an iterator, and the list in it). One line can have all bugs of an extension, whose functions
 * say more. And of two operations of one type: what they make for themselves.
 */
void groups_add_lines(struct groups *groups, size_t at);

/*
 * Two threads that are in one generator write to the frame that runs it: that is of the race on the generator.
 */
void groups_add_body(struct groups *groups, size_t at);

/*
 * And where one thread is in such a generator, and the other one is not: the interpreter links a generator that runs
 * to its thread. To be called when all races have their keys.
 */
void groups_add_links(struct groups *groups, size_t at);

#endif
