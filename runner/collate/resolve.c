/*
 * resolve.c - see resolve.h.
 *
 * What one report costs, from cheap to dear:
 *
 *   seen before      Its stacks have known numbers. Its signature (kind, numbers of the stacks, and
 *                    the global variable that it is on) leads to a finding, which is counted.
 *   new signature    The sites, which are kept with each stack, make the fingerprint. If there is
 *                    such a finding, the two are merged, and the better example is kept.
 *   new stack        Its positions have to be symbolized, all of an iteration in one batch.
 */
#include "runner/collate/resolve.h"

#include <stdlib.h>
#include <string.h>

#include "ftstress/record.h"
#include "runner/collate/countlog.h"
#include "runner/collate/fieldname.h"
#include "runner/collate/refine.h"
#include "runner/collate/unseen.h"
#include "runner/collate/variable.h"
#include "runner/model/api_rules.h"
#include "runner/records/assemble.h"
#include "runner/model/explain.h"
#include "runner/model/fingerprint.h"
#include "runner/model/matrix.h"
#include "runner/base/map.h"
#include "runner/base/meanwhile.h"
#include "runner/model/plumbing.h"
#include "runner/symbols/source.h"
#include "runner/base/util.h"

#define NO_ENTRY (MAP_NONE - 1) /* reports with this signature are no finding */

struct resolver {
	struct resolver_parts parts;
	struct map rules_by_position; /* hash of kind, position, and whether on top -> rule */
	struct map entries_by_signature;
	struct source_cache *sources;
	struct raced raced;
	struct unseen unseen;
};

/* The reports of one call come from the processes of one zygote. */
struct source {
	const struct tables *tables;
	uint32_t zygote_pid;
};

struct parsed {
	const struct fts_record *record;
	struct report_view view;
	uint32_t *stacks; /* for each section: the number of its stack */
	char *global; /* the global variable that it is on, outside of the interpreter; or NULL */
	uint64_t signature;
	enum finding_kind kind; /* of the report alone; with its stacks named, see refine.h */
};

/* The number by which the tables know a process: 0 is the zygote. */
static uint32_t owner(const struct source *source, uint32_t pid)
{
	return pid == source->zygote_pid ? 0 : pid;
}

static char *find_global(struct resolver *r, const struct source *source,
			 const struct parsed *parsed)
{
	uint64_t address = report_global_address(&parsed->view);
	uint32_t pid = owner(source, parsed->record->pid);
	position where = address ? tables_position(source->tables, pid, address) : POSITION_UNKNOWN;
	if (where == POSITION_UNKNOWN ||
	    plumbing_is_base_module(symbolizer_module_name(r->parts.symbolizer, where)))
		return NULL;
	const char *symbol = symbolizer_global(r->parts.symbolizer, where);
	return symbol ? global_text(symbol) : NULL;
}

/* Fills in the numbers of a report's stacks, its global variable, and its signature. */
static void intern_report(struct resolver *r, const struct source *source, struct parsed *parsed)
{
	uint32_t pid = owner(source, parsed->record->pid);
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
		count = tables_stack(source->tables, pid, section->frames, count, false, positions);
		parsed->stacks[i] = stacks_add(r->parts.stacks, positions, count);
		if (!section_is_act(view, section) && !refine_by_maker(view, i))
			continue;
		uint64_t state = hash ^ parsed->stacks[i] ^ (uint64_t)section->head.flags << 40 ^
				 (uint64_t)section->head.kind << 56;
		hash = splitmix64(&state);
	}
	parsed->global = find_global(r, source, parsed);
	parsed->signature = parsed->global ? hash_string(hash, parsed->global) : hash;
	free(positions);
}

static struct parsed *parse(struct resolver *r, const struct source *source, const uint8_t *records,
			    size_t length, struct resolved *counts)
{
	struct parsed *parsed = NULL;
	size_t capacity = 0, at = 0;
	while (at < length) {
		const struct fts_record *record = (const void *)(records + at);
		struct parsed one = { .record = record };
		at += record->length;
		if (!report_parse(record + 1, fts_payload_length(record), &one.view)) {
			counts->broken++;
			continue;
		}
		one.kind = report_kind(&one.view);
		intern_report(r, source, &one);
		meanwhile();
		ARRAY_PUSH(parsed, counts->reports, capacity, one);
	}
	return parsed;
}

static char *view_text(const struct report_view *view)
{
	return view->text_length ? xstrndup(view->text, view->text_length) : NULL;
}

/* The global variable that counts for the fingerprint (fingerprint.h); NULL = none does. */
static const char *known_global(struct resolver *r, const struct parsed *parsed)
{
	for (size_t i = 0; i < parsed->view.count && parsed->global; i++) {
		if (section_is_act(&parsed->view, &parsed->view.sections[i]) &&
		    stacks_judge(r->parts.stacks, parsed->stacks[i]).base)
			return NULL;
	}
	return parsed->global;
}

/*
 * Of a race in Python code, for a read that another function's write goes by: that function, or that uses what
 * was checked. So what is read in one and written in the other is one finding, whichever of the two meets the
 * other thread's write.
 */
static void acting_sites(struct resolver *r, const struct parsed *parsed, const char **sites,
			 size_t count)
{
	const struct report_view *view = &parsed->view;
	static const char fields[] = "two-fields\t";
	if (view->text_length >= sizeof fields - 1 &&
	    !memcmp(view->text, fields, sizeof fields - 1))
		return;
	for (size_t i = 0, act = 0; i < view->count; i++) {
		const struct fts_section *head = &view->sections[i].head;
		bool reads = head->kind == FTS_SEC_ACCESS && !(head->flags & FTS_ACCESS_WRITE);
		if (!section_is_act(view, &view->sections[i]))
			continue;
		for (size_t k = 0; k < view->count && reads && act < count; k++)
			if (view->sections[k].head.kind == FTS_SEC_PARTNER &&
			    !(view->sections[k].head.flags & FTS_PARTNER_CHECK) &&
			    view->sections[k].head.value == act)
				sites[act] = stacks_judge(r->parts.stacks, parsed->stacks[k]).site;
		act++;
	}
}

static char *report_fingerprint(struct resolver *r, const struct parsed *parsed)
{
	const struct report_view *view = &parsed->view;
	enum finding_kind kind = parsed->kind;
	const char **parts = xcalloc(view->count + 3, sizeof *parts);
	const char *name = known_global(r, parsed);
	char *text = view_text(view), *global = name ? xprintf("global:%s", name) : NULL;
	char *maker = NULL;
	size_t count = 0;
	for (size_t i = 0; i < view->count; i++) {
		if (section_is_act(view, &view->sections[i]))
			parts[count++] = stacks_judge(r->parts.stacks, parsed->stacks[i]).site;
		if (!maker && refine_by_maker(view, i) &&
		    (maker = refine_maker(r->parts.stacks, parsed->stacks[i], &r->parts.places)))
			parts[count++] = maker;
	}
	char *id =
		kind == FINDING_PYTHON_RACE ? variable_fingerprint(kind, text, parts, count) : NULL;
	if (kind == FINDING_PYTHON_RACE && !id)
		acting_sites(r, parsed, parts, count);
	if (!id) {
		if (text) /* the type of a report that is no data race */
			parts[count++] = text;
		if (global)
			parts[count++] = global;
		id = fingerprint(kind, parts, count);
	}
	free(maker);
	free(global);
	free(text);
	free(parts);
	return id;
}

static uint32_t report_score(struct resolver *r, const struct parsed *parsed)
{
	uint32_t score = 0;
	for (size_t i = 0; i < parsed->view.count; i++) {
		const struct section_view *section = &parsed->view.sections[i];
		if (section_is_act(&parsed->view, section))
			score += 4 * stacks_judge(r->parts.stacks, parsed->stacks[i]).score;
		else
			score += section->head.frame_count > 0;
	}
	return score;
}

/*
 * The rule that matches one position. It is kept: there are many rules, and positions come again.
 */
static size_t position_rule(struct resolver *r, enum finding_kind kind, position where, bool top)
{
	uint64_t state = where ^ (uint64_t)kind << 40 ^ (uint64_t)top << 62;
	uint64_t key = splitmix64(&state);
	uint64_t known = map_get(&r->rules_by_position, key);
	if (known != MAP_NONE)
		return known == MAP_NONE - 1 ? SUPPRESS_NONE : (size_t)known;
	const struct stack *frames = symbolizer_frames(r->parts.symbolizer, where);
	size_t best = SUPPRESS_NONE;
	for (size_t i = 0; i < frames->count; i++) {
		size_t rule = suppress_frame(r->parts.suppressions, kind, &frames->frames[i],
					     top && i == 0);
		best = rule < best ? rule : best;
	}
	map_set(&r->rules_by_position, key, best == SUPPRESS_NONE ? MAP_NONE - 1 : best);
	return best;
}

/* The type of the object that the race is on, not on its data; NULL: it is on none. To be freed. */
static char *type_in(const struct report_view *view)
{
	for (size_t i = 0; i < view->count; i++) {
		const struct section_view *section = &view->sections[i];
		if (section->head.kind == FTS_SEC_OBJECT && section->head.text_length &&
		    !(section->head.flags & FTS_OBJECT_DATA))
			return xstrndup(section->text, section->head.text_length);
	}
	return NULL;
}

/* The rule of CPython's that matches. These look at whole stacks. */
static size_t upstream_rule(struct resolver *r, const struct parsed *parsed)
{
	struct stack *stacks = xcalloc(parsed->view.count + 1, sizeof *stacks);
	const struct stack **accesses = xcalloc(parsed->view.count + 1, sizeof *accesses);
	size_t count = 0;
	for (size_t i = 0; i < parsed->view.count; i++) {
		if (!section_is_act(&parsed->view, &parsed->view.sections[i]))
			continue;
		stacks_frames(r->parts.stacks, parsed->stacks[i], &stacks[count]);
		accesses[count] = &stacks[count];
		count++;
	}
	const struct suppressions *set = r->parts.suppressions;
	char *type = type_in(&parsed->view);
	size_t rule = suppress_accesses(set, parsed->kind, accesses, count);
	size_t on = suppress_object(set, parsed->kind, type, accesses, count);
	rule = on < rule ? on : rule;
	free(type);
	for (size_t i = 0; i < count; i++)
		stack_clear(&stacks[i]);
	free(accesses);
	free(stacks);
	return rule;
}

static size_t report_rule(struct resolver *r, const struct parsed *parsed)
{
	enum finding_kind kind = parsed->kind;
	if (!r->parts.suppressions)
		return SUPPRESS_NONE;
	size_t best = upstream_rule(r, parsed);
	for (size_t i = 0; i < parsed->view.count; i++) {
		struct shared_stack stack = stacks_get(r->parts.stacks, parsed->stacks[i]);
		bool told = parsed->view.sections[i].head.kind == FTS_SEC_OBJECT;
		for (size_t k = 0; k < stack.count && !told; k++) {
			size_t rule = position_rule(r, kind, stack.positions[k], k == 0);
			best = rule < best ? rule : best;
		}
	}
	return best;
}

/* ---- names for a report's addresses ---- */

struct naming {
	struct resolver *resolver;
	const struct source *source;
	const struct parsed *parsed;
};

static void naming_frames(void *context, size_t index, struct stack *out)
{
	const struct naming *naming = context;
	stacks_frames(naming->resolver->parts.stacks, naming->parsed->stacks[index], out);
}

static char *naming_variable(void *context, uint64_t address, uint64_t *offset)
{
	const struct naming *naming = context;
	uint32_t pid = owner(naming->source, naming->parsed->record->pid);
	position where = tables_position(naming->source->tables, pid, address);
	if (where == POSITION_UNKNOWN || (where & POSITION_PYTHON))
		return NULL;
	return symbolizer_variable(naming->resolver->parts.symbolizer, where, offset);
}

static char *naming_member(void *context, const char *type, uint64_t offset)
{
	const struct naming *naming = context;
	const struct resolver *r = naming->resolver;
	const struct fieldname_parts parts = { r->parts.symbolizer, r->parts.stacks, r->sources };
	return fieldname(&parts, &naming->parsed->view, naming->parsed->stacks, type, offset);
}

/* The rule of the C API that a side of a race breaks, by a call or by a macro in its line; or NULL. */
static const struct api_rule *rule_of(struct resolver *r, const struct finding *race,
				      const struct participant *side)
{
	const struct api_rule *rule = api_rule_called(&side->stack);
	const struct frame *frame = rule ? NULL : api_rule_macro_frame(&side->stack);
	struct source_line line;
	if (frame && frame->file && subject_is_python(race->subject.kind) &&
	    source_get(r->sources, frame->file, frame->line, &line))
		rule = api_rule_in_line(line.text, line.length);
	return rule;
}

static char *rules_of(struct resolver *r, const struct finding *finding)
{
	const struct api_rule *told[2] = { NULL, NULL };
	struct buf out = { 0 };
	for (size_t i = 0; i < 2 && i < finding->participant_count; i++) {
		told[i] = rule_of(r, finding, &finding->participants[i]);
		if (told[i] && (i == 0 || told[i] != told[0]))
			api_rule_add(&out, told[i]);
	}
	return told[0] || told[1] ? buf_take(&out) : NULL;
}

/* Says of each side which operation of a type it is in. */
static void name_operations(struct resolver *r, struct finding *finding)
{
	for (size_t i = 0; r->parts.operations && i < finding->participant_count; i++) {
		struct participant *side = &finding->participants[i];
		struct type_operation in = operations_in(r->parts.operations, &side->stack);
		if (!in.type)
			continue;
		side->type = xstrdup(in.type);
		side->operation = xstrdup(in.name);
		char *role = xprintf("%s in %s.%s", side->role, in.type, in.name);
		free(side->role);
		side->role = role;
	}
}

/* Says it if the code of one side is such that what orders it may not be seen. */
static void add_unseen(struct resolver *r, const struct parsed *parsed, struct finding *out)
{
	char *said = finding_is_race(out) ? unseen_side(r->parts.symbolizer, r->parts.stacks,
							&parsed->view, parsed->stacks)
					  : NULL;
	if (!said)
		return;
	char *all = xprintf("%s %s", out->explanation, said);
	free(out->explanation);
	out->explanation = all;
	free(said);
}

static void build_example(struct resolver *r, const struct source *source,
			  const struct parsed *parsed, struct finding *out)
{
	struct naming naming = { r, source, parsed };
	struct assembler assembler = { &naming, naming_frames, naming_variable, naming_member,
				       r->parts.places };
	char *text = view_text(&parsed->view);
	*out = (struct finding){ 0 };
	report_assemble(&parsed->view, &assembler, out);
	out->kind = parsed->kind;
	refine_end(out);
	name_operations(r, out);
	out->subject.global = xstrdup(known_global(r, parsed));
	if (finding_is_race(out))
		out->rules = rules_of(r, out);
	out->detail = countlog_text(&parsed->view, naming_frames, &naming, &r->parts.places);
	out->title = explain_title(out, text, &r->parts.places);
	out->explanation = explain_text(out, text, &r->parts.places);
	add_unseen(r, parsed, out);
	free(text);
}

/* Does a comment at the line of one of its sides say that the race is meant? To be freed. */
static char *meant_of(struct resolver *r, const struct parsed *parsed)
{
	char *meant = NULL;
	if (parsed->kind != FINDING_PYTHON_RACE)
		return NULL;
	for (size_t i = 0; i < parsed->view.count && !meant; i++) {
		struct stack stack;
		if (!section_is_act(&parsed->view, &parsed->view.sections[i]))
			continue;
		stacks_frames(r->parts.stacks, parsed->stacks[i], &stack);
		if (stack.count)
			meant = variable_meant(r->sources, &stack.frames[0], &r->parts.places);
		stack_clear(&stack);
	}
	return meant;
}

/* The finding of a report whose signature is new: one that is there, or a new one. */
static struct entry *merge_report(struct resolver *r, const struct source *source,
				  const struct parsed *parsed, const char *test)
{
	char *id = report_fingerprint(r, parsed);
	struct entry *entry = ledger_find(r->parts.ledger, id);
	uint32_t score = report_score(r, parsed);
	size_t rule = report_rule(r, parsed);
	char *meant = meant_of(r, parsed);
	bool first = !entry || !entry->example;
	/* An example that no rule suppresses is preferred to one that a rule does. */
	bool opens = entry && entry->rule != SUPPRESS_NONE && rule == SUPPRESS_NONE;
	bool hidden =
		entry && entry->judged && entry->rule == SUPPRESS_NONE && rule != SUPPRESS_NONE;

	/* And one of the type that it is told with, to one of another type. */
	unsigned fit = entry ? matrix_fit(&entry->finding, test) : 1;
	bool better = entry && !hidden &&
		      (fit > entry->fit || (fit == entry->fit && score > entry->score));

	if (!entry || !entry->example || opens || better) {
		struct finding example;
		build_example(r, source, parsed, &example);
		if (!entry) {
			example.id = xstrdup(id);
			entry = ledger_add(r->parts.ledger, &example);
			fit = matrix_is_owners(&entry->finding, test) ? 2 : 1;
		} else {
			ledger_replace(entry, &example);
			finding_clear(&example);
		}
		entry->score = score;
		entry->fit = fit;
		entry->example = true;
	}
	/* As long as each of its examples is. */
	if (first || !meant) {
		free(entry->meant);
		entry->meant = meant;
		meant = NULL;
		ledger_judge_again(r->parts.ledger, entry);
	}
	free(meant);
	ledger_judge(r->parts.ledger, entry, rule);
	free(id);
	return entry;
}

/* A finding's race was made to happen. It was reported before, or else it could not have been tried. */
static void take_sight(struct resolver *r, const struct parsed *parsed)
{
	char *id = report_fingerprint(r, parsed);
	struct entry *entry = ledger_find(r->parts.ledger, id);
	struct naming naming = { .resolver = r, .parsed = parsed };
	if (entry)
		variable_seen(entry, &(struct variable_sight){ &parsed->view, r->sources,
							       naming_frames, &naming });
	free(id);
}

/* The finding of a report; NULL: it is none. */
static struct entry *entry_of(struct resolver *r, const struct source *source,
			      struct parsed *parsed, const char *test)
{
	if (parsed->view.kind == FTS_REPORT_VARIABLE_LOST)
		return NULL; /* take_sight() */
	uint64_t at = map_get(&r->entries_by_signature, parsed->signature);
	if (at == NO_ENTRY)
		return NULL;
	if (at != MAP_NONE)
		return ledger_entry(r->parts.ledger, (size_t)at);
	bool none = false;
	parsed->kind = refine_kind(r->parts.stacks, &parsed->view, parsed->stacks, &none);
	bool unseen = parsed->kind == FINDING_DATA_RACE &&
		      unseen_take(&r->unseen, r->parts.symbolizer, r->parts.stacks, &parsed->view,
				  parsed->stacks);
	if (none || unseen) {
		map_set(&r->entries_by_signature, parsed->signature, NO_ENTRY);
		return NULL;
	}
	struct entry *entry = merge_report(r, source, parsed, test);
	map_set(&r->entries_by_signature, parsed->signature, entry->number);
	return entry;
}

struct resolved resolver_take(struct resolver *r, const struct iteration_context *context,
			      const struct tables *tables, const void *records, size_t length)
{
	struct source source = { tables, (uint32_t)context->zygote_pid };
	struct resolved counts = { 0, 0 };
	uint32_t first_new = (uint32_t)stacks_count(r->parts.stacks);
	struct parsed *parsed = parse(r, &source, records, length, &counts);
	stacks_resolve(r->parts.stacks, first_new);
	for (size_t i = 0; i < counts.reports; i++) {
		meanwhile();
		const char *test = iteration_test(context, parsed[i].record->test);
		struct entry *entry = entry_of(r, &source, &parsed[i], test);
		if (entry) {
			ledger_seen(r->parts.ledger, context, entry, test);
			raced_add(&r->raced, context->zygote, parsed[i].record, &parsed[i].view,
				  &entry->finding);
		}
	}
	/* Behind the reports that they confirm, whose threads have other rings. */
	for (size_t i = 0; i < counts.reports; i++) {
		if (parsed[i].view.kind == FTS_REPORT_VARIABLE_LOST)
			take_sight(r, &parsed[i]);
		free(parsed[i].view.sections);
		free(parsed[i].stacks);
		free(parsed[i].global);
	}
	free(parsed);
	return counts;
}

struct raced *resolver_raced(struct resolver *r)
{
	return &r->raced;
}

char *resolver_unseen(const struct resolver *r)
{
	return unseen_words(&r->unseen);
}

struct resolver *resolver_new(const struct resolver_parts *parts)
{
	struct resolver *r = xcalloc(1, sizeof *r);
	r->parts = *parts;
	r->sources = source_open();
	return r;
}

void resolver_free(struct resolver *r)
{
	raced_free(&r->raced);
	unseen_free(&r->unseen);
	map_free(&r->rules_by_position);
	map_free(&r->entries_by_signature);
	source_close(r->sources);
	free(r);
}
