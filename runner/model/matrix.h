/*
 * matrix.h - what was seen of each pair of operations of a type: the tests of a run with --pairs,
 * laid out as a table for each type.
 *
 *     array.array::append|pop            the cell (append, pop)
 *     array.array::pop;append|getitem    two steps against one: counts for (pop, getitem)
 *     memoryview::release|cast>getitem   on what o.cast() gave: counts for (release, getitem)
 *
 * The worst that came up in any of a cell's tests is what the cell shows. Not thread-safe.
 */
#ifndef RUNNER_MATRIX_H
#define RUNNER_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ftstress/finding.h"

struct matrix;

struct matrix *matrix_new(void);
void matrix_free(struct matrix *matrix);

/* A test of the run; others than pairs are ignored. `state`: not run, not exercised or clean. */
void matrix_test(struct matrix *matrix, const char *test, enum cell_state state);

/* The test is clean, but a lock ordered its two calls that has nothing to do with the object: its name. */
void matrix_ordered(struct matrix *matrix, const char *test, const char *by);

/* A finding that came up in the test. */
void matrix_finding(struct matrix *matrix, const char *test, const struct finding *finding);

/* Has any of the cell's tests had a finding? */
bool matrix_has_finding(struct matrix *matrix, const char *test);

/* The tables, sorted by name, as run_info has them; the matrix keeps nothing. */
struct run_type *matrix_take(struct matrix *matrix, size_t *count);

/*
 * The type in the id of a pair, "m.T" of "m.T::add|pop" and of "m.T@2::add|pop", the second way to
 * make one: its length, 0 where the test is no pair.
 */
size_t matrix_type_length(const char *test);

/*
 * The same of the type that it is told with: "m.T" of "m.T[object]::add|pop", an array of objects. Capsules
 * have nothing in common: "builtins.PyCapsule[m.context]".
 */
size_t matrix_told_length(const char *test);

/* The two operations of a pair, borrowed from its id; false where the test is no pair. */
struct operation_name {
	const char *text;
	size_t length;
};
bool matrix_operations(const char *test, struct operation_name both[2]);

/*
 * Does the operation make a living object anew? `name` as in a pair, "__setstate__#2", or as the function of
 * the corpus that calls it, "__setstate__2"; a method that is called init() or setstate() is any method.
 */
bool matrix_remakes(const char *name, size_t length);

/* Does one of the pair's calls? */
bool matrix_pair_remakes(const char *test);

/* The type of the first test of a race, in memory or of Python code: the type that it is told with, 0 = none. */
size_t matrix_type_of(const struct finding *finding);

/* Is it the table of the type, whose name has that length, or of one kind of it, "m.T[object]"? */
bool matrix_is_table_of(const struct run_type *table, const char *type, size_t length);

/*
 * A race on a dict's iterator shows in pairs of map and filter, too, that walk one. It is told with the
 * type whose memory it is on, if a pair of that type has shown it: the first such test becomes the
 * finding's first. Returns whether another one was it before.
 */
bool matrix_owner_first(struct finding *finding);

/*
 * How well an example that the test has shown fits the type that the finding is told with: 0 it is of
 * another type's pair, 1 of that type's or of no pair, 2 of the type whose memory it is on.
 */
unsigned matrix_fit(const struct finding *finding, const char *test);

/* Is the test a pair of the type whose memory a data race is on? */
bool matrix_is_owners(const struct finding *finding, const char *test);

/* The field of that type that the race is on, hashed with the type; one for all memory that is not
 * a Python object's. */
uint64_t matrix_field(const struct finding *finding);

void run_type_clear(struct run_type *type);

#endif
