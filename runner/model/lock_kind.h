/*
 * lock_kind.h - what people are told of the kinds of locks: the rows of FTS_LOCK_KINDS
 * (include/ftstress/locks.h).
 */
#ifndef RUNNER_LOCK_KIND_H
#define RUNNER_LOCK_KIND_H

#include <stdint.h>

/* For people: the kind of a lock (enum fts_lock_kind). */
const char *lock_kind_name(uint32_t kind);

/* What stands between that and the type or text that names the class: " of a ". */
const char *lock_kind_between(uint32_t kind);

/* The name as lock_kind_name() has it, of any string; "lock" for one that is none. */
const char *lock_kind_parse(const char *name);

#endif
