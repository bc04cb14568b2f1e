/* matrix.c - see matrix.h. */
#include "runner/model/kinds.h"
#include "runner/model/matrix.h"

#include <stdlib.h>
#include <string.h>

#include "runner/base/map.h"
#include "runner/base/util.h"

struct table {
	struct run_type type;
	struct map operations; /* hash of the name: index */
	struct pair {
		unsigned a, b;
		enum cell_state state;
		const char *finding; /* borrowed; of the worst state, or NULL */
		char *ordered;       /* by which lock, or NULL */
	} *pairs;
	size_t pair_count, pair_capacity, operation_capacity;
	struct map pairs_by_cell;
};

struct matrix {
	struct table *tables;
	size_t count, capacity;
	struct map by_name;
};

struct matrix *matrix_new(void)
{
	return xcalloc(1, sizeof(struct matrix));
}

void run_type_clear(struct run_type *type)
{
	for (size_t i = 0; i < type->operation_count; i++)
		free(type->operations[i]);
	for (size_t i = 0; i < type->base_count; i++)
		free(type->bases[i]);
	for (size_t i = 0; i < type->cell_count; i++)
		free(type->cells[i].finding);
	strings_free(type->uncalled, type->uncalled_count);
	free(type->name);
	free(type->bases);
	free(type->operations);
	free(type->states);
	for (size_t i = 0; i < type->order_count; i++)
		free(type->orders[i].by);
	free(type->orders);
	free(type->cells);
	*type = (struct run_type){ 0 };
}

void matrix_free(struct matrix *matrix)
{
	for (size_t i = 0; matrix && i < matrix->count; i++) {
		struct table *table = &matrix->tables[i];
		run_type_clear(&table->type);
		map_free(&table->operations);
		map_free(&table->pairs_by_cell);
		for (size_t j = 0; j < table->pair_count; j++)
			free(table->pairs[j].ordered);
		free(table->pairs);
	}
	if (matrix) {
		map_free(&matrix->by_name);
		free(matrix->tables);
	}
	free(matrix);
}

size_t matrix_type_length(const char *test)
{
	const char *colons = strstr(test, "::");
	if (!colons || !strchr(colons, '|') || strchr(test, '/'))
		return 0;
	size_t length = strcspn(test, "@"); /* "m.T@2": an object made in the second way */
	return length < (size_t)(colons - test) ? length : (size_t)(colons - test);
}

size_t matrix_told_length(const char *test)
{
	static const char capsule[] = "builtins.PyCapsule[";
	size_t length = matrix_type_length(test), family = strcspn(test, "[");
	bool apart = !strncmp(test, capsule, sizeof capsule - 1);
	return family < length && !apart ? family : length;
}

/* In memory, or of Python code. */
static bool is_race(const struct finding *finding)
{
	return finding_is_race(finding) || finding->kind == FINDING_PYTHON_RACE;
}

bool matrix_is_table_of(const struct run_type *table, const char *type, size_t length)
{
	return strncmp(table->name, type, length) == 0 &&
	       (!table->name[length] || table->name[length] == '[');
}

size_t matrix_type_of(const struct finding *finding)
{
	return is_race(finding) && finding->test_count ? matrix_told_length(finding->tests[0]) : 0;
}

/* Is the pair one of the type that the memory belongs to? A type's name has its module's before it. */
static bool is_of_owner(const struct finding *finding, const char *test)
{
	size_t length = matrix_type_length(test);
	const char *owner = finding->subject.kind == SUBJECT_OBJECT ? finding->subject.type : NULL;
	size_t end = owner ? strlen(owner) : 0;
	length = length ? strcspn(test, "@[:") : 0;
	return end && length >= end && !strncmp(test + length - end, owner, end) &&
	       (length == end || test[length - end - 1] == '.');
}

bool matrix_owner_first(struct finding *finding)
{
	for (size_t i = 0; is_race(finding) && i < finding->test_count; i++) {
		char *test = finding->tests[i];
		if (!is_of_owner(finding, test))
			continue;
		memmove(finding->tests + 1, finding->tests, i * sizeof *finding->tests);
		finding->tests[0] = test;
		return i > 0;
	}
	return false;
}

unsigned matrix_fit(const struct finding *finding, const char *test)
{
	size_t length = matrix_type_of(finding);
	if (!length || !test)
		return 1;
	if (is_of_owner(finding, test))
		return 2;
	return !strncmp(test, finding->tests[0], length) && strchr("@[:", test[length]);
}

bool matrix_is_owners(const struct finding *finding, const char *test)
{
	return test && is_race(finding) && is_of_owner(finding, test);
}

uint64_t matrix_field(const struct finding *finding)
{
	const struct subject *subject = &finding->subject;
	uint64_t hash = hash_bytes(0, finding->tests[0], matrix_type_of(finding));
	if (subject->kind != SUBJECT_OBJECT)
		return hash_string(hash, "block");
	return hash_bytes(hash_string(hash, subject->type), &subject->offset,
			  sizeof subject->offset);
}

bool matrix_remakes(const char *name, size_t length)
{
	static const char *const names[] = { "__init", "__setstate", "__setstate_cython" };
	while (length && strchr("#_0123456789", name[length - 1]))
		length--;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0)
			return true;
	return false;
}

bool matrix_pair_remakes(const char *test)
{
	const char *at = matrix_type_length(test) ? strstr(test, "::") + 2 : "";
	for (; *at; at += strspn(at, ";|>")) {
		size_t length = strcspn(at, ";|>");
		if (matrix_remakes(at, length))
			return true;
		at += length;
	}
	return false;
}

bool matrix_operations(const char *test, struct operation_name both[2])
{
	if (!matrix_type_length(test))
		return false;
	const char *one = strstr(test, "::") + 2, *bar = strchr(one, '|');
	const char *relative = strrchr(bar, '>'), *two = relative ? relative + 1 : bar + 1;
	both[0] = (struct operation_name){ one, strcspn(one, ";|") };
	both[1] = (struct operation_name){ two, strlen(two) };
	return true;
}

static struct table *table_of(struct matrix *matrix, const char *name, size_t length)
{
	uint64_t key = hash_bytes(0, name, length);
	uint64_t at = map_get(&matrix->by_name, key);
	if (at == MAP_NONE) {
		at = matrix->count;
		ARRAY_PUSH(matrix->tables, matrix->count, matrix->capacity,
			   ((struct table){ .type.name = xstrndup(name, length) }));
		map_set(&matrix->by_name, key, at);
	}
	return &matrix->tables[at];
}

static unsigned operation_of(struct table *table, const char *name, size_t length)
{
	uint64_t key = hash_bytes(0, name, length);
	uint64_t at = map_get(&table->operations, key);
	if (at == MAP_NONE) {
		at = table->type.operation_count;
		ARRAY_PUSH(table->type.operations, table->type.operation_count,
			   table->operation_capacity, xstrndup(name, length));
		map_set(&table->operations, key, at);
	}
	return (unsigned)at;
}

/* The cell that a test counts for; NULL where it is no pair. */
static struct pair *pair_of(struct matrix *matrix, const char *test)
{
	struct operation_name both[2];
	if (!matrix_operations(test, both))
		return NULL;
	struct table *table = table_of(matrix, test, matrix_type_length(test));
	unsigned a = operation_of(table, both[0].text, both[0].length);
	unsigned b = operation_of(table, both[1].text, both[1].length);
	if (a > b) {
		unsigned swap = a;
		a = b;
		b = swap;
	}
	uint64_t key = (uint64_t)a << 32 | b;
	uint64_t at = map_get(&table->pairs_by_cell, key);
	if (at == MAP_NONE) {
		at = table->pair_count;
		ARRAY_PUSH(table->pairs, table->pair_count, table->pair_capacity,
			   ((struct pair){ .a = a, .b = b }));
		map_set(&table->pairs_by_cell, key, at);
	}
	return &table->pairs[at];
}

void matrix_test(struct matrix *matrix, const char *test, enum cell_state state)
{
	struct pair *pair = pair_of(matrix, test);
	if (pair && state > pair->state)
		pair->state = state;
}

void matrix_ordered(struct matrix *matrix, const char *test, const char *by)
{
	struct pair *pair = pair_of(matrix, test);
	if (!pair)
		return;
	if (pair->state < CELL_ORDERED)
		pair->state = CELL_ORDERED;
	if (!pair->ordered)
		pair->ordered = xstrdup(by);
}

static enum cell_state state_of(const struct finding *finding)
{
	enum cell_state state = kind_info(finding->kind)->cell;
	return state ? state : CELL_OTHER;
}

void matrix_finding(struct matrix *matrix, const char *test, const struct finding *finding)
{
	struct pair *pair = pair_of(matrix, test);
	enum cell_state state = state_of(finding);
	if (!pair || (pair->finding && state <= pair->state))
		return;
	if (state > pair->state)
		pair->state = state;
	pair->finding = finding->id;
}

bool matrix_has_finding(struct matrix *matrix, const char *test)
{
	struct pair *pair = pair_of(matrix, test);
	return pair && pair->finding;
}

static int by_name(const void *a, const void *b)
{
	const struct run_type *left = a, *right = b;
	return strcmp(left->name, right->name);
}

static struct run_type finish(struct table *table)
{
	struct run_type type = table->type;
	size_t count = type.operation_count, capacity = 0, order_capacity = 0;
	type.states = xcalloc(count * count + 1, 1);
	memset(type.states, CELL_LETTERS[CELL_NOT_RUN], count * count);
	for (size_t i = 0; i < table->pair_count; i++) {
		const struct pair *pair = &table->pairs[i];
		type.states[pair->a * count + pair->b] = CELL_LETTERS[pair->state];
		type.states[pair->b * count + pair->a] = CELL_LETTERS[pair->state];
		type.by_state[pair->state]++;
		if (pair->state == CELL_ORDERED)
			ARRAY_PUSH(
				type.orders, type.order_count, order_capacity,
				((struct run_order){ pair->a, pair->b, xstrdup(pair->ordered) }));
		if (pair->finding)
			ARRAY_PUSH(type.cells, type.cell_count, capacity,
				   ((struct run_cell){ pair->a, pair->b, xstrdup(pair->finding) }));
	}
	table->type = (struct run_type){ 0 };
	return type;
}

struct run_type *matrix_take(struct matrix *matrix, size_t *count)
{
	*count = matrix->count;
	struct run_type *types = xcalloc(matrix->count + 1, sizeof *types);
	for (size_t i = 0; i < matrix->count; i++)
		types[i] = finish(&matrix->tables[i]);
	qsort(types, matrix->count, sizeof *types, by_name);
	return types;
}
