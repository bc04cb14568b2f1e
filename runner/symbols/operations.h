/*
 * operations.h - which functions in C are the operations of which type: its methods, attributes and
 * slots, as the zygotes tell (FTS_REC_OPERATIONS).
 *
 *     array_array_append    ─► array.array   append
 *     array_iter            ─► array.array   __iter__
 *
 * A frame is known by its function's name and its module. Functions that are operations of several types
 * (pybind11 has one for all) are none's. Functions of a module are symbolized when a frame of it is
 * first asked for. Not thread-safe.
 */
#ifndef RUNNER_OPERATIONS_H
#define RUNNER_OPERATIONS_H

#include <stddef.h>
#include <stdint.h>

#include "ftstress/finding.h"
#include "runner/symbols/symbolize.h"
#include "runner/symbols/tables.h"

struct operations;

/* `symbolizer` has to live longer. */
struct operations *operations_new(struct symbolizer *symbolizer);
void operations_free(struct operations *operations);

/* A record of a process; one that breaks the wire format is left out. */
void operations_take(struct operations *operations, const struct tables *tables, uint32_t pid,
		     const uint8_t *payload, size_t length);

/* The operation that a frame is the function of. Valid until operations_free(). */
struct type_operation {
	const char *type, *name; /* NULL = it is none */
};
struct type_operation operations_find(struct operations *operations, const struct frame *frame);

/*
 * The operation that the stack is in: the innermost one, if nothing else was called from it since, by
 * Python code or by what calls objects (a module's function, say). The end of a str, its hash or a
 * comparison with it is part of what needs that.
 */
struct type_operation operations_in(struct operations *operations, const struct stack *stack);

#endif
