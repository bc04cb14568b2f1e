/* atomics.c - see atomics.h. */
#include "atomics.h"

#include "core.h"
#include "order.h"
#include "raw.h"

#define JUMP __attribute__((musttail)) return
#define HERE __builtin_return_address(0)

typedef uint64_t add64(volatile uint64_t *word, uint64_t value, int order);
typedef uint64_t cas64(volatile uint64_t *word, uint64_t from, uint64_t to, int order,
		       int failed_order);
typedef uint8_t cas8(volatile uint8_t *word, uint8_t from, uint8_t to, int order,
		     int failed_order);

static add64 first_add64;
static cas64 first_cas64;
static cas8 first_cas8;

static add64 *tsan_add64 = first_add64;
static cas64 *tsan_cas64 = first_cas64;
static cas8 *tsan_cas8 = first_cas8;

void atomics_resolve(void)
{
	tsan_add64 = (add64 *)core_need("__tsan_atomic64_fetch_add");
	tsan_cas64 = (cas64 *)core_need("__tsan_atomic64_compare_exchange_val");
	tsan_cas8 = (cas8 *)core_need("__tsan_atomic8_compare_exchange_val");
}

/* The first operation of all, from a constructor. */
static uint64_t first_add64(volatile uint64_t *word, uint64_t value, int order)
{
	atomics_resolve();
	JUMP tsan_add64(word, value, order);
}

static uint64_t first_cas64(volatile uint64_t *word, uint64_t from, uint64_t to, int order,
			    int failed_order)
{
	atomics_resolve();
	JUMP tsan_cas64(word, from, to, order, failed_order);
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
	if (to - from == COUNT_ONE || to == ((from + COUNT_ONE) | MAYBE_WEAKREF) ||
	    to == (from | MAYBE_WEAKREF))
		return MO_NONE;
	if (from - to == COUNT_ONE || (to == QUEUED && from <= MAYBE_WEAKREF) ||
	    ((to & COUNT_FLAGS) == MERGED && (from & COUNT_FLAGS) != MERGED))
		return MO_RELEASE;
	return -1;
}

EXPORT add64 __tsan_atomic64_fetch_add;
uint64_t __tsan_atomic64_fetch_add(volatile uint64_t *word, uint64_t value, int order)
{
	if (value == COUNT_ONE && order == MO_SEQ_CST && aligned(word) && order_size &&
	    order_place(HERE) != PLACE_AS_WRITTEN && order_is_count(word))
		order = MO_NONE;
	JUMP tsan_add64(word, value, order);
}

EXPORT cas64 __tsan_atomic64_compare_exchange_val;
uint64_t __tsan_atomic64_compare_exchange_val(volatile uint64_t *word, uint64_t from, uint64_t to,
					      int order, int failed_order)
{
	if (order == MO_SEQ_CST && aligned(word) && order_place(HERE) > PLACE_AS_WRITTEN) {
		int meant = count_order(from, to);
		if (meant >= 0 && order_is_count(word)) {
			order = meant;
			failed_order = MO_NONE;
		}
	}
	JUMP tsan_cas64(word, from, to, order, failed_order);
}

EXPORT cas8 __tsan_atomic8_compare_exchange_val;
uint8_t __tsan_atomic8_compare_exchange_val(volatile uint8_t *word, uint8_t from, uint8_t to,
					    int order, int failed_order)
{
	/* observer: a PyMutex is taken or given back here */
	if (order == MO_SEQ_CST && from + to == 1 && order_place(HERE) > PLACE_AS_WRITTEN) {
		order = to ? MO_ACQUIRE : MO_RELEASE;
		failed_order = MO_NONE;
	}
	JUMP tsan_cas8(word, from, to, order, failed_order);
}
