/* atomics.c - see atomics.h. */
#include "atomics.h"

#include "core.h"
#include "locks.h"
#include "order.h"
#include "raw.h"

#define JUMP __attribute__((musttail)) return
#define HERE __builtin_return_address(0)

typedef uint64_t add64(volatile uint64_t *word, uint64_t value, int order);
typedef void store64(volatile uint64_t *word, uint64_t value, int order);
typedef uint64_t cas64(volatile uint64_t *word, uint64_t from, uint64_t to, int order,
		       int failed_order);
typedef uint64_t or64(volatile uint64_t *word, uint64_t value, int order);
typedef uint8_t cas8(volatile uint8_t *word, uint8_t from, uint8_t to, int order, int failed_order);

static add64 first_add64;
static store64 first_store64;
static cas64 first_cas64;
static or64 first_or64;
static cas8 first_cas8;

static add64 *tsan_add64 = first_add64;
static store64 *tsan_store64 = first_store64;
static cas64 *tsan_cas64 = first_cas64;
static or64 *tsan_or64 = first_or64;
static cas8 *tsan_cas8 = first_cas8;

/* From here on this thread's reads and writes are not told to TSan; its atomic operations are. */
static void (*tsan_ignore_begin)(void), (*tsan_ignore_end)(void);
static void (*tsan_acquire)(const volatile void *address);

HIDDEN __thread volatile uint8_t *atomics_untold __attribute__((tls_model("initial-exec")));

void atomics_tell_again(void)
{
	atomics_untold = NULL;
	tsan_ignore_end();
}

void atomics_resolve(void)
{
	tsan_add64 = (add64 *)core_need("__tsan_atomic64_fetch_add");
	tsan_store64 = (store64 *)core_need("__tsan_atomic64_store");
	tsan_cas64 = (cas64 *)core_need("__tsan_atomic64_compare_exchange_val");
	tsan_or64 = (or64 *)core_need("__tsan_atomic64_fetch_or");
	tsan_ignore_begin = (void (*)(void))core_need("__tsan_ignore_thread_begin");
	tsan_ignore_end = (void (*)(void))core_need("__tsan_ignore_thread_end");
	tsan_acquire = (void (*)(const volatile void *))core_need("__tsan_acquire");
	tsan_cas8 = (cas8 *)core_need("__tsan_atomic8_compare_exchange_val");
}

/* The first operation of all, from a constructor. */
static uint64_t first_add64(volatile uint64_t *word, uint64_t value, int order)
{
	atomics_resolve();
	JUMP tsan_add64(word, value, order);
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

enum { COUNT_ONE = 4, COUNT_FLAGS = 3, MAYBE_WEAKREF = 1, QUEUED = 2, MERGED = 3 };

static inline bool aligned(const volatile void *word)
{
	return ((uintptr_t)word & 15) == 0;
}

/* Which order a change of a shared reference count means; -1 if it is not one of its changes. */
static inline int count_order(uint64_t from, uint64_t to)
{
	if (to == MERGED)
		return MO_BOTH;
	if (to - from == COUNT_ONE)
		return MO_NONE;
	/* Only without flags: from "queued" the same bit is the owner's merge. */
	if ((from & COUNT_FLAGS) == 0 &&
	    (to == (from | MAYBE_WEAKREF) || to == ((from + COUNT_ONE) | MAYBE_WEAKREF)))
		return MO_NONE;
	if (from - to == COUNT_ONE || (to == QUEUED && from <= MAYBE_WEAKREF) ||
	    ((to & COUNT_FLAGS) == MERGED && (from & COUNT_FLAGS) != MERGED))
		return MO_RELEASE;
	return -1;
}

EXPORT add64 __tsan_atomic64_fetch_add;
uint64_t __tsan_atomic64_fetch_add(volatile uint64_t *word, uint64_t value, int order)
{
	if (order == MO_SEQ_CST && order_size) {
		enum place place = order_place(HERE);
		if ((value == COUNT_ONE && aligned(word) && place != PLACE_AS_WRITTEN &&
		     place != PLACE_UNTOLD && order_is_count(word)) ||
		    place == PLACE_COUNTER)
			order = MO_NONE;
	}
	JUMP tsan_add64(word, value, order);
}

EXPORT store64 __tsan_atomic64_store;
void __tsan_atomic64_store(volatile uint64_t *word, uint64_t value, int order)
{
	if (order == MO_NONE && UNLIKELY(order_place(HERE) == PLACE_MOVES))
		order = MO_RELEASE;
	JUMP tsan_store64(word, value, order);
}

EXPORT cas64 __tsan_atomic64_compare_exchange_val;
uint64_t __tsan_atomic64_compare_exchange_val(volatile uint64_t *word, uint64_t from, uint64_t to,
					      int order, int failed_order)
{
	if (order == MO_SEQ_CST && aligned(word) && order_place(HERE) > PLACE_AS_WRITTEN) {
		int meant = count_order(from, to);
		if (meant >= 0 && order_is_count(word)) {
			/* The owner is gone: what it did it gave to the lock when it left. */
			if (UNLIKELY(atomics_untold) && (to & COUNT_FLAGS) == MERGED)
				tsan_acquire(atomics_untold);
			order = meant;
			failed_order = MO_NONE;
		}
	}
	JUMP tsan_cas64(word, from, to, order, failed_order);
}

EXPORT or64 __tsan_atomic64_fetch_or;
uint64_t __tsan_atomic64_fetch_or(volatile uint64_t *word, uint64_t value, int order)
{
	if (order == MO_SEQ_CST) {
		enum place place = order_place(HERE);
		if (place == PLACE_EVAL_BREAKER || place == PLACE_QUEUE)
			order = MO_RELEASE;
	}
	JUMP tsan_or64(word, value, order);
}

/*
 * A thread's end (and forced collections) visits the abandoned segments 1,024 times over, 20,000
 * atomic operations that fill the thread's history, so that TSan has lost the stack of the access
 * when the other side of the race comes. Segments that are not collected here are taken up by the
 * next thread that needs one.
 */
EXPORT void _mi_abandoned_collect(void *heap, bool force, void *segments);
void _mi_abandoned_collect(void *heap, bool force, void *segments)
{
	static void (*real)(void *, bool, void *);
	if (!real)
		real = (void (*)(void *, bool, void *))core_need("_mi_abandoned_collect");
	if (force || !order_size)
		real(heap, force, segments);
}

enum { LOCK_OF_OBJECT = 10, TYPE_OF_OBJECT = 24 }; /* offsets */

static inline const void *type_of(const volatile void *object)
{
	return *(const void *const volatile *)((const volatile char *)object + TYPE_OF_OBJECT);
}

/* The return addresses of the functions that called this one, outermost last. */
static unsigned callers(const void *frame, const void **found, unsigned most)
{
	enum { FRAME_MAX = 1024 }; /* bytes; of what is asked here, none is larger */
	unsigned count = 0;
	while (count < most) {
		const void *const *at = frame;
		found[count++] = at[1];
		uintptr_t step = (uintptr_t)at[0] - (uintptr_t)frame;
		if (step < 16 || step > FRAME_MAX || step % 8)
			break; /* compiled without frame pointers */
		frame = at[0];
	}
	return count;
}

/* Called from a decrement: is it the type cache's, of the name in an entry that it replaces? */
static __attribute__((noinline)) bool dropped_by_type_cache(void)
{
	const void *called[5]; /* the first is in this file */
	unsigned count = callers(__builtin_frame_address(0), called, 5), i = 1;
	while (i < count && order_place(called[i]) == PLACE_DECREF)
		i++;
	if (i == 1 || i >= count)
		return false;
	return order_place(called[i]) == PLACE_TYPE_CACHE;
}

/*
 * Which entry of the type cache a name goes to depends on addresses. When one is replaced, the name
 * that was there is given back to the thread that made it, which is ordered after the thread that
 * gives it back, but has nothing to do with it. So the name is kept; it is some bytes long.
 */
EXPORT void _Py_brc_queue_object(void *object);
void _Py_brc_queue_object(void *object)
{
	static void (*real)(void *);
	if (!real)
		real = (void (*)(void *))core_need("_Py_brc_queue_object");
	if (!order_size || type_of(object) != order_str || !dropped_by_type_cache())
		real(object);
}

/*
 * Sections of the interpreter whose reads and writes are not told to TSan, so that the lock around
 * them need not order them: one lock, or the two of a critical section for two objects. Returns the
 * order of the lock (`to` 1) or unlock.
 */
static __attribute__((noinline)) int section_order(volatile uint8_t *word, uint8_t to,
						   enum place place)
{
	static __thread volatile uint8_t *second __attribute__((tls_model("initial-exec")));
	if (to) {
		if (__atomic_load_n(word, __ATOMIC_RELAXED) != 0)
			return MO_ACQUIRE; /* it fails; the slow path takes the lock as written */
		if (atomics_untold) {
			if (place != PLACE_UNTOLD || second)
				return MO_ACQUIRE;
			second = word;
			return MO_NONE;
		}
		atomics_untold = word;
		tsan_ignore_begin();
		return MO_NONE;
	}
	if (second == word) {
		second = NULL;
		return MO_NONE;
	}
	if (atomics_untold == word) {
		atomics_untold = NULL;
		tsan_ignore_end();
		if (place == PLACE_UNTOLD)
			return MO_NONE;
	}
	return MO_RELEASE;
}

/*
 * Sections that only read, or nearly: taking the lock acquires, and what happens in the section is
 * not told. Giving the lock back releases only if the word that is looked at has changed.
 */
static __thread struct {
	const void *const volatile *word; /* NULL: nothing is ever changed */
	const void *before;
} looked_at __attribute__((tls_model("initial-exec")));

enum {
	VALUE_OF_CELL = 32,
	HASH_OF_WEAKREF = 48,
	KEYS_OF_DICT = 48,
	KIND_OF_KEYS = 10
}; /* offsets */
enum { KEYS_GENERAL = 0 }; /* a kind of keys */

/* Head of the list of weak references to which PyWeakref_NewRef() may add one, in this thread. */
static __thread const void *const volatile *weak_references
	__attribute__((tls_model("initial-exec")));

EXPORT void *PyWeakref_NewRef(void *object, void *callback);
void *PyWeakref_NewRef(void *object, void *callback)
{
	static void *(*real)(void *, void *);
	static const void *const volatile *(*list_of)(void *);
	if (!real) {
		list_of = (const void *const volatile *(*)(void *))core_next(
			"PyObject_GET_WEAKREFS_LISTPTR");
		real = (void *(*)(void *, void *))core_need("PyWeakref_NewRef");
	}
	if (order_size && !callback && list_of)
		weak_references = list_of(object);
	void *reference = real(object, callback);
	weak_references = NULL;
	return reference;
}

/* The set of an abstract class that this thread asks for a class. */
static __thread const void *abstract_set __attribute__((tls_model("initial-exec")));

EXPORT int PySet_Contains(void *set, void *key);
int PySet_Contains(void *set, void *key)
{
	static int (*real)(void *, void *);
	if (!real)
		real = (int (*)(void *, void *))core_need("PySet_Contains");
	if (order_place(HERE) != PLACE_READS)
		return real(set, key);
	abstract_set = set;
	int found = real(set, key);
	abstract_set = NULL;
	return found;
}

static inline bool is_object_lock(const volatile uint8_t *word)
{
	return ((uintptr_t)word & 15) == LOCK_OF_OBJECT;
}

static inline bool is_cell(const volatile uint8_t *word)
{
	return is_object_lock(word) && type_of(word - LOCK_OF_OBJECT) == order_cells;
}

static bool has_string_keys(const volatile uint8_t *dict)
{
	const uint8_t *keys = *(const uint8_t *const volatile *)(dict + KEYS_OF_DICT);
	return keys[KIND_OF_KEYS] != KEYS_GENERAL;
}

/* May this be the lock of a section that only reads? */
static inline bool is_reading(enum place place, const volatile uint8_t *word)
{
	return (place >= PLACE_READS && place <= PLACE_READS_HASH) ||
	       (place == PLACE_LOOP && order_cells && is_cell(word));
}

/* The lock is held: does the section only read? *look: the word that says whether it did. */
static bool only_reads(const volatile uint8_t *word, enum place place,
		       const void *const volatile **look)
{
	const volatile uint8_t *object = word - LOCK_OF_OBJECT;
	switch (place) {
	case PLACE_READS_DICT:
		return has_string_keys(object);
	case PLACE_READS_SET:
		return object == abstract_set;
	case PLACE_READS_HASH:
		return *(const volatile int64_t *)(object + HASH_OF_WEAKREF) != -1;
	case PLACE_READS_LIST:
		*look = weak_references;
		return weak_references;
	case PLACE_LOOP:
		*look = (const void *const volatile *)(object + VALUE_OF_CELL);
		return true;
	default:
		return true;
	}
}

static __attribute__((noinline)) void reading_begins(volatile uint8_t *word, enum place place)
{
	const void *const volatile *look = NULL;
	if (atomics_untold || !only_reads(word, place, &look))
		return;
	looked_at.word = look;
	looked_at.before = look ? *look : NULL;
	atomics_untold = word;
	tsan_ignore_begin();
}

/* It is about to be given back; returns in which order. */
static __attribute__((noinline)) int reading_ends(const volatile uint8_t *word, enum place place)
{
	bool reads = place == PLACE_READS || place == PLACE_READS_HASH;
	if (atomics_untold != word) /* within another one, or told */
		return atomics_untold && reads ? MO_NONE : MO_RELEASE;
	atomics_untold = NULL;
	tsan_ignore_end();
	return looked_at.word && *looked_at.word != looked_at.before ? MO_RELEASE : MO_NONE;
}

EXPORT cas8 __tsan_atomic8_compare_exchange_val;
uint8_t __tsan_atomic8_compare_exchange_val(volatile uint8_t *word, uint8_t from, uint8_t to,
					    int order, int failed_order)
{
	enum place place = PLACE_OUTSIDE;
	bool reads = false;
	if (order == MO_SEQ_CST && from + to == 1) {
		place = order_place(HERE);
		reads = is_reading(place, word);
		if (UNLIKELY(reads))
			order = to ? MO_ACQUIRE : reading_ends(word, place);
		else if (UNLIKELY(place == PLACE_QUEUE || place == PLACE_UNTOLD))
			order = section_order(word, to, place);
		else if (place > PLACE_AS_WRITTEN)
			order = to ? MO_ACQUIRE : MO_RELEASE;
		if (place > PLACE_AS_WRITTEN)
			failed_order = MO_NONE;
	}
	bool noted = locks_on && from + to == 1 && locks_exchange(word, to, CALL_SITE);
	if (LIKELY(!noted && !(reads && to)))
		JUMP tsan_cas8(word, from, to, order, failed_order);
	struct call_site site = CALL_SITE;
	uint8_t was = tsan_cas8(word, from, to, order, failed_order);
	if (was == from && noted)
		locks_exchanged(word, site);
	if (was == from && reads && to)
		reading_begins(word, place);
	return was;
}
