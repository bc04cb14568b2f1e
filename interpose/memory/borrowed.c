/*
 * borrowed.c - see borrowed.h.
 *
 * The objects are in a table by their address, without a lock: who finds no place takes that of another
 * one, of which nothing is told then. A word's history in ThreadSanitizer ends where another object gets
 * it.
 */
#define _GNU_SOURCE
#include "interpose/memory/borrowed.h"

#include "interpose/base/symbol.h"
#include "interpose/memory/counts.h"
#include "interpose/memory/made.h"
#include "interpose/memory/marks.h"
#include "interpose/python/layout.h"
#include "interpose/python/object.h"
#include "interpose/python/walk.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>

enum {
	OBJECTS = 1 << 13,
	TRIES = 8,
	GONE = 1, /* in an address: its last reference was dropped */
	BUSY = 2, /* the place is being filled */
	NAME = 48,
	BORROWS = 4, /* of a thread, the last ones */
	WALKED = 48,
	HEADER = OBJECT_TYPE + 8,
	SIZE_MOST = 256,
};

static struct entry {
	uint64_t object; /* 0 = free */
	const char *by;
	uint32_t size; /* bytes of the object that are looked at */
	char container[NAME];
} entries[OBJECTS];
static uint64_t words[OBJECTS]; /* only their addresses are used */

HIDDEN bool borrowed_on, borrowed_any;
HIDDEN struct borrowed_code borrowed_python, borrowed_eval;
HIDDEN __thread uint32_t borrowed_count __attribute__((tls_model("initial-exec")));
static __thread struct {
	uint64_t object, limit;
	uint32_t number; /* of its entry */
} borrows[BORROWS] __attribute__((tls_model("initial-exec")));

static void (*tsan_read)(void *address, void *pc);
static void (*tsan_write)(void *address, void *pc);

/*
 * Functions that return a reference: what they take one to is not used by that. Of a call nobody knows
 * what it does.
 */
static const char *const getters[] = {
	"PyDict_GetItemRef",
	"PyDict_GetItemStringRef",
	"PyDict_SetDefaultRef",
	"PyDict_Pop",
	"PyDict_PopString",
	"PyDict_Copy",
	"PyDict_Values",
	"PyDict_Items",
	"PyDict_Merge",
	"PyDict_Update",
	"PyList_GetItemRef",
	"PyList_GetSlice",
	"PyList_AsTuple",
	"PyWeakref_GetRef",
	"PyObject_GetItem",
	"PyObject_GetAttr",
	"PyObject_GetAttrString",
	"PyObject_GetOptionalAttr",
	"PyObject_GetOptionalAttrString",
	"PyMapping_GetItemString",
	"PyMapping_GetOptionalItem",
	"PyMapping_GetOptionalItemString",
	"PyMapping_Values",
	"PyMapping_Items",
	"PySequence_GetItem",
	"PySequence_GetSlice",
	"PySequence_Fast",
	"PySequence_List",
	"PySequence_Tuple",
	"PyIter_Next",
	"PyIter_NextItem",
	"PyObject_Call",
	"PyObject_CallObject",
	"PyObject_CallNoArgs",
	"PyObject_CallOneArg",
	"PyObject_CallFunction",
	"PyObject_CallFunctionObjArgs",
	"PyObject_CallMethod",
	"PyObject_CallMethodObjArgs",
	"PyObject_Vectorcall",
	"PyObject_VectorcallDict",
	"PyObject_VectorcallMethod",
};
enum { GETTERS = sizeof getters / sizeof *getters };
static struct borrowed_code getter_code[GETTERS];

static unsigned hash_of(uint64_t object)
{
	return (unsigned)(object / 16 * 0x9e3779b97f4a7c15ull >> 51);
}

static struct entry *entry_of(uint64_t object)
{
	unsigned first = hash_of(object);
	for (unsigned i = 0; i < TRIES; i++) {
		struct entry *entry = &entries[(first + i) % OBJECTS];
		if ((__atomic_load_n(&entry->object, __ATOMIC_ACQUIRE) & ~(uint64_t)GONE) == object)
			return entry;
	}
	return NULL;
}

/* The word begins anew. */
static void clear_word(const struct entry *entry)
{
	uint32_t *shadow = marks_shadow((uint64_t)&words[entry - entries]);
	for (unsigned i = 0; i < MARKS_ACCESSES; i++)
		__atomic_store_n(&shadow[i], 0, __ATOMIC_RELAXED);
}

/* Takes a place for the object; NULL: another thread is about to have it. */
static struct entry *claim(uint64_t object)
{
	unsigned first = hash_of(object);
	struct entry *found = &entries[first];
	for (unsigned i = 0; i < TRIES; i++) {
		struct entry *entry = &entries[(first + i) % OBJECTS];
		uint64_t has = __atomic_load_n(&entry->object, __ATOMIC_RELAXED);
		if (has && !(has & GONE))
			continue;
		found = entry;
		break;
	}
	uint64_t was = __atomic_load_n(&found->object, __ATOMIC_RELAXED);
	if (was == BUSY || !__atomic_compare_exchange_n(&found->object, &was, BUSY, false,
							__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return NULL;
	clear_word(found);
	return found;
}

static struct entry *enter(uint64_t object, const void *container, const char *by)
{
	uint64_t type = 0, container_type = 0, size = 0;
	if (!object_peek(object + OBJECT_TYPE, &type, 8) ||
	    !object_peek(type + python_at.type_basicsize, &size, 8))
		return NULL;
	struct entry *entry = claim(object);
	if (!entry)
		return NULL;
	entry->by = by;
	entry->size = (uint32_t)(size < HEADER ? HEADER : size > SIZE_MOST ? SIZE_MOST : size);
	entry->container[0] = '\0';
	if (container && object_peek((uint64_t)container + OBJECT_TYPE, &container_type, 8) &&
	    !object_type_name(container_type, entry->container, NAME))
		entry->container[0] = '\0';
	__atomic_store_n(&entry->object, object, __ATOMIC_RELEASE);
	__atomic_store_n(&borrowed_any, true, __ATOMIC_RELAXED);
	return entry;
}

void borrowed_note(uint64_t object, const void *container, const char *by, uint64_t limit)
{
	struct made made;
	if (object % 16 || !made_covers(object) || counts_references(object) != 1 ||
	    !made_find(object, &made))
		return;
	struct entry *entry = entry_of(object);
	if (!entry || entry->object != object)
		entry = enter(object, container, by);
	if (!entry)
		return;
	uint32_t at = borrowed_count;
	for (uint32_t i = 0; i < borrowed_count; i++)
		at = borrows[i].object == object ? i : at;
	if (at == BORROWS) {
		for (at = 0; at + 1 < BORROWS; at++)
			borrows[at] = borrows[at + 1];
		borrowed_count--;
	}
	borrows[at].object = object;
	borrows[at].limit = limit;
	borrows[at].number = (uint32_t)(entry - entries);
	if (at == borrowed_count)
		borrowed_count++;
}

static void forget(uint32_t index)
{
	borrowed_count--;
	for (; index < borrowed_count; index++)
		borrows[index] = borrows[index + 1];
}

/* Functions that have returned have not borrowed any more. */
static void forget_ended(const void *hook)
{
	for (uint32_t i = borrowed_count; i-- > 0;)
		if ((uint64_t)hook >= borrows[i].limit)
			forget(i);
}

/* Does a function of the interpreter do it that the borrower has called to get a reference? */
static __attribute__((noinline)) bool is_got(uint64_t limit, uintptr_t place, const void *hook)
{
	struct walked stack[WALKED];
	if (!borrowed_in(borrowed_python, place))
		return false;
	unsigned depth = walk_stack(hook, stack, WALKED);
	for (unsigned i = 1; i < depth; i++) {
		if (stack[i].fp != limit)
			continue;
		for (unsigned k = 0; k < GETTERS; k++)
			if (borrowed_in(getter_code[k], stack[i - 1].pc))
				return true;
		return false;
	}
	return true; /* by functions that can't be told */
}

static void *pc_of(uintptr_t place)
{
	return (void *)(borrowed_in(borrowed_eval, place) ? python_pc(place) : place);
}

/* Used; false: it was got in another way. */
static bool tell_use(uint32_t index, uintptr_t place, const void *hook)
{
	const struct entry *entry = &entries[borrows[index].number];
	uint64_t now = __atomic_load_n(&entry->object, __ATOMIC_RELAXED);
	if ((now & ~(uint64_t)GONE) != borrows[index].object ||
	    is_got(borrows[index].limit, place, hook))
		return false;
	tsan_read(&words[borrows[index].number], pc_of(place));
	return true;
}

void borrowed_read(uint64_t address, uintptr_t place, const void *hook)
{
	forget_ended(hook);
	for (uint32_t i = borrowed_count; i-- > 0;)
		if (address - borrows[i].object < entries[borrows[i].number].size &&
		    !tell_use(i, place, hook))
			forget(i);
}

void borrowed_taken(uint64_t object, uintptr_t place, const void *hook)
{
	forget_ended(hook);
	for (uint32_t i = borrowed_count; i-- > 0;) {
		if (borrows[i].object != object)
			continue;
		tell_use(i, place, hook);
		forget(i);
	}
}

void borrowed_ends(uint64_t object, uintptr_t place)
{
	struct entry *entry = entry_of(object);
	uint64_t was = object;
	if (LIKELY(!entry) ||
	    !__atomic_compare_exchange_n(&entry->object, &was, object | GONE, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return;
	tsan_write(&words[entry - entries], pc_of(place));
}

void borrowed_renewed(uint64_t object)
{
	struct entry *entry = entry_of(object);
	if (UNLIKELY(entry != NULL))
		__atomic_store_n(&entry->object, GONE, __ATOMIC_RELAXED);
}

bool borrowed_find(uint64_t address, struct borrowed *out)
{
	uint64_t offset = address - (uint64_t)words;
	if (offset >= sizeof words)
		return false;
	const struct entry *entry = &entries[offset / sizeof *words];
	*out = (struct borrowed){ entry->object & ~(uint64_t)GONE, entry->by, entry->container };
	return entry->by != NULL;
}

static struct borrowed_code code_of(const char *name)
{
	void *function = symbol_next(name);
	Dl_info info;
	ElfW(Sym) *symbol = NULL;
	if (!function || !dladdr1(function, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol)
		return (struct borrowed_code){ 0 };
	return (struct borrowed_code){ (uintptr_t)function, symbol->st_size };
}

bool borrowed_start(struct borrowed_code python, struct borrowed_code eval)
{
	borrowed_python = python;
	borrowed_eval = eval;
	tsan_read = (void (*)(void *, void *))symbol_next("__tsan_read8_pc");
	tsan_write = (void (*)(void *, void *))symbol_next("__tsan_write8_pc");
	for (unsigned i = 0; i < GETTERS; i++)
		getter_code[i] = code_of(getters[i]);
	borrowed_on = tsan_read && tsan_write && marks_live;
	return borrowed_on;
}
