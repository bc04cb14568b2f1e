/* operations.c - see operations.h. */
#include "runner/symbols/operations.h"

#include <stdlib.h>
#include <string.h>

#include "ftstress/record.h"
#include "runner/base/map.h"
#include "runner/base/util.h"
#include "runner/model/plumbing.h"

struct known {
	position where;
	size_t type; /* in types */
	char *name;
};

struct module {
	char *name;
	size_t *waiting; /* numbers of those in `known` that are not symbolized */
	size_t count, capacity;
};

struct operations {
	struct symbolizer *symbolizer;
	char **types;
	size_t type_count, type_capacity;
	struct known *known;
	size_t count, capacity;
	struct module *modules;
	size_t module_count, module_capacity;
	struct map by_type;     /* hash of a name -> number in types */
	struct map by_position; /* -> 1: it is known */
	struct map by_module;   /* hash of a name -> number in modules */
	struct map by_function; /* hash of module and function -> number in known, or NONE */
};

#define NONE (MAP_NONE - 1) /* a function of several types */

struct operations *operations_new(struct symbolizer *symbolizer)
{
	struct operations *operations = xcalloc(1, sizeof *operations);
	operations->symbolizer = symbolizer;
	return operations;
}

void operations_free(struct operations *operations)
{
	for (size_t i = 0; i < operations->type_count; i++)
		free(operations->types[i]);
	for (size_t i = 0; i < operations->count; i++)
		free(operations->known[i].name);
	for (size_t i = 0; i < operations->module_count; i++) {
		free(operations->modules[i].name);
		free(operations->modules[i].waiting);
	}
	free(operations->types);
	free(operations->known);
	free(operations->modules);
	map_free(&operations->by_type);
	map_free(&operations->by_position);
	map_free(&operations->by_module);
	map_free(&operations->by_function);
	free(operations);
}

static size_t type_number(struct operations *operations, const char *name, size_t length)
{
	uint64_t key = hash_bytes(0, name, length), at = map_get(&operations->by_type, key);
	if (at != MAP_NONE)
		return (size_t)at;
	ARRAY_PUSH(operations->types, operations->type_count, operations->type_capacity,
		   xstrndup(name, length));
	map_set(&operations->by_type, key, operations->type_count - 1);
	return operations->type_count - 1;
}

static struct module *module_of(struct operations *operations, const char *name)
{
	uint64_t key = hash_string(0, name), at = map_get(&operations->by_module, key);
	if (at != MAP_NONE)
		return &operations->modules[at];
	ARRAY_PUSH(operations->modules, operations->module_count, operations->module_capacity,
		   (struct module){ .name = xstrdup(name) });
	map_set(&operations->by_module, key, operations->module_count - 1);
	return &operations->modules[operations->module_count - 1];
}

static void add(struct operations *operations, position where, size_t type, const char *name,
		size_t length)
{
	uint64_t state = where ^ (uint64_t)type << 32, key = splitmix64(&state);
	if (where == POSITION_UNKNOWN || (where & POSITION_PYTHON) ||
	    map_get(&operations->by_position, key) != MAP_NONE)
		return;
	map_set(&operations->by_position, key, 1);
	struct known known = { where, type, xstrndup(name, length) };
	ARRAY_PUSH(operations->known, operations->count, operations->capacity, known);
	struct module *module =
		module_of(operations, symbolizer_module_name(operations->symbolizer, where));
	ARRAY_PUSH(module->waiting, module->count, module->capacity, operations->count - 1);
}

void operations_take(struct operations *operations, const struct tables *tables, uint32_t pid,
		     const uint8_t *payload, size_t length)
{
	struct fts_operations head;
	if (length < sizeof head)
		return;
	memcpy(&head, payload, sizeof head);
	const uint8_t *functions = payload + sizeof head;
	uint64_t texts = 8ull * head.count + head.name_length;
	if (texts > length - sizeof head)
		return;
	const char *at = (const char *)functions + texts, *end = (const char *)payload + length;
	size_t type = type_number(operations, at - head.name_length, head.name_length);
	for (uint32_t i = 0; i < head.count && at < end && *at == '\n'; i++) {
		const char *name = at + 1;
		const char *next = memchr(name, '\n', (size_t)(end - name));
		uint64_t address;
		memcpy(&address, functions + 8ull * i, sizeof address);
		at = next ? next : end;
		add(operations, tables_position(tables, pid, address), type, name,
		    (size_t)(at - name));
	}
}

/* Lines of Cython stand in other files than the C that was made of them: a file says nothing here. */
static uint64_t key_of(const char *module, const char *function)
{
	return hash_string(hash_string(0, module), function);
}

static void symbolize(struct operations *operations, struct module *module)
{
	position *positions = xcalloc(module->count + 1, sizeof *positions);
	for (size_t i = 0; i < module->count; i++)
		positions[i] = operations->known[module->waiting[i]].where;
	symbolizer_resolve(operations->symbolizer, positions, module->count);
	for (size_t i = 0; i < module->count; i++) {
		const struct stack *frames =
			symbolizer_frames(operations->symbolizer, positions[i]);
		size_t number = module->waiting[i];
		uint64_t key = key_of(module->name, frames->frames[frames->count - 1].function);
		uint64_t other = map_get(&operations->by_function, key);
		if (other == MAP_NONE)
			map_set(&operations->by_function, key, number);
		else if (other != NONE &&
			 operations->known[other].type != operations->known[number].type)
			map_set(&operations->by_function, key, NONE);
	}
	module->count = 0;
	free(positions);
}

struct type_operation operations_find(struct operations *operations, const struct frame *frame)
{
	struct type_operation none = { NULL, NULL };
	if (!frame->module || frame->is_inline)
		return none;
	uint64_t at = map_get(&operations->by_module, hash_string(0, frame->module));
	if (at == MAP_NONE)
		return none;
	if (operations->modules[at].count)
		symbolize(operations, &operations->modules[at]);
	at = map_get(&operations->by_function, key_of(frame->module, frame->function));
	if (at == MAP_NONE || at == NONE)
		return none;
	const struct known *known = &operations->known[at];
	return (struct type_operation){ operations->types[known->type], known->name };
}

/* Of a type of Python's own, whose name has no module before it. */
static bool is_part(struct type_operation operation)
{
	return !strchr(operation.type, '.') &&
	       (!strcmp(operation.name, "dealloc") || !strcmp(operation.name, "__hash__") ||
		!strcmp(operation.name, "comparison"));
}

/* Does the frame call an object, whatever it is? */
static bool is_call(const struct frame *frame)
{
	static const char *const names[] = { "cfunction_call",      "cfunction_vectorcall",
					     "method_vectorcall",   "PyObject_Call",
					     "_PyObject_Call",      "PyObject_Vectorcall",
					     "_PyObject_MakeTpCall" };
	if (frame->language == FRAME_PYTHON)
		return true;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strncmp(frame->function, names[i], strlen(names[i])))
			return frame->module && plumbing_is_base_module(frame->module);
	return false;
}

struct type_operation operations_in(struct operations *operations, const struct stack *stack)
{
	struct type_operation found = { NULL, NULL };
	for (size_t i = 0; i < stack->count && !found.type; i++) {
		if (is_call(&stack->frames[i]))
			break;
		found = operations_find(operations, &stack->frames[i]);
		if (found.type && is_part(found))
			found = (struct type_operation){ NULL, NULL };
	}
	return found;
}
