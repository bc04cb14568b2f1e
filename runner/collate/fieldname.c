/* fieldname.c - see fieldname.h. */
#include "runner/collate/fieldname.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"
#include "runner/model/plumbing.h"
#include "runner/symbols/source.h"

/* What CPython's own types are laid out as. */
static const struct {
	const char *type, *structure;
} structures[] = {
	{ "async_generator", "PyAsyncGenObject" },
	{ "builtin_function_or_method", "PyCFunctionObject" },
	{ "bytearray", "PyByteArrayObject" },
	{ "bytes", "PyBytesObject" },
	{ "cell", "PyCellObject" },
	{ "code", "PyCodeObject" },
	{ "coroutine", "PyCoroObject" },
	{ "dict", "PyDictObject" },
	{ "float", "PyFloatObject" },
	{ "frame", "PyFrameObject" },
	{ "frozenset", "PySetObject" },
	{ "function", "PyFunctionObject" },
	{ "generator", "PyGenObject" },
	{ "int", "PyLongObject" },
	{ "list", "PyListObject" },
	{ "memoryview", "PyMemoryViewObject" },
	{ "method", "PyMethodObject" },
	{ "module", "PyModuleObject" },
	{ "set", "PySetObject" },
	{ "slice", "PySliceObject" },
	{ "tuple", "PyTupleObject" },
};

static const char *structure_of(const char *type)
{
	for (size_t i = 0; i < sizeof structures / sizeof *structures; i++)
		if (!strcmp(type, structures[i].type))
			return structures[i].structure;
	return NULL;
}

/* The first of the stack's modules that knows the structure says it. */
static char *member_of_structure(const struct fieldname_parts *parts, uint32_t number,
				 const char *structure, uint64_t offset)
{
	struct shared_stack stack = stacks_get(parts->stacks, number);
	const char *last = NULL;
	for (size_t i = 0; i < stack.count; i++) {
		position where = stack.positions[i];
		if (where == POSITION_UNKNOWN || (where & POSITION_PYTHON))
			continue;
		const char *module = symbolizer_module_name(parts->symbolizer, where);
		if (module == last || plumbing_is_runtime_module(module))
			continue;
		last = module;
		char *name = symbolizer_member_of(parts->symbolizer, where, structure, offset);
		if (name)
			return name;
	}
	return NULL;
}

/* Where a thread touched the memory: in the code that called the runtime for it, if one was called. */
static position access_position(const struct fieldname_parts *parts, uint32_t number)
{
	struct shared_stack stack = stacks_get(parts->stacks, number);
	for (size_t i = 0; i < stack.count; i++) {
		if (stack.positions[i] == POSITION_UNKNOWN ||
		    (stack.positions[i] & POSITION_PYTHON))
			break;
		const char *module = symbolizer_module_name(parts->symbolizer, stack.positions[i]);
		if (!plumbing_is_runtime_module(module))
			return stack.positions[i];
	}
	return POSITION_UNKNOWN;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool has_word(const struct source_line *line, const char *word, size_t length)
{
	const char *at = line->text, *end = line->text + line->length;
	while ((at = memmem(at, (size_t)(end - at), word, length)) != NULL) {
		bool begins = at == line->text || !is_word(at[-1]);
		if (begins && (at + length == end || !is_word(at[length])))
			return true;
		at += length;
	}
	return false;
}

/* Does one of the position's lines name the member, or a part of it ("state" of "state.index")? */
static bool line_names(const struct fieldname_parts *parts, position where, const char *member)
{
	const struct stack *frames = symbolizer_frames(parts->symbolizer, where);
	for (size_t i = 0; i < frames->count; i++) {
		const struct frame *frame = &frames->frames[i];
		struct source_line line;
		if (!frame->file || !source_get(parts->sources, frame->file, frame->line, &line))
			continue;
		for (const char *part = member; *part; part += strspn(part, ".[]")) {
			size_t length = strcspn(part, ".[]");
			if (has_word(&line, part, length))
				return true;
			part += length;
		}
	}
	return false;
}

/* A variable in scope may be another object's. So the source line has to name the field. */
static char *member_of_line(const struct fieldname_parts *parts, uint32_t number, uint64_t offset)
{
	position where = access_position(parts, number);
	char *name = where == POSITION_UNKNOWN
			     ? NULL
			     : symbolizer_member(parts->symbolizer, where, offset);
	if (name && line_names(parts, where, name))
		return name;
	free(name);
	return NULL;
}

char *fieldname(const struct fieldname_parts *parts, const struct report_view *view,
		const uint32_t *stacks, const char *type, uint64_t offset)
{
	const char *structure = structure_of(type);
	char *agreed = NULL;
	for (size_t i = 0; i < view->count; i++) {
		if (!section_is_act(view, &view->sections[i]))
			continue;
		char *name =
			structure ? member_of_structure(parts, stacks[i], structure, offset) : NULL;
		if (name) {
			free(agreed);
			return name;
		}
		name = member_of_line(parts, stacks[i], offset);
		if (!name)
			continue;
		if (agreed && strcmp(agreed, name) != 0) {
			free(agreed);
			free(name);
			return NULL;
		}
		free(agreed);
		agreed = name;
	}
	return agreed;
}
