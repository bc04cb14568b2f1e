/* settle.c - see settle.h. */
#include "reports/settle.h"

#include <stdlib.h>
#include <string.h>

#include "reports/groups.h"
#include "reports/groups_after.h"
#include "reports/sides.h"
#include "runner/base/util.h"
#include "runner/collate/ledger.h"
#include "runner/model/matrix.h"

/* What is known of the group that begins with a finding. */
struct bug {
	struct finding *race;          /* the one to look at first, or NULL */
	size_t upstream, known, fresh; /* such races */
	bool others;                   /* something new that does not only come of them */
};

/* Pairs of operations are told by their types. */
static bool is_of_pairs(const struct finding *finding)
{
	return finding->test_count && matrix_type_length(finding->tests[0]);
}

static bool may_settle(const struct finding *finding)
{
	return (finding->status == STATUS_NEW || finding->status == STATUS_KNOWN ||
		finding->status == STATUS_UPSTREAM) &&
	       !is_of_pairs(finding);
}

static bool all_cpythons(const struct finding *finding)
{
	for (size_t i = 0; i < finding->participant_count; i++)
		if (!sides_cpythons(&finding->participants[i].stack))
			return false;
	return finding->participant_count > 0;
}

/* Is the memory one that the interpreter uses for itself: a frame, a thread's state? */
static bool is_interpreters(const struct finding *finding)
{
	enum subject_kind kind = finding->subject.kind;
	bool own = kind == SUBJECT_STACK || kind == SUBJECT_BLOCK || kind == SUBJECT_HEAP ||
		   kind == SUBJECT_UNKNOWN;
	return own && all_cpythons(finding);
}

/* A race that may be the bug itself. */
static bool is_cause(const struct finding *finding)
{
	return finding_is_race(finding) && !finding->follows && !sides_let_go(finding) &&
	       !is_interpreters(finding);
}

/* What comes of a race, as far as can be told from the finding alone. */
static bool is_consequence(const struct finding *finding, const struct bug *bug)
{
	bool ends = finding->kind == FINDING_CRASH || finding->kind == FINDING_TEST_FAILURE;
	bool stands = finding->kind == FINDING_HANG || finding->kind == FINDING_LIVELOCK;
	if (ends || (stands && finding->follows))
		return true;
	if (!groups_is_end(finding) && !finding_is_race(finding))
		return false;
	/* What is CPython's own bug says nothing of what an extension does with the same object. */
	return bug->known ? groups_is_end(finding) || finding->follows : all_cpythons(finding);
}

/* Is it in the core of the interpreter, as what broken objects lead to, or in code of one of the group's races? */
static bool is_near(const struct finding *crash, size_t group, struct finding *const *all,
		    const size_t *first, size_t count)
{
	bool near = !crash->participant_count || sides_cpythons(&crash->participants[0].stack);
	for (size_t i = group; i < count && !near; i++)
		near = first[i] == group && is_cause(all[i]) && groups_shares_code(crash, all[i]);
	return near;
}

static void note(struct bug *bug, struct finding *finding)
{
	if (!is_cause(finding))
		return;
	bug->upstream += finding->status == STATUS_UPSTREAM;
	bug->known += finding->status == STATUS_KNOWN;
	bug->fresh += finding->status == STATUS_NEW;
	if (!bug->race || finding_compare(&finding, &bug->race) < 0)
		bug->race = finding;
}

/* Says what a crash, or a failure, came of, where nothing better is known. */
static void explain(struct finding *end, struct bug *bug)
{
	bool crash = end->kind == FINDING_CRASH, fails = end->kind == FINDING_TEST_FAILURE;
	if ((!crash && !fails) || end->follows)
		return;
	end->follows = xstrdup(bug->race->id);
	bug->race->caused_crash = bug->race->caused_crash || crash;
}

static void settle(struct finding *finding, const struct bug *bug)
{
	if (bug->fresh || bug->others || finding == bug->race || is_cause(finding))
		return;
	enum finding_status status = bug->known ? STATUS_KNOWN : STATUS_UPSTREAM;
	if (finding->status != STATUS_NEW &&
	    !(finding->status == STATUS_KNOWN && status == STATUS_UPSTREAM))
		return;
	finding->status = status;
	free(finding->suppressed_by);
	finding->suppressed_by =
		status == STATUS_UPSTREAM ? xstrdup(bug->race->suppressed_by) : NULL;
}

static uint64_t no_pairs(const void *context, const struct finding *finding)
{
	(void)context;
	(void)finding;
	return 0;
}

void settle_findings(struct finding *const *findings, size_t count)
{
	struct finding **all = xcalloc(count + 1, sizeof *all);
	size_t used = 0;
	for (size_t i = 0; i < count; i++)
		if (may_settle(findings[i]))
			all[used++] = findings[i];
	size_t *first = groups_new((const struct finding *const *)all, used, no_pairs, NULL);
	struct bug *bugs = xcalloc(used + 1, sizeof *bugs);
	for (size_t i = 0; i < used; i++)
		note(&bugs[first[i]], all[i]);
	for (size_t i = 0; i < used; i++) {
		struct bug *bug = &bugs[first[i]];
		bool fresh = all[i]->status == STATUS_NEW && !is_cause(all[i]);
		bug->others = bug->others || (fresh && !is_consequence(all[i], bug));
	}
	for (size_t i = 0; i < used; i++) {
		struct bug *bug = &bugs[first[i]];
		if (!bug->race)
			continue;
		/* A crash of which only is known that it came in the same iteration stands there, and is told. */
		bool chance = all[i]->kind == FINDING_CRASH && !all[i]->follows &&
			      !is_near(all[i], first[i], all, first, used);
		explain(all[i], bug);
		if (!chance)
			settle(all[i], bug);
	}
	free(bugs);
	free(first);
	free(all);
}
