/*
 * explain.h - a finding in words, for somebody who never used ThreadSanitizer.
 */
#ifndef RUNNER_EXPLAIN_H
#define RUNNER_EXPLAIN_H

#include "ftstress/finding.h"
#include "runner/model/fingerprint.h"

/*
 * Both are made from the finding's kind, participants and subject, and are to be freed. `what`: the
 * type of ThreadSanitizer's report, if it is no data race ("mutex-double-lock"), or NULL.
 */

/* One line without addresses, e.g. "f writes while g reads (pkg/m.pyx:186)", with the name of a
 * variable before it: "counter: f writes ...". */
char *explain_title(const struct finding *finding, const char *what, const struct roots *roots);
/* What happened, why it is wrong, which locks were held, and what the usual fix is. */
char *explain_text(const struct finding *finding, const char *what, const struct roots *roots);

#endif
