/*
 * fixture.h - a report's JSON (docs/report-schema.json) back into the structures that it is written
 * from, so that the tests of the page can say what they need as data.
 *
 * Paths in a fixture that start with "$ROOT/" are put below `root`, and the files that its frames'
 * `source` lines come from are made there, with these lines at their places and empty ones between.
 */
#ifndef TESTS_PAGE_FIXTURE_H
#define TESTS_PAGE_FIXTURE_H

#include "ftstress/finding.h"

struct fixture {
	struct run_info run;
	struct finding *findings;
	const struct finding **list;
	struct report_input input;
};

/*
 * Read the fixture; a mistake in it ends the program with a message. `copies` repeats the findings,
 * with ids of their own, for a large report.
 */
void fixture_load(struct fixture *fixture, const char *path, const char *root, unsigned copies);

#endif
