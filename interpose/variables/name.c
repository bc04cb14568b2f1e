/* name.c - see name.h. */
#define _GNU_SOURCE
#include "interpose/variables/name.h"

#include "ftstress/record.h"
#include "interpose/python/code.h"
#include "interpose/python/layout.h"
#include "interpose/python/object.h"
#include "interpose/python/walk.h"

#include <dlfcn.h>
#include <stddef.h>

static long tuple_items;
static const void *str_type, *generator_type;

struct output {
	char *text;
	unsigned used;
};

static void say(struct output *out, const char *words)
{
	while (*words && out->used + 1 < NAME_BYTES)
		out->text[out->used++] = *words++;
	out->text[out->used] = '\0';
}

static void say_str(struct output *out, const void *str)
{
	out->used += code_utf8(str, (uint8_t *)out->text + out->used, NAME_BYTES - 1 - out->used);
	out->text[out->used] = '\0';
}

static const void *item_of(const void *tuple, unsigned index)
{
	return index < load64(tuple, python_at.size)
		       ? load_pointer(tuple, tuple_items + 8 * (long)index)
		       : NULL;
}

struct instruction {
	uint32_t does;
	unsigned argument;
};

/* The instruction with its whole argument: from the function's beginning, as caches look like any. */
static struct instruction instruction_at(const struct access *access)
{
	const uint8_t *units = (const uint8_t *)python_bytecode(access->code, access->frame);
	uint32_t wanted = FTS_PC_INSTRUCTION(access->pc);
	unsigned extended = 0;
	for (uint32_t at = 0; at <= wanted && wanted != FTS_PC_MARKER;) {
		uint32_t does = opcode_flags[units[2 * at]];
		unsigned argument = extended << 8 | units[2 * at + 1];
		if (at == wanted)
			return (struct instruction){ does, argument };
		extended = does & OP_EXTENDS ? argument : 0;
		at += 1u + opcode_caches[units[2 * at]];
	}
	return (struct instruction){ 0, 0 };
}

/* The name that the instruction has, or NULL. */
static const void *named(const struct access *access, struct instruction instruction)
{
	if (instruction.does & OP_CELL)
		return item_of(load_pointer(access->code, python_at.code_localsplusnames),
			       instruction.argument);
	unsigned index = instruction.does & (OP_ATTRIBUTE | OP_GLOBAL) ? instruction.argument >> 1
								       : instruction.argument;
	return item_of(load_pointer(access->code, python_at.code_names), index);
}

void name_field(const struct access *access, char name[FIELDS_NAME])
{
	struct instruction instruction = instruction_at(access);
	const void *str = instruction.does & (OP_ATTRIBUTE | OP_ATTRIBUTE1 | OP_GLOBAL | OP_GLOBAL1)
				  ? named(access, instruction)
				  : NULL;
	uint32_t length = str ? code_utf8(str, (uint8_t *)name, FIELDS_NAME - 1) : 0;
	name[length] = '\0';
}

bool name_is(const void *code, unsigned index, const char *name)
{
	uint8_t text[FIELDS_NAME];
	const void *str = item_of(load_pointer(code, python_at.code_names), index);
	uint64_t length = raw_length(name);
	return str && code_utf8(str, text, sizeof text) == length && raw_equal(text, name, length);
}

static const char *container(enum site_class class)
{
	return class == SITE_ITEM || class == SITE_LIST                                   ? "list"
	       : class == SITE_ENTRY || class == SITE_ENTRY_OR_HASH || class == SITE_DICT ? "dict"
											  : "";
}

/* The type of the object that has the variable in itself. */
static void say_type(struct output *out, const struct access *access)
{
	struct object object = { 0 };
	enum site_class class = site_class(access->site);
	if (access->state)
		say(out, "queue.Queue");
	else if ((class == SITE_VALUE || class == SITE_SLOT || class == SITE_OTHER ||
		  class == SITE_BUFFER) &&
		 object_find(access->address, &object))
		say(out, object.type);
	else
		say(out, container(class));
}

/* The address is the object's. */
static void say_iterator(struct output *out, const struct access *access)
{
	const void *type = load_pointer((const void *)access->address, OBJECT_TYPE);
	if (type != generator_type) {
		say(out, NAME_ITERATOR "\t");
		say(out, load_pointer(type, python_at.type_name));
		return;
	}
	const void *name =
		load_pointer((const void *)access->address, python_at.generator_qualname);
	say(out, NAME_GENERATOR);
	if (name && load_pointer(name, OBJECT_TYPE) == str_type)
		say_str(out, name);
}

void name_variable(const struct access *access, char name[NAME_BYTES])
{
	struct output out = { name, 0 };
	if (site_class(access->site) == SITE_ITERATOR) {
		say_iterator(&out, access);
		return;
	}
	struct instruction instruction = instruction_at(access);
	uint32_t does = instruction.does;
	enum site_class class = site_class(access->site);
	if (!access->is_key && (class == SITE_LIST || class == SITE_DICT || class == SITE_OTHER)) {
		say(&out, "size\t");
	} else if (class == SITE_CELL) {
		say(&out, "closure\t");
		if (does & OP_CELL)
			say_str(&out, named(access, instruction));
	} else if (does & (OP_GLOBAL | OP_GLOBAL1)) {
		say(&out, "global\t");
		say_str(&out, named(access, instruction));
		return;
	} else if (does & (OP_ATTRIBUTE | OP_ATTRIBUTE1)) {
		say(&out, "attribute\t");
		say_str(&out, named(access, instruction));
		say(&out, "\t");
		if (class != SITE_ENTRY && class != SITE_ENTRY_OR_HASH)
			say_type(&out, access);
		return;
	} else if (class == SITE_VALUE || class == SITE_SLOT) {
		say(&out, "attribute\t");
	} else {
		say(&out, "item\t");
	}
	say(&out, "\t");
	say_type(&out, access);
}

bool name_start(const char **why)
{
	const char *tuple = dlsym(RTLD_DEFAULT, "PyTuple_Type");
	str_type = dlsym(RTLD_DEFAULT, "PyUnicode_Type");
	generator_type = dlsym(RTLD_DEFAULT, "PyGen_Type");
	tuple_items = tuple ? (long)load64(tuple, python_at.type_basicsize) : 0;
	if (!tuple_items) {
		*why = "the names of this Python's code objects can't be read";
		return false;
	}
	return true;
}
