/*
 * rank.h - how grave a data race is, as far as its stacks and the lines of its source tell.
 *
 *     RANK_FREED        the block is freed, moved, or somebody else's by now, while it is used
 *     RANK_STRUCTURE    self->items = NULL;      a pointer, a reference, a size
 *     RANK_FIELD        self->index++;           an index, a state: crashes as often as a pointer
 *     RANK_ATOMIC       the same, but the other side is atomic: mostly values that are out of date
 *     RANK_DATA         what a buffer holds: for those who share it to keep apart
 *     RANK_INIT         __init__ or __setstate__ of a live object
 *     RANK_UNPUBLISHED  the write makes the object: it follows from the race on the pointer to it
 *
 * What a race was seen to do (enum evidence) says more than its rank and stands before it. Where the
 * source can't be read, a race that may be of structure is taken for one on a plain field.
 */
#ifndef RUNNER_RANK_H
#define RUNNER_RANK_H

#include <stddef.h>

#include "ftstress/finding.h"
#include "runner/symbols/source.h"

/* Of a data race; RANK_NONE for any other finding. */
enum finding_rank rank_of(const struct finding *finding, struct source_cache *sources);

/* Sets the rank of each finding that has none yet. */
void rank_mark(struct finding *const *findings, size_t count);

/*
 * What was seen of a finding, whatever its kind, 0 = the gravest: memory or a count that went wrong, or a process
 * that did; then an update lost, a wrong result, threads that stand; then all that may become one of these, and
 * what is no matter of threads; then
 * what only follows from another one, whose cause has its gravity, but for memory freed in use.
 */
int finding_gravity(const struct finding *finding);

#endif
