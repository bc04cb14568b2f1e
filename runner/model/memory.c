/* memory.c - see memory.h. In the lists, a name that ends in '*' stands for all that begin so. */
#include "runner/model/memory.h"

#include <string.h>

#include "runner/model/fingerprint.h"
#include "runner/model/plumbing.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const allocator[] = {
	"mi_*",
	"_mi_*",
	"PyMem_*",
	"_PyMem_*",
	"PyObject_Malloc",
	"PyObject_Calloc",
	"PyObject_Realloc",
	"PyObject_Free",
	"PyObject_GC_Del",
	"_PyObject_Mi*",
	"_PyObject_Malloc*",
	"_PyObject_Calloc*",
	"_PyObject_Realloc*",
	"_PyObject_Free*",
	"pymalloc_*",
	"get_allocator_unlocked",
	"set_allocator_unlocked",
	"set_default_allocator_unlocked",
};

/* Look at an object that may be gone. */
static const char *const tries[] = {
	"_Py_TryIncref*", "_Py_TryIncRef*",      "_Py_TryXGetRef",
	"_Py_XGetRef",    "_Py_TryXGetStackRef", "PyUnstable_TryIncRef",
};

/* Make new objects. Whatever else such a function writes, it writes into the new object. */
static const char *const makers[] = {
	"new_reference",      "_Py_NewReference*",   "_PyObject_Init*",   "PyObject_Init*",
	"_PyObject_New*",     "PyType_GenericAlloc", "_PyType_Alloc*",    "_PyObject_GC_New*",
	"_PyObject_GC_Track", "_PyObject_GC_TRACK",  "PyObject_GC_Track", "gc_alloc",
	"_PyLong_From*",      "PyLong_From*",        "_PyLong_New",       "long_alloc",
	"PyFloat_From*",      "PyComplex_From*",     "PyUnicode_New",     "PyUnicode_From*",
	"_PyUnicode_From*",   "PyBytes_From*",       "_PyBytes_From*",    "PyTuple_New",
	"PyTuple_Pack",       "tuple_alloc",         "_PyTuple_From*",    "PyTuple_From*",
	"PyList_New",         "_PyList_From*",       "PyDict_New",        "new_dict*",
	"new_keys_object",    "new_values",          "_PyCFunction_New*", "PyCFunction_New*",
	"PyMethod_New",       "PyCell_New",          "PyFunction_New*",   "_PyFunction_From*",
	"PySlice_New",        "_PyBuildSlice*",
};

/* Allocate blocks, not objects, that may come from a list of freed ones (pycore_freelist.h). */
static const char *const recyclers[] = {
	"new_keys_object",
	"PyUnicodeWriter_Create",
	"_PyObjectStackChunk_New",
};

static bool listed(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (plumbing_name_matches(names[i], name))
			return true;
	}
	return false;
}

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), tail = strlen(end);
	return length >= tail && !strcmp(name + length - tail, end);
}

static bool is_native(const struct frame *frame)
{
	return frame->language != FRAME_PYTHON && frame->language != FRAME_CYTHON;
}

bool memory_is_allocator(const struct frame *frame)
{
	return is_native(frame) && frame->module && plumbing_is_base_module(frame->module) &&
	       listed(allocator, COUNT(allocator), frame->function);
}

/* Only hands on to the allocator what a free list does not take (pycore_freelist.h). */
static bool hands_on(const struct stack *stack, size_t at)
{
	return at && !strcmp(stack->frames[at].function, "_PyFreeList_Free");
}

/* Index of the innermost frame that is neither the allocator's nor a helper. */
static size_t first_caller(const struct stack *stack)
{
	size_t at = 0;
	while (at < stack->count && (memory_is_allocator(&stack->frames[at]) ||
				     plumbing_is_helper(&stack->frames[at]) || hands_on(stack, at)))
		at++;
	return at;
}

size_t memory_caller(const struct stack *stack)
{
	size_t at = first_caller(stack);
	while (at < stack->count && plumbing_is(&stack->frames[at]))
		at++;
	return at;
}

/*
 * What the allocator does, by the innermost function whose name says it. A function with "extend"
 * in its name links the blocks of a page that nobody had yet.
 */
static enum memory_act act_of(const struct stack *stack, size_t end)
{
	for (size_t i = 0; i < end; i++) {
		const char *name = stack->frames[i].function;
		if (!memory_is_allocator(&stack->frames[i]))
			continue;
		if (strstr(name, "ealloc"))
			return MEMORY_MOVED;
		if (strstr(name, "alloc") || strstr(name, "extend"))
			return MEMORY_GIVEN;
		if (strstr(name, "free") || strstr(name, "Free") || ends_with(name, "_Del"))
			return MEMORY_FREED;
	}
	return MEMORY_GIVEN;
}

enum memory_act memory_act(const struct stack *stack)
{
	size_t end = first_caller(stack);
	for (size_t i = 0; i < end; i++) {
		if (memory_is_allocator(&stack->frames[i]))
			return act_of(stack, end);
		if (listed(tries, COUNT(tries), stack->frames[i].function))
			return MEMORY_TRIED;
	}
	return MEMORY_USED;
}

/*
 * Is it a type's tp_new or tp_alloc, or a tp_iter of the interpreter? By its name. (An extension's
 * tp_iter need not make an object: it may reset the one that it is called on.)
 */
static bool makes_by_name(const struct frame *frame)
{
	bool base = frame->module && plumbing_is_base_module(frame->module);
	return ends_with(frame->function, "_new") || ends_with(frame->function, "_alloc") ||
	       (base && ends_with(frame->function, "_iter"));
}

bool memory_is_making(const struct participant *side)
{
	/* What realloc() writes, it writes into the new block. */
	if (side->write && !side->frees && memory_act(&side->stack) == MEMORY_MOVED)
		return true;
	size_t site = site_frame(&side->stack), end = first_caller(&side->stack);
	if (site != SITE_NONE && site > end)
		end = site;
	for (size_t i = 0; side->write && i < side->stack.count && i <= end; i++) {
		const struct frame *frame = &side->stack.frames[i];
		if (!is_native(frame))
			return false;
		if (listed(makers, COUNT(makers), frame->function) || makes_by_name(frame))
			return true;
	}
	return false;
}

bool memory_is_recycled(const struct stack *allocated)
{
	for (size_t i = 0; i < allocated->count && is_native(&allocated->frames[i]); i++) {
		if (listed(recyclers, COUNT(recyclers), allocated->frames[i].function))
			return true;
	}
	return false;
}

enum memory_act memory_c_act(const struct stack *stack)
{
	static const struct {
		const char *end;
		enum memory_act act;
	} names[] = {
		{ "interceptor_free", MEMORY_FREED },   { "interceptor_realloc", MEMORY_MOVED },
		{ "interceptor_malloc", MEMORY_GIVEN }, { "interceptor_calloc", MEMORY_GIVEN },
		{ "operator delete", MEMORY_FREED },    { "operator new", MEMORY_GIVEN },
	};
	const struct frame *frame = stack->count ? &stack->frames[0] : NULL;
	if (!frame || !frame->module || !plumbing_is_runtime_module(frame->module))
		return MEMORY_USED;
	for (size_t i = 0; i < COUNT(names); i++)
		if (strstr(frame->function, names[i].end))
			return names[i].act;
	return MEMORY_USED;
}

/* Does the side end the memory? */
static bool is_end(const struct participant *side)
{
	enum memory_act act = memory_act(&side->stack);
	if (act == MEMORY_USED)
		act = memory_c_act(&side->stack);
	return act == MEMORY_FREED || (act == MEMORY_MOVED && (side->frees || !side->write));
}

static bool is_use(const struct participant *side)
{
	return side->stack.count && memory_act(&side->stack) == MEMORY_USED &&
	       memory_c_act(&side->stack) == MEMORY_USED && !memory_is_making(side);
}

const struct participant *memory_freed_in_use(const struct finding *finding)
{
	if (finding->participant_count != 2)
		return NULL;
	for (size_t i = 0; i < 2; i++) {
		const struct participant *side = &finding->participants[i];
		if (is_end(side) && is_use(&finding->participants[1 - i]))
			return side;
	}
	return NULL;
}

bool memory_is_look(const struct finding *finding)
{
	for (size_t i = 0; i < 2 && finding->participant_count == 2; i++) {
		const struct participant *look = &finding->participants[i];
		const struct participant *other = &finding->participants[1 - i];
		enum memory_act act = memory_act(&other->stack);
		bool memory = act == MEMORY_GIVEN || act == MEMORY_FREED || act == MEMORY_MOVED ||
			      memory_is_making(other);
		if (look->atomic && !look->write && memory_act(&look->stack) == MEMORY_TRIED &&
		    memory)
			return true;
	}
	return false;
}

bool memory_is_interpreters(const struct participant *side)
{
	for (size_t i = 0; i < side->stack.count; i++) {
		const struct frame *frame = &side->stack.frames[i];
		if (!frame->module || !plumbing_is_runtime_module(frame->module))
			return frame->language == FRAME_PYTHON ||
			       (is_native(frame) && frame->module &&
				plumbing_is_base_module(frame->module));
	}
	return false;
}
