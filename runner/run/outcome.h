/*
 * outcome.h - the end of a run: writes the reports, and prints the summary.
 */
#ifndef RUNNER_OUTCOME_H
#define RUNNER_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ftstress/finding.h"
#include "runner/setup/options.h"

/* Is there a format for each name in the list? Returns 0, or EXIT_BAD_INPUT after a message. */
int formats_check(const char *formats);

/*
 * Makes the output folder, and tries whether files can be written there. Returns 0; or, after a
 * message to the user, EXIT_BAD_INPUT (no permission, not a folder) or EXIT_INTERNAL (disk full).
 */
int output_folder_check(const char *folder);

/*
 * Writes the reports of settings->formats to OUTPUT/SUITE-TIME.EXTENSION, and prints the summary.
 * Each report is written beside its place and then moved there: so it is whole, or not there.
 * `stored`: all findings are in the store, so a report can be written later. Returns 0, or
 * EXIT_INTERNAL after a message to the user; the summary is printed in any case.
 */
int outcome_write(const struct settings *settings, const struct report_input *input, bool stored);

#endif
