/*
 * cover.c - which C functions of the packages under test ran, and in which threads.
 *
 * clang calls __sanitizer_cov_trace_pc_guard() at each function's entry, in modules that are built
 * with -fsanitize-coverage=trace-pc-guard,func,pc-table (stress/toolchain/lib/packages.sh does so).
 * The word that it passes, the guard, is the function's number here, or 0 when nothing new can be
 * learned of it:
 *
 *     guard ─► number ─► seen[number]           who ran it last, of this process: scope and thread
 *                    └─► cover.reached[number]  what is known of it, of all processes of the arena
 *
 * A scope is a test, or a pair of calls (turns/pairs.h). Another thread in the same scope is what
 * is looked for; once it was seen, the guard becomes 0, and all that is left is a load and a
 * branch. The main thread makes objects and sets tests up: it counts as having run a function, not
 * as one of two threads. All words are relaxed atomics, and written at most twice in a scope: no
 * order comes of it, neither for ThreadSanitizer nor by the hardware's traffic.
 */
#include "interpose/base/concern.h"
#include "interpose/base/raw.h"
#include "interpose/base/ring.h"
#include "interpose/turns/pairs.h"
#include "interpose/wrap/modules.h"

#include <stddef.h>

enum {
	EARLY_MAX = 64, /* modules that are loaded before ftstress_start() */
	THREAD_BITS = 12,
	THREADS = 1 << THREAD_BITS,
	MAIN = 1,           /* the number of a main thread, 0 being nobody's */
	CLAIM_TRIES = 1000, /* while another process puts the module into the arena */
};

/* What a module's constructor hands over. */
struct table {
	uint32_t *guards;
	const uintptr_t *entries; /* for each guard its function's address, and flags */
	uint32_t count;
};

static struct raw_lock lock;
static struct table early[EARLY_MAX];
static unsigned early_count;
static struct table half; /* its guards came, its entries are to follow */
static bool started;

static uint32_t seen[FTS_COVER_FUNCTIONS];
static uint32_t threads = MAIN;
static __thread uint32_t self __attribute__((tls_model("initial-exec")));

static __attribute__((noinline)) uint32_t number_thread(void)
{
	self = raw_gettid() == raw_getpid() ? MAIN
					    : 1 + __atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED);
	return self;
}

static void reach(uint32_t number, uint8_t what)
{
	uint8_t *reached = &ring_arena()->cover.reached[number];
	if (!(__atomic_load_n(reached, __ATOMIC_RELAXED) & what))
		__atomic_fetch_or(reached, what, __ATOMIC_RELAXED);
}

static void note_main(uint32_t number)
{
	if (__atomic_load_n(&seen[number], __ATOMIC_RELAXED))
		return;
	__atomic_store_n(&seen[number], MAIN, __ATOMIC_RELAXED);
	reach(number, FTS_COVER_RAN);
}

static __attribute__((noinline)) void note(uint32_t *guard, uint32_t number)
{
	uint32_t thread = LIKELY(self) ? self : number_thread();
	if (thread == MAIN) {
		note_main(number);
		return;
	}
	uint32_t pair = __atomic_load_n(&pairs_now, __ATOMIC_RELAXED);
	uint32_t test = __atomic_load_n(&ring_arena()->current_test, __ATOMIC_RELAXED);
	uint32_t scope = (pair ? pair : test + 1) << THREAD_BITS; /* FTS_NO_TEST + 1 is 0 */
	uint32_t now = scope | thread % THREADS;
	uint32_t was = __atomic_load_n(&seen[number], __ATOMIC_RELAXED);
	if (was == now)
		return;
	uint8_t most = pair ? FTS_COVER_OBJECT : FTS_COVER_THREADS;
	bool both = scope && (was & ~(THREADS - 1u)) == scope;
	__atomic_store_n(&seen[number], now, __ATOMIC_RELAXED);
	reach(number, both ? most : FTS_COVER_RAN);
	if (__atomic_load_n(&ring_arena()->cover.reached[number], __ATOMIC_RELAXED) & most)
		__atomic_store_n(guard, 0, __ATOMIC_RELAXED);
}

EXPORT void __sanitizer_cov_trace_pc_guard(uint32_t *guard);
void __sanitizer_cov_trace_pc_guard(uint32_t *guard)
{
	uint32_t number = __atomic_load_n(guard, __ATOMIC_RELAXED);
	if (UNLIKELY(number))
		note(guard, number);
}

static bool same_module(const struct fts_cover_module *module, const struct module_place *place,
			uint32_t count)
{
	return module->count == count && raw_same(module->path, place->path);
}

/* Put the module in the slot, which is ours, and give its functions numbers. */
static void enter(struct fts_arena *arena, struct fts_cover_module *module,
		  const struct module_place *place, const struct table *table)
{
	uint32_t used = __atomic_load_n(&arena->cover_used, __ATOMIC_RELAXED);
	uint32_t first = used ? used : 1;
	bool room = first <= FTS_COVER_FUNCTIONS && table->count <= FTS_COVER_FUNCTIONS - first;
	module->count = table->count;
	module->first = first;
	raw_copy(module->path, place->path, raw_length(place->path) + 1);
	if (room && __atomic_compare_exchange_n(&arena->cover_used, &used, first + table->count,
						false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
		for (uint32_t i = 0; i < table->count; i++)
			arena->cover.offset[first + i] =
				(uint32_t)(table->entries[2 * i] - place->bias);
	} else {
		module->first = 0;
		ring_limit(FTS_LIMIT_COVER);
	}
	__atomic_store_n(&module->state, FTS_COVER_READY, __ATOMIC_RELEASE);
}

/* Wait until the process that has claimed the slot has filled it, or seems to be gone. */
static bool is_ready(const struct fts_cover_module *module)
{
	for (int i = 0; i < CLAIM_TRIES; i++) {
		if (__atomic_load_n(&module->state, __ATOMIC_ACQUIRE) == FTS_COVER_READY)
			return true;
		raw_syscall3(SYS_sched_yield, 0, 0, 0);
	}
	return false;
}

/* The module's entry in the arena, which an earlier process may have made; NULL if none is free. */
static struct fts_cover_module *module_of(const struct module_place *place,
					  const struct table *table)
{
	struct fts_arena *arena = ring_arena();
	for (uint32_t i = 0; i < FTS_COVER_MODULES; i++) {
		struct fts_cover_module *module = &arena->cover.module[i];
		uint32_t state = FTS_COVER_FREE;
		if (__atomic_compare_exchange_n(&module->state, &state, FTS_COVER_CLAIMED, false,
						__ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE))
			enter(arena, module, place, table);
		if (is_ready(module) && same_module(module, place, table->count))
			return module;
	}
	ring_limit(FTS_LIMIT_COVER);
	return NULL;
}

static void number_functions(const struct table *table)
{
	struct module_place place;
	if (!modules_find(table->guards, &place))
		return;
	struct fts_cover_module *module = module_of(&place, table);
	for (uint32_t i = 0; module && module->first && i < table->count; i++)
		__atomic_store_n(&table->guards[i], module->first + i, __ATOMIC_RELAXED);
}

/* Both are called by a module's constructor, one after the other, and may be so more than once. */

EXPORT void __sanitizer_cov_trace_pc_guard_init(uint32_t *begin, uint32_t *end);
void __sanitizer_cov_trace_pc_guard_init(uint32_t *begin, uint32_t *end)
{
	raw_lock(&lock);
	half = (struct table){ begin, NULL, begin < end && !*begin ? (uint32_t)(end - begin) : 0 };
	raw_unlock(&lock);
}

EXPORT void __sanitizer_cov_pcs_init(const uintptr_t *begin, const uintptr_t *end);
void __sanitizer_cov_pcs_init(const uintptr_t *begin, const uintptr_t *end)
{
	raw_lock(&lock);
	struct table table = { half.guards, begin, half.count };
	half = (struct table){ 0 };
	if (table.count && (size_t)(end - begin) == 2 * (size_t)table.count) {
		if (started)
			number_functions(&table);
		else if (early_count < EARLY_MAX)
			early[early_count++] = table;
	}
	raw_unlock(&lock);
}

static bool start(const char **why)
{
	(void)why;
	raw_lock(&lock);
	started = true;
	for (unsigned i = 0; i < early_count; i++)
		number_functions(&early[i]);
	raw_unlock(&lock);
	return true;
}

static void before_fork(void)
{
	raw_lock(&lock);
}

static void after_fork(bool in_child)
{
	(void)in_child;
	raw_unlock(&lock);
}

const struct concern concern_cover = {
	.name = "C functions that ran",
	.start = start,
	.before_fork = before_fork,
	.after_fork = after_fork,
};
