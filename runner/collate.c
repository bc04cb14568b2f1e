/*
 * collate.c - see collate.h.
 *
 * One report costs, from the cheapest to the dearest:
 *
 *   seen before      its stacks hash to known numbers, its signature (kind and stack numbers) to a
 *                    known finding: count it
 *   new signature    its stacks' sites, kept with each stack, give the fingerprint; known finding:
 *                    merge, and keep the better example
 *   new stack        its positions are symbolized, all of an iteration in one batch
 */
#include "runner/collate.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ftstress/arena.h"
#include "ftstress/record.h"
#include "runner/assemble.h"
#include "runner/explain.h"
#include "runner/fingerprint.h"
#include "runner/lockorder.h"
#include "runner/map.h"
#include "runner/symbolize.h"
#include "runner/tables.h"
#include "runner/util.h"

enum {
	PENDING_MAX = 64 << 20, /* bytes of reports kept for the iteration's end */
	COMPLETE_STACK = 64,    /* what a stack down to its thread's start counts for an example */
	FRAMES_COUNTED = 48,    /* deeper ones make no better example */
};

/* A stack by content, the same in all processes. */
struct shared_stack {
	size_t from; /* in collator.positions */
	uint32_t count;
	uint32_t score; /* how good an example it is */
	char *site;     /* see fingerprint.h; NULL = not looked at yet */
};

struct entry {
	struct finding finding;
	uint32_t score; /* of the example kept */
	size_t rule;    /* suppression, SUPPRESS_NONE = none */
	bool judged;    /* rule and status stand */
	bool example;   /* participants are from this run, not from the store */
};

struct zygote {
	unsigned number;
	uint32_t pid;
	struct tables tables;
	struct buf pending; /* FTS_REC_REPORT records as they came */
	struct buf locks;   /* the same, what lockorder.h takes */
};

struct tally {
	struct occurrence occurrence;
	char *token, *test;
};

struct collator {
	struct collate_options options;
	struct roots roots;  /* of fingerprints: where packages are installed */
	struct roots places; /* of titles: these and the sources */
	char **place_dirs;   /* those of `places`, own */
	size_t place_capacity;
	struct symbolizer *symbolizer;
	struct zygote *zygotes;
	size_t zygote_count, zygote_capacity;

	position *positions; /* of all stacks */
	size_t position_count, position_capacity;
	struct shared_stack *stacks;
	size_t stack_count, stack_capacity;
	struct map stacks_by_hash;
	struct map rules_by_position; /* hash of kind, top and position -> rule */
	struct map entries_by_signature;

	struct entry **entries;
	size_t entry_count, entry_capacity;
	struct map entries_by_id;
	const struct finding **sorted;

	struct tally *tallies;
	size_t tally_count, tally_capacity;
	struct map tallies_by_key;
	struct occurrence *occurrences; /* made of tallies on request */

	struct run_hook *hooks;
	size_t hook_count, hook_capacity;
	char **notes;
	size_t note_count, note_capacity;
	struct lockorder *orders;
	uint64_t records, lost, reports;
};

/* ---- life ---- */

static void take_note(void *context, const char *text)
{
	collator_note(context, text);
}

static struct entry *entry_add(struct collator *c, struct finding *finding)
{
	struct entry *entry = xcalloc(1, sizeof *entry);
	entry->finding = *finding;
	*finding = (struct finding){ 0 };
	entry->rule = SUPPRESS_NONE;
	ARRAY_PUSH(c->entries, c->entry_count, c->entry_capacity, entry);
	map_set(&c->entries_by_id, hash_string(0, entry->finding.id), c->entry_count - 1);
	return entry;
}

static void tallies_clear(struct collator *c)
{
	for (size_t i = 0; i < c->tally_count; i++) {
		free(c->tallies[i].token);
		free(c->tallies[i].test);
	}
	c->tally_count = 0;
	map_clear(&c->tallies_by_key);
}

static void maps_free(struct collator *c)
{
	map_free(&c->stacks_by_hash);
	map_free(&c->rules_by_position);
	map_free(&c->entries_by_signature);
	map_free(&c->entries_by_id);
	map_free(&c->tallies_by_key);
}

void collator_close(struct collator *c)
{
	if (!c)
		return;
	while (c->zygote_count)
		collator_zygote_end(c, c->zygotes[0].number);
	for (size_t i = 0; i < c->stack_count; i++)
		free(c->stacks[i].site);
	for (size_t i = 0; i < c->entry_count; i++) {
		finding_clear(&c->entries[i]->finding);
		free(c->entries[i]);
	}
	for (size_t i = 0; i < c->hook_count; i++) {
		free(c->hooks[i].name);
		free(c->hooks[i].why);
	}
	for (size_t i = 0; i < c->note_count; i++)
		free(c->notes[i]);
	tallies_clear(c);
	maps_free(c);
	symbolizer_close(c->symbolizer);
	lockorder_free(c->orders);
	for (size_t i = 0; i < c->places.count; i++)
		free(c->place_dirs[i]);
	free(c->place_dirs);
	free(c->zygotes);
	free(c->positions);
	free(c->stacks);
	free(c->entries);
	free(c->sorted);
	free(c->tallies);
	free(c->occurrences);
	free(c->hooks);
	free(c->notes);
	free(c);
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
	for (size_t i = 0; i < c->note_count; i++) {
		if (!strcmp(c->notes[i], text))
			return;
	}
	ARRAY_PUSH(c->notes, c->note_count, c->note_capacity, xstrdup(text));
}

void collator_lost(struct collator *c, uint64_t records)
{
	c->lost += records;
}

/* ---- tallies: what the store is to be told ---- */

static void strings_add(char ***strings, size_t *count, size_t max, const char *text)
{
	for (size_t i = 0; i < *count; i++) {
		if (!strcmp((*strings)[i], text))
			return;
	}
	if (*count == max)
		return;
	*strings = xrealloc(*strings, (*count + 1) * sizeof **strings);
	(*strings)[(*count)++] = xstrdup(text);
}

static const char *test_name(const struct iteration_context *context, uint32_t test)
{
	return context->tests && test < context->test_count ? context->tests[test] : NULL;
}

static void add_tally(struct collator *c, const struct iteration_context *context,
		      const struct entry *entry, const char *test, uint64_t times)
{
	const char *token = context->replay ? context->replay : "";
	uint64_t key = hash_string(hash_string(0, entry->finding.id), token);
	key = hash_string(key, test ? test : "");
	uint64_t at = map_get(&c->tallies_by_key, key);
	if (at == MAP_NONE) {
		struct tally tally = { .token = xstrdup(token), .test = xstrdup(test) };
		tally.occurrence = (struct occurrence){ &entry->finding, 0, tally.token, tally.test,
							entry->finding.last_seen };
		ARRAY_PUSH(c->tallies, c->tally_count, c->tally_capacity, tally);
		at = c->tally_count - 1;
		map_set(&c->tallies_by_key, key, at);
	}
	c->tallies[at].occurrence.count += times;
}

/* The finding was seen: counts, token, test, time. */
static void entry_seen(struct collator *c, const struct iteration_context *context,
		       struct entry *entry, const char *test, uint64_t times)
{
	struct finding *f = &entry->finding;
	f->count += times;
	f->run_count += times;
	f->last_seen = (int64_t)time(NULL);
	if (!f->first_seen)
		f->first_seen = f->last_seen;
	f->gil_on |= context->gil;
	f->gil_off |= !context->gil;
	if (context->replay)
		strings_add(&f->replays, &f->replay_count, FINDING_REPLAYS, context->replay);
	if (test)
		strings_add(&f->tests, &f->test_count, FINDING_TESTS, test);
	if (!f->command && c->options.command && context->replay)
		f->command = xprintf("%s --replay %s", c->options.command, context->replay);
	if (entry->rule != SUPPRESS_NONE)
		suppress_used(c->options.suppressions, entry->rule, times);
	add_tally(c, context, entry, test, times);
}

const struct occurrence *collator_occurrences(const struct collator *collator, size_t *count)
{
	struct collator *c = (struct collator *)collator;
	*count = c->tally_count;
	c->occurrences = xrealloc(c->occurrences, (*count + 1) * sizeof *c->occurrences);
	for (size_t i = 0; i < *count; i++)
		c->occurrences[i] = c->tallies[i].occurrence;
	return c->occurrences;
}

void collator_occurrences_done(struct collator *c)
{
	tallies_clear(c);
}

/* ---- findings ---- */

static struct entry *entry_find(struct collator *c, const char *id)
{
	uint64_t at = map_get(&c->entries_by_id, hash_string(0, id));
	return at == MAP_NONE ? NULL : c->entries[at];
}

static void set_status(struct collator *c, struct entry *entry, bool known)
{
	struct finding *f = &entry->finding;
	free(f->suppressed_by);
	f->suppressed_by = NULL;
	f->status = known ? STATUS_KNOWN : STATUS_NEW;
	if (entry->rule != SUPPRESS_NONE)
		f->suppressed_by =
			xstrdup(suppress_rule(c->options.suppressions, entry->rule, &f->status));
}

static bool known_before(struct collator *c, const char *id, struct store_history *history)
{
	*history = (struct store_history){ 0 };
	if (!c->options.store || store_history(c->options.store, c->options.run, id, history) != 0)
		return false;
	return history->known;
}

/* A new finding takes its history from the store. */
static void set_history(struct collator *c, struct entry *entry)
{
	struct store_history history;
	known_before(c, entry->finding.id, &history);
	entry->finding.count = history.count;
	entry->finding.run_count = history.run_count;
	entry->finding.first_seen = history.first_seen;
	entry->finding.last_seen = history.last_seen;
}

/* A finding is suppressed as long as a rule matched every example of it. */
static void judge(struct collator *c, struct entry *entry, size_t rule)
{
	struct store_history history;
	if (entry->judged && (entry->rule == SUPPRESS_NONE || rule != SUPPRESS_NONE))
		return;
	entry->rule = rule;
	entry->judged = true;
	set_status(c, entry, known_before(c, entry->finding.id, &history));
}

/* A run that is taken up again goes on with what it had. */
static void load_run(struct collator *c)
{
	struct finding *findings = NULL;
	size_t count = 0;
	if (!c->options.store || !c->options.run ||
	    store_findings(c->options.store, c->options.run, &findings, &count) != 0)
		return;
	for (size_t i = 0; i < count; i++) {
		struct entry *entry = entry_add(c, &findings[i]);
		size_t length = strlen(c->options.command ? c->options.command : "");
		struct finding *f = &entry->finding;
		if (!f->command && length && f->replay_count)
			f->command = xprintf("%s --replay %s", c->options.command, f->replays[0]);
		judge(c, entry,
		      c->options.suppressions ? suppress_match(c->options.suppressions, f)
					      : SUPPRESS_NONE);
	}
	free(findings);
}

/* What is cut off file names in titles. Meson builds a package in its source's build-tsan. */
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
	load_run(c);
	return c;
}

/* Moves the example (what a person looks at) from one finding into another. */
static void move_example(struct finding *to, struct finding *from)
{
	struct finding old = {
		.title = to->title,
		.explanation = to->explanation,
		.detail = to->detail,
		.graph = to->graph,
		.subject = to->subject,
		.participants = to->participants,
		.participant_count = to->participant_count,
	};
	to->title = from->title;
	to->explanation = from->explanation;
	to->detail = from->detail;
	to->graph = from->graph;
	to->subject = from->subject;
	to->participants = from->participants;
	to->participant_count = from->participant_count;
	from->title = from->explanation = from->detail = from->graph = NULL;
	from->subject = (struct subject){ 0 };
	from->participants = NULL;
	from->participant_count = 0;
	finding_clear(&old);
}

/* ---- stacks ---- */

static uint32_t stack_intern(struct collator *c, const position *positions, size_t count)
{
	uint64_t hash = count;
	for (size_t i = 0; i < count; i++) {
		uint64_t state = hash ^ positions[i];
		hash = splitmix64(&state);
	}
	uint64_t at = map_get(&c->stacks_by_hash, hash);
	if (at != MAP_NONE)
		return (uint32_t)at;
	struct shared_stack stack = { .from = c->position_count, .count = (uint32_t)count };
	for (size_t i = 0; i < count; i++)
		ARRAY_PUSH(c->positions, c->position_count, c->position_capacity, positions[i]);
	ARRAY_PUSH(c->stacks, c->stack_count, c->stack_capacity, stack);
	map_set(&c->stacks_by_hash, hash, c->stack_count - 1);
	return (uint32_t)(c->stack_count - 1);
}

static void frames_of(struct collator *c, const position *positions, size_t count,
		      struct stack *out)
{
	*out = (struct stack){ 0 };
	symbolizer_resolve(c->symbolizer, positions, count);
	for (size_t i = 0; i < count; i++) {
		const struct stack *frames = symbolizer_frames(c->symbolizer, positions[i]);
		stack_append(out, frames->frames, frames->count);
	}
}

/* Does the stack reach the start of its thread or process? */
static bool is_complete(const struct stack *stack)
{
	static const char *const starts[] = { "thread_run",        "pythread_wrapper",
					      "start_thread",      "Py_BytesMain",
					      "pymain_main",       "main",
					      "Thread._bootstrap", "__libc_start_main" };
	for (size_t i = 0; i < 3 && i < stack->count; i++) {
		const char *name = stack->frames[stack->count - 1 - i].function;
		for (size_t k = 0; k < sizeof starts / sizeof *starts; k++) {
			if (!strcmp(name, starts[k]))
				return true;
		}
	}
	return false;
}

/* Site and worth of a stack, on its first use. */
static const struct shared_stack *stack_known(struct collator *c, uint32_t number)
{
	struct shared_stack *shared = &c->stacks[number];
	if (shared->site)
		return shared;
	struct stack stack;
	frames_of(c, c->positions + shared->from, shared->count, &stack);
	for (size_t i = 0; i < stack.count && shared->score < FRAMES_COUNTED; i++)
		shared->score += stack.frames[i].language != FRAME_UNKNOWN;
	if (is_complete(&stack))
		shared->score += COMPLETE_STACK;
	shared->site = site_text(&stack, &c->roots);
	stack_clear(&stack);
	return shared;
}

/* ---- reports ---- */

struct parsed {
	const struct fts_record *record;
	struct report_view view;
	uint32_t *stacks; /* number of each section's stack */
	uint64_t signature;
};

/* A pid as the tables know it. */
static uint32_t owner(const struct zygote *zygote, uint32_t pid)
{
	return pid == zygote->pid ? 0 : pid;
}

/* The stacks of a report by number, and its signature. */
static void intern_report(struct collator *c, const struct zygote *zygote, struct parsed *parsed)
{
	uint32_t pid = owner(zygote, parsed->record->pid);
	const struct report_view *view = &parsed->view;
	position *positions = NULL;
	size_t capacity = 0;
	uint64_t hash = hash_bytes(view->kind, view->text, view->text_length);

	parsed->stacks = xcalloc(view->count, sizeof *parsed->stacks);
	for (size_t i = 0; i < view->count; i++) {
		const struct section_view *section = &view->sections[i];
		size_t count = section->head.frame_count;
		if (count > capacity) {
			capacity = count;
			positions = xrealloc(positions, capacity * sizeof *positions);
		}
		count = tables_stack(&zygote->tables, pid, section->frames, count, false,
				     positions);
		parsed->stacks[i] = stack_intern(c, positions, count);
		if (!section_is_act(view, section))
			continue;
		uint64_t state = hash ^ parsed->stacks[i] ^ (uint64_t)section->head.flags << 40 ^
				 (uint64_t)section->head.kind << 56;
		hash = splitmix64(&state);
	}
	parsed->signature = hash;
	free(positions);
}

static struct parsed *parse_pending(struct collator *c, struct zygote *zygote, size_t *count)
{
	struct parsed *parsed = NULL;
	size_t capacity = 0, at = 0;
	*count = 0;
	while (at < zygote->pending.length) {
		const struct fts_record *record = (const void *)(zygote->pending.data + at);
		struct parsed one = { .record = record };
		at += record->length;
		if (!report_parse(record + 1, record->length - sizeof *record, &one.view)) {
			c->lost++;
			collator_note(c, "a report broke the wire format and was skipped");
			continue;
		}
		c->reports++;
		intern_report(c, zygote, &one);
		ARRAY_PUSH(parsed, *count, capacity, one);
	}
	return parsed;
}

/* Symbolizes what is new, in one batch. */
static void resolve_new(struct collator *c, size_t first_stack)
{
	if (first_stack == c->stack_count)
		return;
	size_t from = c->stacks[first_stack].from;
	symbolizer_resolve(c->symbolizer, c->positions + from, c->position_count - from);
}

static char *view_text(const struct report_view *view)
{
	return view->text_length ? xstrndup(view->text, view->text_length) : NULL;
}

static char *report_fingerprint(struct collator *c, const struct parsed *parsed)
{
	const struct report_view *view = &parsed->view;
	enum finding_kind kind = report_kind(view);
	const char **parts = xcalloc(view->count + 1, sizeof *parts);
	char *text = view_text(view);
	size_t count = 0;
	for (size_t i = 0; i < view->count; i++) {
		if (section_is_act(view, &view->sections[i]))
			parts[count++] = stack_known(c, parsed->stacks[i])->site;
	}
	if (text) /* another type of TSan's, or the name of a Python variable */
		parts[count++] = text;
	char *id = fingerprint(kind, parts, count);
	free(text);
	free(parts);
	return id;
}

static uint32_t report_score(struct collator *c, const struct parsed *parsed)
{
	uint32_t score = 0;
	for (size_t i = 0; i < parsed->view.count; i++) {
		const struct section_view *section = &parsed->view.sections[i];
		if (section_is_act(&parsed->view, section))
			score += 4 * stack_known(c, parsed->stacks[i])->score;
		else
			score += section->head.frame_count > 0;
	}
	return score;
}

/* The rule for one position, remembered: rules are many and positions come again. */
static size_t position_rule(struct collator *c, enum finding_kind kind, position where, bool top)
{
	uint64_t state = where ^ (uint64_t)kind << 40 ^ (uint64_t)top << 62;
	uint64_t key = splitmix64(&state);
	uint64_t known = map_get(&c->rules_by_position, key);
	if (known != MAP_NONE)
		return known == MAP_NONE - 1 ? SUPPRESS_NONE : (size_t)known;
	const struct stack *frames = symbolizer_frames(c->symbolizer, where);
	size_t best = SUPPRESS_NONE;
	for (size_t i = 0; i < frames->count; i++) {
		size_t rule = suppress_frame(c->options.suppressions, kind, &frames->frames[i],
					     top && i == 0);
		best = rule < best ? rule : best;
	}
	map_set(&c->rules_by_position, key, best == SUPPRESS_NONE ? MAP_NONE - 1 : best);
	return best;
}

static size_t report_rule(struct collator *c, const struct parsed *parsed)
{
	enum finding_kind kind = report_kind(&parsed->view);
	size_t best = SUPPRESS_NONE;
	if (!c->options.suppressions)
		return best;
	for (size_t i = 0; i < parsed->view.count; i++) {
		const struct shared_stack *stack = &c->stacks[parsed->stacks[i]];
		for (size_t k = 0; k < stack->count; k++) {
			size_t rule = position_rule(c, kind, c->positions[stack->from + k], k == 0);
			best = rule < best ? rule : best;
		}
	}
	return best;
}

/* ---- a report's names ---- */

struct naming {
	struct collator *collator;
	const struct zygote *zygote;
	const struct parsed *parsed;
};

static void naming_frames(void *context, size_t index, struct stack *out)
{
	const struct naming *naming = context;
	const struct shared_stack *stack = &naming->collator->stacks[naming->parsed->stacks[index]];
	frames_of(naming->collator, naming->collator->positions + stack->from, stack->count, out);
}

static char *naming_variable(void *context, uint64_t address, uint64_t *offset)
{
	const struct naming *naming = context;
	uint32_t pid = owner(naming->zygote, naming->parsed->record->pid);
	position where = tables_position(&naming->zygote->tables, pid, address);
	if (where == POSITION_UNKNOWN || (where & POSITION_PYTHON))
		return NULL;
	return symbolizer_variable(naming->collator->symbolizer, where, offset);
}

static void build_example(struct collator *c, const struct zygote *zygote,
			  const struct parsed *parsed, struct finding *out)
{
	struct naming naming = { c, zygote, parsed };
	struct assembler assembler = { &naming, naming_frames, naming_variable };
	char *text = view_text(&parsed->view);
	*out = (struct finding){ 0 };
	report_assemble(&parsed->view, &assembler, out);
	out->title = explain_title(out, text, &c->places);
	out->explanation = explain_text(out, text, &c->places);
	free(text);
}

/* The finding of a report whose signature is new: an old one, or one that begins. */
static struct entry *merge_report(struct collator *c, const struct zygote *zygote,
				  const struct parsed *parsed)
{
	char *id = report_fingerprint(c, parsed);
	struct entry *entry = entry_find(c, id);
	uint32_t score = report_score(c, parsed);
	size_t rule = report_rule(c, parsed);
	/* the example shows what is not suppressed, if there is such */
	bool opens = entry && entry->rule != SUPPRESS_NONE && rule == SUPPRESS_NONE;
	bool hidden =
		entry && entry->judged && entry->rule == SUPPRESS_NONE && rule != SUPPRESS_NONE;

	if (!entry || !entry->example || opens || (score > entry->score && !hidden)) {
		struct finding example;
		build_example(c, zygote, parsed, &example);
		if (!entry) {
			example.id = xstrdup(id);
			entry = entry_add(c, &example);
			set_history(c, entry);
		} else {
			move_example(&entry->finding, &example);
			finding_clear(&example);
		}
		entry->score = score;
		entry->example = true;
	}
	judge(c, entry, rule);
	free(id);
	return entry;
}

static size_t entry_number(const struct collator *c, const struct entry *entry)
{
	return (size_t)map_get(&c->entries_by_id, hash_string(0, entry->finding.id));
}

static void resolve_pending(struct collator *c, struct zygote *zygote,
			    const struct iteration_context *context)
{
	size_t count, first_stack = c->stack_count;
	struct parsed *parsed = parse_pending(c, zygote, &count);
	resolve_new(c, first_stack);
	for (size_t i = 0; i < count; i++) {
		uint64_t at = map_get(&c->entries_by_signature, parsed[i].signature);
		struct entry *entry;
		if (at != MAP_NONE) {
			entry = c->entries[at];
		} else {
			entry = merge_report(c, zygote, &parsed[i]);
			map_set(&c->entries_by_signature, parsed[i].signature,
				entry_number(c, entry));
		}
		entry_seen(c, context, entry, test_name(context, parsed[i].record->test), 1);
		free(parsed[i].view.sections);
		free(parsed[i].stacks);
	}
	free(parsed);
	buf_clear(&zygote->pending);
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
	uint32_t stack = stack_intern(o->collator, positions, count);
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
	struct collator *c = ((const struct ordering *)context)->collator;
	const struct shared_stack *stack = &c->stacks[number];
	frames_of(c, c->positions + stack->from, stack->count, out);
}

static char *ordering_variable(void *context, position where, uint64_t *offset)
{
	const struct ordering *o = context;
	return symbolizer_variable(o->collator->symbolizer, where, offset);
}

static void ordering_found(void *context, struct finding *finding, uint32_t test)
{
	const struct ordering *o = context;
	const char *name = test_name(o->context, test);
	if (name)
		strings_add(&finding->tests, &finding->test_count, FINDING_TESTS, name);
	collator_add(o->collator, o->context, finding);
}

static void take_orders(struct collator *c, struct zygote *zygote,
			const struct iteration_context *context)
{
	struct ordering ordering = { c, zygote, context };
	struct lockorder_host host = {
		.context = &ordering,
		.intern = ordering_intern,
		.where = ordering_where,
		.frames = ordering_frames,
		.variable = ordering_variable,
		.found = ordering_found,
		.zygote_pid = zygote->pid,
		.roots = c->roots,
		.places = c->places,
	};
	if (zygote->locks.length)
		lockorder_take(c->orders, &host, zygote->locks.data, zygote->locks.length);
	buf_clear(&zygote->locks);
}

void collator_iteration_end(struct collator *c, const struct iteration_context *context)
{
	struct zygote *zygote = zygote_get(c, context->zygote);
	resolve_pending(c, zygote, context);
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
		ARRAY_PUSH(c->hooks, c->hook_count, c->hook_capacity,
			   (struct run_hook){ .name = name });
		hook = &c->hooks[c->hook_count - 1];
	}
	hook->live |= head.live != 0;
	if (hook->live || (head.why_length && !hook->why)) {
		free(hook->why);
		hook->why = hook->live || !head.why_length
				    ? NULL
				    : xstrndup(text + head.name_length, head.why_length);
	}
}

static void feed_gil_enabled(struct collator *c, const struct iteration_context *context,
			     const struct fts_record *record, const char *module)
{
	if (context->gil)
		return; /* it was on from the start */
	struct finding finding = { .kind = FINDING_GIL_ENABLED };
	finding.title = xprintf("Importing %s switched the GIL back on", module);
	const char *test = test_name(context, record->test);
	if (test)
		strings_add(&finding.tests, &finding.test_count, FINDING_TESTS, test);
	collator_add(c, context, &finding);
}

static void feed_record(struct collator *c, const struct iteration_context *context,
			const struct fts_record *record)
{
	struct zygote *zygote = zygote_get(c, context->zygote);
	const uint8_t *payload = (const uint8_t *)(record + 1);
	size_t length = record->length - sizeof *record;
	zygote->pid = (uint32_t)context->zygote_pid;
	uint32_t pid = owner(zygote, record->pid);

	if (lockorder_wants(record)) {
		if (zygote->locks.length < PENDING_MAX)
			buf_add(&zygote->locks, record, record->length);
	} else if (record->type == FTS_REC_MODULE) {
		feed_module(c, zygote, pid, payload, length);
	} else if (record->type == FTS_REC_CODE) {
		feed_code(c, zygote, pid, payload, length);
	} else if (record->type == FTS_REC_REPORT) {
		buf_add(&zygote->pending, record, record->length);
		if (zygote->pending.length > PENDING_MAX)
			resolve_pending(c, zygote, context);
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
		    record->length % 8 || record->length > left) {
			c->lost++;
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
	frames_of(c, positions, count, out);
	free(positions);
}

/* ---- ready-made findings ---- */

static uint32_t finding_score(const struct finding *finding)
{
	uint32_t score = 1;
	for (size_t i = 0; i < finding->participant_count; i++) {
		size_t count = finding->participants[i].stack.count;
		score += (uint32_t)(count < FRAMES_COUNTED ? count : FRAMES_COUNTED);
	}
	return score;
}

/* What the maker left out. */
static void complete(struct collator *c, const struct iteration_context *context,
		     struct finding *finding)
{
	if (!finding->test_count && context->tests && context->test_count == 1)
		strings_add(&finding->tests, &finding->test_count, FINDING_TESTS,
			    context->tests[0]);
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
	struct entry *entry = entry_find(c, finding->id);
	if (!entry) {
		entry = entry_add(c, finding);
		set_history(c, entry);
	} else if (!entry->example || score > entry->score) {
		move_example(&entry->finding, finding);
	}
	if (score > entry->score || !entry->example)
		entry->score = score;
	entry->example = true;
	judge(c, entry, rule);
	for (size_t i = 1; i < finding->test_count; i++)
		strings_add(&entry->finding.tests, &entry->finding.test_count, FINDING_TESTS,
			    finding->tests[i]);
	entry_seen(c, context, entry, test, 1);
	finding_clear(finding);
	free(test);
	return &entry->finding;
}

/* ---- results ---- */

static int compare_findings(const void *left, const void *right)
{
	const struct finding *a = *(const struct finding *const *)left;
	const struct finding *b = *(const struct finding *const *)right;
	if (a->status != b->status)
		return a->status < b->status ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->run_count != b->run_count)
		return a->run_count > b->run_count ? -1 : 1;
	return strcmp(a->id, b->id);
}

const struct finding *const *collator_findings(struct collator *c, size_t *count)
{
	*count = c->entry_count;
	c->sorted = xrealloc(c->sorted, (*count + 1) * sizeof *c->sorted);
	for (size_t i = 0; i < *count; i++)
		c->sorted[i] = &c->entries[i]->finding;
	qsort(c->sorted, *count, sizeof *c->sorted, compare_findings);
	return c->sorted;
}

struct collate_counters collator_counters(const struct collator *c)
{
	struct collate_counters counters = { c->records, c->lost, c->reports, { 0 } };
	for (size_t i = 0; i < c->entry_count; i++)
		counters.by_status[c->entries[i]->finding.status]++;
	return counters;
}

const struct run_hook *collator_hooks(const struct collator *c, size_t *count)
{
	*count = c->hook_count;
	return c->hooks;
}

const char *const *collator_notes(const struct collator *c, size_t *count)
{
	*count = c->note_count;
	return (const char *const *)c->notes;
}
