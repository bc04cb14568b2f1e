/*
 * settle.h - what only comes of a bug has its status.
 *
 *     upstream  data race  two threads in one generator     new  crash     in that generator    ──► upstream
 *     known     data race  Reader.feed on a shared Reader   new  the test fails in its line     ──► known
 *
 * A bug that is known shows in a new way each night: another crash, another count that is wrong. That is no news, and
 * fails no build. It is the bug's own as far as it is of one group with it (groups.h), and nothing in the group but
 * what comes of these races is new. A crash of which no more is known than that it came in the same iteration stands
 * there, and is new: it may have another cause.
 */
#ifndef REPORTS_SETTLE_H
#define REPORTS_SETTLE_H

#include <stddef.h>

#include "ftstress/finding.h"

/*
 * Sets `status` and `suppressed_by` of such findings; and `follows` of a crash, and of a test that fails, if its
 * cause is not known yet. All of one run; what else follows is marked (runner/collate/follow.h).
 */
void settle_findings(struct finding *const *findings, size_t count);

#endif
