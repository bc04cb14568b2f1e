/* atomics.c - see atomics.h. */
#include "interpose/wrap/atomics.h"
#include "interpose/wrap/fences.h"

#include "interpose/base/memory_order.h"

#include "interpose/base/symbol.h"
#include "interpose/locks/locks.h"
#include "interpose/memory/borrowed.h"
#include "interpose/memory/counts.h"
#include "interpose/order/order.h"
#include "interpose/python/walk.h"
#include "interpose/base/raw.h"
#include "interpose/order/sections.h"
#include "interpose/order/type_cache.h"
#include "interpose/turns/between.h"

#define HERE __builtin_return_address(0)

typedef uint32_t load_word(const volatile uint32_t *word, int order);
typedef uint64_t add64(volatile uint64_t *word, uint64_t value, int order);
typedef void store32(volatile uint32_t *word, uint32_t value, int order);
typedef void store64(volatile uint64_t *word, uint64_t value, int order);
typedef uint64_t cas64(volatile uint64_t *word, uint64_t from, uint64_t to, int order,
		       int failed_order);
typedef uint32_t cas32(volatile uint32_t *word, uint32_t from, uint32_t to, int order,
		       int failed_order);
typedef uint64_t or64(volatile uint64_t *word, uint64_t value, int order);
typedef uint8_t cas8(volatile uint8_t *word, uint8_t from, uint8_t to, int order, int failed_order);

static load_word first_load32;
static add64 first_add64;
static store32 first_store32;
static store64 first_store64;
static cas64 first_cas64;
static cas32 first_cas32;
static or64 first_or64;
static cas8 first_cas8;

static load_word *tsan_load32 = first_load32;
static add64 *tsan_add64 = first_add64;
static store32 *tsan_store32 = first_store32;
static store64 *tsan_store64 = first_store64;
static cas64 *tsan_cas64 = first_cas64;
static cas32 *tsan_cas32 = first_cas32;
static or64 *tsan_or64 = first_or64;
static cas8 *tsan_cas8 = first_cas8;
static void (*tsan_acquire)(const volatile void *address);

void atomics_resolve(void)
{
	tsan_load32 = (load_word *)symbol_need("__tsan_atomic32_load");
	tsan_add64 = (add64 *)symbol_need("__tsan_atomic64_fetch_add");
	tsan_store32 = (store32 *)symbol_need("__tsan_atomic32_store");
	tsan_store64 = (store64 *)symbol_need("__tsan_atomic64_store");
	tsan_cas64 = (cas64 *)symbol_need("__tsan_atomic64_compare_exchange_val");
	tsan_cas32 = (cas32 *)symbol_need("__tsan_atomic32_compare_exchange_val");
	tsan_or64 = (or64 *)symbol_need("__tsan_atomic64_fetch_or");
	tsan_acquire = (void (*)(const volatile void *))symbol_need("__tsan_acquire");
	fences_resolve();
	sections_resolve();
	type_cache_resolve();
	between_types = &type_cache_lock;
	tsan_cas8 = (cas8 *)symbol_need("__tsan_atomic8_compare_exchange_val");
}

/*
 * The first atomic operation of the process comes from some module's constructor, before anything
 * of ours has run. So each pointer begins with a function that looks TSan's functions up first.
 */
static uint32_t first_load32(const volatile uint32_t *word, int order)
{
	atomics_resolve();
	JUMP tsan_load32(word, order);
}

static uint64_t first_add64(volatile uint64_t *word, uint64_t value, int order)
{
	atomics_resolve();
	JUMP tsan_add64(word, value, order);
}

static void first_store32(volatile uint32_t *word, uint32_t value, int order)
{
	atomics_resolve();
	JUMP tsan_store32(word, value, order);
}

static void first_store64(volatile uint64_t *word, uint64_t value, int order)
{
	atomics_resolve();
	JUMP tsan_store64(word, value, order);
}

static uint64_t first_cas64(volatile uint64_t *word, uint64_t from, uint64_t to, int order,
			    int failed_order)
{
	atomics_resolve();
	JUMP tsan_cas64(word, from, to, order, failed_order);
}

static uint32_t first_cas32(volatile uint32_t *word, uint32_t from, uint32_t to, int order,
			    int failed_order)
{
	atomics_resolve();
	JUMP tsan_cas32(word, from, to, order, failed_order);
}

static uint64_t first_or64(volatile uint64_t *word, uint64_t value, int order)
{
	atomics_resolve();
	JUMP tsan_or64(word, value, order);
}

static uint8_t first_cas8(volatile uint8_t *word, uint8_t from, uint8_t to, int order,
			  int failed_order)
{
	atomics_resolve();
	JUMP tsan_cas8(word, from, to, order, failed_order);
}

/* ob_ref_shared (CPython: Include/refcount.h): two bits of flags, above them the count. */
enum { COUNT_ONE = 4, COUNT_FLAGS = 3, MAYBE_WEAKREF = 1, QUEUED = 2, MERGED = 3 };

enum { DICT_VERSION = 4096 }; /* 3.13: each new dict adds this to the interpreter's counter */

static inline bool aligned(const volatile void *word)
{
	return ((uintptr_t)word & 15) == 0;
}

/* The order that a change of a shared reference count means. -1: a count is never changed so. */
static inline int count_order(uint64_t from, uint64_t to)
{
	if (to == MERGED)
		return MO_BOTH;
	if (to - from == COUNT_ONE)
		return MO_NONE;
	/* MAYBE_WEAKREF is set. Only from no flags: QUEUED | 1 is MERGED, the owner's merge. */
	if ((from & COUNT_FLAGS) == 0 &&
	    (to == (from | MAYBE_WEAKREF) || to == ((from + COUNT_ONE) | MAYBE_WEAKREF)))
		return MO_NONE;
	if (from - to == COUNT_ONE || (to == QUEUED && from <= MAYBE_WEAKREF) ||
	    ((to & COUNT_FLAGS) == MERGED && (from & COUNT_FLAGS) != MERGED))
		return MO_RELEASE;
	return -1;
}

/* A dict gives up keys that it shares with others. Who gives them up last may free them. */
static uint64_t uncount_keys(volatile uint64_t *word)
{
	uint64_t was = tsan_add64(word, UINT64_MAX, MO_RELEASE);
	if (was == 1)
		tsan_acquire(word);
	return was;
}

/* The most frequent operation of all: an object's local reference count is loaded, relaxed. */
EXPORT load_word __tsan_atomic32_load;
uint32_t __tsan_atomic32_load(const volatile uint32_t *word, int order)
{
	if (UNLIKELY(order != MO_NONE) && UNLIKELY(type_cache_entry != NULL))
		return type_cache_load(word);
	fences_read(word, order, HERE);
	JUMP tsan_load32(word, order);
}

/* The thread has borrowed an object, and takes a reference to one. Out of the way, as below. */
static __attribute__((noinline)) void store32_of_borrower(volatile uint32_t *word, uint32_t value,
							  int order)
{
	borrowed_taken((uint64_t)word - OBJECT_COUNT_LOCAL, (uintptr_t)HERE,
		       __builtin_frame_address(0));
	counts_store(word, value, HERE);
	order = fences_write(order, HERE);
	JUMP tsan_store32(word, value, order);
}

/* What follows such a load most often: the count, changed. */
EXPORT store32 __tsan_atomic32_store;
void __tsan_atomic32_store(volatile uint32_t *word, uint32_t value, int order)
{
	if (UNLIKELY(borrowed_count) && value == *word + 1)
		JUMP store32_of_borrower(word, value, order);
	counts_store(word, value, HERE);
	order = fences_write(order, HERE);
	JUMP tsan_store32(word, value, order);
}

EXPORT add64 __tsan_atomic64_fetch_add;
uint64_t __tsan_atomic64_fetch_add(volatile uint64_t *word, uint64_t value, int order)
{
	if (value == COUNT_ONE) {
		if (UNLIKELY(borrowed_count))
			borrowed_taken((uint64_t)word - OBJECT_COUNT_SHARED, (uintptr_t)HERE,
				       __builtin_frame_address(0));
		counts_add(word, HERE);
	} else if (UNLIKELY(countlog_on) && value % COUNT_ONE == 0) {
		counts_log_shared((uint64_t)word - OBJECT_COUNT_SHARED,
				  (int64_t)value / (int64_t)COUNT_ONE, (uintptr_t)HERE);
	}
	if (order == MO_SEQ_CST && order_size) {
		enum place place = order_place(HERE);
		if ((value == COUNT_ONE && aligned(word) && place != PLACE_AS_WRITTEN &&
		     place != PLACE_UNTOLD && order_is_count(word)) ||
		    place == PLACE_COUNTER || (value == DICT_VERSION && place > PLACE_AS_WRITTEN) ||
		    (value == 1 && place == PLACE_KEYS))
			order = MO_NONE;
		else if (place == PLACE_KEYS && value == UINT64_MAX)
			return uncount_keys(word);
	}
	order = fences_change(word, order, HERE);
	JUMP tsan_add64(word, value, order);
}

/* Out of the way, so that the store has no frame of its own. */
static __attribute__((noinline)) void store64_among_fences(volatile uint64_t *word, uint64_t value,
							   int order)
{
	JUMP tsan_store64(word, value, fences_order_of_write(order, HERE));
}

/* Is it where the thread says up to which number it uses nothing that was put away (CPython: Python/qsbr.c)? */
static bool is_sequence(volatile uint64_t *word)
{
	const char *tstate = python_running();
	if (!tstate || !order_size || python_at.tstate_qsbr == FTS_LAYOUT_NONE ||
	    python_at.qsbr_seq == FTS_LAYOUT_NONE)
		return false;
	uint64_t at = load64(tstate, python_at.tstate_qsbr) + python_at.qsbr_seq;
	return at == (uint64_t)word;
}

EXPORT store64 __tsan_atomic64_store;
void __tsan_atomic64_store(volatile uint64_t *word, uint64_t value, int order)
{
	enum place place = order_place(HERE);
	if (order == MO_NONE && UNLIKELY(place == PLACE_MOVES))
		order = MO_RELEASE;
	if (order == MO_RELEASE &&
	    (UNLIKELY(place == PLACE_UNTOLD) || (*word == value && is_sequence(word))))
		order = MO_NONE;
	if (order == MO_SEQ_CST && UNLIKELY(place == PLACE_READS_KEYS)) {
		__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
		return;
	}
	if (UNLIKELY(fences_watched))
		JUMP store64_among_fences(word, value, order);
	JUMP tsan_store64(word, value, order);
}

/* One more, and no merge of the owner's with it. */
static inline bool is_taken(uint64_t from, uint64_t to)
{
	return to - from >= COUNT_ONE && to - from <= COUNT_ONE + COUNT_FLAGS &&
	       ((to & COUNT_FLAGS) == MERGED) == ((from & COUNT_FLAGS) == MERGED);
}

/* Also taken so: a reference to an object of another thread's, without a lock. */
static __attribute__((noinline)) uint64_t cas64_logged(volatile uint64_t *word, uint64_t from,
						       uint64_t to, int order, int failed_order,
						       uintptr_t place)
{
	uint64_t seen = tsan_cas64(word, from, to, order, failed_order);
	if (seen == from && order_is_count(word))
		counts_log_taken((uint64_t)word - OBJECT_COUNT_SHARED, place);
	return seen;
}

EXPORT cas64 __tsan_atomic64_compare_exchange_val;
uint64_t __tsan_atomic64_compare_exchange_val(volatile uint64_t *word, uint64_t from, uint64_t to,
					      int order, int failed_order)
{
	if (UNLIKELY(borrowed_count) && ((to ^ from) & ~(uint64_t)COUNT_FLAGS) && to > from)
		borrowed_taken((uint64_t)word - OBJECT_COUNT_SHARED, (uintptr_t)HERE,
			       __builtin_frame_address(0));
	if (order == MO_SEQ_CST && aligned(word) && order_place(HERE) > PLACE_AS_WRITTEN) {
		int meant = count_order(from, to);
		if (meant >= 0 && order_is_count(word)) {
			/*
			 * The thread that owned the object has ended, and this one merges its
			 * counts. What the owner did it released to a lock when it ended: acquire
			 * that.
			 */
			if (UNLIKELY(sections_untold) && (to & COUNT_FLAGS) == MERGED)
				sections_acquire();
			order = meant;
			failed_order = MO_NONE;
		}
	}
	order = fences_change(word, order, HERE);
	if (UNLIKELY(countlog_on) && aligned(word) && is_taken(from, to))
		return cas64_logged(word, from, to, order, failed_order, (uintptr_t)HERE);
	JUMP tsan_cas64(word, from, to, order, failed_order);
}

EXPORT cas32 __tsan_atomic32_compare_exchange_val;
uint32_t __tsan_atomic32_compare_exchange_val(volatile uint32_t *word, uint32_t from, uint32_t to,
					      int order, int failed_order)
{
	if (order == MO_SEQ_CST && order_place(HERE) == PLACE_COUNTER)
		order = failed_order = MO_NONE;
	order = fences_change(word, order, HERE);
	JUMP tsan_cas32(word, from, to, order, failed_order);
}

EXPORT or64 __tsan_atomic64_fetch_or;
uint64_t __tsan_atomic64_fetch_or(volatile uint64_t *word, uint64_t value, int order)
{
	if (order == MO_SEQ_CST) {
		enum place place = order_place(HERE);
		if (place == PLACE_EVAL_BREAKER || place == PLACE_QUEUE)
			order = MO_RELEASE;
		else if (place == PLACE_COUNTER)
			order = MO_NONE;
	}
	JUMP tsan_or64(word, value, order);
}

/*
 * When a thread ends (or a collection is forced), mimalloc visits its abandoned segments 1,024
 * times over. These are 20,000 atomic operations in the thread's history in TSan, and they push out
 * the access of a race before the other side comes. So at a thread's end the visit is left out; the
 * next thread that needs a segment takes one of these.
 */
EXPORT void _mi_abandoned_collect(void *heap, bool force, void *segments);
void _mi_abandoned_collect(void *heap, bool force, void *segments)
{
	static void (*real)(void *, bool, void *);
	if (!real)
		real = (void (*)(void *, bool, void *))symbol_need("_mi_abandoned_collect");
	if (force || !order_size)
		real(heap, force, segments);
}

EXPORT cas8 __tsan_atomic8_compare_exchange_val;
uint8_t __tsan_atomic8_compare_exchange_val(volatile uint8_t *word, uint8_t from, uint8_t to,
					    int order, int failed_order)
{
	enum place place = PLACE_OUTSIDE;
	bool reads = false;
	if (order == MO_SEQ_CST && from + to == 1) {
		place = order_place(HERE);
		reads = sections_reads(place, word);
		if (UNLIKELY(place == PLACE_TYPE_CACHE && to))
			order = MO_NONE; /* type_cache_locked() acquires below what is meant */
		else if (UNLIKELY(reads))
			order = to ? MO_ACQUIRE : sections_reading_ends(word, place);
		else if (UNLIKELY(place == PLACE_QUEUE || place == PLACE_UNTOLD))
			order = sections_order(word, to, place);
		else if (place > PLACE_AS_WRITTEN)
			order = to ? MO_ACQUIRE : MO_RELEASE;
		if (place > PLACE_AS_WRITTEN)
			failed_order = MO_NONE;
		if (order == MO_RELEASE)
			type_cache_unlocks(word);
		if (UNLIKELY(between_call != NULL) && place > PLACE_AS_WRITTEN && *word == from)
			between_note(word, to, order != MO_NONE);
	}
	order = fences_change(word, order, HERE);
	bool noted = locks_on && from + to == 1 && locks_exchange(word, to, CALL_SITE);
	if (LIKELY(!noted && !(reads && to)))
		JUMP tsan_cas8(word, from, to, order, failed_order);
	struct call_site site = CALL_SITE;
	uint8_t was = tsan_cas8(word, from, to, order, failed_order);
	if (was == from && noted)
		locks_exchanged(word, site);
	if (was == from && reads && to) {
		if (place == PLACE_TYPE_CACHE)
			type_cache_locked(word);
		sections_reading_begins(word, place);
	}
	return was;
}
