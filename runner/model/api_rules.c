/* api_rules.c - see api_rules.h. */
#include "runner/model/api_rules.h"

#include <ctype.h>
#include <string.h>

#include "runner/model/plumbing.h"

enum level {
	WITH_LOCK, /* "compatible": safe if all who use the object hold one lock */
	DISTINCT,  /* "distinct": safe on an object that no other thread uses */
	NEW_ONLY,  /* of an object that nobody else has yet */
};

struct api_rule {
	const char *name; /* of a function, or of a macro */
	enum level level;
	const char *object, *instead; /* NULL: there is nothing */
};

/* clang-format off */
static const struct api_rule functions[] = {
	/* CPython's table */
	{ "PyByteArray_AsString", WITH_LOCK, "bytearray", "PyObject_GetBuffer" },
	{ "PyCapsule_GetContext", DISTINCT, "capsule", NULL },
	{ "PyCapsule_GetDestructor", DISTINCT, "capsule", NULL },
	{ "PyCapsule_GetName", DISTINCT, "capsule", NULL },
	{ "PyCapsule_GetPointer", DISTINCT, "capsule", NULL },
	{ "PyCapsule_SetContext", DISTINCT, "capsule", NULL },
	{ "PyCapsule_SetDestructor", DISTINCT, "capsule", NULL },
	{ "PyCapsule_SetName", DISTINCT, "capsule", NULL },
	{ "PyCapsule_SetPointer", DISTINCT, "capsule", NULL },
	{ "PyDict_GetItem", WITH_LOCK, "dict", "PyDict_GetItemRef" },
	{ "PyDict_GetItemString", WITH_LOCK, "dict", "PyDict_GetItemStringRef" },
	{ "PyDict_GetItemWithError", WITH_LOCK, "dict", "PyDict_GetItemRef" },
	{ "PyDict_Next", WITH_LOCK, "dict", NULL },
	{ "PyDict_SetDefault", WITH_LOCK, "dict", "PyDict_SetDefaultRef" },
	{ "PyDict_Unwatch", DISTINCT, "dict", NULL },
	{ "PyDict_Watch", DISTINCT, "dict", NULL },
	{ "PyList_GetItem", WITH_LOCK, "list", "PyList_GetItemRef" },
	{ "_PyBytes_Resize", NEW_ONLY, "bytes object", NULL },
	/* and what it has not */
	{ "PyFunction_GetAnnotations", WITH_LOCK, "function", NULL },
	{ "PyFunction_GetDefaults", WITH_LOCK, "function", NULL },
	{ "PyFunction_GetKwDefaults", WITH_LOCK, "function", NULL },
	{ "PyFunction_SetAnnotations", WITH_LOCK, "function", NULL },
	{ "PyFunction_SetDefaults", WITH_LOCK, "function", NULL },
	{ "PyFunction_SetKwDefaults", WITH_LOCK, "function", NULL },
	{ "_PyTuple_Resize", NEW_ONLY, "tuple", NULL },
	{ "PyTuple_SetItem", NEW_ONLY, "tuple", NULL },
	{ "PyUnicode_WriteChar", NEW_ONLY, "str", NULL },
	{ "PyUnicode_CopyCharacters", NEW_ONLY, "str", NULL },
	{ "PyUnicode_Fill", NEW_ONLY, "str", NULL },
	{ "PyStructSequence_SetItem", NEW_ONLY, "structure", NULL },
	{ "PyType_Modified", WITH_LOCK, "type", NULL },
	{ "PyWeakref_GetObject", WITH_LOCK, "weak reference", "PyWeakref_GetRef" },
};

/* They call nothing: what they read or write is in the extension's own code. */
static const struct api_rule macros[] = {
	{ "PyByteArray_AS_STRING", WITH_LOCK, "bytearray", "PyObject_GetBuffer" },
	{ "PyList_GET_ITEM", WITH_LOCK, "list", "PyList_GetItemRef" },
	{ "PyList_SET_ITEM", NEW_ONLY, "list", "PyList_SetItem" },
	{ "PySequence_Fast_GET_ITEM", WITH_LOCK, "list", "PySequence_GetItem" },
	{ "PySequence_Fast_ITEMS", WITH_LOCK, "list", "PySequence_Tuple" },
	{ "PyTuple_SET_ITEM", NEW_ONLY, "tuple", NULL },
	{ "PyStructSequence_SET_ITEM", NEW_ONLY, "structure", NULL },
	{ "PyCell_GET", WITH_LOCK, "cell", "PyCell_Get" },
	{ "PyCell_SET", WITH_LOCK, "cell", "PyCell_Set" },
	{ "PyWeakref_GET_OBJECT", WITH_LOCK, "weak reference", "PyWeakref_GetRef" },
	{ "PyUnicode_WRITE", NEW_ONLY, "str", NULL },
};
/* clang-format on */
#define COUNT(table) (sizeof(table) / sizeof *(table))

static bool is_extensions(const struct frame *frame)
{
	return frame->language != FRAME_PYTHON && frame->module &&
	       !plumbing_is_base_module(frame->module);
}

static const struct api_rule *function_named(const char *name)
{
	for (size_t i = 0; i < COUNT(functions); i++)
		if (!strcmp(name, functions[i].name))
			return &functions[i];
	return NULL;
}

const char *api_rule_instead(const char *function)
{
	const struct api_rule *rule = function_named(function);
	return rule ? rule->instead : NULL;
}

const struct api_rule *api_rule_called(const struct stack *stack)
{
	size_t from = 0;
	while (from < stack->count && !is_extensions(&stack->frames[from]) &&
	       stack->frames[from].language != FRAME_PYTHON)
		from++;
	/* The function that the extension has called is the last one of the interpreter's. */
	if (from == 0 || from == stack->count || stack->frames[from].language == FRAME_PYTHON)
		return NULL;
	return function_named(stack->frames[from - 1].function);
}

const struct frame *api_rule_macro_frame(const struct stack *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		const struct frame *frame = &stack->frames[i];
		if (!is_extensions(frame))
			return NULL;
		if (!frame->is_inline || !plumbing_is_borrowed(frame))
			return frame;
	}
	return NULL;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool names(const char *line, size_t length, const char *name)
{
	size_t bytes = strlen(name);
	const char *at = line, *end = line + length;
	while ((at = memmem(at, (size_t)(end - at), name, bytes)) != NULL) {
		if ((at == line || !is_word(at[-1])) && (at + bytes == end || !is_word(at[bytes])))
			return true;
		at += bytes;
	}
	return false;
}

const struct api_rule *api_rule_in_line(const char *line, size_t length)
{
	for (size_t i = 0; i < COUNT(macros); i++)
		if (names(line, length, macros[i].name))
			return &macros[i];
	return NULL;
}

void api_rule_add(struct buf *out, const struct api_rule *rule)
{
	switch (rule->level) {
	case WITH_LOCK:
		buf_printf(out,
			   " The rule of the C API: %s takes no lock. On a %s that other threads "
			   "change it may be used only under a lock that all of them hold, as a "
			   "critical section on the %s (Py_BEGIN_CRITICAL_SECTION)",
			   rule->name, rule->object, rule->object);
		break;
	case DISTINCT:
		buf_printf(out,
			   " The rule of the C API: %s takes no lock. Two threads may use it on "
			   "two objects, and not on one %s, but under a lock of their own",
			   rule->name, rule->object);
		break;
	case NEW_ONLY:
		buf_printf(out,
			   " The rule of the C API: %s is for a new %s that no other thread has "
			   "yet",
			   rule->name, rule->object);
		break;
	}
	if (rule->instead)
		buf_printf(out, "; %s does without", rule->instead);
	buf_puts(out, ".");
}
