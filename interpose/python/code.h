/*
 * code.h - ids for Python code objects.
 *
 * A program counter in TSan's history outlives the code object it points into, so a Python frame is
 * named by an id instead of an address. The id stands for what a person is told of the code: file,
 * qualified name, first line and line table. Two code objects that agree in all of these share an
 * id, so a loop of exec() costs no records. The first sight of an id writes a FTS_REC_CODE.
 *
 * Reads code objects raw, once python_known() (release.h): calls nothing in CPython. Thread-safe; not async-signal-safe. After a
 * fork the child goes on with the ids of its parent.
 */
#ifndef INTERPOSE_CODE_H
#define INTERPOSE_CODE_H

#include <stdbool.h>
#include <stdint.h>

/* The id of a code object that the caller keeps alive; 0 if there is no memory for one. */
uint32_t code_id(const void *code);

/*
 * A number of what the id stands for, which is the same in all processes; 0 = not known. Of the
 * calling process's ids.
 */
uint64_t code_hash(uint32_t id);

/* UTF-8 of a str, at most `room` bytes; returns the bytes written. */
uint32_t code_utf8(const void *str, uint8_t *out, uint32_t room);

/* Around fork, so that the child does not inherit a held lock. */
void code_before_fork(void);
void code_after_fork(bool in_child);

#endif
