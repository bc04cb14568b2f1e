/* entries.c - see entries.h. */
#include "reports/entries.h"

#include <stdlib.h>
#include <string.h>

#include "reports/culprits.h"
#include "reports/groups.h"
#include "reports/listing.h"
#include "reports/text.h"
#include "runner/base/map.h"
#include "runner/model/cxx_name.h"
#include "runner/model/fingerprint.h"
#include "runner/model/matrix.h"
#include "runner/model/memory.h"
#include "runner/model/plumbing.h"

#define FIELDS_NAMED 4 /* in a title */
#define OPERATIONS_NAMED 4
#define INHERITED "the interpreter's own code"

/* ---- members ---- */

/* Does nothing but code of the interpreter's stand between the call and the access? A subclass of list
 * in C inherits what list does. */
static bool is_inherited(const struct participant *side)
{
	for (size_t i = 0; i < side->stack.count; i++) {
		const struct frame *frame = &side->stack.frames[i];
		if (frame->language == FRAME_PYTHON)
			return i > 0 && strstr(frame->file ? frame->file : "", "/pairs/");
		if (!frame->module || !plumbing_is_base_module(frame->module))
			return false;
	}
	return false;
}

static bool all(const struct finding *finding, bool (*is)(const struct participant *side))
{
	for (size_t i = 0; i < finding->participant_count; i++)
		if (!is(&finding->participants[i]))
			return false;
	return finding->participant_count > 0;
}

/* Has the call of a pair made the object, and nobody handed it in? What both calls get is made before. */
static bool is_made_by_call(const struct subject *subject)
{
	const struct frame *maker = groups_made_at(subject);
	return maker && strstr(maker->file, "/pairs/") && maker->function &&
	       *maker->function != '<' && strcmp(maker->function, "make") != 0;
}

/*
 * What a race in a pair of a package's type is on, if it is not for the type alone to keep it whole: a
 * global variable, what a type inherits, or an object of the interpreter's that nothing but its code
 * touches. (Memory that was freed in use is another matter: who let it go, or did not hold it, is not
 * told by who touches it.) NULL: it is the type's. To be freed.
 */
static char *told_apart(const struct finding *finding, const char *test, const struct run_info *run)
{
	const struct subject *subject = &finding->subject;
	bool python = finding->kind == FINDING_PYTHON_RACE;
	if (!run->covered.package || finding->status == STATUS_DOCUMENTED)
		return NULL;
	if (python && !strncmp(finding->title ? finding->title : "", "global ", 7))
		return xprintf(GLOBAL "%.*s", (int)strcspn(finding->title + 7, ":"),
			       finding->title + 7);
	if (python)
		return NULL;
	if (subject->kind == SUBJECT_GLOBAL && subject->type)
		return xprintf(GLOBAL "%s", subject->type);
	bool let_go = finding->rank == RANK_FREED || finding->rank == RANK_UNPUBLISHED;
	bool others = subject->kind == SUBJECT_OBJECT && subject->type &&
		      !matrix_is_owners(finding, test);
	if (all(finding, is_inherited) && (!others || let_go))
		return xstrdup(INHERITED);
	if (!others || let_go || finding->follows)
		return NULL;
	if (is_made_by_call(subject))
		return NULL;
	return all(finding, memory_is_interpreters) ? xstrdup(subject->type) : NULL;
}

/* Is the type, whose name has that length, made out of the other one? */
static bool is_made_of(const struct run_info *run, const char *type, size_t length,
		       const char *base)
{
	for (size_t i = 0; i < run->type_count; i++) {
		const struct run_type *table = &run->types[i];
		for (size_t k = 0; matrix_is_table_of(table, type, length) && k < table->base_count;
		     k++)
			if (strcmp(table->bases[k], base) == 0)
				return strlen(base) != length || strncmp(base, type, length) != 0;
	}
	return false;
}

/* The class, of those that the pair's class is based on, whose methods race; NULL: they are not one's. */
static const char *python_base_of(const struct finding *finding, const char *test, size_t length,
				  const struct run_info *run)
{
	size_t own;
	const char *name = groups_methods_of_both(finding, &own);
	for (size_t i = 0; name && i < run->type_count; i++) {
		const struct run_type *table = &run->types[i];
		for (size_t k = 0; matrix_is_table_of(table, test, length) && k < table->base_count;
		     k++) {
			const char *base = table->bases[k];
			size_t module = strlen(base) > own ? strlen(base) - own : 0;
			if (module && base[module - 1] == '.' && !strncmp(base + module, name, own))
				return base;
		}
	}
	return NULL;
}

/*
 * The type that the pair's type is made out of and whose operation one of the calls is, if none is the
 * pair's type's own: it inherits what it lacks. (The other call may be a function's that takes such an
 * object.) NULL: it is the pair's own.
 */
static const char *base_of(const struct finding *finding, const char *test, size_t length,
			   const struct run_info *run)
{
	const char *base = python_base_of(finding, test, length, run);
	for (size_t i = 0; !base && i < finding->participant_count; i++) {
		const char *type = finding->participants[i].type;
		if (type && strlen(type) == length && strncmp(type, test, length) == 0)
			return NULL;
		if (!base && groups_is_own_type(type) && is_made_of(run, test, length, type))
			base = type;
	}
	return base;
}

/* A race of a pair that a rule excludes, or what it makes of a reference count. */
static bool is_documented(const struct finding *finding)
{
	bool count = finding->kind == FINDING_REFERENCE_COUNT && finding->test_count &&
		     matrix_type_length(finding->tests[0]);
	return finding->status == STATUS_DOCUMENTED && finding->suppressed_by &&
	       (count || matrix_type_of(finding));
}

/* What a race of a run of pairs is told with; NULL: it is no such race. To be freed. */
static char *told_with(const struct finding *finding, const struct run_info *run, bool *apart)
{
	size_t length = matrix_type_of(finding);
	*apart = false;
	if (is_documented(finding)) {
		const char *name = finding->suppressed_by;
		length = strcspn(name, "=");
		length -= length && name[length - 1] == ' ';
		return xstrndup(name, length);
	}
	if (!length)
		return NULL;
	const char *test = finding->tests[0];
	char *other = told_apart(finding, test, run);
	*apart = other != NULL;
	if (other)
		return other;
	const char *base = base_of(finding, test, length, run);
	return base ? xstrdup(base) : xstrndup(test, length);
}

static uint64_t key_in_pairs(const void *context, const struct finding *finding)
{
	bool apart;
	char *name = told_with(finding, context, &apart);
	uint64_t key = name ? groups_pairs_key(finding, name, strlen(name), apart) : 0;
	free(name);
	return key;
}

/* Is it a race that does not only follow from another one? */
static bool is_own_race(const struct finding *finding)
{
	return finding_is_race(finding) && !finding->follows;
}

static bool is_python(const struct report_entry *entry)
{
	for (size_t i = 0; i < entry->count; i++)
		if (entry->members[i]->kind != FINDING_PYTHON_RACE)
			return false;
	return true;
}

/* Are all members races of Python code in methods of one class? Its name, or NULL. */
static char *class_of_all(const struct report_entry *entry)
{
	const char *first = NULL;
	size_t length = 0;
	for (size_t i = 0; i < entry->count; i++) {
		size_t own;
		const char *name = groups_class_of_both(entry->members[i], &own);
		if (!name || (first && (own != length || strncmp(name, first, own) != 0)))
			return NULL;
		first = name;
		length = own;
	}
	return first ? xstrndup(first, length) : NULL;
}

/* What the entry is told with: of pairs the type, or what is told apart from it; else what the first
 * of several races is on. */
static void name_entry(struct report_entry *entry, const struct run_info *run)
{
	for (size_t i = 0; i < entry->count && !entry->type; i++) {
		entry->type = told_with(entry->members[i], run, &entry->within);
		entry->of_pairs = entry->type != NULL;
	}
	if (!entry->type && entry->count > 1)
		entry->type = class_of_all(entry);
	size_t races = 0;
	for (size_t i = 0; i < entry->count; i++)
		races += is_own_race(entry->members[i]);
	for (size_t i = 0; i < entry->count && !entry->type && races > 1; i++) {
		if (is_own_race(entry->members[i]))
			entry->type = xstrdup(groups_type_of_both(entry->members[i]));
	}
	for (size_t i = 0; i < entry->count && !entry->type && races > 1; i++) {
		const struct subject *subject = &entry->members[i]->subject;
		const char *name = is_own_race(entry->members[i]) ? subject->type : NULL;
		if (name && subject->kind == SUBJECT_GLOBAL)
			entry->type = xprintf(GLOBAL "%s", name);
		else if (name && *name)
			entry->type = xstrdup(name);
	}
}

static void take(struct report_entry *entry, const struct finding *finding)
{
	ARRAY_PUSH(entry->members, entry->count, entry->capacity, finding);
	const struct finding *witness = entry->witness;
	/* The race because of which something is counted wrongly shows both lines that are to blame. */
	bool is_cause = witness && witness->kind == FINDING_REFERENCE_COUNT &&
			is_own_race(finding) && finding->shows == witness->shows;
	bool same = witness && finding->status == witness->status;
	if (!witness || finding->status < witness->status ||
	    (same && (is_cause || finding->shows > witness->shows)))
		entry->witness = finding;
}

/* ---- titles ---- */

static bool knows_locks(const struct run_info *run)
{
	for (size_t i = 0; i < run->hook_count; i++)
		if (run->hooks[i].live && strcmp(run->hooks[i].name, "locks") == 0)
			return true;
	return false;
}

/* Does any side of a race hold a lock? What only follows from a race of tests says nothing of them. */
static bool any_holds(const struct report_entry *entry)
{
	for (size_t i = 0; i < entry->count; i++) {
		const struct finding *member = entry->members[i];
		for (size_t k = 0; k < member->participant_count; k++)
			if (member->participants[k].lock_count &&
			    (!member->follows || entry->of_pairs))
				return true;
	}
	return false;
}

/* "feed, gets", "3 functions", "2 of its 51 operations" */
static void add_who(struct buf *out, const struct report_entry *entry, size_t count)
{
	const char *end = count == 1 ? "" : "s";
	if (!entry->of_pairs && entry->operation_count)
		entry_add_names(out, entry->operations, count, OPERATIONS_NAMED);
	else if (!entry->of_pairs)
		buf_printf(out, "%zu function%s", count, end);
	else if (entry->operations_all > 1)
		buf_printf(out, "%zu of its %zu operations", count, entry->operations_all);
	else
		buf_printf(out, "%zu operation%s", count, end);
}

/* What the operations of the entry lack, or its functions: that no side of any race held a lock is worth
 * saying. */
static void add_lack(struct buf *out, const struct report_entry *entry, bool locks_known)
{
	bool of_operations = entry->of_pairs || entry->operation_count;
	size_t count = of_operations ? entry->operation_count : entry->function_count;
	bool none = locks_known && !any_holds(entry);
	struct culprits found;
	if (entry->of_pairs && !none && culprits_find(entry, &found)) {
		bool bare = locks_known && culprits_are_bare(entry, &found), one = found.count == 1;
		char *names[CULPRITS_MOST];
		for (size_t i = 0; i < found.count; i++)
			names[i] = entry->operations[found.at[i]];
		entry_add_names(out, names, found.count, OPERATIONS_NAMED);
		buf_printf(out, " %s, against ",
			   bare  ? one ? "takes no lock" : "take no lock"
			   : one ? "races"
				 : "race");
		add_who(out, entry, count - found.count);
		return;
	}
	add_who(out, entry, count);
	if (none)
		buf_puts(out, count == 1 ? " takes no lock" : " take no lock");
	else
		buf_puts(out, count == 1 ? " races" : " race");
}

/* "iterators = not shared, as documented: 80 races of 23 types" */
static char *documented_title(const struct report_entry *entry)
{
	struct buf out = { 0 };
	const char *rule = entry->witness->suppressed_by ? entry->witness->suppressed_by : "";
	const char *place = strrchr(rule, '(');
	size_t length = place && place > rule ? (size_t)(place - rule) - 1 : strlen(rule);
	buf_printf(&out, "%.*s, as documented: %zu race%s", (int)length, rule, entry->count,
		   entry->count == 1 ? "" : "s");
	if (entry->types > 1)
		buf_printf(&out, " of %zu types", entry->types);
	return buf_take(&out);
}

/* A dict may be anybody's: " made at x.py:4" says whose. */
static void add_made_at(struct buf *out, const struct report_entry *entry)
{
	const struct frame *maker = NULL;
	for (size_t i = 0; i < entry->count && !maker; i++)
		maker = groups_made_at(&entry->members[i]->subject);
	if (entry->of_pairs || !maker || is_python(entry) ||
	    entry->witness->subject.kind == SUBJECT_GLOBAL || groups_is_own_type(entry->type))
		return;
	buf_puts(out, " made at ");
	text_add_place(out, maker);
}

static char *title_of(const struct report_entry *entry, bool locks_known)
{
	struct buf out = { 0 };
	const struct fields *fields = entry->fields;
	if (entry->witness->status == STATUS_DOCUMENTED)
		return documented_title(entry);
	buf_puts(&out, entry->type);
	add_made_at(&out, entry);
	if (entry->within)
		buf_printf(&out, ", in %s", entry->of);
	if (entry->within && entry->types > 1)
		buf_printf(&out, " and %zu more type%s", entry->types - 1,
			   entry->types > 2 ? "s" : "");
	buf_puts(&out, ": ");
	bool said = fields->count == 1 && !strcmp(fields->items[0].text, entry->type);
	for (size_t i = 0; i < fields->count && i < FIELDS_NAMED && !said; i++)
		buf_printf(&out, "%s%s", i ? ", " : "", fields->items[i].text);
	if (fields->count > FIELDS_NAMED)
		buf_printf(&out, " and %zu more", fields->count - FIELDS_NAMED);
	if (!said)
		buf_puts(&out, ": ");
	add_lack(&out, entry, locks_known);
	return buf_take(&out);
}

/* ---- all ---- */

/* The type that the field of the object is counted for, if that is not its own; else NULL. */
static const char *inherited_from(const struct report_entry *entry, const struct finding *member,
				  const struct run_info *run)
{
	size_t length = entry->within ? 0 : matrix_type_of(member);
	return length && matrix_is_owners(member, member->tests[0])
		       ? base_of(member, member->tests[0], length, run)
		       : NULL;
}

static void finish_type(struct report_entry *entry, const struct run_info *run,
			struct source_cache *sources)
{
	listing_pairs(entry, run);
	entry->operations_all = listing_operations(
		run, entry->within && entry->types == 1 ? entry->of : entry->type);
	if (entry->operations_all < entry->operation_count)
		entry->operations_all = 0; /* the table is of another run */
	if (entry->within)
		entry->fields = fields_new(entry->type, strlen(entry->type));
	else
		entry->fields = fields_new(entry->of, entry->types > 1 ? 0 : strlen(entry->of));
	for (size_t i = 0; i < entry->count; i++) {
		const struct finding *member = entry->members[i];
		/* A count is of the whole object, and of a crash nothing is known. */
		bool race = finding_is_race(member) || member->kind == FINDING_PYTHON_RACE;
		if (race && (!member->follows || matrix_type_of(member)))
			fields_add(entry->fields, sources, member,
				   inherited_from(entry, member, run));
	}
	fields_settle(entry->fields);
	entry->title = title_of(entry, knows_locks(run));
}

/* Several findings outside of pairs: the functions that race, and on which fields. */
static void finish_group(struct report_entry *entry, const struct run_info *run,
			 struct source_cache *sources)
{
	struct names names = { 0 }, operations = { 0 };
	bool of_type = entry->type != NULL, of_class = of_type && is_python(entry);
	entry->fields =
		fields_new(entry->type ? entry->type : "", entry->type ? strlen(entry->type) : 0);
	for (size_t i = 0; i < entry->count; i++) {
		const struct finding *member = entry->members[i];
		if (!is_own_race(member) && !of_class)
			continue;
		if (entry->type)
			fields_add(entry->fields, sources, member, NULL);
		for (size_t k = 0; k < member->participant_count; k++) {
			const struct participant *side = &member->participants[k];
			const struct stack *stack = &side->stack;
			of_type = of_type && side->type && !strcmp(side->type, entry->type);
			if (of_type && side->operation)
				names_add(&operations, xstrdup(side->operation));
			size_t site = site_frame(stack);
			/* Whoever frees or moves memory, and not the allocator. */
			if (site != SITE_NONE && memory_is_allocator(&stack->frames[site]))
				site = memory_caller(stack);
			if (site < stack->count)
				names_add(&names, frame_name(&stack->frames[site]));
		}
	}
	fields_settle(entry->fields);
	entry->functions = names.items;
	entry->function_count = names.count;
	map_free(&names.seen);
	if (of_type) {
		entry->operations = operations.items;
		entry->operation_count = operations.count;
		map_free(&operations.seen);
	} else {
		names_clear(&operations);
	}
	entry->title = entry->type ? title_of(entry, knows_locks(run))
				   : xstrdup(entry->witness->title ? entry->witness->title : "");
}

static void finish(struct report_entry *entry, const struct run_info *run,
		   struct source_cache *sources)
{
	name_entry(entry, run);
	if (entry->of_pairs)
		finish_type(entry, run, sources);
	else if (entry->count > 1)
		finish_group(entry, run, sources);
	else
		entry->title = xstrdup(entry->witness->title ? entry->witness->title : "");
}

struct entries *entries_new(const struct report_input *input)
{
	if (input->entries) {
		input->entries->users++;
		return input->entries;
	}
	struct entries *entries = xcalloc(1, sizeof *entries);
	entries->users = 1;
	struct source_cache *sources = source_open();
	size_t *first = groups_new(input->findings, input->count, key_in_pairs, input->run);
	size_t *numbers = xcalloc(input->count + 1, sizeof *numbers);
	for (size_t i = 0; i < input->count; i++) {
		if (first[i] == i) {
			numbers[i] = entries->count;
			ARRAY_PUSH(entries->items, entries->count, entries->capacity,
				   (struct report_entry){ 0 });
		}
		take(&entries->items[numbers[first[i]]], input->findings[i]);
	}
	for (size_t i = 0; i < entries->count; i++)
		finish(&entries->items[i], input->run, sources);
	free(numbers);
	free(first);
	source_close(sources);
	return entries;
}

void entries_free(struct entries *entries)
{
	if (--entries->users)
		return;
	for (size_t i = 0; i < entries->count; i++) {
		struct report_entry *entry = &entries->items[i];
		for (size_t j = 0; j < entry->operation_count; j++)
			free(entry->operations[j]);
		for (size_t j = 0; j < entry->pair_count; j++)
			free(entry->pairs[j]);
		for (size_t j = 0; j < entry->function_count; j++)
			free(entry->functions[j]);
		fields_free(entry->fields);
		free(entry->functions);
		free(entry->operations);
		free(entry->pairs);
		free(entry->members);
		free(entry->title);
		free(entry->type);
		free(entry->of);
	}
	free(entries->items);
	free(entries);
}

size_t entries_find(const struct entries *entries, const char *id)
{
	for (size_t i = 0; i < entries->count; i++)
		for (size_t j = 0; j < entries->items[i].count; j++)
			if (strcmp(entries->items[i].members[j]->id, id) == 0)
				return i;
	return entries->count;
}

void entry_add_names(struct buf *out, char *const *names, size_t count, size_t most)
{
	size_t shown = count <= most + 1 ? count : most; /* "and 1 more" is no shorter */
	for (size_t i = 0; i < shown; i++)
		buf_printf(out, "%s%s", i ? ", " : "", names[i]);
	if (count > shown)
		buf_printf(out, " and %zu more", count - shown);
}

void entry_add_fields(struct buf *out, const struct report_entry *entry, size_t most)
{
	const struct fields *fields = entry->fields;
	size_t shown = fields->count <= most + 1 ? fields->count : most;
	for (size_t i = 0; i < shown; i++) {
		const struct field *field = &fields->items[i];
		buf_printf(out, "%s%s (%zu", i ? ", " : "", field->text, field->race_count);
		buf_puts(out, i ? ")" : field->race_count == 1 ? " race)" : " races)");
	}
	if (fields->count > shown)
		buf_printf(out, " and %zu more", fields->count - shown);
}

void entry_add_ranks(struct buf *out, const struct report_entry *entry)
{
	size_t counts[RANKS] = { 0 }, said = 0;
	for (size_t i = 0; i < entry->count; i++)
		counts[entry->members[i]->rank]++;
	for (enum finding_rank rank = RANK_NONE + 1; rank < RANKS; rank++) {
		if (!counts[rank])
			continue;
		buf_printf(out, "%s%s (%zu", said ? ", " : "", finding_rank_name(rank),
			   counts[rank]);
		buf_puts(out, said++ ? ")" : counts[rank] == 1 ? " race)" : " races)");
	}
}

void entry_add_follows(struct buf *out, const struct report_entry *entry)
{
	size_t follow = 0;
	for (size_t i = 0; i < entry->count; i++) {
		const struct finding *member = entry->members[i];
		follow += finding_is_race(member) && member->follows && member != entry->witness;
	}
	if (follow)
		buf_printf(out, "%zu race%s that most likely follow%s", follow,
			   follow == 1 ? "" : "s", follow == 1 ? "s" : "");
}
