/* containers.c - see containers.h. */
#define _GNU_SOURCE
#include "interpose/variables/containers.h"

#include "interpose/base/plt.h"
#include "interpose/python/layout.h"
#include "interpose/variables/accesses.h"
#include "interpose/variables/granules.h"
#include "interpose/variables/methods.h"
#include "interpose/variables/variables.h"
#include "interpose/variables/wholes.h"

#include <dlfcn.h>
#include <stddef.h>

enum {
	INT_SIGN = 3,       /* bits of PyLongObject's tag; above them is the number of digits */
	INT_LARGE = 2 << 3, /* more than one digit */
	INDICES = 8,        /* of an item, in a tuple */
	DEPTH = 2,          /* of tuples in tuples */
};

static const void *int_type, *tuple_type, *slice_type, *none;
static long tuple_items;

static bool is_shared(const void *object)
{
	return !granule_is_mine(granule_of((uintptr_t)object + OBJECT_BODY));
}

static uint64_t mix(uint64_t word)
{
	word *= 0x9e3779b97f4a7c15ull;
	return word ^ word >> 29;
}

/* Keys of sets. */

typedef int64_t hash_function(void *object);
static hash_function *safe_hashes[6]; /* they run no Python code */
static hash_function *tuple_hash;
static long type_hash;

static hash_function *hash_function_of(const void *key)
{
	void *function = load_pointer(load_pointer(key, OBJECT_TYPE), type_hash);
	return (hash_function *)function;
}

static bool is_hashed_safely(const void *key, unsigned depth)
{
	const void *items[INDICES];
	hash_function *hash = hash_function_of(key);
	for (unsigned i = 0; i < sizeof safe_hashes / sizeof *safe_hashes; i++)
		if (hash == safe_hashes[i])
			return true;
	uint64_t count = hash == tuple_hash ? load64(key, python_at.size) : INDICES + 1;
	if (count > INDICES || depth == DEPTH)
		return false;
	raw_copy(items, (const char *)key + tuple_items, count * sizeof *items);
	for (uint64_t i = 0; i < count; i++)
		if (!is_hashed_safely(items[i], depth + 1))
			return false;
	return true;
}

/* The set's own function calls the same one for the same key right after: it tells nothing new. */
static bool hash_of(void *key, uint64_t *known)
{
	if (!is_hashed_safely(key, 0))
		return false;
	*known = containers_key(key, hash_function_of(key)(key));
	return true;
}

/* What the thread adds or takes away now, and which instruction does. */
static __thread struct {
	const void *set, *frame;
	uint64_t hash;
	uintptr_t instruction;
} changes __attribute__((tls_model("initial-exec")));

bool containers_changed_key(const struct call *call, uintptr_t set, uint64_t *hash)
{
	*hash = changes.hash;
	return changes.set == (const void *)set && changes.frame == call->frame &&
	       changes.instruction == call->instruction;
}

/* A key whose hash is told by Python code: when the set asks for it, it is known. */
static __thread struct asked {
	void *set, *key;
	bool changes;
} asked __attribute__((tls_model("initial-exec")));
static int64_t (*real_hash)(void *object);
static void keep_change(void *set, uint64_t hash);

static int64_t hash(void *object)
{
	struct asked now = asked;
	bool for_set = UNLIKELY(now.set != NULL) && now.key == object;
	if (for_set)
		asked.set = NULL;
	int64_t told = real_hash(object);
	if (UNLIKELY(for_set) && told != -1 && now.changes)
		keep_change(now.set, (uint64_t)told);
	else if (UNLIKELY(for_set) && told != -1)
		accesses_note_item((uintptr_t)now.set, (uint64_t)told, SITE_READ, SITE_OTHER);
	return told;
}

static bool small_int(const void *object, uint64_t *number);

uint64_t containers_key(const void *key, int64_t hash)
{
	enum { OF_TWO = -2 };
	uint64_t number;
	bool minus_one =
		UNLIKELY(hash == OF_TWO) && small_int(key, &number) && (int64_t)number == -1;
	return minus_one ? UINT64_MAX : (uint64_t)hash;
}

static int (*real_contains)(void *set, void *key);
static int (*real_contains_slot)(void *set, void *key);

static void look_for_key(void *set, void *key)
{
	uint64_t known;
	asked.set = NULL;
	if (!variables_testing || !is_shared(set))
		return;
	if (hash_of(key, &known))
		accesses_note_item((uintptr_t)set, known, SITE_READ, SITE_OTHER);
	else
		asked = (struct asked){ set, key, false };
}

static int contains(void *set, void *key)
{
	look_for_key(set, key);
	JUMP real_contains(set, key);
}

static int contains_slot(void *set, void *key)
{
	look_for_key(set, key);
	JUMP real_contains_slot(set, key);
}

static void keep_change(void *set, uint64_t known)
{
	changes.frame = innermost_frame();
	changes.instruction = changes.frame ? load64(changes.frame, python_at.frame_instr_ptr) : 0;
	changes.hash = known;
	changes.set = changes.frame ? set : NULL;
}

static void change_key(void *set, void *key)
{
	uint64_t known;
	asked.set = NULL;
	if (!variables_testing || !is_shared(set))
		return;
	if (hash_of(key, &known))
		keep_change(set, known);
	else
		asked = (struct asked){ set, key, true };
}

typedef void *change_function(void *set, void *key);
static change_function *real_changes[3];
static const char *const change_names[] = { "add", "discard", "remove" };
#define CHANGES(number)                                                                            \
	static void *changes_##number(void *set, void *key)                                        \
	{                                                                                          \
		change_key(set, key);                                                              \
		JUMP real_changes[number](set, key);                                               \
	}
CHANGES(0)
CHANGES(1)
CHANGES(2)
static change_function *const hooked_changes[] = { changes_0, changes_1, changes_2 };

/* Items by their index. */

static bool small_int(const void *object, uint64_t *number)
{
	uint64_t tag = load64(object, python_at.int_tag);
	if (load_pointer(object, OBJECT_TYPE) != int_type || tag >= INT_LARGE)
		return false;
	int64_t digit = (uint32_t)load32(object, python_at.int_digit);
	*number = (uint64_t)(digit * (1 - (int64_t)(tag & INT_SIGN)));
	return true;
}

/* One number for the item; false: the key is a slice, or whatever. */
static bool item_of(const void *object, const void *key, bool sized, uint64_t *item)
{
	if (small_int(key, item)) {
		if (sized && (int64_t)*item < 0)
			*item += load64(object, python_at.size);
		return true;
	}
	if (load_pointer(key, OBJECT_TYPE) != tuple_type || load64(key, python_at.size) > INDICES)
		return false;
	*item = 1;
	for (uint64_t i = 0; i < load64(key, python_at.size); i++) {
		uint64_t index;
		if (!small_int(load_pointer(key, tuple_items + 8 * (long)i), &index))
			return false;
		*item = mix(*item ^ index);
	}
	return true;
}

typedef void *item_function(void *self, void *key);
typedef int assign_function(void *self, void *key, void *value);

/* clang-format off */
static struct indexed {
	const char *exported, *module, *name; /* a type that Python exports; or of a module */
	bool sized;                           /* it has its size where a PyVarObject has */
	bool replaced;                        /* or a thread is about to */
	item_function *item;
	assign_function *assign;
} indexed[] = {
	{ "PyByteArray_Type", NULL, NULL, true, false, NULL, NULL },
	{ "PyMemoryView_Type", NULL, NULL, false, false, NULL, NULL },
	{ NULL, "array", "array", true, false, NULL, NULL },
	{ NULL, "numpy", "ndarray", false, false, NULL, NULL },
};
/* clang-format on */
enum { BYTEARRAY, MEMORYVIEW, ARRAY, NDARRAY };
#define INDEXED (sizeof indexed / sizeof *indexed)

static inline void look_at_item(unsigned number, const void *self, const void *key,
				enum site_operation what)
{
	uint64_t item;
	if (variables_testing && is_shared(self) &&
	    item_of(self, key, indexed[number].sized, &item))
		accesses_note_item((uintptr_t)self, item, what, SITE_BUFFER);
}

/* An end of a slice; left out, or not known: what it is then. */
static uint64_t end_of(const void *end, uint64_t otherwise)
{
	uint64_t number;
	return small_int(end, &number) && (int64_t)number >= 0 ? number : otherwise;
}

/* A slice is its first items, one after the other. */
static void look_at_range(unsigned number, const void *self, const void *slice,
			  enum site_operation what)
{
	enum { MOST = 16 };
	const void *step = load_pointer(slice, python_at.slice_stop + 8);
	uint64_t start = end_of(load_pointer(slice, python_at.slice_start), 0),
		 size = indexed[number].sized ? load64(self, python_at.size) : start + MOST,
		 stop = end_of(load_pointer(slice, python_at.slice_stop), size);
	stop = stop < size ? stop : size;
	for (uint64_t i = start; i < stop && i < start + MOST && step == none; i++)
		accesses_note_item((uintptr_t)self, i, what, SITE_BUFFER);
}

/* A bytearray alone gets longer and shorter by that. Of a memoryview a slice is another one. */
static inline void look_at_slice(unsigned number, const void *self, const void *key, bool assigns,
				 const void *value)
{
	if (LIKELY(load_pointer(key, OBJECT_TYPE) != slice_type) || !variables_testing ||
	    !is_shared(self))
		return;
	if (number != MEMORYVIEW && (!assigns || value))
		look_at_range(number, self, key, assigns ? SITE_WRITE : SITE_READ);
	if (number != BYTEARRAY)
		return;
	if (!assigns)
		wholes_slice((uintptr_t)self + python_at.size, key, WHOLE_COPIED);
	else if (!value)
		wholes_slice((uintptr_t)self + python_at.size, key, WHOLE_CUT);
}

#define HOOKED(number)                                                                             \
	static void *item_##number(void *self, void *key)                                          \
	{                                                                                          \
		look_at_item(number, self, key, SITE_READ);                                        \
		look_at_slice(number, self, key, false, NULL);                                     \
		JUMP indexed[number].item(self, key);                                              \
	}                                                                                          \
	static int assign_##number(void *self, void *key, void *value)                             \
	{                                                                                          \
		look_at_item(number, self, key, SITE_WRITE);                                       \
		look_at_slice(number, self, key, true, value);                                     \
		JUMP indexed[number].assign(self, key, value);                                     \
	}
HOOKED(0)
HOOKED(1)
HOOKED(2)
HOOKED(3)
static item_function *const hooked_items[] = { item_0, item_1, item_2, item_3 };
static assign_function *const hooked_assigns[] = { assign_0, assign_1, assign_2, assign_3 };
_Static_assert(sizeof hooked_items / sizeof *hooked_items == INDEXED, "one for each");
_Static_assert(sizeof hooked_assigns / sizeof *hooked_assigns == INDEXED, "one for each");

/* A deque's, which has no mapping's functions: it is asked by a number, which is not negative any more. */
static void *(*real_index)(void *deque, int64_t index);
static int (*real_assign_index)(void *deque, int64_t index, void *value);

static inline void look_at_index(const void *deque, int64_t index, enum site_operation what)
{
	if (variables_testing && is_shared(deque))
		accesses_note_item((uintptr_t)deque, (uint64_t)index, what, SITE_BUFFER);
}

static void *deque_index(void *deque, int64_t index)
{
	look_at_index(deque, index, SITE_READ);
	JUMP real_index(deque, index);
}

static int deque_assign_index(void *deque, int64_t index, void *value)
{
	if (value)
		look_at_index(deque, index, SITE_WRITE);
	JUMP real_assign_index(deque, index, value);
}

static bool replace_deque(void)
{
	void *deque = methods_object("_collections", NULL, "deque");
	if (!deque)
		return false;
	real_index = (void *(*)(void *, int64_t))methods_slot_of(deque, SLOT_INDEX);
	real_assign_index =
		(int (*)(void *, int64_t, void *))methods_slot_of(deque, SLOT_ASSIGN_INDEX);
	return real_index && real_assign_index &&
	       methods_replace_slot(deque, SLOT_INDEX, (void *)deque_index) &&
	       methods_replace_slot(deque, SLOT_ASSIGN_INDEX, (void *)deque_assign_index);
}

static bool replace_indexed(unsigned number, void *type)
{
	struct indexed *of = &indexed[number];
	of->item = (item_function *)methods_slot_of(type, SLOT_ITEM);
	of->assign = (assign_function *)methods_slot_of(type, SLOT_ASSIGN_ITEM);
	return of->item && of->assign &&
	       methods_replace_slot(type, SLOT_ITEM, (void *)hooked_items[number]) &&
	       methods_replace_slot(type, SLOT_ASSIGN_ITEM, (void *)hooked_assigns[number]);
}

/* weights += 1: all items of a NumPy array, each read and written. */
typedef void *in_place_function(void *array, void *other);
static const enum methods_slot in_place[] = {
	SLOT_IN_PLACE_ADD,         SLOT_IN_PLACE_AND,         SLOT_IN_PLACE_FLOOR_DIVIDE,
	SLOT_IN_PLACE_LEFT_SHIFT,  SLOT_IN_PLACE_MULTIPLY,    SLOT_IN_PLACE_OR,
	SLOT_IN_PLACE_REMAINDER,   SLOT_IN_PLACE_RIGHT_SHIFT, SLOT_IN_PLACE_SUBTRACT,
	SLOT_IN_PLACE_TRUE_DIVIDE, SLOT_IN_PLACE_XOR,
};
#define IN_PLACE (sizeof in_place / sizeof *in_place)
static in_place_function *real_in_place[IN_PLACE];

static inline void look_at_all(const void *array)
{
	enum { ALL = 1ul << 62 }; /* no index */
	if (!variables_testing || !is_shared(array))
		return;
	const void *outer = accesses_within;
	accesses_within = innermost_frame();
	accesses_note_item((uintptr_t)array, ALL, SITE_READ, SITE_BUFFER);
	accesses_note_item((uintptr_t)array, ALL, SITE_WRITE, SITE_BUFFER);
	accesses_within = outer;
}

#define CHANGED(number)                                                                            \
	static void *changed_##number(void *array, void *other)                                    \
	{                                                                                          \
		look_at_all(array);                                                                \
		JUMP real_in_place[number](array, other);                                          \
	}
CHANGED(0)
CHANGED(1)
CHANGED(2)
CHANGED(3)
CHANGED(4)
CHANGED(5)
CHANGED(6)
CHANGED(7)
CHANGED(8)
CHANGED(9)
CHANGED(10)
static in_place_function *const changed[] = { changed_0, changed_1, changed_2, changed_3,
					      changed_4, changed_5, changed_6, changed_7,
					      changed_8, changed_9, changed_10 };
_Static_assert(sizeof changed / sizeof *changed == IN_PLACE, "one for each");

static void replace_in_place(void *array)
{
	for (unsigned i = 0; i < IN_PLACE; i++) {
		real_in_place[i] = (in_place_function *)methods_slot_of(array, in_place[i]);
		if (real_in_place[i])
			methods_replace_slot(array, in_place[i], (void *)changed[i]);
	}
}

/* Functions of CPython's, which are instrumented and take locks. They return new references. */
static struct {
	void *(*modules)(void);
	int (*module)(void *modules, const char *name, void **module);
	void *(*attribute)(void *module, const char *name);
	void (*forget)(void *object), (*clear)(void);
	void (*ignore)(void), (*heed)(void);
	void (*ignore_order)(const char *file, int line), (*heed_order)(const char *file, int line);
} calls;

static bool find_calls(void)
{
	calls.modules = (void *(*)(void))dlsym(RTLD_DEFAULT, "PyImport_GetModuleDict");
	calls.module = (int (*)(void *, const char *, void **))dlsym(RTLD_DEFAULT,
								     "PyDict_GetItemStringRef");
	calls.attribute =
		(void *(*)(void *, const char *))dlsym(RTLD_DEFAULT, "PyObject_GetAttrString");
	calls.forget = (void (*)(void *))dlsym(RTLD_DEFAULT, "Py_DecRef");
	calls.clear = (void (*)(void))dlsym(RTLD_DEFAULT, "PyErr_Clear");
	calls.ignore = (void (*)(void))dlsym(RTLD_DEFAULT, "__tsan_ignore_thread_begin");
	calls.heed = (void (*)(void))dlsym(RTLD_DEFAULT, "__tsan_ignore_thread_end");
	calls.ignore_order =
		(void (*)(const char *, int))dlsym(RTLD_DEFAULT, "AnnotateIgnoreSyncBegin");
	calls.heed_order =
		(void (*)(const char *, int))dlsym(RTLD_DEFAULT, "AnnotateIgnoreSyncEnd");
	return calls.modules && calls.module && calls.attribute && calls.forget && calls.clear &&
	       calls.ignore && calls.heed && calls.ignore_order && calls.heed_order;
}

/* The type has been imported and is replaced, for good. */
static bool replace_imported(unsigned number)
{
	void *module = NULL;
	if (calls.module(calls.modules(), indexed[number].module, &module) <= 0)
		return false;
	void *type = calls.attribute(module, indexed[number].name);
	calls.forget(module);
	if (type && replace_indexed(number, type) && number == NDARRAY)
		replace_in_place(type);
	else if (!type)
		calls.clear(); /* it is being imported */
	return type;
}

void containers_imported(void)
{
	/* What is looked up here is no business of the program's, and must not order its threads. */
	calls.ignore();
	calls.ignore_order("", 0);
	for (unsigned i = 0; i < INDEXED; i++) {
		/* Two threads that replace one would have its function call itself. */
		if (!indexed[i].module ||
		    __atomic_exchange_n(&indexed[i].replaced, true, __ATOMIC_RELAXED))
			continue;
		if (!replace_imported(i))
			__atomic_store_n(&indexed[i].replaced, false, __ATOMIC_RELAXED);
	}
	calls.heed_order("", 0);
	calls.heed();
}

/* Start. */

static bool find_hashes(void)
{
	static const char *const names[] = {
		"PyUnicode_Type", "PyLong_Type",       "PyBytes_Type",
		"PyFloat_Type",   "PyBaseObject_Type", "PyComplex_Type"
	};
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
		void *type = dlsym(RTLD_DEFAULT, names[i]);
		safe_hashes[i] = type ? (hash_function *)methods_slot_of(type, SLOT_HASH) : NULL;
		if (!safe_hashes[i])
			return false;
	}
	char *tuple = dlsym(RTLD_DEFAULT, "PyTuple_Type");
	int_type = dlsym(RTLD_DEFAULT, "PyLong_Type");
	tuple_type = tuple;
	slice_type = dlsym(RTLD_DEFAULT, "PySlice_Type");
	none = dlsym(RTLD_DEFAULT, "_Py_NoneStruct");
	tuple_hash = tuple ? (hash_function *)methods_slot_of(tuple, SLOT_HASH) : NULL;
	tuple_items = tuple ? (long)load64(tuple, python_at.type_basicsize) : 0;
	type_hash = python_at.type_name;
	while (tuple_hash && type_hash < python_at.type_flags &&
	       load_pointer(tuple, type_hash) != (void *)tuple_hash)
		type_hash += 8;
	return tuple_hash && type_hash < python_at.type_flags;
}

bool containers_start(const struct link_map *python)
{
	void *set = dlsym(RTLD_DEFAULT, "PySet_Type");
	if (!set || !find_hashes() || !find_calls())
		return false;
	real_contains =
		(int (*)(void *, void *))plt_replace(python, "_PySet_Contains", (void *)contains);
	real_hash = (int64_t (*)(void *))plt_replace(python, "PyObject_Hash", (void *)hash);
	real_contains_slot = (int (*)(void *, void *))methods_slot_of(set, SLOT_CONTAINS);
	if (!real_contains || !real_hash ||
	    !methods_replace_slot(set, SLOT_CONTAINS, (void *)contains_slot))
		return false;
	for (unsigned i = 0; i < sizeof change_names / sizeof *change_names; i++) {
		real_changes[i] = (change_function *)methods_replace(
			"builtins", "set", change_names[i], (void *)hooked_changes[i]);
		if (!real_changes[i])
			return false;
	}
	for (unsigned i = 0; i < INDEXED; i++)
		if (indexed[i].exported &&
		    !replace_indexed(i, dlsym(RTLD_DEFAULT, indexed[i].exported)))
			return false;
	return replace_deque();
}
