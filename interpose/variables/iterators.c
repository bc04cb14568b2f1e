/* iterators.c - see iterators.h. */
#define _GNU_SOURCE
#include "interpose/variables/iterators.h"

#include "interpose/variables/granules.h"
#include "interpose/variables/variables.h"

#include <dlfcn.h>
#include <stddef.h>

enum {
	SLOT_ITERNEXT = 63, /* Py_tp_iternext, Include/typeslots.h */
	TYPE_WORDS = 100,   /* that are looked at for a slot */
};

typedef void *iternext_function(void *iterator);

/* clang-format off */
static struct iterator {
	const char *exported, *tool; /* a type that Python exports; of the module itertools */
	iternext_function *next;
} iterators[] = {
	{ "PyGen_Type", NULL, NULL },
	{ "PyListIter_Type", NULL, NULL },
	{ "PyListRevIter_Type", NULL, NULL },
	{ "PyTupleIter_Type", NULL, NULL },
	{ "PyRangeIter_Type", NULL, NULL },
	{ "PyLongRangeIter_Type", NULL, NULL },
	{ "PyDictIterKey_Type", NULL, NULL },
	{ "PyDictIterValue_Type", NULL, NULL },
	{ "PyDictIterItem_Type", NULL, NULL },
	{ "PyUnicodeIter_Type", NULL, NULL },
	{ "_PyUnicodeASCIIIter_Type", NULL, NULL },
	{ "PyBytesIter_Type", NULL, NULL },
	{ "PySeqIter_Type", NULL, NULL },
	{ "PyEnum_Type", NULL, NULL },
	{ "PyReversed_Type", NULL, NULL },
	{ "PyZip_Type", NULL, NULL },
	{ NULL, "accumulate", NULL },
	{ NULL, "batched", NULL },
	{ NULL, "chain", NULL },
	{ NULL, "combinations", NULL },
	{ NULL, "cycle", NULL },
	{ NULL, "islice", NULL },
	{ NULL, "pairwise", NULL },
	{ NULL, "permutations", NULL },
	{ NULL, "product", NULL },
	{ NULL, "zip_longest", NULL },
};
/* clang-format on */
#define ITERATORS (sizeof iterators / sizeof *iterators)

/* Also of one that has no more items. `for` comes by if others have it, too. */
#define HOOKED(number)                                                                             \
	static void *hooked_##number(void *iterator)                                               \
	{                                                                                          \
		if (variables_testing && !granule_is_mine(granule_of((uintptr_t)iterator)))        \
			variables_note_next((uintptr_t)iterator);                                  \
		JUMP iterators[number].next(iterator);                                             \
	}
HOOKED(0)
HOOKED(1)
HOOKED(2)
HOOKED(3)
HOOKED(4)
HOOKED(5)
HOOKED(6)
HOOKED(7)
HOOKED(8)
HOOKED(9)
HOOKED(10)
HOOKED(11)
HOOKED(12)
HOOKED(13)
HOOKED(14)
HOOKED(15)
HOOKED(16)
HOOKED(17)
HOOKED(18)
HOOKED(19)
HOOKED(20)
HOOKED(21)
HOOKED(22)
HOOKED(23)
HOOKED(24)
HOOKED(25)
static iternext_function *const hooked[] = { hooked_0,  hooked_1,  hooked_2,  hooked_3,  hooked_4,
					     hooked_5,  hooked_6,  hooked_7,  hooked_8,  hooked_9,
					     hooked_10, hooked_11, hooked_12, hooked_13, hooked_14,
					     hooked_15, hooked_16, hooked_17, hooked_18, hooked_19,
					     hooked_20, hooked_21, hooked_22, hooked_23, hooked_24,
					     hooked_25 };
_Static_assert(sizeof hooked / sizeof *hooked == ITERATORS, "one for each");

static void **type_of(const struct iterator *iterator, void *tools)
{
	if (iterator->exported)
		return dlsym(RTLD_DEFAULT, iterator->exported);
	void *(*attribute)(void *, const char *) =
		(void *(*)(void *, const char *))dlsym(RTLD_DEFAULT, "PyObject_GetAttrString");
	return tools ? attribute(tools, iterator->tool) : NULL;
}

/* Where a type has the slot, is found by its value. */
bool iterators_start(void)
{
	void *(*slot)(void *, int) = (void *(*)(void *, int))dlsym(RTLD_DEFAULT, "PyType_GetSlot");
	void *(*import)(const char *) =
		(void *(*)(const char *))dlsym(RTLD_DEFAULT, "PyImport_ImportModule");
	if (!slot || !import)
		return false;
	void *tools = import("itertools");
	for (unsigned i = 0; i < ITERATORS; i++) {
		void **type = type_of(&iterators[i], tools);
		unsigned at = 0;
		if (!type || !(iterators[i].next = (iternext_function *)slot(type, SLOT_ITERNEXT)))
			return false;
		while (at < TYPE_WORDS && type[at] != (void *)iterators[i].next)
			at++;
		if (at == TYPE_WORDS)
			return false;
		type[at] = (void *)hooked[i];
	}
	return true;
}
