/* hunt.c - see hunt.h. */
#include "runner/run/hunt.h"

#include <stdlib.h>
#include <string.h>

#include "reports/entries.h"
#include "runner/base/util.h"
#include "runner/collate/ledger.h"
#include "runner/model/kinds.h"

struct hunt {
	struct hunt_field field;
	struct hunt_strategy strategy;
	void *context;
	bool under_way, counts;
	double began;
	struct hunt_result now;
	char **ids; /* of the findings that came in the present try, but the target's */
	size_t id_count, id_capacity;
};

struct hunt *hunt_new(const struct hunt_field *field, const struct hunt_strategy *strategy,
		      void *context)
{
	struct hunt *hunt = xcalloc(1, sizeof *hunt);
	hunt->field = *field;
	hunt->strategy = *strategy;
	hunt->context = context;
	return hunt;
}

static void forget(struct hunt *hunt)
{
	strings_free(hunt->ids, hunt->id_count);
	hunt->ids = NULL;
	hunt->id_count = hunt->id_capacity = 0;
}

void hunt_free(struct hunt *hunt)
{
	if (!hunt)
		return;
	forget(hunt);
	free(hunt);
}

bool hunt_counts(const struct hunt *hunt)
{
	return hunt->under_way && hunt->counts;
}

/* ---- what came ---- */

/*
 * Where it shows is a matter of chance: memory that is gone crashes here or there. So another one of the same entry
 * is the same bug, while a race between other functions is a finding of its own.
 */
static bool shows_anywhere(const struct finding *finding)
{
	return kind_info(finding->kind)->ends_process || finding_is_misuse(finding) ||
	       finding->kind == FINDING_REFERENCE_COUNT;
}

/* Copies that may be sorted, and are all new: members of an entry have one status. */
static struct finding *copies_of(const struct finding *target, const struct finding *const *others,
				 size_t count, struct finding **list, size_t *copied)
{
	struct finding *copies = xcalloc(count + 1, sizeof *copies);
	copies[(*copied)++] = *target;
	for (size_t i = 0; i < count; i++)
		if (strcmp(others[i]->id, target->id) != 0)
			copies[(*copied)++] = *others[i];
	for (size_t i = 0; i < *copied; i++) {
		copies[i].status = STATUS_NEW;
		copies[i].follows = NULL;
		list[i] = &copies[i];
	}
	return copies;
}

static bool has(const char *const *ids, size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(ids[i], id))
			return true;
	return false;
}

const char *hunt_recognise(const struct finding *target, const struct finding *const *others,
			   size_t count, const char *const *seen, size_t seen_count)
{
	if (has(seen, seen_count, target->id))
		return target->id;
	const char *as = NULL;
	size_t copied = 0;
	struct finding **list = xcalloc(count + 1, sizeof *list);
	struct finding *copies = copies_of(target, others, count, list, &copied);
	findings_sort(list, copied, NULL);
	const struct run_info run = { 0 };
	const struct report_input input = { .run = &run,
					    .findings = (const struct finding *const *)list,
					    .count = copied };
	struct entries *entries = entries_new(&input);
	size_t at = entries_find(entries, target->id);
	for (size_t i = 0; !as && at < entries->count && i < entries->items[at].count; i++) {
		const struct finding *member = entries->items[at].members[i];
		for (size_t k = 0; k < seen_count; k++)
			if (!strcmp(seen[k], member->id) &&
			    (shows_anywhere(target) || shows_anywhere(member)))
				as = seen[k];
	}
	entries_free(entries);
	for (size_t i = 0; i < copied; i++)
		free(copies[i].follows);
	free(copies);
	free(list);
	return as;
}

void hunt_look(struct hunt *hunt)
{
	size_t count;
	const struct occurrence *came = collator_occurrences(hunt->field.collator, &count);
	for (size_t i = 0; hunt->under_way && i < count; i++) {
		const char *id = came[i].finding->id;
		if (!strcmp(id, hunt->field.target->id))
			hunt->now.seen = true;
		else if (!has((const char *const *)hunt->ids, hunt->id_count, id))
			ARRAY_PUSH(hunt->ids, hunt->id_count, hunt->id_capacity, xstrdup(id));
	}
}

void hunt_took(struct hunt *hunt, const struct trial *trial)
{
	hunt->now.begun = trial_begun(trial);
	hunt->now.ran = hunt->now.begun > 0;
	hunt->now.seconds = now_seconds() - hunt->began;
}

/* A deadlock has the digits of the order that it came of. */
static bool has_deadlock(const struct hunt *hunt)
{
	const struct finding *target = hunt->field.target;
	if (target->kind != FINDING_LOCK_ORDER)
		return false;
	char *id = xprintf("%s-%s", finding_kind_name(FINDING_DEADLOCK),
			   strrchr(target->id, '-') ? strrchr(target->id, '-') + 1 : "");
	bool came = has((const char *const *)hunt->ids, hunt->id_count, id);
	free(id);
	return came;
}

/* What the last try showed is told; all that could follow it is over. */
static void tell(struct hunt *hunt)
{
	size_t count;
	if (!hunt->under_way)
		return;
	hunt->under_way = false;
	hunt->now.deadlock = has_deadlock(hunt);
	if (!hunt->now.seen && hunt->id_count) {
		const struct finding *const *findings =
			collator_findings(hunt->field.collator, &count);
		hunt->now.as = hunt_recognise(hunt->field.target, findings, count,
					      (const char *const *)hunt->ids, hunt->id_count);
		hunt->now.seen = hunt->now.as != NULL;
		hunt->now.other = hunt->ids[0];
	}
	hunt->now.ran = hunt->now.ran || hunt->now.seen;
	hunt->strategy.took(hunt->context, &hunt->now);
	if (hunt->now.seen && hunt->field.target->kind == FINDING_LOCK_ORDER)
		collator_forget_orders(hunt->field.collator);
	forget(hunt);
}

void hunt_end(struct hunt *hunt)
{
	tell(hunt);
}

/* ---- what is tried ---- */

/* The tests alone, as --tests would select them. */
static void plan_tests(const struct hunt *hunt, const struct hunt_try *next,
		       struct trial_plan *plan)
{
	const struct hunt_field *field = &hunt->field;
	struct plan_test *tests = xcalloc(next->test_count, sizeof *tests);
	for (size_t i = 0; i < next->test_count; i++)
		tests[i] = field->tests[next->tests[i]];
	struct plan *alone = plan_new(tests, next->test_count, field->settings->slice);
	bool python_races = plan->python_races;
	trial_plan_clear(plan);
	plan_trial(alone, field->settings, next->token, plan);
	plan->python_races = python_races;
	for (size_t i = 0; i < plan->test_count; i++)
		plan->tests[i] = next->tests[plan->tests[i]];
	plan_free(alone);
	free(tests);
}

struct trial *hunt_next(struct hunt *hunt, uint64_t iteration)
{
	const struct hunt_field *field = &hunt->field;
	struct hunt_try next = { 0 };
	struct trial_plan plan;
	tell(hunt);
	if (!hunt->strategy.next(hunt->context, &next))
		return NULL;
	plan_trial(field->plan, field->settings, next.token, &plan);
	if (next.tests)
		plan_tests(hunt, &next, &plan);
	plan.iteration = iteration;
	if (next.threads != HUNT_AS_DRAWN)
		plan.threads = next.threads;
	if (next.overlap)
		plan.schedule = SCHEDULE_OVERLAP;
	if (next.whole_turns && !plan.gil)
		plan.schedule = SCHEDULE_WHOLE_TURNS;
	if (field->target->kind == FINDING_PYTHON_RACE && field->settings->python_races)
		plan.python_races = true;
	hunt->under_way = true;
	hunt->counts = next.counts;
	hunt->began = now_seconds();
	hunt->now = (struct hunt_result){ .threads = plan.threads, .schedule = plan.schedule };
	return trial_new(&plan, next.token, field->settings->budget, field->tests);
}
