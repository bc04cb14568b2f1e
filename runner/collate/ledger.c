/* ledger.c - see ledger.h. */
#include "runner/collate/ledger.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runner/collate/follow.h"
#include "runner/collate/rank.h"
#include "runner/model/matrix.h"
#include "runner/model/plumbing.h"
#include "runner/base/map.h"
#include "runner/base/util.h"
#include "runner/setup/command.h"

/* How often a finding was seen with one token and one test, since the last time it was stored. */
struct tally {
	struct occurrence occurrence;
	char *token, *test;
};

struct ledger {
	struct store *store;               /* or NULL */
	struct suppressions *suppressions; /* or NULL */
	const struct policy *policy;       /* or NULL */
	struct baseline *baseline;         /* or NULL */
	const char *command;               /* or NULL */
	int64_t run;
	bool as_written; /* the run's level */
	findings_settle *settle;

	struct entry **entries;
	size_t entry_count, entry_capacity;
	struct map entries_by_id;
	const struct finding **sorted;

	struct tally *tallies;
	size_t tally_count, tally_capacity;
	struct map tallies_by_key;
	struct occurrence *occurrences; /* made of the tallies by ledger_occurrences() */
};

/* ---- what has to be stored ---- */

static bool strings_add(char ***strings, size_t *count, size_t max, const char *text)
{
	for (size_t i = 0; i < *count; i++) {
		if (!strcmp((*strings)[i], text))
			return false;
	}
	if (*count == max)
		return false;
	*strings = xrealloc(*strings, (*count + 1) * sizeof **strings);
	(*strings)[(*count)++] = xstrdup(text);
	return true;
}

bool finding_add_test(struct finding *finding, const char *test)
{
	/* Of the type that the race is told with there is always one. */
	if (finding->test_count == FINDING_TESTS && matrix_is_owners(finding, test) &&
	    !matrix_is_owners(finding, finding->tests[0])) {
		free(finding->tests[--finding->test_count]);
		finding->tests[finding->test_count] = NULL;
	}
	return strings_add(&finding->tests, &finding->test_count, FINDING_TESTS, test);
}

const char *iteration_test(const struct iteration_context *context, uint32_t index)
{
	return context->tests && index < context->test_count ? context->tests[index] : NULL;
}

static void add_tally(struct ledger *ledger, const struct iteration_context *context,
		      const struct entry *entry, const char *test)
{
	const char *token = context->replay ? context->replay : "";
	uint64_t key = hash_string(0, entry->finding.id);
	key = hash_bytes(key, token, strlen(token) + 1);
	key = hash_string(key, test ? test : "");
	uint64_t at = map_get(&ledger->tallies_by_key, key);
	if (at == MAP_NONE) {
		struct tally tally = { .token = xstrdup(token), .test = xstrdup(test) };
		tally.occurrence = (struct occurrence){ &entry->finding, 0, tally.token, tally.test,
							entry->finding.last_seen };
		ARRAY_PUSH(ledger->tallies, ledger->tally_count, ledger->tally_capacity, tally);
		at = ledger->tally_count - 1;
		map_set(&ledger->tallies_by_key, key, at);
	}
	ledger->tallies[at].occurrence.count++;
}

/* Of pairs in an ordinary run it shows the one pair, not the thousand of the iteration. */
static char *command_of(const struct ledger *ledger, const char *token, const char *test)
{
	if (!strstr(token, ".p") || !test)
		return xprintf("%s --replay %s", ledger->command, token);
	char *word = command_word(test);
	char *command = xprintf("%s --replay %s --tests %s", ledger->command, token, word);
	free(word);
	return command;
}

/* `first`: what the first test shows, it shows there. */
static void add_replay(struct finding *f, const char *replay, bool first)
{
	if (first && f->replay_count == FINDING_REPLAYS)
		free(f->replays[--f->replay_count]);
	strings_add(&f->replays, &f->replay_count, FINDING_REPLAYS, replay);
	for (size_t i = 0; first && i < f->replay_count; i++) {
		char *text = f->replays[i];
		if (strcmp(text, replay) != 0)
			continue;
		memmove(f->replays + 1, f->replays, i * sizeof *f->replays);
		f->replays[0] = text;
		free(f->command);
		f->command = NULL;
	}
}

void ledger_seen(struct ledger *ledger, const struct iteration_context *context,
		 struct entry *entry, const char *test)
{
	struct finding *f = &entry->finding;
	f->count++;
	f->run_count++;
	f->last_seen = (int64_t)time(NULL);
	if (!f->first_seen)
		f->first_seen = f->last_seen;
	f->gil_on |= context->gil;
	f->gil_off |= !context->gil;
	if (test && finding_add_test(f, test))
		ledger_judge_again(ledger, entry);
	bool first = matrix_owner_first(f);
	if (context->replay)
		add_replay(f, context->replay, first);
	if (ledger->as_written && finding_is_race(f) && !f->as_written_seen) {
		f->as_written_runs++;
		f->as_written_seen++;
	}
	if (!f->command && ledger->command && context->replay)
		f->command = command_of(ledger, context->replay, test);
	if (entry->rule != SUPPRESS_NONE)
		suppress_used(ledger->suppressions, entry->rule, 1);
	if (ledger->baseline)
		baseline_seen(ledger->baseline, f->id);
	add_tally(ledger, context, entry, test);
}

const struct occurrence *ledger_occurrences(struct ledger *ledger, size_t *count)
{
	*count = ledger->tally_count;
	ledger->occurrences =
		xrealloc(ledger->occurrences, (*count + 1) * sizeof *ledger->occurrences);
	for (size_t i = 0; i < *count; i++)
		ledger->occurrences[i] = ledger->tallies[i].occurrence;
	return ledger->occurrences;
}

void ledger_occurrences_done(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->tally_count; i++) {
		free(ledger->tallies[i].token);
		free(ledger->tallies[i].test);
	}
	ledger->tally_count = 0;
	map_clear(&ledger->tallies_by_key);
}

/* ---- entries ---- */

struct entry *ledger_entry(const struct ledger *ledger, size_t number)
{
	return ledger->entries[number];
}

struct entry *ledger_find(const struct ledger *ledger, const char *id)
{
	uint64_t at = map_get(&ledger->entries_by_id, hash_string(0, id));
	return at == MAP_NONE ? NULL : ledger->entries[at];
}

/* What is in the baseline is known; if it has expired there, it is new, whatever an earlier run saw. */
static const char *judge_by_baseline(const struct ledger *ledger, struct finding *f)
{
	const char *why;
	switch (baseline_match(ledger->baseline, f->id, &why)) {
	case BASELINE_HAS:
		f->status = STATUS_KNOWN;
		return why;
	case BASELINE_EXPIRED:
		f->status = STATUS_NEW;
		break;
	case BASELINE_HAS_NOT:
		break;
	}
	return NULL;
}

void ledger_judge_again(const struct ledger *ledger, struct entry *entry)
{
	struct finding *f = &entry->finding;
	const char *rule = NULL;
	if (!entry->judged)
		return;
	f->status = entry->known ? STATUS_KNOWN : STATUS_NEW;
	if (entry->rule != SUPPRESS_NONE)
		rule = suppress_rule(ledger->suppressions, entry->rule, &f->status);
	else if (entry->meant)
		rule = entry->meant, f->status = STATUS_SUPPRESSED;
	else if (ledger->policy && (rule = policy_excludes(ledger->policy, f)))
		f->status = STATUS_DOCUMENTED;
	else if (ledger->baseline)
		rule = judge_by_baseline(ledger, f);
	free(f->suppressed_by);
	f->suppressed_by = xstrdup(rule);
}

static bool known_before(struct ledger *ledger, const char *id, struct store_history *history)
{
	*history = (struct store_history){ 0 };
	if (!ledger->store || store_history(ledger->store, ledger->run, id, history) != 0)
		return false;
	return history->known;
}

/* Fills in what the store knows about a finding that is new in this run. */
static void set_history(struct ledger *ledger, struct entry *entry)
{
	struct store_history history;
	known_before(ledger, entry->finding.id, &history);
	entry->finding.count = history.count;
	entry->finding.run_count = history.run_count;
	entry->finding.first_seen = history.first_seen;
	entry->finding.last_seen = history.last_seen;
	entry->finding.as_written_runs = history.as_written_runs;
	entry->finding.as_written_seen = history.as_written_seen;
	entry->finding.shows = history.shows;
	entry->finding.evidence = history.evidence;
	entry->finding.interleaving = history.interleaving;
	entry->finding.script = history.script;
	entry->finding.no_script = history.no_script;
}

void ledger_judge(struct ledger *ledger, struct entry *entry, size_t rule)
{
	struct store_history history;
	if (entry->judged && (entry->rule == SUPPRESS_NONE || rule != SUPPRESS_NONE))
		return;
	entry->rule = rule;
	entry->judged = true;
	entry->known = known_before(ledger, entry->finding.id, &history);
	ledger_judge_again(ledger, entry);
	store_history_clear(&history);
}

/* Of hundreds of findings, nine tenths of the report would be how their threads begin. */
static void cut_plumbing(struct finding *finding)
{
	plumbing_cut(&finding->subject.allocated, true);
	for (size_t i = 0; i < finding->participant_count; i++) {
		struct participant *participant = &finding->participants[i];
		plumbing_cut(&participant->stack, true);
		plumbing_cut(&participant->created, false);
		for (size_t k = 0; k < participant->lock_count; k++)
			plumbing_cut(&participant->locks[k].created, true);
	}
}

static struct entry *entry_add(struct ledger *ledger, struct finding *finding)
{
	struct entry *entry = xcalloc(1, sizeof *entry);
	entry->finding = *finding;
	*finding = (struct finding){ 0 };
	entry->rule = SUPPRESS_NONE;
	entry->number = ledger->entry_count;
	ARRAY_PUSH(ledger->entries, ledger->entry_count, ledger->entry_capacity, entry);
	map_set(&ledger->entries_by_id, hash_string(0, entry->finding.id), ledger->entry_count - 1);
	return entry;
}

struct entry *ledger_add(struct ledger *ledger, struct finding *finding)
{
	cut_plumbing(finding);
	struct entry *entry = entry_add(ledger, finding);
	set_history(ledger, entry);
	return entry;
}

/* What was known of the cause once is true of the crash, whichever time is the example. */
void ledger_take_cause(struct finding *to, struct finding *from)
{
	if (!from->because || (to->because && (to->cause || !from->cause)))
		return;
	free(to->because);
	free(to->cause);
	to->because = from->because;
	to->cause = from->cause;
	from->because = from->cause = NULL;
}

void ledger_replace(struct entry *entry, struct finding *from)
{
	cut_plumbing(from);
	struct finding *to = &entry->finding;
	struct finding old = {
		.title = to->title,
		.explanation = to->explanation,
		.detail = to->detail,
		.said = to->said,
		.graph = to->graph,
		.subject = to->subject,
		.participants = to->participants,
		.participant_count = to->participant_count,
	};
	to->title = from->title;
	to->explanation = from->explanation;
	to->detail = from->detail;
	to->said = from->said;
	ledger_take_cause(to, from);
	to->graph = from->graph;
	to->subject = from->subject;
	to->participants = from->participants;
	to->participant_count = from->participant_count;
	to->rank = RANK_NONE;
	from->title = from->explanation = from->detail = from->said = from->graph = NULL;
	from->subject = (struct subject){ 0 };
	from->participants = NULL;
	from->participant_count = 0;
	finding_clear(&old);
}

/* ---- life ---- */

/* A run that is resumed goes on with the findings that it had. */
static void load_run(struct ledger *ledger)
{
	struct finding *findings = NULL;
	size_t count = 0;
	if (!ledger->store || !ledger->run ||
	    store_findings(ledger->store, ledger->run, &findings, &count) != 0)
		return;
	for (size_t i = 0; i < count; i++) {
		struct entry *entry = entry_add(ledger, &findings[i]);
		size_t length = strlen(ledger->command ? ledger->command : "");
		struct finding *f = &entry->finding;
		if (!f->command && length && f->replay_count)
			f->command = command_of(ledger, f->replays[0],
						f->test_count ? f->tests[0] : NULL);
		ledger_judge(ledger, entry,
			     ledger->suppressions ? suppress_match(ledger->suppressions, f)
						  : SUPPRESS_NONE);
	}
	free(findings);
}

struct ledger *ledger_open(const struct collate_options *options)
{
	struct ledger *ledger = xcalloc(1, sizeof *ledger);
	ledger->store = options->store;
	ledger->suppressions = options->suppressions;
	ledger->policy = options->policy;
	ledger->baseline = options->baseline;
	ledger->command = options->command;
	ledger->run = options->run;
	ledger->as_written = options->as_written;
	ledger->settle = options->settle;
	load_run(ledger);
	return ledger;
}

void ledger_close(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->entry_count; i++) {
		finding_clear(&ledger->entries[i]->finding);
		free(ledger->entries[i]->meant);
		free(ledger->entries[i]);
	}
	ledger_occurrences_done(ledger);
	map_free(&ledger->entries_by_id);
	map_free(&ledger->tallies_by_key);
	free(ledger->entries);
	free(ledger->sorted);
	free(ledger->tallies);
	free(ledger->occurrences);
	free(ledger);
}

/* ---- results ---- */

int finding_compare(const void *left, const void *right)
{
	const struct finding *a = *(const struct finding *const *)left;
	const struct finding *b = *(const struct finding *const *)right;
	if (a->status != b->status)
		return a->status < b->status ? -1 : 1;
	int one = finding_gravity(a), other = finding_gravity(b);
	if (one != other)
		return one - other;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (!a->follows != !b->follows)
		return a->follows ? 1 : -1;
	/* Where nothing is lost there is least to do. */
	if ((a->shows == EVIDENCE_EQUAL) != (b->shows == EVIDENCE_EQUAL))
		return a->shows == EVIDENCE_EQUAL ? 1 : -1;
	if (a->shows != b->shows)
		return a->shows > b->shows ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->run_count != b->run_count)
		return a->run_count > b->run_count ? -1 : 1;
	return strcmp(a->id, b->id);
}

void findings_sort(struct finding **findings, size_t count, findings_settle *settle)
{
	rank_mark(findings, count);
	follow_mark(findings, count);
	if (settle)
		settle(findings, count);
	if (count)
		qsort(findings, count, sizeof *findings, finding_compare);
}

const struct finding *const *ledger_findings(struct ledger *ledger, size_t *count)
{
	*count = ledger->entry_count;
	ledger->sorted = xrealloc(ledger->sorted, (*count + 1) * sizeof *ledger->sorted);
	struct finding **findings = xcalloc(*count + 1, sizeof *findings);
	enum finding_status *own = xcalloc(*count + 1, sizeof *own);
	for (size_t i = 0; i < *count; i++) {
		struct entry *entry = ledger->entries[i];
		if (entry->settled)
			ledger_judge_again(ledger, entry);
		own[i] = entry->finding.status;
		findings[i] = &entry->finding;
	}
	findings_sort(findings, *count, ledger->settle);
	for (size_t i = 0; i < *count; i++)
		ledger->entries[i]->settled = ledger->entries[i]->finding.status != own[i];
	free(own);
	for (size_t i = 0; i < *count; i++)
		ledger->sorted[i] = findings[i];
	free(findings);
	return ledger->sorted;
}

void ledger_count(const struct ledger *ledger, size_t by_status[STATUS_COUNT])
{
	for (size_t i = 0; i < ledger->entry_count; i++)
		by_status[ledger->entries[i]->finding.status]++;
}
