/* counts.c - see counts.h. */
#define _GNU_SOURCE
#include "interpose/memory/counts.h"

#include "interpose/base/concern.h"
#include "interpose/base/symbol.h"
#include "interpose/memory/borrowed.h"
#include "interpose/memory/contended.h"
#include "interpose/memory/made.h"
#include "interpose/memory/misuse.h"
#include "interpose/python/object.h"
#include "interpose/python/walk.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>

/* ob_ref_shared: two bits of flags, above them the count. */
enum { SHIFT = 2, FLAGS = 3, QUEUED = 2, MERGED = 3 };

HIDDEN bool counts_on;
HIDDEN uintptr_t counts_born_low, counts_born_size;
static uintptr_t merge_low, merge_size; /* where the owner's count is added to the others' */
/* Of a debug build, the code of _Py_DecRefShared(), which has looked already. */
static uintptr_t drop_low, drop_size;
static bool counts_checked; /* it is a debug build */

enum { STACK_BYTES = 1 << 18 }; /* from the innermost frame on */
enum { PLACES = 1024, IN_VAIN = 8, WALKED = 64, DEALLOC_BYTES = 8192 };
enum { MOMENTS = 500 };         /* of a millisecond; a loaded machine leaves a thread for long */
static uint8_t in_vain[PLACES]; /* how often what a place changes was no count */

static uint8_t *vain_of(uint64_t place)
{
	return &in_vain[place * 0x9e3779b97f4a7c15ull >> 54];
}

static int64_t shared_of(uint64_t object)
{
	return __atomic_load_n((const int64_t *)(object + OBJECT_COUNT_SHARED), __ATOMIC_RELAXED);
}

static uint32_t local_of(uint64_t object)
{
	return __atomic_load_n((const uint32_t *)(object + OBJECT_COUNT_LOCAL), __ATOMIC_RELAXED);
}

static uint64_t owner_of(uint64_t object)
{
	return __atomic_load_n((const uint64_t *)(object + OBJECT_THREAD), __ATOMIC_RELAXED);
}

/* Is it an object of Python's heap that was seen to be made, or, if it may be, one in static storage? */
static bool is_object(uint64_t object, bool may_be_static)
{
	struct object found;
	struct made made;
	uint64_t type = 0;
	if (made_covers(object))
		return made_find(object, &made) && object_find(object, &found) &&
		       found.start == object && found.type[0];
	return may_be_static && object_peek(object + OBJECT_TYPE, &type, 8) &&
	       object_type_name(type, found.type, sizeof found.type);
}

/*
 * Nobody has it. While a thread adds both counts up, the owner's is 0 for a moment and in no sum: so two
 * that are 0 say it only where they have been added up, or where the object lies in a free list, which has
 * a link to the next one in the owner's place. (The first one has none: is_first_dead().)
 */
static bool is_dead(uint64_t object)
{
	int64_t shared = shared_of(object);
	if (local_of(object) != 0 || (shared != 0 && shared != MERGED))
		return false;
	uint64_t owner = owner_of(object);
	return shared == MERGED || owner == (uint64_t)__builtin_thread_pointer() ||
	       made_covers(owner);
}

static bool is_all_zero(uint64_t object)
{
	return local_of(object) == 0 && shared_of(object) == 0 && owner_of(object) == 0;
}

/*
 * The first one in a free list has no link: all is 0. That is so, too, of an object in use for some
 * instructions while a thread adds up the counts of both (_Py_ExplicitMergeRefcount()), but it does not
 * stay so. Waits, if it is an object of which `place` has not been told.
 */
static __attribute__((noinline)) bool stays_zero(uint64_t object, uintptr_t place)
{
	static const struct timespec moment = { .tv_nsec = 1000000 };
	uint8_t *vain = vain_of(place);
	if (*vain >= IN_VAIN || misuse_is_told(place))
		return false;
	if (!is_object(object, false)) {
		++*vain;
		return false;
	}
	unsigned moments = 0;
	for (; moments < MOMENTS && is_all_zero(object); moments++)
		raw_syscall3(SYS_nanosleep, (long)&moment, 0, 0);
	return moments == MOMENTS;
}

static bool is_first_dead(uint64_t object, uintptr_t place)
{
	return is_all_zero(object) && stays_zero(object, place);
}

/* What was done to it before, where made_end_find() says; NULL = nothing of this life is known. */
static const char *before_of(uint64_t object)
{
	struct made ended;
	bool known = made_end_find(object, &ended);
	if (made_is_freed(object))
		return "freed it";
	if (is_dead(object) || is_all_zero(object))
		return "dropped the last reference to it";
	return known && ended.lives ? "dropped a reference to it before" : NULL;
}

/*
 * Is the thread in the object's tp_dealloc()? There an object may be given a reference for a while, for
 * its finalizer: _PyObject_ResurrectStart(), and what Cython does around __dealloc__(). By the length that
 * such a function may have.
 */
static __attribute__((noinline)) bool is_in_dealloc(uint64_t object)
{
	struct walked stack[WALKED];
	const void *type = load_pointer((const void *)object, OBJECT_TYPE);
	uint64_t dealloc = 0;
	if (!object_peek((uint64_t)type + python_at.type_dealloc, &dealloc, 8))
		return false;
	unsigned depth = walk_stack(__builtin_frame_address(0), stack, WALKED);
	for (unsigned i = 0; i < depth; i++)
		if (stack[i].pc - dealloc < DEALLOC_BYTES)
			return true;
	return false;
}

static __attribute__((noinline)) void tell_at(const char *type, const char *act, uint64_t object,
					      uint64_t address, uintptr_t place)
{
	uint8_t *vain = vain_of(place);
	if (*vain >= IN_VAIN || misuse_is_told(place))
		return;
	/* In memory that was freed, the type may be gone. */
	if (!made_is_freed(object) && !is_object(object, true)) {
		++*vain;
		return;
	}
	misuse_tell(&(struct misuse){ type, act, place, address, object, before_of(object) });
}

static void tell(const char *type, const char *act, uint64_t object, uintptr_t place)
{
	tell_at(type, act, object, object, place);
}

static void tell_gone(uint64_t object, uintptr_t place)
{
	uint8_t *vain = vain_of(place);
	if (*vain < IN_VAIN && is_object(object, false) && is_in_dealloc(object))
		++*vain;
	else
		tell("reference-count-dead", "takes a reference to an object that is gone", object,
		     place);
}

void counts_look_at_store(uint64_t object, uint32_t was, uint32_t value, uintptr_t place)
{
	bool owned = owner_of(object) == (uint64_t)__builtin_thread_pointer();
	if (was == COUNT_IMMORTAL && value != COUNT_IMMORTAL)
		tell("reference-count-immortal", "changes the count of an immortal object", object,
		     place);
	else if (was == 0 && owned && value == COUNT_IMMORTAL)
		tell("reference-count-low", "drops a reference to an object that has none left",
		     object, place);
	else if (was == 0 && owned)
		tell_gone(object, place);
	else if (was && value && !owned && value != COUNT_IMMORTAL && made_covers(object))
		tell("reference-count-owner", "changes the count that is its owner's alone", object,
		     place);
}

void counts_look_at_add(uint64_t object, uintptr_t place)
{
	contended_note(object, place);
	if (UNLIKELY(made_is_freed(object)))
		tell("reference-count-dead", "takes a reference to an object that is freed", object,
		     place);
	else if (UNLIKELY(is_dead(object)) ||
		 (UNLIKELY(!owner_of(object)) && is_first_dead(object, place)))
		tell_gone(object, place);
}

/* How many references there are; `local`: the owner's count. What waits for the owner is dropped. */
static int64_t total_of(int64_t shared, uint32_t local)
{
	return (shared >> SHIFT) + local - ((shared & FLAGS) == QUEUED);
}

int64_t counts_references(uint64_t object)
{
	int64_t shared = shared_of(object);
	uint32_t local = local_of(object);
	if (local == COUNT_IMMORTAL)
		return INT64_MAX;
	return total_of(shared, (shared & FLAGS) == MERGED ? 0 : local);
}

/*
 * Of an object that nobody else can count, a thread may set the counts as it likes: one that it has just
 * made, or that is gone and gets a reference for its finalizer.
 */
static void look_at_plain(uint64_t object, bool others, uint64_t address, const char *act,
			  uintptr_t place)
{
	if (!others || is_dead(object))
		return;
	if (is_object(object, false))
		tell_at("reference-count-plain", act, object, address, place);
	else
		++*vain_of(place);
}

static bool is_worth_a_look(uint64_t object, uintptr_t place)
{
	return counts_on && *vain_of(place) < IN_VAIN && made_covers(object) &&
	       made_is_whole(object);
}

/*
 * Most words that say so are a -1 of the extension's own: on its stack, in a buffer, in memory that was an
 * object's once. Outside of the heap an immortal object has no owner and no other count, and the type of its type
 * is one whose objects are types.
 */
static bool is_immortal(uint64_t object)
{
	uint64_t frame = (uint64_t)__builtin_frame_address(0);
	uint64_t head[OBJECT_BODY / 8], type = 0, flags = 0;
	if (made_covers(object))
		return made_is_whole(object) && is_object(object, true);
	/* A variable of the thread's own, beside a pointer to a type. */
	if (object - frame < STACK_BYTES)
		return false;
	return object_peek(object, head, sizeof head) && !head[OBJECT_THREAD / 8] &&
	       !head[OBJECT_COUNT_SHARED / 8] &&
	       object_peek(head[OBJECT_TYPE / 8] + OBJECT_TYPE, &type, 8) &&
	       object_peek(type + python_at.type_flags, &flags, 8) && flags & TYPE_SUBCLASS &&
	       is_object(object, true);
}

void counts_look_at_plain_local(uint64_t object, uintptr_t place)
{
	uint64_t address = object + OBJECT_COUNT_LOCAL;
	if (UNLIKELY(local_of(object) == COUNT_IMMORTAL) && counts_on) {
		if (*vain_of(place) < IN_VAIN && is_immortal(object))
			tell_at("reference-count-plain",
				"writes to the count of an immortal object", object, address,
				place);
		else if (*vain_of(place) < IN_VAIN)
			++*vain_of(place);
		return;
	}
	if (!is_worth_a_look(object, place) ||
	    owner_of(object) == (uint64_t)__builtin_thread_pointer())
		return;
	look_at_plain(object, counts_references(object) > 1, address,
		      "writes, with no atomic operation, to the count that is its owner's alone",
		      place);
}

void counts_look_at_plain_shared(uint64_t object, uintptr_t place)
{
	if (!is_worth_a_look(object, place) || local_of(object) == COUNT_IMMORTAL)
		return;
	bool owned = owner_of(object) == (uint64_t)__builtin_thread_pointer();
	look_at_plain(
		object, owned ? shared_of(object) >> SHIFT != 0 : counts_references(object) > 1,
		object + OBJECT_COUNT_SHARED,
		"writes, with no atomic operation, to the count that other threads change", place);
}

void counts_log_store(uint64_t object, uint32_t was, uint32_t value, uintptr_t place)
{
	if (place - counts_born_low < counts_born_size || value == was || was == COUNT_IMMORTAL ||
	    place - merge_low < merge_size)
		return;
	/* One less than none is the number of an immortal object. */
	int64_t now = value == COUNT_IMMORTAL ? -1 : (int64_t)value;
	bool more = now > (int64_t)was;
	countlog_note(object, more ? COUNTLOG_TAKES : COUNTLOG_DROPS,
		      (uint64_t)(more ? now - was : was - now),
		      total_of(shared_of(object), 0) + now, place);
}

void counts_log_taken(uint64_t object, uintptr_t place)
{
	if (local_of(object) != COUNT_IMMORTAL)
		countlog_note(object, COUNTLOG_TAKES, 1, counts_references(object), place);
}

void counts_log_shared(uint64_t object, int64_t more, uintptr_t place)
{
	int64_t shared = shared_of(object);
	uint32_t local = local_of(object);
	if (local == COUNT_IMMORTAL)
		return;
	countlog_note(object, more > 0 ? COUNTLOG_TAKES : COUNTLOG_DROPS,
		      (uint64_t)(more > 0 ? more : -more),
		      total_of(shared, (shared & FLAGS) == MERGED ? 0 : local) + more, place);
}

/*
 * A thread that is not the owner drops a reference, so it had one. Both counts are read, and may change
 * meanwhile: they count only if the shared one did not, and if the owner's is in no sum (is_dead()).
 */
static __attribute__((noinline)) void look_at_drop(uint64_t object, uintptr_t place)
{
	int64_t shared = shared_of(object);
	uint32_t local = local_of(object);
	bool merged = (shared & FLAGS) == MERGED;
	contended_note(object, place);
	if (UNLIKELY(countlog_on))
		counts_log_shared(object, -1, place);
	if (made_is_freed(object)) {
		tell("reference-count-low", "drops a reference to an object that is freed", object,
		     place);
		return;
	}
	int64_t total = total_of(shared, merged ? 0 : local);
	if (total == 1) {
		made_dies(object, place);
		if (UNLIKELY(borrowed_any))
			borrowed_ends(object, place);
	}
	if (local == COUNT_IMMORTAL || total > 0 ||
	    (!merged && !local && !is_dead(object) && !is_first_dead(object, place)) ||
	    shared != shared_of(object))
		return;
	tell("reference-count-low", "drops a reference to an object that has none left", object,
	     place);
}

EXPORT void _Py_DecRefShared(void *object);
void _Py_DecRefShared(void *object)
{
	static void (*real)(void *);
	if (UNLIKELY(!real))
		real = (void (*)(void *))symbol_need("_Py_DecRefShared");
	if (LIKELY(counts_on))
		look_at_drop((uint64_t)object, (uintptr_t)__builtin_return_address(0));
	JUMP real(object);
}

/* What Py_DECREF() calls in a debug build, and _Py_DecRefShared() in all. */
EXPORT void _Py_DecRefSharedDebug(void *object, const char *file, int line);
void _Py_DecRefSharedDebug(void *object, const char *file, int line)
{
	static void (*real)(void *, const char *, int);
	if (UNLIKELY(!real))
		real = (void (*)(void *, const char *, int))symbol_need("_Py_DecRefSharedDebug");
	uintptr_t place = (uintptr_t)__builtin_return_address(0);
	if (UNLIKELY(counts_checked) && place - drop_low >= drop_size)
		look_at_drop((uint64_t)object, place);
	JUMP real(object, file, line);
}

/* The owner has dropped its last reference. What others have, only they change. */
EXPORT void _Py_MergeZeroLocalRefcount(void *object);
void _Py_MergeZeroLocalRefcount(void *object)
{
	static void (*real)(void *);
	if (UNLIKELY(!real))
		real = (void (*)(void *))symbol_need("_Py_MergeZeroLocalRefcount");
	if (LIKELY(counts_on)) {
		uintptr_t place = (uintptr_t)__builtin_return_address(0);
		int64_t shared = shared_of((uint64_t)object);
		if (UNLIKELY(borrowed_any) && total_of(shared, 0) == 0)
			borrowed_ends((uint64_t)object, place);
		if (LIKELY(shared == 0))
			made_dies((uint64_t)object, place);
		else if (UNLIKELY(total_of(shared, 0) < 0))
			tell("reference-count-low",
			     "drops the last reference of the owner, and others have dropped more "
			     "than there were",
			     (uint64_t)object, place);
	}
	JUMP real(object);
}

EXPORT int64_t _Py_ExplicitMergeRefcount(void *object, int64_t more);
int64_t _Py_ExplicitMergeRefcount(void *object, int64_t more)
{
	static int64_t (*real)(void *, int64_t);
	if (UNLIKELY(!real))
		real = (int64_t (*)(void *, int64_t))symbol_need("_Py_ExplicitMergeRefcount");
	int64_t count = real(object, more);
	if (UNLIKELY(count < 0) && counts_on)
		tell("reference-count-low",
		     "adds up the counts of both, and finds more dropped than "
		     "there were",
		     (uint64_t)object, (uintptr_t)__builtin_return_address(0));
	return count;
}

/* Where the code of the functions is, which stand side by side. */
static bool find_range(const char *const *names, unsigned count, uintptr_t *from, uintptr_t *size)
{
	uintptr_t low = UINTPTR_MAX, high = 0;
	for (unsigned i = 0; i < count; i++) {
		void *function = symbol_next(names[i]);
		Dl_info info;
		ElfW(Sym) *symbol = NULL;
		if (!function || !dladdr1(function, &info, (void **)&symbol, RTLD_DL_SYMENT) ||
		    !symbol)
			return false;
		uintptr_t at = (uintptr_t)function;
		low = at < low ? at : low;
		high = at + symbol->st_size > high ? at + symbol->st_size : high;
	}
	*from = low;
	*size = high - low + 1; /* a return address may be just behind */
	return high - low < 4096;
}

static bool start(const char **why)
{
	if (!made_is_on()) {
		*why = CONCERN_OFF;
		return false;
	}
	static const char *const born[] = { "_Py_NewReference", "_Py_NewReferenceNoTotal" };
	static const char *const merges[] = { "_Py_ExplicitMergeRefcount" };
	if (!find_range(born, 2, &counts_born_low, &counts_born_size) ||
	    !find_range(merges, 1, &merge_low, &merge_size)) {
		*why = "this Python does not export what counts references (ftstress builds one that does)";
		return false;
	}
	static const char *const drops[] = { "_Py_DecRefShared" };
	counts_checked =
		symbol_next("_Py_NegativeRefcount") && find_range(drops, 1, &drop_low, &drop_size);
	counts_on = true;
	countlog_start();
	return true;
}

const struct concern concern_counts = { .name = "reference counts", .start = start };
