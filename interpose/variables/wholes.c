/* wholes.c - see wholes.h. */
#define _GNU_SOURCE
#include "interpose/variables/wholes.h"

#include "interpose/base/plt.h"
#include "interpose/python/layout.h"
#include "interpose/variables/containers.h"
#include "interpose/variables/fibers.h"
#include "interpose/variables/granules.h"
#include "interpose/variables/methods.h"
#include "interpose/variables/variables.h"

#include <dlfcn.h>
#include <stddef.h>

HIDDEN __thread const void *wholes_default __attribute__((tls_model("initial-exec")));
static const void *list_type, *slice_type, *none, *dict_type, *set_type, *deque_type,
	*bytearray_type;

static inline void look(const void *container, long size, enum site_class class, enum whole what)
{
	uintptr_t at = (uintptr_t)container + (uintptr_t)size;
	if (variables_testing && !granule_is_mine(granule_of(at)))
		accesses_note_whole(at, class, what);
}

static inline void look_at_list(const void *list, enum whole what)
{
	look(list, python_at.size, SITE_LIST, what);
}

static inline bool is_of(const void *object, const void *type)
{
	return load_pointer(object, OBJECT_TYPE) == type;
}

/* [:], where both ends are left out. */
static bool is_all(const void *slice)
{
	return load_pointer(slice, python_at.slice_start) == none &&
	       load_pointer(slice, python_at.slice_stop) == none;
}

/* The object is gone through as a whole: list(x), dict(x). */
static void look_at_copied(const void *object)
{
	const void *type = load_pointer(object, OBJECT_TYPE);
	if (type == list_type)
		look_at_list(object, WHOLE_COPIED);
	else if (type == dict_type)
		look(object, python_at.dict_used, SITE_DICT, WHOLE_COPIED);
	else if (type == set_type)
		look(object, python_at.set_used, SITE_OTHER, WHOLE_COPIED);
	else if (type == deque_type || type == bytearray_type)
		look(object, python_at.size, SITE_OTHER, WHOLE_COPIED);
}

void wholes_slice(uintptr_t size, const void *key, enum whole what)
{
	if (is_of(key, slice_type))
		accesses_note_whole(size, SITE_OTHER,
				    what == WHOLE_CUT && is_all(key) ? WHOLE_EMPTIED : what);
}

static void *(*real_item)(void *list, void *key);
static int (*real_assign)(void *list, void *key, void *value);
static void *(*real_iter)(void *list);
static int (*real_contains)(void *list, void *item);
typedef void *call_function(void *type, void *const *arguments, size_t count, void *names);
static call_function *real_call, *real_call_dict, *real_call_set;
static void *(*real_bytes)(void *object);
static void *(*real_slice)(void *list, void *slice);
static void *(*real_tuple)(void *list);

static void *item(void *list, void *key)
{
	if (UNLIKELY(is_of(key, slice_type)))
		look_at_list(list, WHOLE_COPIED);
	JUMP real_item(list, key);
}

static int assign(void *list, void *key, void *value)
{
	if (UNLIKELY(is_of(key, slice_type)))
		look_at_list(list, value || is_all(key) ? WHOLE_EMPTIED : WHOLE_CUT);
	JUMP real_assign(list, key, value);
}

static int contains(void *list, void *item)
{
	look_at_list(list, WHOLE_SEARCHED);
	JUMP real_contains(list, item);
}

static void *iter(void *list)
{
	look_at_list(list, WHOLE_PASSED);
	JUMP real_iter(list);
}

static inline void look_at_call(void *const *arguments, size_t count, const void *names)
{
	enum { OFFSET_BIT = 63 };
	if (variables_testing && (count & ~(1ul << OFFSET_BIT)) == 1 && !names)
		look_at_copied(arguments[0]);
}

/* list(x), dict(x), set(x) */
static void *call(void *type, void *const *arguments, size_t count, void *names)
{
	look_at_call(arguments, count, names);
	JUMP real_call(type, arguments, count, names);
}

static void *call_dict(void *type, void *const *arguments, size_t count, void *names)
{
	look_at_call(arguments, count, names);
	JUMP real_call_dict(type, arguments, count, names);
}

static void *call_set(void *type, void *const *arguments, size_t count, void *names)
{
	look_at_call(arguments, count, names);
	JUMP real_call_set(type, arguments, count, names);
}

/* bytes(x) */
static void *bytes(void *object)
{
	if (variables_testing && is_of(object, bytearray_type))
		look_at_copied(object);
	JUMP real_bytes(object);
}

static void *slice(void *list, void *key)
{
	look_at_list(list, WHOLE_COPIED);
	JUMP real_slice(list, key);
}

static void *tuple(void *list)
{
	if (is_of(list, list_type))
		look_at_list(list, WHOLE_COPIED);
	JUMP real_tuple(list);
}

static void *(*real_default)(void *dict, void *const *arguments, int64_t count);

static void *set_default(void *dict, void *const *arguments, int64_t count)
{
	const void *outer =
		accesses_keeps; /* of a key, to whose hash or comparison this one belongs */
	if (variables_testing) {
		wholes_default = dict;
		accesses_keeps = innermost_frame();
	}
	void *value = real_default(dict, arguments, count);
	wholes_default = NULL;
	accesses_keeps = outer;
	return value;
}

/* Methods without arguments. */
typedef void *method(void *self, void *unused);
/* clang-format off */
static struct patch {
	const char *module, *type, *name;
	const uint32_t *size; /* where the container has it */
	enum site_class class;
	enum whole what;
	method *was;
} patches[] = {
	{ "builtins", "list", "copy", &python_at.size, SITE_LIST, WHOLE_COPIED, NULL },
	{ "builtins", "list", "clear", &python_at.size, SITE_LIST, WHOLE_EMPTIED, NULL },
	{ "builtins", "dict", "copy", &python_at.dict_used, SITE_DICT, WHOLE_COPIED, NULL },
	{ "builtins", "dict", "clear", &python_at.dict_used, SITE_DICT, WHOLE_EMPTIED, NULL },
	{ "builtins", "set", "copy", &python_at.set_used, SITE_OTHER, WHOLE_COPIED, NULL },
	{ "builtins", "set", "clear", &python_at.set_used, SITE_OTHER, WHOLE_EMPTIED, NULL },
	{ "builtins", "bytearray", "copy", &python_at.size, SITE_OTHER, WHOLE_COPIED, NULL },
	{ "builtins", "bytearray", "clear", &python_at.size, SITE_OTHER, WHOLE_EMPTIED, NULL },
	{ "_collections", "deque", "copy", &python_at.size, SITE_OTHER, WHOLE_COPIED, NULL },
	{ "_collections", "deque", "clear", &python_at.size, SITE_OTHER, WHOLE_EMPTIED, NULL },
};
/* clang-format on */
#define PATCHES (sizeof patches / sizeof *patches)

#define PATCHED(number)                                                                            \
	static void *patched_##number(void *self, void *unused)                                    \
	{                                                                                          \
		const struct patch *patch = &patches[number];                                      \
		look(self, *patch->size, patch->class, patch->what);                               \
		JUMP patch->was(self, unused);                                                     \
	}
PATCHED(0)
PATCHED(1)
PATCHED(2)
PATCHED(3)
PATCHED(4)
PATCHED(5)
PATCHED(6)
PATCHED(7)
PATCHED(8)
PATCHED(9)
static method *const patched[] = { patched_0, patched_1, patched_2, patched_3, patched_4,
				   patched_5, patched_6, patched_7, patched_8, patched_9 };
_Static_assert(sizeof patched / sizeof *patched == PATCHES, "one for each");

static bool find_types(void)
{
	list_type = dlsym(RTLD_DEFAULT, "PyList_Type");
	dict_type = dlsym(RTLD_DEFAULT, "PyDict_Type");
	set_type = dlsym(RTLD_DEFAULT, "PySet_Type");
	bytearray_type = dlsym(RTLD_DEFAULT, "PyByteArray_Type");
	deque_type = methods_object("_collections", NULL, "deque");
	slice_type = dlsym(RTLD_DEFAULT, "PySlice_Type");
	none = dlsym(RTLD_DEFAULT, "_Py_NoneStruct");
	return list_type && dict_type && set_type && bytearray_type && deque_type && slice_type &&
	       none;
}

static bool replace_call(const void *type, call_function *with, call_function **was)
{
	*was = (call_function *)methods_slot_of((void *)(uintptr_t)type, SLOT_VECTORCALL);
	return *was && methods_replace_slot((void *)(uintptr_t)type, SLOT_VECTORCALL, (void *)with);
}

bool wholes_start(const struct link_map *python)
{
	void *list = dlsym(RTLD_DEFAULT, "PyList_Type");
	if (!find_types())
		return false;
	real_item = (void *(*)(void *, void *))methods_slot_of(list, SLOT_ITEM);
	real_assign = (int (*)(void *, void *, void *))methods_slot_of(list, SLOT_ASSIGN_ITEM);
	real_iter = (void *(*)(void *))methods_slot_of(list, SLOT_ITER);
	real_contains = (int (*)(void *, void *))methods_slot_of(list, SLOT_CONTAINS);
	real_default = (void *(*)(void *, void *const *, int64_t))methods_replace(
		"builtins", "dict", "setdefault", (void *)set_default);
	if (!real_item || !real_assign || !real_iter || !real_contains || !real_default ||
	    !methods_replace_slot(list, SLOT_CONTAINS, (void *)contains) ||
	    !methods_replace_slot(list, SLOT_ITEM, (void *)item) ||
	    !methods_replace_slot(list, SLOT_ASSIGN_ITEM, (void *)assign) ||
	    !methods_replace_slot(list, SLOT_ITER, (void *)iter) ||
	    !replace_call(list_type, call, &real_call) ||
	    !replace_call(dict_type, call_dict, &real_call_dict) ||
	    !replace_call(set_type, call_set, &real_call_set))
		return false;
	real_slice = (void *(*)(void *, void *))plt_replace(python, "_PyList_SliceSubscript",
							    (void *)slice);
	real_tuple = (void *(*)(void *))plt_replace(python, "PyList_AsTuple", (void *)tuple);
	for (unsigned i = 0; i < PATCHES; i++) {
		patches[i].was = (method *)methods_replace(patches[i].module, patches[i].type,
							   patches[i].name, (void *)patched[i]);
		if (!patches[i].was)
			return false;
	}
	real_bytes = (void *(*)(void *))plt_replace(python, "PyBytes_FromObject", (void *)bytes);
	return real_slice && real_tuple && real_bytes;
}
