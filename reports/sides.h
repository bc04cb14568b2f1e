/*
 * sides.h - what tells of a race and its two sides for groups.h: the frame that a side is known by, the line of Python
 * that it came from, whose memory it is.
 */
#ifndef REPORTS_SIDES_H
#define REPORTS_SIDES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ftstress/finding.h"

/* Is it a race of two threads on memory? */
bool sides_race(const struct finding *finding);

/* Is the memory an object's, or its data, and the type known? */
bool sides_have_type(const struct subject *subject);

/* Of who touches such memory, that was freed in use or not published, nobody knows whose fault it is. */
bool sides_let_go(const struct finding *finding);

/* Does it drop the last reference to an object? That ends it, whatever led there. */
bool sides_ends_it(const struct participant *side);

/* Do they have a test in common? */
bool sides_share_test(const struct finding *one, const struct finding *two);

/* The frame that a side is known by, or NULL; of the allocator's the function that called it. */
const struct frame *sides_site(const struct participant *side);

/* The core of the interpreter works on the objects of all types. */
bool sides_core(const struct frame *frame);

/* Is it CPython's own code that the line of Python calls, and no other extension's? */
bool sides_cpythons(const struct stack *stack);

/* The innermost line of Python that is nobody's plumbing, or NULL. */
const struct frame *sides_line(const struct participant *side);

/* The same; of a generator's code the line that runs the generator. */
const struct frame *sides_user(const struct participant *side);

/* The function of a generator that the thread was in, or NULL: the innermost of Python, if a generator runs it. */
const struct frame *sides_body(const struct stack *stack);

/* Is the line the standard library's, and of no test of it? */
bool sides_library(const struct frame *line);

/* Two frames of Python of one function; false if one is NULL. */
bool sides_same_function(const struct frame *one, const struct frame *two);

bool sides_same_line(const struct frame *one, const struct frame *two);

/* Hashes of a frame's line, and of what it is known by. */
uint64_t sides_hash_line(uint64_t hash, const struct frame *frame);
uint64_t sides_hash_frame(uint64_t hash, const struct frame *frame);

#endif
