/*
 * outcome.h - the end of a run: the facts for the reports, the files, the summary.
 */
#ifndef RUNNER_OUTCOME_H
#define RUNNER_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ftstress/finding.h"
#include "runner/setup/options.h"

/* Are all names in the list formats that we have? Returns 0 or EXIT_BAD_INPUT. */
int formats_check(const char *formats);

/*
 * Makes the output folder and tries whether files can be written there. Returns 0, EXIT_BAD_INPUT
 * (no permission, not a folder) or EXIT_INTERNAL (disk full), having told the user.
 */
int output_folder_check(const char *folder);

/*
 * Writes the reports in settings->formats to OUTPUT/SUITE-TIME.EXTENSION, each beside its place
 * first, so that a report is whole or not there, and the summary to standard output. `stored`: all
 * findings are in the store, so that they can be written later. Returns 0 or EXIT_INTERNAL, having
 * told the user; the summary is printed in any case.
 */
int outcome_write(const struct settings *settings, const struct report_input *input, bool stored);

#endif
