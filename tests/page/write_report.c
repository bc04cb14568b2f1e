/*
 * write_report.c - a fixture as a report: write_report FORMAT FIXTURE ROOT [COPIES] >report
 *
 * FORMAT is one of the writers', or "summary" with COLUMNS and COLOR from the environment. With RATES each finding
 * came in 2 of 100 turns, and is back again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "reports/report.h"
#include "runner/base/util.h"
#include "runner/model/rate.h"

int main(int argc, char **argv)
{
	if (argc < 4)
		return fail(EXIT_BAD_INPUT, "write_report FORMAT FIXTURE ROOT [COPIES]");
	static struct fixture fixture; /* static: what it owns is no leak */
	fixture_load(&fixture, argv[2], argv[3], argc > 4 ? (unsigned)atoi(argv[4]) : 1);
	struct finding_rate *rates = xcalloc(fixture.input.count + 1, sizeof *rates);
	for (size_t i = 0; i < fixture.input.count && getenv("RATES"); i++) {
		struct rate_interval rate = rate_of(2, 100);
		rates[i] = (struct finding_rate){
			.seen = 2, .turns = 100, .low = rate.low, .high = rate.high, .back = true
		};
	}
	fixture.input.rates = rates;
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
