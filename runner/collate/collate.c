/*
 * collate.c - see collate.h.
 *
 * This file takes records in and hands them on:
 *
 *   MODULE, CODE       tables.h, symbolize.h    what the addresses of a process mean
 *   OPERATIONS         operations.h             which functions are methods of a type
 *   REPORT             resolve.h                kept until the iteration's end
 *   lock records       lockorder.h              kept until the iteration's end
 *
 * All findings end in the ledger (ledger.h), each once, with its counts.
 */
#include "runner/collate/collate.h"

#include <stdlib.h>
#include <string.h>

#include "ftstress/arena.h"
#include "ftstress/record.h"
#include "runner/model/explain.h"
#include "runner/model/fingerprint.h"
#include "runner/collate/ledger.h"
#include "runner/collate/notes.h"
#include "runner/collate/limits.h"
#include "runner/locks/lockorder.h"
#include "runner/collate/resolve.h"
#include "runner/symbols/operations.h"
#include "runner/symbols/stacks.h"
#include "runner/symbols/symbolize.h"
#include "runner/symbols/tables.h"
#include "runner/base/util.h"

enum { PENDING_MAX = 64 << 20 }; /* bytes kept until the iteration's end: of reports, of locks */

struct zygote {
	unsigned number;
	uint32_t pid;
	struct tables tables;
	struct buf pending;  /* FTS_REC_REPORT records, as they came */
	struct buf locks;    /* records for lockorder.h, as they came */
	bool orders_unknown; /* some of these are missing */
};

struct collator {
	struct collate_options options;
	struct roots roots;  /* cut off file names in fingerprints: where packages are installed */
	struct roots places; /* cut off file names in titles: these, and where sources lie */
	char **place_dirs;   /* the strings of `places` */
	size_t place_capacity;
	struct symbolizer *symbolizer;
	struct stacks *stacks;
	struct operations *operations;
	struct ledger *ledger;
	struct resolver *resolver;
	struct lockorder *orders;
	struct zygote *zygotes;
	size_t zygote_count, zygote_capacity;

	struct run_hook *hooks;
	size_t hook_count, hook_capacity;
	struct notes notes;
	struct limits limits;
	uint64_t records, reports;
};

/* ---- life ---- */

static void take_note(void *context, const char *text)
{
	collator_note(context, text);
}

void collator_close(struct collator *c)
{
	if (!c)
		return;
	while (c->zygote_count)
		collator_zygote_end(c, c->zygotes[0].number);
	for (size_t i = 0; i < c->hook_count; i++) {
		free(c->hooks[i].name);
		free(c->hooks[i].why);
	}
	notes_clear(&c->notes);
	resolver_free(c->resolver);
	ledger_close(c->ledger);
	stacks_free(c->stacks);
	operations_free(c->operations);
	symbolizer_close(c->symbolizer);
	lockorder_free(c->orders);
	for (size_t i = 0; i < c->places.count; i++)
		free(c->place_dirs[i]);
	free(c->place_dirs);
	limits_clear(&c->limits);
	free(c->zygotes);
	free(c->hooks);
	free(c);
}

/* Fills in `places`. (Meson builds a package in the folder build-tsan of its sources.) */
static void set_places(struct collator *c)
{
	const struct collate_options *o = &c->options;
	size_t count = 0;
	for (size_t i = 0; i < o->site_dir_count; i++)
		ARRAY_PUSH(c->place_dirs, count, c->place_capacity, xstrdup(o->site_dirs[i]));
	for (size_t i = 0; i < o->source_dir_count; i++) {
		char *built = xprintf("%s/build-tsan", o->source_dirs[i]);
		ARRAY_PUSH(c->place_dirs, count, c->place_capacity, built);
		ARRAY_PUSH(c->place_dirs, count, c->place_capacity, xstrdup(o->source_dirs[i]));
	}
	c->places = (struct roots){ (const char *const *)c->place_dirs, count };
}

struct collator *collator_open(const struct collate_options *options)
{
	struct collator *c = xcalloc(1, sizeof *c);
	struct symbolizer_options symbols = {
		.path = options->symbolizer,
		.source_dirs = options->source_dirs,
		.source_dir_count = options->source_dir_count,
		.note = take_note,
		.note_context = c,
	};
	c->options = *options;
	c->roots = (struct roots){ options->site_dirs, options->site_dir_count };
	set_places(c);
	c->orders = lockorder_new();
	c->symbolizer = symbolizer_open(&symbols);
	c->stacks = stacks_new(c->symbolizer, &c->roots);
	c->operations = operations_new(c->symbolizer);
	c->ledger = ledger_open(options);
	struct resolver_parts parts = { c->symbolizer,         c->stacks, c->ledger,
					options->suppressions, c->places, c->operations };
	c->resolver = resolver_new(&parts);
	return c;
}

static struct zygote *zygote_get(struct collator *c, unsigned number)
{
	for (size_t i = 0; i < c->zygote_count; i++) {
		if (c->zygotes[i].number == number)
			return &c->zygotes[i];
	}
	ARRAY_PUSH(c->zygotes, c->zygote_count, c->zygote_capacity,
		   (struct zygote){ .number = number });
	return &c->zygotes[c->zygote_count - 1];
}

void collator_zygote(struct collator *c, unsigned number)
{
	collator_zygote_end(c, number);
	zygote_get(c, number);
}

void collator_zygote_end(struct collator *c, unsigned number)
{
	struct zygote *zygote = zygote_get(c, number);
	tables_free(&zygote->tables);
	buf_free(&zygote->pending);
	buf_free(&zygote->locks);
	*zygote = c->zygotes[--c->zygote_count];
}

void collator_note(struct collator *c, const char *text)
{
	notes_add(&c->notes, text);
}

void collator_lost(struct collator *c, const struct iteration_context *context,
		   struct arena_lost lost)
{
	c->limits.lost.records += lost.records;
	c->limits.lost.control += lost.control;
	if (lost.control)
		zygote_get(c, context->zygote)->orders_unknown = true;
}

void collator_limits(struct collator *c, const uint64_t counts[FTS_LIMIT_COUNT])
{
	for (size_t i = 0; i < FTS_LIMIT_COUNT; i++)
		c->limits.library[i] += counts[i];
}

void collator_tell_limits(struct collator *c)
{
	struct lockgraph_limits graph = lockorder_limits(c->orders);
	char *unseen = resolver_unseen(c->resolver);
	limits_tell(&c->limits, &graph, take_note, c);
	if (unseen)
		take_note(c, unseen);
	free(unseen);
	notes_fold(&c->notes);
}

/* The number by which the tables know a process: 0 is the zygote. */
static uint32_t owner(const struct zygote *zygote, uint32_t pid)
{
	return pid == zygote->pid ? 0 : pid;
}

/* ---- lock orders ---- */

struct ordering {
	struct collator *collator;
	const struct zygote *zygote;
	const struct iteration_context *context;
};

static uint32_t ordering_intern(void *context, uint32_t pid, const uint64_t *pcs, size_t count)
{
	const struct ordering *o = context;
	position *positions = xcalloc(count + 1, sizeof *positions);
	count = tables_stack(&o->zygote->tables, owner(o->zygote, pid), pcs, count, false,
			     positions);
	uint32_t stack = stacks_add(o->collator->stacks, positions, count);
	free(positions);
	return stack;
}

static position ordering_where(void *context, uint32_t pid, uint64_t address)
{
	const struct ordering *o = context;
	return tables_position(&o->zygote->tables, owner(o->zygote, pid), address);
}

static void ordering_frames(void *context, uint32_t number, struct stack *out)
{
	stacks_frames(((const struct ordering *)context)->collator->stacks, number, out);
}

static char *ordering_variable(void *context, position where, uint64_t *offset)
{
	const struct ordering *o = context;
	return symbolizer_variable(o->collator->symbolizer, where, offset);
}

static void ordering_found(void *context, struct finding *finding, uint32_t test)
{
	const struct ordering *o = context;
	const char *name = iteration_test(o->context, test);
	if (name)
		finding_add_test(finding, name);
	collator_add(o->collator, o->context, finding);
}

static struct lockorder_host host_of(struct ordering *ordering)
{
	return (struct lockorder_host){
		.context = ordering,
		.intern = ordering_intern,
		.where = ordering_where,
		.frames = ordering_frames,
		.variable = ordering_variable,
		.found = ordering_found,
		.zygote_pid = ordering->zygote->pid,
		.roots = ordering->collator->roots,
		.places = ordering->collator->places,
	};
}

static void take_orders(struct collator *c, struct zygote *zygote,
			const struct iteration_context *context)
{
	struct ordering ordering = { c, zygote, context };
	struct lockorder_host host = host_of(&ordering);
	c->limits.unknown_orders += zygote->orders_unknown;
	if (zygote->locks.length && !zygote->orders_unknown)
		lockorder_take(c->orders, &host, zygote->locks.data, zygote->locks.length);
	buf_clear(&zygote->locks);
	zygote->orders_unknown = false;
}

char *collator_order(struct collator *c, const struct iteration_context *context, pid_t pid,
		     const uint64_t *addresses, size_t count, struct lockname *names)
{
	const struct zygote *zygote = zygote_get(c, context->zygote);
	struct ordering ordering = { c, zygote, context };
	struct lockorder_host host = host_of(&ordering);
	return lockorder_happened(c->orders, &host, zygote->locks.data, zygote->locks.length,
				  (uint32_t)pid, addresses, count, names);
}

/* ---- what waits for the iteration's end ---- */

static void take_reports(struct collator *c, struct zygote *zygote,
			 const struct iteration_context *context)
{
	struct resolved counts = resolver_take(c->resolver, context, &zygote->tables,
					       zygote->pending.data, zygote->pending.length);
	c->reports += counts.reports;
	c->limits.lost.records += counts.broken;
	c->limits.lost.control += counts.broken;
	if (counts.broken)
		collator_note(c, "a report broke the wire format and was skipped");
	buf_clear(&zygote->pending);
}

const struct race_place *collator_races(struct collator *c, const struct iteration_context *context,
					size_t *count)
{
	take_reports(c, zygote_get(c, context->zygote), context);
	return raced_places(resolver_raced(c->resolver), count);
}

void collator_iteration_end(struct collator *c, const struct iteration_context *context)
{
	struct zygote *zygote = zygote_get(c, context->zygote);
	take_reports(c, zygote, context);
	raced_forget(resolver_raced(c->resolver), context->zygote);
	take_orders(c, zygote, context);
	tables_drop_iteration(&zygote->tables);
}

/* ---- records ---- */

static void feed_module(struct collator *c, struct zygote *zygote, uint32_t pid,
			const uint8_t *payload, size_t length)
{
	struct fts_module module;
	if (length < sizeof module)
		return;
	memcpy(&module, payload, sizeof module);
	if (module.path_length > length - sizeof module ||
	    module.build_id_length > sizeof module.build_id)
		return;
	const char *path = (const char *)payload + sizeof module;
	struct range range = { module.low, module.high, module.bias, 0 };
	range.module = symbolizer_module(c->symbolizer, path, module.path_length, module.build_id,
					 module.build_id_length);
	tables_module(&zygote->tables, pid, range);
}

static void feed_code(struct collator *c, struct zygote *zygote, uint32_t pid,
		      const uint8_t *payload, size_t length)
{
	struct fts_code code;
	if (length < sizeof code)
		return;
	memcpy(&code, payload, sizeof code);
	uint64_t need = (uint64_t)code.qualname_length + code.file_length + code.linetable_length;
	if (need > length - sizeof code)
		return;
	const char *qualname = (const char *)payload + sizeof code;
	struct code_text text = {
		.qualname = qualname,
		.qualname_length = code.qualname_length,
		.file = qualname + code.qualname_length,
		.file_length = code.file_length,
		.table = (const uint8_t *)qualname + code.qualname_length + code.file_length,
		.table_length = code.linetable_length,
		.first_line = code.first_line,
	};
	tables_code(&zygote->tables, pid, code.id, symbolizer_code(c->symbolizer, &text));
}

static void feed_hook(struct collator *c, const uint8_t *payload, size_t length)
{
	struct fts_hook head;
	if (length < sizeof head)
		return;
	memcpy(&head, payload, sizeof head);
	if ((size_t)head.name_length + head.why_length > length - sizeof head)
		return;
	const char *text = (const char *)payload + sizeof head;
	char *name = xstrndup(text, head.name_length);
	struct run_hook *hook = NULL;
	for (size_t i = 0; i < c->hook_count && !hook; i++) {
		if (!strcmp(c->hooks[i].name, name))
			hook = &c->hooks[i];
	}
	if (hook) {
		free(name);
	} else {
		struct run_hook fresh = { .name = name, .live = true };
		ARRAY_PUSH(c->hooks, c->hook_count, c->hook_capacity, fresh);
		hook = &c->hooks[c->hook_count - 1];
	}
	if (head.state != FTS_HOOK_LIVE && hook->live) {
		hook->live = false;
		hook->off = head.state == FTS_HOOK_OFF;
		hook->why = xstrndup(text + head.name_length, head.why_length);
	}
}

static void feed_gil_enabled(struct collator *c, const struct iteration_context *context,
			     const struct fts_record *record, const char *module)
{
	if (context->gil)
		return; /* it was on from the start */
	struct finding finding = { .kind = FINDING_GIL_ENABLED };
	finding.title = xprintf("Importing %s switched the GIL back on", module);
	const char *test = iteration_test(context, record->test);
	if (test)
		finding_add_test(&finding, test);
	collator_add(c, context, &finding);
}

/*
 * Keeps a lock record. If one is missing, none of the iteration's orders is judged: the missing one
 * may say that two orders can't meet (a thread start, a join, a lock that was freed), and without
 * it they would make a false finding.
 */
static void feed_lock(struct collator *c, struct zygote *zygote, const struct fts_record *record)
{
	bool fits = zygote->locks.length + record->length <= PENDING_MAX;
	if (fits && !zygote->orders_unknown) {
		buf_add(&zygote->locks, record, record->length);
		return;
	}
	c->limits.lock_bytes += !fits && !zygote->orders_unknown;
	zygote->orders_unknown = true;
}

static void feed_record(struct collator *c, const struct iteration_context *context,
			const struct fts_record *record)
{
	struct zygote *zygote = zygote_get(c, context->zygote);
	const uint8_t *payload = (const uint8_t *)(record + 1);
	size_t length = fts_payload_length(record);
	zygote->pid = (uint32_t)context->zygote_pid;
	uint32_t pid = owner(zygote, record->pid);

	if (lockorder_wants(record)) {
		feed_lock(c, zygote, record);
	} else if (record->type == FTS_REC_LOST) {
		limits_gap(&c->limits, context, record);
	} else if (record->type == FTS_REC_MODULE) {
		feed_module(c, zygote, pid, payload, length);
	} else if (record->type == FTS_REC_CODE) {
		feed_code(c, zygote, pid, payload, length);
	} else if (record->type == FTS_REC_OPERATIONS) {
		operations_take(c->operations, &zygote->tables, pid, payload, length);
	} else if (record->type == FTS_REC_REPORT) {
		buf_add(&zygote->pending, record, record->length);
		if (zygote->pending.length > PENDING_MAX)
			take_reports(c, zygote, context);
	} else if (record->type == FTS_REC_HOOK) {
		feed_hook(c, payload, length);
	} else if (record->type == FTS_REC_NOTE || record->type == FTS_REC_GIL_ENABLED) {
		char *text = xstrndup((const char *)payload, length);
		if (record->type == FTS_REC_NOTE)
			collator_note(c, text);
		else
			feed_gil_enabled(c, context, record, text);
		free(text);
	}
}

void collator_feed(struct collator *c, const struct iteration_context *context, const void *records,
		   size_t length)
{
	const uint8_t *at = records, *end = at + length;
	while (at < end) {
		const struct fts_record *record = (const void *)at;
		size_t left = (size_t)(end - at);
		if (left < sizeof record->length || record->length < sizeof *record ||
		    record->length % FTS_RECORD_ALIGN || record->length > left ||
		    record->padding > record->length - sizeof *record ||
		    record->padding >= FTS_RECORD_ALIGN) {
			c->limits.lost.records++;
			c->limits.lost.control++;
			zygote_get(c, context->zygote)->orders_unknown = true;
			collator_note(c, "a record broke the wire format; what followed it in its "
					 "ring was skipped");
			return;
		}
		if (record->type != FTS_REC_PAD) {
			c->records++;
			feed_record(c, context, record);
		}
		at += record->length;
	}
}

void collator_frames(struct collator *c, const struct iteration_context *context, pid_t pid,
		     const uint64_t *pcs, size_t count, bool first_is_exact, struct stack *out)
{
	const struct zygote *zygote = zygote_get(c, context->zygote);
	uint32_t from = pid == context->zygote_pid ? 0 : (uint32_t)pid;
	position *positions = xcalloc(count, sizeof *positions);
	count = tables_stack(&zygote->tables, from, pcs, count, first_is_exact, positions);
	frames_of(c->symbolizer, positions, count, out);
	free(positions);
}

/* ---- ready-made findings ---- */

static uint32_t finding_score(const struct finding *finding)
{
	uint32_t score = 1;
	for (size_t i = 0; i < finding->participant_count; i++) {
		size_t count = finding->participants[i].stack.count;
		score += (uint32_t)(count < STACK_FRAMES_COUNTED ? count : STACK_FRAMES_COUNTED);
	}
	return score;
}

/* Fills in what the maker of the finding has left out. */
static void complete(struct collator *c, const struct iteration_context *context,
		     struct finding *finding)
{
	if (!finding->test_count && context->tests && context->test_count == 1)
		finding_add_test(finding, context->tests[0]);
	if (!finding->id)
		finding->id = fingerprint_finding(finding, &c->roots);
	if (!finding->title)
		finding->title = explain_title(finding, NULL, &c->places);
	if (!finding->explanation)
		finding->explanation = explain_text(finding, NULL, &c->places);
}

const struct finding *collator_add(struct collator *c, const struct iteration_context *context,
				   struct finding *finding)
{
	complete(c, context, finding);
	char *test = finding->test_count ? xstrdup(finding->tests[0]) : NULL;
	size_t rule = c->options.suppressions ? suppress_match(c->options.suppressions, finding)
					      : SUPPRESS_NONE;
	uint32_t score = finding_score(finding);
	struct entry *entry = ledger_find(c->ledger, finding->id);
	if (!entry) {
		entry = ledger_add(c->ledger, finding);
	} else if (!entry->example || score > entry->score) {
		ledger_replace(entry, finding);
	}
	ledger_take_cause(&entry->finding, finding);
	if (score > entry->score || !entry->example)
		entry->score = score;
	entry->example = true;
	ledger_judge(c->ledger, entry, rule);
	for (size_t i = 1; i < finding->test_count; i++)
		finding_add_test(&entry->finding, finding->tests[i]);
	ledger_judge_again(c->ledger, entry);
	ledger_seen(c->ledger, context, entry, test);
	finding_clear(finding);
	free(test);
	return &entry->finding;
}

/* ---- results ---- */

const struct occurrence *collator_occurrences(const struct collator *c, size_t *count)
{
	return ledger_occurrences(c->ledger, count);
}

void collator_occurrences_done(struct collator *c)
{
	ledger_occurrences_done(c->ledger);
}

void collator_evidence(struct collator *c, const char *id, enum evidence shows, const char *text)
{
	struct entry *entry = ledger_find(c->ledger, id);
	free(entry->finding.evidence);
	entry->finding.shows = shows;
	entry->finding.evidence = xstrdup(text);
	ledger_judge_again(c->ledger, entry);
}

const struct finding *collator_script(struct collator *c, const char *id, const char *path,
				      const char *why)
{
	struct finding *finding = &ledger_find(c->ledger, id)->finding;
	free(finding->script);
	free(finding->no_script);
	finding->script = xstrdup(path);
	finding->no_script = xstrdup(why);
	return finding;
}

const struct finding *collator_as_written(struct collator *c, const char *id, unsigned runs,
					  unsigned seen)
{
	struct entry *entry = ledger_find(c->ledger, id);
	entry->finding.as_written_runs += runs;
	entry->finding.as_written_seen += seen;
	return &entry->finding;
}

const struct finding *const *collator_findings(struct collator *c, size_t *count)
{
	return ledger_findings(c->ledger, count);
}

struct collate_counters collator_counters(const struct collator *c)
{
	struct collate_counters counters = {
		c->records, c->limits.lost.records, c->reports, { 0 }
	};
	ledger_count(c->ledger, counters.by_status);
	return counters;
}

void collator_forget_orders(struct collator *c)
{
	lockorder_free(c->orders);
	c->orders = lockorder_new();
}

struct run_count *collator_counts(const struct collator *c, size_t *count)
{
	return lockorder_counts(c->orders, count);
}

struct run_lock *collator_locks(const struct collator *c, size_t *count)
{
	return lockorder_profile(c->orders, count);
}

const struct run_hook *collator_hooks(const struct collator *c, size_t *count)
{
	*count = c->hook_count;
	return c->hooks;
}

const char *const *collator_notes(const struct collator *c, size_t *count)
{
	*count = c->notes.count;
	return (const char *const *)c->notes.items;
}
