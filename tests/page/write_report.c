/*
 * write_report.c - a fixture as a report: write_report FORMAT FIXTURE ROOT [COPIES] >report
 *
 * FORMAT is one of the writers', or "summary" with COLUMNS and COLOR from the environment. With RATES each finding
 * came in 2 of 100 turns, in iterations 0 and 2 of four, and is back again; and another one is fixed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "reports/report.h"
#include "runner/base/util.h"
#include "runner/model/rate.h"

static uint32_t iterations[] = { 0, 2 };
static struct run_draw draws[] = { { 2, 5e-6, false, "turns" },
				   { 2, 5e-6, true, "overlap" },
				   { 3, 2e-4, false, "turns" },
				   { 3, 2e-4, true, "overlap" } };
static const struct report_fixed fixed = {
	.id = (char *)"data-race-00000000f1ed",
	.title = (char *)"old_add writes while <b>old_get</b> reads",
	.kind = FINDING_DATA_RACE,
	.findings = 3,
	.last_seen = 1764500000,
	.why = (char *)"It is fixed, at 95 %: it came in 8 of 8 turns."
};

int main(int argc, char **argv)
{
	if (argc < 4)
		return fail(EXIT_BAD_INPUT, "write_report FORMAT FIXTURE ROOT [COPIES]");
	static struct fixture fixture; /* static: what it owns is no leak */
	fixture_load(&fixture, argv[2], argv[3], argc > 4 ? (unsigned)atoi(argv[4]) : 1);
	struct finding_rate *rates = xcalloc(fixture.input.count + 1, sizeof *rates);
	for (size_t i = 0; i < fixture.input.count && getenv("RATES"); i++) {
		struct rate_interval rate = rate_of(2, 100);
		rates[i] = (struct finding_rate){ .seen = 2,
						  .turns = 100,
						  .low = rate.low,
						  .high = rate.high,
						  .back = true,
						  .iterations = iterations,
						  .iteration_count = 2 };
	}
	fixture.input.rates = rates;
	if (getenv("RATES")) {
		fixture.run.draws = draws;
		fixture.run.draw_count = sizeof draws / sizeof *draws;
		fixture.input.fixed = &fixed;
		fixture.input.fixed_count = 1;
	}
	int error;
	if (!strcmp(argv[1], "summary")) {
		const char *columns = getenv("COLUMNS");
		error = report_summary(stdout, &fixture.input, getenv("COLOR") != NULL,
				       columns ? (unsigned)atoi(columns) : 0);
	} else {
		const struct report_format *format = report_find(argv[1]);
		if (!format)
			return fail(EXIT_BAD_INPUT, "no format %s", argv[1]);
		error = format->write(stdout, &fixture.input);
	}
	free(rates);
	return error ? fail(EXIT_INTERNAL, "%s", strerror(error)) : EXIT_CLEAN;
}
