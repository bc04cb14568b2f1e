/* suppress.c - see suppress.h. */
#include "runner/collate/suppress.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runner/model/kinds.h"
#include "runner/model/memory.h"
#include "runner/model/plumbing.h"
#include "runner/base/util.h"

#define NAMED_MAX 5 /* unused rules, in a note */

static const char *const type_names[RULE_TYPES] = {
	[RULE_RACE] = "race",
	[RULE_RACE_TOP] = "race_top",
	[RULE_THREAD] = "thread",
	[RULE_MUTEX] = "mutex",
	[RULE_DEADLOCK] = "deadlock",
	[RULE_SIGNAL] = "signal",
	[RULE_CALLED_FROM_LIB] = "called_from_lib",
	[RULE_RACE_ON] = "race_on",
};

struct rule {
	char *text;          /* "race:pattern" */
	const char *pattern; /* in text */
	char *place;         /* "file:12" */
	char *says;          /* what is known of it, or NULL */
	bool others;         /* known upstream, of a project that is not CPython */
	unsigned type;       /* enum rule_type, or RULE_TYPES + enum finding_kind */
	enum finding_status status;
	uint64_t used;
};

struct suppressions {
	struct rule *rules; /* the user's stand first */
	size_t count, capacity;
	char *cpython; /* the folder of its sources, or NULL */
};

struct suppressions *suppress_new(void)
{
	return xcalloc(1, sizeof(struct suppressions));
}

void suppress_free(struct suppressions *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->count; i++) {
		free(set->rules[i].text);
		free(set->rules[i].place);
		free(set->rules[i].says);
	}
	free(set->rules);
	free(set->cpython);
	free(set);
}

void suppress_sources(struct suppressions *set, const char *folder)
{
	free(set->cpython);
	set->cpython = xstrdup(folder);
}

/* ---- patterns ---- */

static const char *find(const char *text, const char *part, size_t length)
{
	for (; strlen(text) >= length; text++) {
		if (!memcmp(text, part, length))
			return text;
	}
	return NULL;
}

bool suppress_pattern(const char *pattern, const char *text)
{
	if (!text || !*text)
		return false;
	bool start = *pattern == '^', any = false;
	pattern += start;
	while (*pattern) {
		if (*pattern == '*') {
			pattern++;
			start = false;
			any = true;
			continue;
		}
		if (*pattern == '$')
			return !*text || any;
		size_t length = strcspn(pattern, "*$");
		const char *at = find(text, pattern, length);
		if (!at || (start && at != text))
			return false;
		text = at + length;
		pattern += length;
		start = any = false;
	}
	return true;
}

/* ---- files ---- */

/* The rule type of this name; -1 if there is none. */
static int type_parse(const char *text, size_t length)
{
	for (int i = RULE_NONE + 1; i < RULE_TYPES; i++) {
		if (strlen(type_names[i]) == length && !memcmp(type_names[i], text, length))
			return i;
	}
	for (int i = 0; i < FINDING_KINDS; i++) {
		const char *name = finding_kind_name((enum finding_kind)i);
		if (strlen(name) == length && !memcmp(name, text, length))
			return RULE_TYPES + i;
	}
	return -1;
}

static void rule_insert(struct suppressions *set, struct rule rule)
{
	ARRAY_PUSH(set->rules, set->count, set->capacity, rule);
	size_t at = set->count - 1;
	while (at > 0 && rule.status == STATUS_SUPPRESSED &&
	       set->rules[at - 1].status != STATUS_SUPPRESSED) {
		set->rules[at] = set->rules[at - 1];
		at--;
	}
	set->rules[at] = rule;
}

/* Adds the rule of one line, which has no blanks around it. Returns 0 or an exit code. */
static int line_parse(struct suppressions *set, const char *line, size_t length, const char *place,
		      enum finding_status status)
{
	const char *colon = memchr(line, ':', length);
	int type = colon ? type_parse(line, (size_t)(colon - line)) : -1;
	if (!colon)
		return fail(EXIT_BAD_INPUT, "%s: expected TYPE:PATTERN, as in race:list_append",
			    place);
	if (type < 0)
		return fail(EXIT_BAD_INPUT,
			    "%s: unknown suppression type '%.*s' (race, race_top, thread, mutex, "
			    "deadlock, signal, called_from_lib, race_on, or a kind of finding)",
			    place, (int)(colon - line), line);
	if (colon + 1 == line + length)
		return fail(EXIT_BAD_INPUT, "%s: nothing stands after '%.*s'", place,
			    (int)(colon + 1 - line), line);
	struct rule rule = { .text = xstrndup(line, length),
			     .place = xstrdup(place),
			     .type = (unsigned)type,
			     .status = status };
	rule.pattern = rule.text + (colon + 1 - line);
	rule_insert(set, rule);
	return 0;
}

int suppress_known(struct suppressions *set, const char *rule, const char *place, const char *says,
		   bool cpythons)
{
	int code = line_parse(set, rule, strlen(rule), place, STATUS_UPSTREAM);
	if (code)
		return code;
	struct rule *last = &set->rules[set->count - 1]; /* the user's stand before it */
	last->says = xstrdup(says);
	last->others = !cpythons;
	return 0;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

int suppress_parse(struct suppressions *set, const char *path, const char *text,
		   enum finding_status status)
{
	int result = 0;
	for (unsigned number = 1; *text; number++) {
		size_t length = strcspn(text, "\n");
		const char *line = text, *end = text + length;
		text = end + (*end == '\n');
		while (line < end && blank(*line))
			line++;
		while (line < end && blank(end[-1]))
			end--;
		if (line == end || *line == '#')
			continue;
		char *place = xprintf("%s:%u", path, number);
		int code = line_parse(set, line, (size_t)(end - line), place, status);
		result = code ? code : result;
		free(place);
	}
	return result;
}

int suppress_load(struct suppressions *set, const char *path, enum finding_status status)
{
	size_t length;
	char *text = read_file(path, &length);
	if (!text)
		return fail(EXIT_BAD_INPUT, "can't read the suppressions %s: %s", path,
			    strerror(errno));
	int code = strlen(text) == length ? suppress_parse(set, path, text, status)
					  : fail(EXIT_BAD_INPUT,
						 "%s: not a text file (it holds a NUL byte)", path);
	free(text);
	return code;
}

/* ---- matching ---- */

static bool applies(const struct rule *rule, enum finding_kind kind, bool top)
{
	unsigned type = kind_info(kind)->rule;
	if (rule->type == RULE_TYPES + (unsigned)kind)
		return true;
	if (type == RULE_NONE)
		return false;
	return rule->type == type || (rule->type == RULE_RACE_TOP && type == RULE_RACE && top);
}

static const char eval_loop[] = "_PyEval_EvalFrameDefault";

/* A frame of Python also matches as the eval loop: that is what TSan itself would see there. */
static bool frame_matches(const char *pattern, const struct frame *frame)
{
	return suppress_pattern(pattern, frame->function) ||
	       suppress_pattern(pattern, frame->file) || suppress_pattern(pattern, frame->module) ||
	       (frame->language == FRAME_PYTHON && suppress_pattern(pattern, eval_loop));
}

/* ---- CPython's rules on races ---- */

static bool is_cpythons_on_races(const struct rule *rule)
{
	return rule->status == STATUS_UPSTREAM && !rule->others &&
	       (rule->type == RULE_RACE || rule->type == RULE_RACE_TOP);
}

/* Is it C code of the interpreter, or of an extension module of its library? */
static bool is_cpythons(const struct suppressions *set, const struct frame *frame)
{
	size_t length = set->cpython ? strlen(set->cpython) : 0;
	if (frame->language == FRAME_PYTHON || frame->language == FRAME_CYTHON)
		return false;
	return (frame->module && plumbing_is_base_module(frame->module)) ||
	       (length && frame->file && !strncmp(frame->file, set->cpython, length) &&
		frame->file[length] == '/');
}

/* Are all accesses the allocator's, or of _Py_TryIncref() and its kin? */
static bool all_are_allocators(const struct stack *const *accesses, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (accesses[i]->count && memory_act(accesses[i]) == MEMORY_USED)
			return false;
	}
	return true;
}

/*
 * Does the rule match the access? Only the frames at the top of the stack count, as far as they are
 * CPython's own code. If CPython's function calls an extension or a Python function, and that makes
 * the access, CPython's rule on its function is not meant. A rule on the innermost function is for
 * what small inlined helpers do for it, too: _Py_atomic_load_ptr().
 */
static bool access_matches(const struct suppressions *set, const struct rule *rule,
			   const struct stack *access, bool allocators)
{
	for (size_t i = 0; i < access->count; i++) {
		const struct frame *frame = &access->frames[i];
		if (frame->language == FRAME_PYTHON)
			return suppress_pattern(rule->pattern, eval_loop);
		if (!is_cpythons(set, frame))
			return false;
		if (suppress_pattern(rule->pattern, frame->function) &&
		    (allocators || !memory_is_allocator(frame)))
			return true;
		if (rule->type == RULE_RACE_TOP && !(frame->is_inline && plumbing_is_helper(frame)))
			return false;
	}
	return false;
}

/*
 * Are all accesses CPython's own? Where an extension reads a list's items by itself, or lets its own
 * memory be read, a rule on what CPython does on the other side is not meant.
 */
static bool all_are_cpythons(const struct suppressions *set, const struct stack *const *accesses,
			     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct stack *access = accesses[i];
		size_t top = 0;
		while (top < access->count && access->frames[top].module &&
		       plumbing_is_runtime_module(access->frames[top].module))
			top++;
		if (top < access->count && access->frames[top].language != FRAME_PYTHON &&
		    !is_cpythons(set, &access->frames[top]))
			return false;
	}
	return true;
}

/*
 * Is the access one of the C library's that ThreadSanitizer watches (memcpy, free), called by a library that the
 * pattern names? What called it stands right behind the frames of ThreadSanitizer's runtime.
 */
static bool is_called_from(const char *pattern, const struct stack *access)
{
	size_t top = 0;
	while (top < access->count && access->frames[top].module &&
	       plumbing_is_runtime_module(access->frames[top].module))
		top++;
	return top && top < access->count && suppress_pattern(pattern, access->frames[top].module);
}

static size_t called_from_lib(const struct suppressions *set, enum finding_kind kind,
			      const struct stack *const *accesses, size_t count)
{
	for (size_t i = 0; i < set->count && kind_info(kind)->rule == RULE_RACE; i++) {
		if (set->rules[i].type != RULE_CALLED_FROM_LIB)
			continue;
		for (size_t k = 0; k < count; k++)
			if (is_called_from(set->rules[i].pattern, accesses[k]))
				return i;
	}
	return SUPPRESS_NONE;
}

static size_t upstream(const struct suppressions *set, enum finding_kind kind,
		       const struct stack *const *accesses, size_t count)
{
	bool allocators = all_are_allocators(accesses, count);
	if (!all_are_cpythons(set, accesses, count))
		return SUPPRESS_NONE;
	for (size_t i = 0; i < set->count; i++) {
		const struct rule *rule = &set->rules[i];
		if (!is_cpythons_on_races(rule) || !applies(rule, kind, true))
			continue;
		for (size_t k = 0; k < count; k++) {
			if (access_matches(set, rule, accesses[k], allocators))
				return i;
		}
	}
	return SUPPRESS_NONE;
}

size_t suppress_accesses(const struct suppressions *set, enum finding_kind kind,
			 const struct stack *const *accesses, size_t count)
{
	size_t library = called_from_lib(set, kind, accesses, count);
	size_t cpythons = upstream(set, kind, accesses, count);
	return library < cpythons ? library : cpythons;
}

/* ---- all others ---- */

size_t suppress_frame(const struct suppressions *set, enum finding_kind kind,
		      const struct frame *frame, bool top)
{
	for (size_t i = 0; i < set->count; i++) {
		if (applies(&set->rules[i], kind, top) && !is_cpythons_on_races(&set->rules[i]) &&
		    frame_matches(set->rules[i].pattern, frame))
			return i;
	}
	return SUPPRESS_NONE;
}

static void match_stack(const struct suppressions *set, enum finding_kind kind,
			const struct stack *stack, size_t *best)
{
	for (size_t i = 0; i < stack->count; i++) {
		size_t rule = suppress_frame(set, kind, &stack->frames[i], i == 0);
		*best = rule < *best ? rule : *best;
	}
}

static void match_tests(const struct suppressions *set, const struct finding *finding, size_t *best)
{
	for (size_t i = 0; i < set->count && i < *best; i++) {
		const struct rule *rule = &set->rules[i];
		if (rule->type != RULE_TYPES + (unsigned)finding->kind)
			continue;
		for (size_t k = 0; k < finding->test_count && *best > i; k++) {
			if (suppress_pattern(rule->pattern, finding->tests[k]))
				*best = i;
		}
	}
}

size_t suppress_object(const struct suppressions *set, enum finding_kind kind, const char *type,
		       const struct stack *const *accesses, size_t count)
{
	if (!type || kind_info(kind)->rule != RULE_RACE)
		return SUPPRESS_NONE;
	for (size_t i = 0; i < count; i++)
		if (!memory_is_interpreters(&(struct participant){ .stack = *accesses[i] }))
			return SUPPRESS_NONE;
	for (size_t i = 0; i < set->count; i++)
		if (set->rules[i].type == RULE_RACE_ON &&
		    suppress_pattern(set->rules[i].pattern, type))
			return i;
	return SUPPRESS_NONE;
}

size_t suppress_match(const struct suppressions *set, const struct finding *finding)
{
	const struct stack **accesses = xcalloc(finding->participant_count + 1, sizeof *accesses);
	size_t best = SUPPRESS_NONE;
	for (size_t i = 0; i < finding->participant_count; i++) {
		accesses[i] = &finding->participants[i].stack;
		match_stack(set, finding->kind, &finding->participants[i].stack, &best);
		match_stack(set, finding->kind, &finding->participants[i].created, &best);
	}
	if (!subject_is_python(finding->subject.kind))
		match_stack(set, finding->kind, &finding->subject.allocated, &best);
	match_tests(set, finding, &best);
	size_t count = finding->participant_count;
	size_t whole = suppress_accesses(set, finding->kind, accesses, count);
	bool object = finding->subject.kind == SUBJECT_OBJECT;
	size_t on = suppress_object(set, finding->kind, object ? finding->subject.type : NULL,
				    accesses, count);
	free(accesses);
	whole = on < whole ? on : whole;
	return whole < best ? whole : best;
}

const char *suppress_rule(const struct suppressions *set, size_t rule, enum finding_status *status)
{
	*status = set->rules[rule].status;
	return set->rules[rule].says ? set->rules[rule].says : set->rules[rule].text;
}

void suppress_used(struct suppressions *set, size_t rule, uint64_t times)
{
	set->rules[rule].used += times;
}

struct run_rule *suppress_rules(const struct suppressions *set, size_t *count)
{
	struct run_rule *rules = xcalloc(set->count, sizeof *rules);
	*count = 0;
	for (size_t i = 0; i < set->count; i++) {
		const struct rule *rule = &set->rules[i];
		if (rule->status != STATUS_SUPPRESSED && !rule->used)
			continue;
		rules[*count].rule = xstrdup(rule->text);
		rules[*count].file = xstrdup(rule->place);
		rules[(*count)++].used = rule->used;
	}
	return rules;
}

char *suppress_note(const struct suppressions *set)
{
	size_t all = 0, unused = 0;
	struct buf names = { 0 };
	for (size_t i = 0; i < set->count; i++) {
		const struct rule *rule = &set->rules[i];
		if (rule->status != STATUS_SUPPRESSED)
			continue;
		all++;
		if (rule->used || unused++ >= NAMED_MAX)
			continue;
		buf_printf(&names, "%s%s (%s)", unused > 1 ? ", " : "", rule->text, rule->place);
	}
	if (unused > NAMED_MAX)
		buf_printf(&names, " and %zu more", unused - NAMED_MAX);
	char *note =
		unused ? xprintf("%zu of the %zu suppression%s matched nothing in this run: %s",
				 unused, all, all == 1 ? "" : "s", names.data)
		       : NULL;
	buf_free(&names);
	return note;
}
