/*
 * groups_after.h - of what comes of races, which race it came of (groups.h): wrong counts, memory that is given back
 * twice, crashes, tests that fail. To be called when all races have their groups.
 */
#ifndef REPORTS_GROUPS_AFTER_H
#define REPORTS_GROUPS_AFTER_H

#include <stdbool.h>

#include "reports/joined.h"

/* Are both sides operations of one type, and is the memory none of another one's? */
bool groups_of_operations(const struct finding *finding);

/* The key of such races. */
uint64_t groups_operations_key(const struct finding *finding, const char *type);

/* What is counted wrongly, or freed by two threads: one object, by its type and the line that made it. */
void groups_add_counted(struct groups *groups, size_t at);

/*
 * A race on a pointer: where it is replaced, a reference can be dropped twice. Also where a living object is made
 * anew, by __init__() or __setstate__().
 */
void groups_add_replaced(struct groups *groups, size_t at);

/*
 * What is counted wrongly once shows in several places: one object, by the line that made it. And if a
 * reference to it was dropped by a function that races where it replaces a pointer, that is why; so it is if only the
 * interpreter dropped any, which is not to blame, and its test has such a race and no other one. Of an object of a
 * type with a module it is why that the test has one group of races on such objects.
 */
void groups_add_count(struct groups *groups, size_t at);

/*
 * An operation of a type that races with others of it gives memory back twice, or uses what another one
 * or the interpreter has freed. Without such a race that is a bug of its own.
 */
void groups_add_misuse(struct groups *groups, size_t at);

/* A crash, a test that fails, a wrong count, memory that is given back twice: may it be what a race led to? */
bool groups_is_end(const struct finding *finding);

/*
 * Does a function, or the generator, that the race is known by stand in the end's own stacks, or a line of it in the
 * traceback? Both are of one test.
 */
bool groups_shares_code(const struct finding *end, const struct finding *race);

/*
 * Did the race that a crash or a failed test follows from come up in other tests, too? Two bugs can have a race in common
 * (a generator that threads share; one inside of a groupby() that they share): then the end's own test says which of
 * them it is.
 */
bool groups_is_elsewhere(const struct finding *end, const struct finding *cause);

/*
 * Such an end, if it has no race with it, is of a group of races that came up in its test: of which a function, or the
 * generator, stands in its own stacks, or a line in the traceback; of several, those that came up in the same
 * iteration, and in no other test. For a crash it is enough that there is no other group in its iteration.
 */
void groups_add_end(struct groups *groups, size_t at);

#endif
