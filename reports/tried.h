/*
 * tried.h - how much a run tried, and what to run next: a run that found nothing says little without
 * it.
 */
#ifndef REPORTS_TRIED_H
#define REPORTS_TRIED_H

#include <stdbool.h>

#include "ftstress/finding.h"
#include "runner/base/util.h"

/*
 * "310 of 48,645 tests, 290 of them in 2 to 8 threads (180 in turns, 150 overlapping), 20 in one
 * thread only (most: uses thread-unsafe fixtures: monkeypatch)". false where nothing ran: nothing is
 * appended.
 */
bool tried_add(struct buf *out, const struct run_info *run);

/*
 * "1,987 of 2,632 pairs of operations, each by two threads on one object (25 types, 2 iterations
 * beside the tests')": the pairs in an ordinary run. false where it had none.
 */
bool tried_add_pairs(struct buf *out, const struct run_info *run);

/*
 * "the same command goes on with the other 48,335: about 156 runs of this length, or --duration
 * 11h; --tests EXPR picks some". false where there is nothing to advise, as of a replay.
 */
bool tried_add_next(struct buf *out, const struct run_info *run);

#endif
