/*
 * explained.c - `ftstress explain ID`: what a store knows of a finding, and, if it is a wrong reference count,
 * the iterations that showed it, run again with a log of what is done to reference counts.
 */
#include "runner/run/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "ftstress/finding.h"
#include "runner/base/util.h"
#include "runner/run/stores.h"

/* Only where something is counted can what was done to the count tell more. */
static bool has_count(enum finding_kind kind)
{
	return kind == FINDING_REFERENCE_COUNT;
}

/* What the log of the last run says of it. `count`: how often it had been seen before. */
static int tell_log(const struct settings *settings, uint64_t count)
{
	struct finding finding = { 0 };
	int code = stores_find(settings->output, settings->finding, NULL, NULL, &finding);
	if (!code && finding.count == count)
		puts("\nIt did not come again, so there is no log of it. Run this once more, or with "
		     "more --iterations.");
	else if (!code)
		printf("\n%s\n\n%s", finding.title,
		       finding.detail ? finding.detail : "There is no log of it.\n");
	finding_clear(&finding);
	return code;
}

int run_explain(const struct settings *settings, const struct invocation *invocation)
{
	struct finding finding = { 0 };
	if (!settings->finding)
		return fail(EXIT_BAD_INPUT,
			    "which finding? ftstress explain ID; its id stands in the report");
	int code = stores_find(settings->output, settings->finding, NULL, NULL, &finding),
	    status = 0;
	/* Behind the program's name, as it was called then. */
	const char *options = finding.command ? strstr(finding.command, " --suite ") : NULL;
	if (!code) {
		printf("%s\n\n%s\n", finding.title, finding.explanation ? finding.explanation : "");
		if (!has_count(finding.kind))
			puts("\nNo reference is counted in this finding; what else is known of it "
			     "stands in the report.");
		else if (!options)
			code = fail(EXIT_INTERNAL, "the store has no command that shows %s again",
				    finding.id);
	}
	if (!code && has_count(finding.kind)) {
		char *command = xprintf("%s%s --count-log", invocation->program, options);
		printf("\n$ %s\n\n", command);
		fflush(stdout);
		status = system(
			command); /* NOLINT(cert-env33-c): as printed, for the user's shell */
		free(command);
		code = tell_log(settings, finding.count);
	}
	finding_clear(&finding);
	return code || !WIFEXITED(status) ? code : WEXITSTATUS(status);
}
