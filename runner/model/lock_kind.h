/*
 * lock_kind.h - what the kinds of locks are called, in the rows of FTS_LOCK_KINDS
 * (include/ftstress/locks.h).
 */
#ifndef RUNNER_LOCK_KIND_H
#define RUNNER_LOCK_KIND_H

#include <stdint.h>

/* The name of a kind (enum fts_lock_kind): "critical section". */
const char *lock_kind_name(uint32_t kind);

/* What comes between that name and the type or text that follows: " of a ", as in "critical section
 * of a dict". */
const char *lock_kind_between(uint32_t kind);

/* The same string as a constant, if it is the name of a kind; else "lock". */
const char *lock_kind_parse(const char *name);

#endif
