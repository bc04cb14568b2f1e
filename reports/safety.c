/* safety.c - see safety.h. */
#include "reports/safety.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reports/formats.h"
#include "reports/text.h"

/* ---- a type's table, by the names of its operations ---- */

/* "add" and "add#2", the same with other arguments, are one operation. */
struct table {
	const struct run_type *type;
	char **names;
	size_t *number_of; /* of each operation of the type: its index in `names` */
	size_t count, capacity;
	unsigned char *states; /* enum cell_state, `count` rows of as many */
};

static size_t name_of(struct table *table, const char *operation)
{
	const char *variant = strchr(operation, '#');
	size_t length =
		variant && variant > operation ? (size_t)(variant - operation) : strlen(operation);
	for (size_t i = 0; i < table->count; i++)
		if (strlen(table->names[i]) == length &&
		    memcmp(table->names[i], operation, length) == 0)
			return i;
	ARRAY_PUSH(table->names, table->count, table->capacity, xstrndup(operation, length));
	return table->count - 1;
}

static void table_make(struct table *table, const struct run_type *type)
{
	size_t all = type->operation_count;
	*table = (struct table){ .type = type };
	table->number_of = xcalloc(all + 1, sizeof *table->number_of);
	for (size_t i = 0; i < all; i++)
		table->number_of[i] = name_of(table, type->operations[i]);
	table->states = xcalloc(table->count * table->count + 1, 1);
	for (size_t i = 0; i < all * all; i++) {
		size_t cell = table->number_of[i / all] * table->count + table->number_of[i % all];
		const char *letter = strchr(CELL_LETTERS, type->states[i]);
		unsigned char state = letter ? (unsigned char)(letter - CELL_LETTERS) : 0;
		if (state > table->states[cell])
			table->states[cell] = state;
	}
}

static void table_clear(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->names[i]);
	free(table->names);
	free(table->number_of);
	free(table->states);
}

/* With how many operations is it clean, bad, unknown? */
struct outcome {
	size_t clean, bad, unknown;
};

static struct outcome outcome_of(const struct table *table, size_t operation)
{
	struct outcome outcome = { 0 };
	for (size_t i = 0; i < table->count; i++) {
		unsigned char state = table->states[operation * table->count + i];
		outcome.clean += state == CELL_CLEAN || state == CELL_APART;
		outcome.bad += state > CELL_ORDERED;
		outcome.unknown += state < CELL_APART || state == CELL_ORDERED;
	}
	return outcome;
}

/* ---- texts ---- */

/* A name that holds what ends the code, or a table's cell, has something else in its place. */
static void add_code(struct buf *out, const struct markup *markup, const char *name)
{
	struct buf line = { 0 };
	text_add_line(&line, name);
	buf_puts(out, markup->code);
	for (size_t i = 0; i < line.length; i++) {
		if (line.data[i] == '|' && markup->pipes)
			buf_puts(out, "\\");
		buf_add(out, line.data[i] == '`' ? "'" : &line.data[i], 1);
	}
	buf_puts(out, markup->code);
	buf_free(&line);
}

/* What is wrong with calling both at once, where it is more than a race. */
static const char *worse_than_race(unsigned char state)
{
	return state == CELL_CRASH      ? " (crash)"
	       : state == CELL_DEADLOCK ? " (deadlock)"
	       : state == CELL_OTHER    ? " (another fault)"
					: "";
}

static void add_partners(struct buf *out, const struct markup *markup, const struct table *table,
			 size_t operation)
{
	size_t said = 0;
	for (size_t i = 0; i < table->count; i++) {
		unsigned char state = table->states[operation * table->count + i];
		if (state <= CELL_ORDERED)
			continue;
		buf_puts(out, said++ ? ", " : "");
		add_code(out, markup, table->names[i]);
		buf_puts(out, worse_than_race(state));
	}
}

static void add_lead(struct buf *out, const struct markup *markup, const char *words)
{
	buf_printf(out, "%s%s%s ", markup->bold, words, markup->bold);
}

static void add_safe(struct buf *out, const struct markup *markup, const struct table *table)
{
	struct buf names = { 0 };
	size_t count = 0, partly = 0;
	for (size_t i = 0; i < table->count; i++) {
		struct outcome outcome = outcome_of(table, i);
		if (outcome.bad || !outcome.clean)
			continue;
		buf_puts(&names, count++ ? ", " : "");
		add_code(&names, markup, table->names[i]);
		partly += outcome.unknown > 0;
		buf_puts(&names, outcome.unknown ? "\\*" : "");
	}
	if (count) {
		add_lead(out, markup, "Safe on shared objects.");
		buf_printf(out,
			   "Two threads may call these at the same time on one object, with one "
			   "another and with any other operation: %s.\n\n",
			   names.data);
	}
	if (partly)
		buf_puts(out, "\\* Not exercised with every other operation.\n\n");
	buf_free(&names);
}

static void add_bad(struct buf *out, const struct markup *markup, const struct table *table)
{
	bool begun = false;
	for (size_t i = 0; i < table->count; i++) {
		if (!outcome_of(table, i).bad)
			continue;
		if (!begun) {
			add_lead(out, markup, "Need external synchronization.");
			buf_puts(out,
				 "On one object, each of these must not be called at the same "
				 "time as those beside it. A lock that is held for the duration "
				 "of each call keeps them apart.\n\n");
			markup->table(out, "Operation", "Not at the same time as");
		}
		begun = true;
		struct buf name = { 0 }, partners = { 0 };
		add_code(&name, markup, table->names[i]);
		add_partners(&partners, markup, table, i);
		markup->row(out, name.data, partners.data);
		buf_free(&name);
		buf_free(&partners);
	}
	if (begun)
		buf_puts(out, "\n");
}

/* The `count`th name of those of which nothing is known. */
static void add_name(struct buf *out, const struct markup *markup, const char *name, size_t count)
{
	if (!count)
		add_lead(out, markup, "Not exercised.");
	buf_puts(out, count ? ", " : "");
	add_code(out, markup, name);
}

static void add_unknown(struct buf *out, const struct markup *markup, const struct table *table,
			const struct run_type *type)
{
	size_t count = 0;
	for (size_t i = 0; i < table->count; i++) {
		struct outcome outcome = outcome_of(table, i);
		if (!outcome.bad && !outcome.clean)
			add_name(out, markup, table->names[i], count++);
	}
	for (size_t i = 0; i < type->uncalled_count; i++)
		add_name(out, markup, type->uncalled[i], count++);
	if (count)
		buf_puts(out, ": nothing is known.\n\n");
}

/* A list, say, that the package's functions take. */
static bool is_argument(const struct run_type *type)
{
	bool taken = false;
	for (size_t i = 0; i < type->operation_count; i++)
		taken = taken || strstr(type->operations[i], "(.)");
	return taken && strncmp(type->name, "builtins.", strlen("builtins.")) == 0;
}

static void add_type(struct buf *out, const struct run_info *run, const struct markup *markup,
		     const struct run_type *type)
{
	struct table table;
	table_make(&table, type);
	struct buf title = { 0 };
	uint64_t pairs = 0;
	for (size_t i = 0; i < CELL_STATES; i++)
		pairs += type->by_state[i];
	buf_puts(&title, "Thread safety for ");
	add_code(&title, markup, type->name);
	buf_puts(&title, is_argument(type) ? " objects as arguments" : " objects");
	markup->heading(out, title.data, 2);
	buf_printf(out,
		   "In the free-threaded build, each two of these operations were called by two "
		   "threads on one object: %" PRIu64 " pair%s, of which %" PRIu64
		   " showed no data race",
		   pairs, pairs == 1 ? "" : "s",
		   type->by_state[CELL_CLEAN] + type->by_state[CELL_APART]);
	uint64_t unknown = type->by_state[CELL_NOT_RUN] + type->by_state[CELL_NOT_EXERCISED];
	if (unknown)
		buf_printf(out, " and %" PRIu64 " were not exercised", unknown);
	uint64_t ordered = type->by_state[CELL_ORDERED];
	if (ordered)
		buf_printf(out, "%s %" PRIu64 " %s ordered by a lock that is about something else",
			   unknown ? "," : " and", ordered, ordered == 1 ? "was" : "were");
	buf_printf(out, " (Python %s).\n\n", run->python_version ? run->python_version : "?");
	add_safe(out, markup, &table);
	add_bad(out, markup, &table);
	add_unknown(out, markup, &table, type);
	buf_free(&title);
	table_clear(&table);
}

static void add_foot(struct buf *out, const struct run_info *run, const struct markup *markup)
{
	buf_puts(out, "Special methods stand without their underscores, ");
	add_code(out, markup, "x=");
	buf_puts(out, " is setting the attribute ");
	add_code(out, markup, "x");
	buf_puts(out, ", and ");
	add_code(out, markup, "f(.)");
	buf_puts(out, " is handing the object to ");
	add_code(out, markup, "f");
	buf_printf(
		out,
		". Operations were called with the arguments that the package's tests give them; "
		"what no test was seen to do is no promise. Found by ftstress %s.\n",
		run->version ? run->version : "");
}

int safety_write(FILE *out, const struct report_input *input, const struct markup *markup)
{
	const struct run_info *run = input->run;
	struct buf text = { 0 };
	markup->heading(&text, "Thread safety", 1);
	for (size_t i = 0; i < run->type_count; i++)
		add_type(&text, run, markup, &run->types[i]);
	if (run->type_count)
		add_foot(&text, run, markup);
	else
		buf_puts(&text, "No pairs of operations were run: see --pairs.\n");
	errno = 0;
	fwrite(text.data, 1, text.length, out);
	int error = report_flush(out);
	buf_free(&text);
	return error;
}
