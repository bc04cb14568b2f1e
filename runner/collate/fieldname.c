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
	{ "enumerate", "enumobject" },
	{ "filter", "filterobject" },
	{ "float", "PyFloatObject" },
	{ "frame", "PyFrameObject" },
	{ "frozenset", "PySetObject" },
	{ "function", "PyFunctionObject" },
	{ "generator", "PyGenObject" },
	{ "int", "PyLongObject" },
	{ "list", "PyListObject" },
	{ "map", "mapobject" },
	{ "memoryview", "PyMemoryViewObject" },
	{ "method", "PyMethodObject" },
	{ "module", "PyModuleObject" },
	{ "reversed", "reversedobject" },
	{ "set", "PySetObject" },
	{ "slice", "PySliceObject" },
	{ "tuple", "PyTupleObject" },
	{ "zip", "zipobject" },
	{ "_io.BytesIO", "bytesio" },
	{ "_io.StringIO", "stringio" },
	{ "_queue.SimpleQueue", "simplequeueobject" },
	{ "_random.Random", "RandomObject" },
	{ "array.array", "arrayobject" },
	{ "array.arrayiterator", "arrayiterobject" },
	{ "collections.OrderedDict", "PyODictObject" },
	{ "collections.defaultdict", "defdictobject" },
	{ "collections.deque", "dequeobject" },
	{ "functools.partial", "partialobject" },
	{ "itertools._grouper", "_grouperobject" },
	{ "itertools._tee", "teeobject" },
	{ "itertools._tee_dataobject", "teedataobject" },
	{ "itertools.accumulate", "accumulateobject" },
	{ "itertools.batched", "batchedobject" },
	{ "itertools.chain", "chainobject" },
	{ "itertools.combinations", "combinationsobject" },
	{ "itertools.combinations_with_replacement", "cwrobject" },
	{ "itertools.compress", "compressobject" },
	{ "itertools.count", "countobject" },
	{ "itertools.cycle", "cycleobject" },
	{ "itertools.dropwhile", "dropwhileobject" },
	{ "itertools.filterfalse", "filterfalseobject" },
	{ "itertools.groupby", "groupbyobject" },
	{ "itertools.islice", "isliceobject" },
	{ "itertools.pairwise", "pairwiseobject" },
	{ "itertools.permutations", "permutationsobject" },
	{ "itertools.product", "productobject" },
	{ "itertools.repeat", "repeatobject" },
	{ "itertools.starmap", "starmapobject" },
	{ "itertools.takewhile", "takewhileobject" },
	{ "itertools.zip_longest", "ziplongestobject" },
};

/*
 * What Cython calls the structure of a class of its modules: "a.b.C" is __pyx_obj_1a_1b_C. Classes in C can have
 * such names, too, but not such structures.
 */
static char *cython_structure(const char *type)
{
	struct buf name = { 0 };
	const char *dot;
	if (!strchr(type, '.'))
		return NULL;
	buf_puts(&name, "__pyx_obj");
	for (; (dot = strchr(type, '.')) != NULL; type = dot + 1)
		buf_printf(&name, "_%zu%.*s", (size_t)(dot - type), (int)(dot - type), type);
	buf_printf(&name, "_%s", type);
	return buf_take(&name);
}

/* To be freed, or NULL. */
static char *structure_of(const char *type)
{
	for (size_t i = 0; i < sizeof structures / sizeof *structures; i++)
		if (!strcmp(type, structures[i].type))
			return xstrdup(structures[i].structure);
	return cython_structure(type);
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
	char *structure = structure_of(type), *agreed = NULL;
	for (size_t i = 0; i < view->count; i++) {
		if (!section_is_act(view, &view->sections[i]))
			continue;
		char *name =
			structure ? member_of_structure(parts, stacks[i], structure, offset) : NULL;
		if (name) {
			free(agreed);
			free(structure);
			return name;
		}
		name = member_of_line(parts, stacks[i], offset);
		if (!name)
			continue;
		if (agreed && strcmp(agreed, name) != 0) {
			free(agreed);
			free(name);
			free(structure);
			return NULL;
		}
		free(agreed);
		agreed = name;
	}
	free(structure);
	return agreed;
}
