/*
 * code.h - ids for Python code objects.
 *
 * A program counter in TSan's history outlives the code object it points into, so a Python frame is
 * named by an id instead of an address. The id stands for what a person is told of the code: file,
 * qualified name, first line and line table. Two code objects that agree in all of these share an
 * id, so a loop of exec() costs no records. The first sight of an id writes a FTS_REC_CODE.
 *
 * Reads code objects raw: calls nothing in CPython. Thread-safe; not async-signal-safe. After a
 * fork the child goes on with the ids of its parent.
 */
#ifndef INTERPOSE_CODE_H
#define INTERPOSE_CODE_H

#include <stdbool.h>
#include <stdint.h>

/* How PyASCIIObject.state is laid out: bit of `kind` (3 bits), of `compact` and `ascii`. */
void code_init(unsigned kind_shift, unsigned compact_shift, unsigned ascii_shift);

/* The id of a code object that the caller keeps alive; 0 if there is no memory for one. */
uint32_t code_id(const void *code);

/* Around fork, so that the child does not inherit a held lock. */
void code_before_fork(void);
void code_after_fork(bool in_child);

#endif
