/*
 * level.h - how grave an entry is in the three words that other tools know.
 *
 *	error    it crashes, hangs, deadlocks, loses updates, uses freed memory, is a race on a pointer or
 *	         a size, or on a plain field
 *	warning  a lock order that can deadlock; a race whose other side is atomic; Python code that can
 *	         lose an update and was not seen to
 *	note     what a buffer holds, an object in its __init__, values that are equal anyway; and all that
 *	         is upstream's, documented or suppressed
 */
#ifndef REPORTS_LEVEL_H
#define REPORTS_LEVEL_H

#include "reports/entries.h"
#include "runner/model/kinds.h"

enum finding_level level_of(const struct finding *finding);
/* That of its gravest member. */
enum finding_level level_of_entry(const struct report_entry *entry);

/* "error", "warning", "note" */
const char *level_name(enum finding_level level);

#endif
