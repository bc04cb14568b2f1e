/* stored.c - see session.h; and `ftstress report`. The last run of a suite, as the store has it. */
#include <stdlib.h>

#include "reports/settle.h"
#include "runner/base/util.h"
#include "runner/collate/ledger.h"
#include "runner/run/outcome.h"
#include "runner/run/fixed.h"
#include "runner/run/rates.h"
#include "runner/run/run.h"
#include "runner/run/session.h"
#include "runner/store/store.h"

int session_last_report(struct run *run, struct stored_report *report)
{
	bool found = false;
	*report = (struct stored_report){ 0 };
	int code = store_run_get(run->store, 0, &run->stored, &found);
	if (!code && found)
		code = store_run_info(run->store, run->stored.id, &report->info, &found);
	if (!code && !found)
		return fail(EXIT_BAD_INPUT,
			    "%s has no run of %s that came to its end (a run that was "
			    "cut off goes on with --resume)",
			    run->settings->output, run->suite.record);
	if (!code)
		code = store_findings(run->store, run->stored.id, &report->findings,
				      &report->count);
	if (code)
		return code;
	report->list = xcalloc(report->count + 1, sizeof *report->list);
	for (size_t i = 0; i < report->count; i++)
		report->list[i] = &report->findings[i];
	findings_sort(report->list, report->count, settle_findings);
	return 0;
}

void session_report_clear(struct stored_report *report)
{
	for (size_t i = 0; i < report->count; i++)
		finding_clear(&report->findings[i]);
	free(report->findings);
	free(report->list);
	run_info_clear(&report->info);
	*report = (struct stored_report){ 0 };
}

int run_report(struct settings *settings, const struct invocation *invocation)
{
	struct run run = { .invocation = invocation, .settings = settings, .lock = -1 };
	struct stored_report report = { 0 };
	int code = session_load_suite(&run);
	if (!code)
		code = session_open_store(&run);
	if (!code)
		code = session_last_report(&run, &report);
	if (!code) {
		const struct finding *const *list = (const struct finding *const *)report.list;
		struct finding_rate *rates =
			rates_of(run.store, run.stored.id, report.info.seed, list, report.count);
		struct report_input input = {
			.run = &report.info, .findings = list, .count = report.count, .rates = rates
		};
		struct report_fixed *fixed = fixed_of(run.store, run.stored.id, &input.fixed_count);
		struct report_turns *turns;
		input.fixed = fixed;
		code = store_turns(run.store, run.stored.id, &turns, &input.test_count);
		input.tests = turns;
		if (!code)
			code = outcome_write(settings, &input, true);
		store_turns_free(turns, input.test_count);
		rates_free(rates, report.count);
		fixed_free(fixed, input.fixed_count);
	}
	session_report_clear(&report);
	session_clear(&run);
	return code;
}
