/* iterators.c - see iterators.h. */
#define _GNU_SOURCE
#include "interpose/variables/iterators.h"

#include "interpose/python/layout.h"
#include "interpose/variables/accesses.h"
#include "interpose/variables/granules.h"
#include "interpose/variables/methods.h"
#include "interpose/variables/variables.h"

#include <dlfcn.h>
#include <stddef.h>

typedef void *iternext_function(void *iterator);

/* What it goes over; CPython raises RuntimeError if that gets larger or smaller meanwhile. */
enum container { OF_NONE, OF_DICT, OF_SET, OF_DEQUE, OF_ORDERED };

enum { /* dequeiterobject, dequeobject */
       DEQUE_ITERATED = OBJECT_TYPE + 24,
       DEQUE_LEFT = DEQUE_ITERATED + 16,
       DEQUE_SIZE = OBJECT_TYPE + 8,
       /* odictiterobject */
       ORDERED_ITERATED = OBJECT_TYPE + 16,
};

/* clang-format off */
static struct iterator {
	const char *exported, *tool; /* a type that Python exports; of itertools, or of _collections */
	enum container container;
	iternext_function *next;
} iterators[] = {
	{ "PyGen_Type", NULL, OF_NONE, NULL },
	{ "PyListIter_Type", NULL, OF_NONE, NULL },
	{ "PyListRevIter_Type", NULL, OF_NONE, NULL },
	{ "PyTupleIter_Type", NULL, OF_NONE, NULL },
	{ "PyRangeIter_Type", NULL, OF_NONE, NULL },
	{ "PyLongRangeIter_Type", NULL, OF_NONE, NULL },
	{ "PyDictIterKey_Type", NULL, OF_DICT, NULL },
	{ "PyDictIterValue_Type", NULL, OF_DICT, NULL },
	{ "PyDictIterItem_Type", NULL, OF_DICT, NULL },
	{ "PyUnicodeIter_Type", NULL, OF_NONE, NULL },
	{ "_PyUnicodeASCIIIter_Type", NULL, OF_NONE, NULL },
	{ "PyBytesIter_Type", NULL, OF_NONE, NULL },
	{ "PySeqIter_Type", NULL, OF_NONE, NULL },
	{ "PyEnum_Type", NULL, OF_NONE, NULL },
	{ "PyReversed_Type", NULL, OF_NONE, NULL },
	{ "PyZip_Type", NULL, OF_NONE, NULL },
	{ NULL, "accumulate", OF_NONE, NULL },
	{ NULL, "batched", OF_NONE, NULL },
	{ NULL, "chain", OF_NONE, NULL },
	{ NULL, "combinations", OF_NONE, NULL },
	{ NULL, "cycle", OF_NONE, NULL },
	{ NULL, "islice", OF_NONE, NULL },
	{ NULL, "pairwise", OF_NONE, NULL },
	{ NULL, "permutations", OF_NONE, NULL },
	{ NULL, "product", OF_NONE, NULL },
	{ NULL, "zip_longest", OF_NONE, NULL },
	{ "PySetIter_Type", NULL, OF_SET, NULL },
	{ NULL, "_deque_iterator", OF_DEQUE, NULL },
	{ "PyODictIter_Type", NULL, OF_ORDERED, NULL },
};
/* clang-format on */
#define ITERATORS (sizeof iterators / sizeof *iterators)

/* How many items there were at the beginning is not written down: the size is what it is now. */
static void look_at_deque(const char *iterator)
{
	uintptr_t iterated = load64(iterator, DEQUE_ITERATED), size = iterated + DEQUE_SIZE;
	if (iterated && !granule_is_mine(granule_of(size)) &&
	    load64(iterator, DEQUE_LEFT) + 1 == *(const volatile uint64_t *)size)
		accesses_note_iteration(size, false);
}

/*
 * An OrderedDict's iterator does not say how far it is. So which iterator the thread has begun with, and
 * has taken one item out of, is kept.
 */
static __thread struct {
	const void *fresh, *second;
} ordered __attribute__((tls_model("initial-exec")));

static void look_at_ordered(const char *iterator)
{
	uintptr_t iterated = load64(iterator, ORDERED_ITERATED);
	bool second = ordered.second == iterator;
	ordered.second = ordered.fresh == iterator ? iterator : NULL;
	ordered.fresh = NULL;
	if (second && iterated && !granule_is_mine(granule_of(iterated + python_at.dict_used)))
		accesses_note_iteration(iterated + python_at.dict_used, true);
}

/* What makes such an iterator: iter() of the dict and of its views. */
static const char *const ordered_types[] = { "PyODict_Type", "PyODictKeys_Type",
					     "PyODictItems_Type", "PyODictValues_Type" };
static void *(*real_iter[4])(void *iterated);
static void *(*real_reversed)(void *dict, void *unused);

static void *begin(unsigned number, void *iterated)
{
	void *iterator = real_iter[number](iterated);
	ordered.fresh = iterator;
	return iterator;
}

#define BEGINS(number)                                                                             \
	static void *begins_##number(void *iterated)                                               \
	{                                                                                          \
		return begin(number, iterated);                                                    \
	}
BEGINS(0)
BEGINS(1)
BEGINS(2)
BEGINS(3)
static void *(*const begins[])(void *) = { begins_0, begins_1, begins_2, begins_3 };
_Static_assert(sizeof begins / sizeof *begins == sizeof ordered_types / sizeof *ordered_types,
	       "one for each");

static void *begins_reversed(void *dict, void *unused)
{
	void *iterator = real_reversed(dict, unused);
	ordered.fresh = iterator;
	return iterator;
}

static bool replace_ordered(void)
{
	for (unsigned i = 0; i < sizeof begins / sizeof *begins; i++) {
		void *type = dlsym(RTLD_DEFAULT, ordered_types[i]);
		real_iter[i] = type ? (void *(*)(void *))methods_slot_of(type, SLOT_ITER) : NULL;
		if (!real_iter[i] || !methods_replace_slot(type, SLOT_ITER, (void *)begins[i]))
			return false;
	}
	real_reversed = (void *(*)(void *, void *))methods_replace(
		"_collections", "OrderedDict", "__reversed__", (void *)begins_reversed);
	return real_reversed;
}

/*
 * One look at the container for each iteration: in its second step, as one that takes the first item
 * alone mostly knows what it does.
 */
static void look_at_container(const char *iterator, enum container container)
{
	if (container == OF_DEQUE) {
		look_at_deque(iterator);
		return;
	}
	if (container == OF_ORDERED) {
		look_at_ordered(iterator);
		return;
	}
	bool dict = container == OF_DICT;
	long left_at = dict ? python_at.dict_iterator_left : python_at.set_iterator_left;
	long iterated_at = dict ? python_at.dict_iterator_dict : python_at.set_iterator_set;
	/* How many items there were at the beginning. */
	long used_at = dict ? python_at.dict_iterator_used : python_at.set_iterator_used;
	uintptr_t iterated = load64(iterator, iterated_at);
	if (!iterated || load64(iterator, left_at) + 1 != load64(iterator, used_at))
		return;
	uintptr_t size = iterated + (dict ? python_at.dict_used : python_at.set_used);
	if (!granule_is_mine(granule_of(size)))
		accesses_note_iteration(size, dict);
}

/* Also of one that has no more items. `for` comes by if others have it, too. */
static inline void look(void *iterator, unsigned number)
{
	enum container container = iterators[number].container;
	if (container != OF_SET && container != OF_DEQUE &&
	    !granule_is_mine(granule_of((uintptr_t)iterator)))
		accesses_note_next((uintptr_t)iterator);
	if (container)
		look_at_container(iterator, container);
}

#define HOOKED(number)                                                                             \
	static void *hooked_##number(void *iterator)                                               \
	{                                                                                          \
		if (variables_testing)                                                             \
			look(iterator, number);                                                    \
		JUMP iterators[number].next(iterator);                                             \
	}
HOOKED(0)
HOOKED(1)
HOOKED(2)
HOOKED(3)
HOOKED(4)
HOOKED(5)

/* Of keys it looks at the values, too, to see which are there. That is no read of them. */
static void *hooked_6(void *iterator)
{
	if (variables_testing)
		look(iterator, 6);
	variables_only_keys = true;
	void *key = iterators[6].next(iterator);
	variables_only_keys = false;
	return key;
}

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
HOOKED(26)
HOOKED(27)
HOOKED(28)
static iternext_function *const hooked[] = { hooked_0,  hooked_1,  hooked_2,  hooked_3,  hooked_4,
					     hooked_5,  hooked_6,  hooked_7,  hooked_8,  hooked_9,
					     hooked_10, hooked_11, hooked_12, hooked_13, hooked_14,
					     hooked_15, hooked_16, hooked_17, hooked_18, hooked_19,
					     hooked_20, hooked_21, hooked_22, hooked_23, hooked_24,
					     hooked_25, hooked_26, hooked_27, hooked_28 };
_Static_assert(sizeof hooked / sizeof *hooked == ITERATORS, "one for each");

bool iterators_start(void)
{
	for (unsigned i = 0; i < ITERATORS; i++) {
		struct iterator *iterator = &iterators[i];
		void *type = iterator->exported ? dlsym(RTLD_DEFAULT, iterator->exported)
						: methods_object(iterator->container == OF_DEQUE
									 ? "_collections"
									 : "itertools",
								 NULL, iterator->tool);
		iterator->next =
			type ? (iternext_function *)methods_slot_of(type, SLOT_ITERNEXT) : NULL;
		if (!iterator->next ||
		    !methods_replace_slot(type, SLOT_ITERNEXT, (void *)hooked[i]))
			return false;
	}
	return replace_ordered();
}
