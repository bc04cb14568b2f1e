/*
 * covered.h - what of the package under test two threads used together. A run that found nothing, in
 * which no two threads had one object of the package, says little: it says that first.
 */
#ifndef REPORTS_COVERED_H
#define REPORTS_COVERED_H

#include <stdbool.h>

#include "ftstress/finding.h"
#include "runner/base/util.h"

/*
 * "of 14 types of multidict 12 had two threads on one object (98 of their 130 operations), 2 were
 * never made; of 412 C functions 201 ran in two threads on one object, 60 in two threads with objects
 * of their own, 80 in one thread, 71 never". false where nothing is known: nothing is appended.
 */
bool covered_add(struct buf *out, const struct run_info *run);

/* Have threads run tests of a package, and never two of them with one object of it? */
bool covered_apart(const struct run_info *run);

/* "no two threads were made to use one object of multidict". Of a run that is covered_apart(). */
void covered_add_apart(struct buf *out, const struct run_info *run);

#endif
