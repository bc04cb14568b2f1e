/*
 * made.c - see made.h.
 *
 * FTSTRESS_HEAP in the environment: "off" leaves the concern off.
 */
#include "interpose/memory/made.h"

#include "interpose/base/concern.h"
#include "interpose/base/raw.h"
#include "interpose/base/ring.h"
#include "interpose/base/symbol.h"
#include "interpose/memory/allocator.h"
#include "interpose/memory/borrowed.h"
#include "interpose/memory/freelists.h"
#include "interpose/memory/marks.h"
#include "interpose/memory/countlog.h"
#include "interpose/python/layout.h"
#include "interpose/python/object.h"
#include "interpose/python/release.h"
#include "interpose/python/walk.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
	GRANULE_SHIFT = 5,
	SITE_BITS = 18,
	SITES = MADE_SITES,
	CLUSTER = 64,     /* sites of one code object stand together, to touch few pages */
	SITE_TRIES = 128, /* from where a site should be */
	THREAD_BITS = 12,
	THREADS = 1 << THREAD_BITS,
	MAIN = 1, /* thread of entries: of the process that made it */
	PARITY_SHIFT = SITE_BITS + THREAD_BITS,
};
#define FREED (1u << 31) /* of what was made */
#define DIED (1u << 31)  /* of an end: it is that of the last reference, the block's comes later */
#define BUSY 1u          /* site.native: its position is being written */

/* Where mmap() places memory, see owner.c. */
#define HEAP_FROM 0x7e8000000000ull
#define HEAP_TO 0x800000000000ull
#define SPANS ((HEAP_TO - HEAP_FROM) / OBJECT_SEGMENT)
#define SPAN_BYTES ((OBJECT_SEGMENT >> GRANULE_SHIFT) * sizeof(uint32_t))

_Static_assert(SITES == 1 << SITE_BITS, "as the entries have them");
_Static_assert(SPANS == MADE_SPANS, "as the header has them");

static uint32_t *spans[SPANS], *end_spans[SPANS]; /* of what was made, of what was freed */

static struct site {
	uint64_t position; /* in Python code; 0: in none */
	uint64_t native;   /* return address in C; 0 = free, written last */
} sites[SITES];

static uint32_t thread_ids[THREADS]; /* the kernel's number of each thread; 0 is nobody's */
static uint32_t threads = MAIN;      /* the last number that was given away */
static __thread uint32_t self __attribute__((tls_model("initial-exec")));
/* Of the thread that tells what it makes, `self` is 0 meanwhile, and this is its number. */
static void (*teller)(uint64_t address);
static __thread uint32_t telling __attribute__((tls_model("initial-exec")));

static bool on;

static __attribute__((noinline)) uint32_t number_thread(void)
{
	uint32_t number = __atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED);
	if (number >= THREADS) {
		ring_limit(FTS_LIMIT_HEAP_THREADS);
		number = 0;
	} else {
		thread_ids[number] = raw_gettid();
	}
	self = number | THREADS; /* is set, also if it is 0 */
	if (freelists_off)
		freelists_look();
	return self;
}

static __attribute__((noinline)) uint32_t tell_or_number(uint64_t address)
{
	if (!telling)
		return number_thread();
	teller(address);
	return telling;
}

void made_tells(void (*tell)(uint64_t address))
{
	if (telling)
		self = telling;
	telling = 0;
	teller = tell;
	if (!tell)
		return;
	telling = self ? self : number_thread();
	self = 0;
}

void made_tell(uint64_t address)
{
	if (address && telling)
		teller(address);
}

static __attribute__((noinline)) uint32_t *new_span(uint32_t **table, uint64_t index)
{
	long at = raw_syscall6(SYS_mmap, 0, (long)SPAN_BYTES, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint32_t *none = NULL;
	if (at < 0 && at > -4096)
		return NULL;
	if (__atomic_compare_exchange_n(&table[index], &none, (uint32_t *)at, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return (uint32_t *)at;
	raw_syscall3(SYS_munmap, at, (long)SPAN_BYTES, 0);
	return none;
}

static inline uint32_t *entry_in(uint32_t **table, uint64_t address, bool make)
{
	uint64_t offset = address - HEAP_FROM, index = offset / OBJECT_SEGMENT;
	if (UNLIKELY(index >= SPANS))
		return NULL;
	uint32_t *span = __atomic_load_n(&table[index], __ATOMIC_RELAXED);
	if (UNLIKELY(!span) && (!make || !(span = new_span(table, index))))
		return NULL;
	return &span[offset % OBJECT_SEGMENT >> GRANULE_SHIFT];
}

static inline uint32_t *entry_of(uint64_t address, bool make)
{
	return entry_in(spans, address, make);
}

static inline uint64_t scatter(uint64_t word)
{
	return word * 0x9e3779b97f4a7c15ull;
}

/*
 * The site with these two, which it may be, or become, from `at` on, or, where a module's code has
 * filled that cluster, from another place on; 0: there is no room.
 */
static __attribute__((noinline)) uint32_t search_site(uint32_t at, uint64_t position,
						      uint64_t native)
{
	for (unsigned i = 0; i < SITE_TRIES; i++, at = (at + 1) % SITES) {
		if (i == CLUSTER)
			at = (uint32_t)(scatter(position ^ native << 16) >> (64 - SITE_BITS));
		uint64_t seen = __atomic_load_n(&sites[at].native, __ATOMIC_ACQUIRE);
		if (seen == native && sites[at].position == position)
			return at;
		if (seen || at == 0 ||
		    !__atomic_compare_exchange_n(&sites[at].native, &seen, BUSY, false,
						 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			continue;
		sites[at].position = position;
		__atomic_store_n(&sites[at].native, native, __ATOMIC_RELEASE);
		return at;
	}
	ring_limit(FTS_LIMIT_HEAP_SITES);
	return 0;
}

static inline uint32_t site_of(uint64_t position, uint64_t native)
{
	uint64_t code = position ? position >> 16 : native >> 6;
	uint32_t at = (uint32_t)(scatter(code) >> (64 - SITE_BITS)) & ~(CLUSTER - 1u);
	at |= (uint32_t)(scatter(position ^ native << 16) >> 58);
	if (LIKELY(sites[at].native == native && sites[at].position == position))
		return at;
	return search_site(at, position, native);
}

static inline uint32_t parity_of(uint64_t start)
{
	return (uint32_t)(start >> 4 & 1) << PARITY_SHIFT;
}

/* What starts at the address is made now, by a call that returns to `native`. */
static inline void note(uint32_t *entry, uint64_t address, uint64_t native)
{
	uint64_t position = python_pc(native);
	uint32_t site = site_of(position == native ? 0 : position, native);
	uint32_t thread = LIKELY(self) ? self : tell_or_number(address);
	*entry = site ? parity_of(address) | (thread % THREADS) << SITE_BITS | site : 0;
}

static inline void note_block(void *block, uint64_t size, uint64_t native)
{
	if (UNLIKELY(marks_making))
		marks_renew((uint64_t)block, size);
	uint32_t *entry = entry_of((uint64_t)block, true);
	if (LIKELY(entry))
		note(entry, (uint64_t)block, native);
}

void made_block(void *block, uint64_t size, uint64_t native)
{
	note_block(block, size, native);
}

/* Its type is there; of an int, whose length is written in another way, it is too much. */
static inline uint64_t size_of(const void *object)
{
	const void *type = load_pointer(object, OBJECT_TYPE);
	uint64_t item = load64(type, python_at.type_itemsize);
	return load64(type, python_at.type_basicsize) +
	       (item ? item * load64(object, python_at.size) : 0);
}

static __attribute__((noinline)) void renew_object(const void *object)
{
	uint64_t start = 0;
	struct object_block block;
	if (made_covers((uint64_t)object) && object_block_beside((uint64_t)object, &start, &block))
		marks_renew(start, block.size);
	else
		marks_renew((uint64_t)object, size_of(object));
}

static inline void note_object(void *object, uint64_t native)
{
	if (UNLIKELY(borrowed_any))
		borrowed_renewed((uint64_t)object);
	if (UNLIKELY(marks_making))
		renew_object(object);
	uint32_t *entry = entry_of((uint64_t)object, true);
	if (UNLIKELY(!entry))
		return;
	if (UNLIKELY(countlog_on))
		countlog_note((uint64_t)object, COUNTLOG_MADE, 1, 1, native);
	/* From a free list: no block has ended. It may also be of an extension's own, in any memory. */
	if (*entry && !(*entry & FREED)) {
		uint32_t *end = entry_in(end_spans, (uint64_t)object, false);
		marks_end((uint64_t)object, size_of(object));
		if (end)
			*end = 0;
	}
	note(entry, (uint64_t)object, native);
}

/* The entry, if it is of what starts at the address. */
static uint32_t entry_at(uint64_t start)
{
	const uint32_t *at = entry_of(start, false);
	uint32_t entry = at ? *at : 0;
	return (entry & 1u << PARITY_SHIFT) == parity_of(start) ? entry : 0;
}

bool made_is_on(void)
{
	return on;
}

bool made_covers(uint64_t address)
{
	return entry_of(address, false) != NULL;
}

bool made_ends(uint64_t start, uint64_t native)
{
	uint32_t *at = entry_of(start, false), *end = entry_in(end_spans, start, true);
	if (UNLIKELY(!at))
		return true;
	uint32_t entry = *at;
	if ((entry & 1u << PARITY_SHIFT) != parity_of(start))
		entry = 0;
	if (UNLIKELY(entry & FREED))
		return false;
	*at = FREED | parity_of(start) | entry;
	if (UNLIKELY(countlog_on))
		countlog_note(start, COUNTLOG_FREED, 1, 0, native);
	if (UNLIKELY(!end))
		return true;
	if (*end & DIED && (*end & 1u << PARITY_SHIFT) == parity_of(start))
		*end &= ~DIED;
	else
		note(end, start, native);
	return true;
}

void made_dies(uint64_t start, uint64_t native)
{
	uint32_t *end = made_covers(start) ? entry_in(end_spans, start, true) : NULL;
	if (UNLIKELY(!end))
		return;
	note(end, start, native);
	*end |= DIED;
}

void made_lives(uint64_t start)
{
	uint32_t *at = entry_of(start, false);
	if (at && (entry_at(start) & FREED))
		*at &= ~FREED;
}

void made_again(uint64_t start)
{
	uint32_t *at = entry_of(start, false);
	if (at && UNLIKELY(entry_at(start) & FREED))
		*at = 0;
}

static void each_of_span(const uint32_t *span, uint64_t from,
			 void (*look)(uint32_t site, uint64_t start, void *context), void *context)
{
	for (uint64_t i = 0; i < OBJECT_SEGMENT >> GRANULE_SHIFT; i++) {
		uint32_t entry = span[i], site = entry % SITES;
		if (site && !(entry & FREED))
			look(site, from + (i << GRANULE_SHIFT) + (entry >> PARITY_SHIFT & 1) * 16,
			     context);
	}
}

void made_each(void (*look)(uint32_t site, uint64_t start, void *context), void *context)
{
	for (uint64_t i = 0; i < SPANS; i++)
		if (spans[i])
			each_of_span(spans[i], HEAP_FROM + i * OBJECT_SEGMENT, look, context);
}

uint32_t *made_word(struct made_words *words, uint64_t start)
{
	return entry_of(start, false) ? entry_in(words->spans, start, true) : NULL;
}

void made_each_word(const struct made_words *words,
		    void (*look)(uint32_t word, uint64_t start, void *context), void *context)
{
	for (uint64_t i = 0; i < SPANS; i++) {
		uint64_t from = HEAP_FROM + i * OBJECT_SEGMENT;
		for (uint64_t k = 0; words->spans[i] && k < OBJECT_SEGMENT >> GRANULE_SHIFT; k++)
			if (words->spans[i][k])
				look(words->spans[i][k],
				     from + (k << GRANULE_SHIFT) +
					     (spans[i][k] >> PARITY_SHIFT & 1) * 16,
				     context);
	}
}

void made_words_clear(struct made_words *words)
{
	for (uint64_t i = 0; i < SPANS; i++) {
		if (words->spans[i])
			raw_syscall3(SYS_munmap, (long)words->spans[i], (long)SPAN_BYTES, 0);
		words->spans[i] = NULL;
	}
}

bool made_is_whole(uint64_t start)
{
	return entry_at(start) - 1 < FREED - 1;
}

bool made_is_freed(uint64_t start)
{
	return entry_at(start) & FREED;
}

int32_t made_thread(void)
{
	uint32_t thread = (self ? self : number_thread()) % THREADS;
	return (int32_t)thread - MAIN;
}

static bool tell(uint32_t entry, struct made *made)
{
	if (!(entry % SITES))
		return false;
	const struct site *site = &sites[entry % SITES];
	uint32_t thread = entry >> SITE_BITS & (THREADS - 1);
	*made = (struct made){ .frames = { site->native, site->position },
			       .count = site->position ? 2 : 1,
			       .thread = thread_ids[thread],
			       .number = (int32_t)thread - MAIN,
			       .by_main = thread == MAIN };
	return true;
}

bool made_find(uint64_t start, struct made *made)
{
	return tell(entry_at(start), made);
}

bool made_end_find(uint64_t start, struct made *ended)
{
	const uint32_t *at = entry_in(end_spans, start, false);
	bool same = at && (*at & 1u << PARITY_SHIFT) == parity_of(start);
	if (!same || !tell(*at, ended))
		return false;
	ended->lives = *at & DIED;
	return true;
}

/*
 * Every object passes one of these before anybody else can have it; where it was resized, the
 * second one once more.
 */
EXPORT void _Py_NewReference(void *object);
void _Py_NewReference(void *object)
{
	static void (*real)(void *);
	if (UNLIKELY(!real))
		real = (void (*)(void *))symbol_need("_Py_NewReference");
	if (on)
		note_object(object, (uint64_t)__builtin_return_address(0));
	JUMP real(object);
}

EXPORT void _Py_NewReferenceNoTotal(void *object);
void _Py_NewReferenceNoTotal(void *object)
{
	static void (*real)(void *);
	if (UNLIKELY(!real))
		real = (void (*)(void *))symbol_need("_Py_NewReferenceNoTotal");
	if (on)
		note_object(object, (uint64_t)__builtin_return_address(0));
	JUMP real(object);
}

static struct allocator mem; /* what we wrapped */

static void *mem_malloc(void *context, size_t size)
{
	void *block = mem.malloc(context, size);
	if (LIKELY(block))
		note_block(block, size, CALLER);
	return block;
}

static void *mem_calloc(void *context, size_t count, size_t size)
{
	void *block = mem.calloc(context, count, size);
	if (LIKELY(block))
		note_block(block, count * size, CALLER);
	return block;
}

static void *mem_realloc(void *context, void *old, size_t size)
{
	void *block = mem.realloc(context, old, size);
	if (LIKELY(block))
		note_block(block, size, CALLER);
	return block;
}

static bool wrap_allocator(void)
{
	if (!allocator_get(ALLOCATOR_MEM, &mem) ||
	    mem.malloc != (void *(*)(void *, size_t))symbol_next("_PyMem_MiMalloc"))
		return false;
	allocator_set(ALLOCATOR_MEM, (struct allocator){ mem.context, mem_malloc, mem_calloc,
							 mem_realloc, mem.free });
	return true;
}

static bool start(const char **why)
{
	const char *wanted = getenv("FTSTRESS_HEAP");
	if (wanted && raw_same(wanted, "off")) {
		*why = CONCERN_OFF;
		return false;
	}
	if (!python_known(why))
		return false;
	if (!wrap_allocator()) {
		*why = "this Python has another allocator than mimalloc (is PYTHONMALLOC set?)";
		return false;
	}
	self = MAIN | THREADS;
	thread_ids[MAIN] = raw_gettid();
	on = true;
	return true;
}

static void after_fork(bool in_child)
{
	if (in_child && self % THREADS)
		thread_ids[self % THREADS] = raw_gettid();
}

const struct concern concern_made = {
	.name = "where objects were made",
	.start = start,
	.after_fork = after_fork,
};
