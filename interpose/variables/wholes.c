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
HIDDEN __thread const void *wholes_keeps __attribute__((tls_model("initial-exec")));
static const void *list_type, *slice_type, *none;

static inline void look(const void *container, long size, enum site_class class, enum whole what)
{
	uintptr_t at = (uintptr_t)container + (uintptr_t)size;
	if (variables_testing && !granule_is_mine(granule_of(at)))
		variables_note_whole(at, class, what);
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

static void *(*real_item)(void *list, void *key);
static int (*real_assign)(void *list, void *key, void *value);
static void *(*real_iter)(void *list);
static int (*real_contains)(void *list, void *item);
static void *(*real_call)(void *type, void *const *arguments, size_t count, void *names);
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

/* list(x) */
static void *call(void *type, void *const *arguments, size_t count, void *names)
{
	enum { OFFSET_BIT = 63 };
	if ((count & ~(1ul << OFFSET_BIT)) == 1 && !names && is_of(arguments[0], list_type))
		look_at_list(arguments[0], WHOLE_COPIED);
	JUMP real_call(type, arguments, count, names);
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
		wholes_keeps; /* of a key, to whose hash or comparison this one belongs */
	if (variables_testing) {
		wholes_default = dict;
		wholes_keeps = innermost_frame();
	}
	void *value = real_default(dict, arguments, count);
	wholes_default = NULL;
	wholes_keeps = outer;
	return value;
}

/* Methods without arguments. */
typedef void *method(void *self, void *unused);
/* clang-format off */
static struct patch {
	const char *type, *name;
	const uint32_t *size; /* where the container has it */
	enum site_class class;
	enum whole what;
	method *was;
} patches[] = {
	{ "list", "copy", &python_at.size, SITE_LIST, WHOLE_COPIED, NULL },
	{ "list", "clear", &python_at.size, SITE_LIST, WHOLE_EMPTIED, NULL },
	{ "dict", "copy", &python_at.dict_used, SITE_DICT, WHOLE_COPIED, NULL },
	{ "dict", "clear", &python_at.dict_used, SITE_DICT, WHOLE_EMPTIED, NULL },
	{ "set", "copy", &python_at.set_used, SITE_OTHER, WHOLE_COPIED, NULL },
	{ "set", "clear", &python_at.set_used, SITE_OTHER, WHOLE_EMPTIED, NULL },
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
static method *const patched[] = {
	patched_0, patched_1, patched_2, patched_3, patched_4, patched_5
};
_Static_assert(sizeof patched / sizeof *patched == PATCHES, "one for each");

bool wholes_start(const struct link_map *python)
{
	void *list = dlsym(RTLD_DEFAULT, "PyList_Type");
	list_type = list;
	slice_type = dlsym(RTLD_DEFAULT, "PySlice_Type");
	none = dlsym(RTLD_DEFAULT, "_Py_NoneStruct");
	if (!list || !slice_type || !none)
		return false;
	real_item = (void *(*)(void *, void *))methods_slot_of(list, SLOT_ITEM);
	real_assign = (int (*)(void *, void *, void *))methods_slot_of(list, SLOT_ASSIGN_ITEM);
	real_iter = (void *(*)(void *))methods_slot_of(list, SLOT_ITER);
	real_call = (void *(*)(void *, void *const *, size_t, void *))methods_slot_of(
		list, SLOT_VECTORCALL);
	real_contains = (int (*)(void *, void *))methods_slot_of(list, SLOT_CONTAINS);
	real_default = (void *(*)(void *, void *const *, int64_t))methods_replace(
		"builtins", "dict", "setdefault", (void *)set_default);
	if (!real_item || !real_assign || !real_iter || !real_call || !real_contains ||
	    !real_default || !methods_replace_slot(list, SLOT_CONTAINS, (void *)contains) ||
	    !methods_replace_slot(list, SLOT_ITEM, (void *)item) ||
	    !methods_replace_slot(list, SLOT_ASSIGN_ITEM, (void *)assign) ||
	    !methods_replace_slot(list, SLOT_ITER, (void *)iter) ||
	    !methods_replace_slot(list, SLOT_VECTORCALL, (void *)call))
		return false;
	real_slice = (void *(*)(void *, void *))plt_replace(python, "_PyList_SliceSubscript",
							    (void *)slice);
	real_tuple = (void *(*)(void *))plt_replace(python, "PyList_AsTuple", (void *)tuple);
	for (unsigned i = 0; i < PATCHES; i++) {
		patches[i].was = (method *)methods_replace("builtins", patches[i].type,
							   patches[i].name, (void *)patched[i]);
		if (!patches[i].was)
			return false;
	}
	return real_slice && real_tuple;
}
