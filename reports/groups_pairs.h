/*
 * groups_pairs.h - what of pairs of operations is one group (groups.h) beside the races of a type. Not thread-safe.
 */
#ifndef REPORTS_GROUPS_PAIRS_H
#define REPORTS_GROUPS_PAIRS_H

#include "reports/joined.h"

/*
 * What else came up in the pairs of a type whose operations race: crashes, wrong counts, borrowed
 * references, and memory that is given back twice, in pairs of two of these operations. And crashes of one type that say the same.
 */
void groups_add_pairs(struct groups *groups);

/* What is told apart from its type, all of which follows from another group, is no group of its own. */
void groups_fold(struct groups *groups);

#endif
