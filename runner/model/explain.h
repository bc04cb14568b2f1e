/*
 * explain.h - a finding in words, for somebody who never used ThreadSanitizer.
 */
#ifndef RUNNER_EXPLAIN_H
#define RUNNER_EXPLAIN_H

#include "ftstress/finding.h"
#include "runner/model/fingerprint.h"

/* What the finding's kind, participants and subject say. Both results are to be freed. `what` is
 * the report's own text (a TSan report type) or NULL. */

/* One line without addresses, e.g. "f writes while g reads (pkg/m.pyx:186)", with the name of a
 * variable before it: "counter: f writes ...". */
char *explain_title(const struct finding *finding, const char *what, const struct roots *roots);
/* What happened, why it is wrong, which locks were held, what usually is the fix. */
char *explain_text(const struct finding *finding, const char *what, const struct roots *roots);

#endif
