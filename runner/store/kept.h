/*
 * kept.h - the stacks of the store's findings: each frame and each stack once, by number.
 *
 *     findings.body  {"participants": [{"stack": 4711, ...}]}
 *     stacks         4711: "17 99 ..."        innermost first
 *     frames         17: function, file, line ...
 *
 * Numbers are hashes of what they stand for, so that nothing need be looked up to write one again. What
 * no finding has any more stays: it is little, as a finding's example changes but a few times.
 */
#ifndef RUNNER_KEPT_H
#define RUNNER_KEPT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ftstress/finding.h"

struct store;
struct kept;

struct kept *kept_new(struct store *store);
void kept_free(struct kept *kept); /* may be NULL */

/* Stores the stack, if it is not there yet; in a transaction. Its number, 0 of an empty one. */
int64_t kept_keep(struct kept *kept, const struct stack *stack);
/* The stack of this number; to be cleared: stack_clear(). */
struct stack kept_get(struct kept *kept, int64_t number);
/* Has one of these not been stored, or not been there? Asked once: it counts anew then. */
bool kept_failed(struct kept *kept);
/* After a rollback: what was stored may be gone. */
void kept_forget(struct kept *kept);

/* Of a store of schema 1, whose findings have their frames. To be cleared. */
struct stack stack_of_json(json_t *array);

#endif
