/* quarantine.c - see quarantine.h. */
#include "interpose/memory/quarantine.h"

#include "interpose/base/concern.h"
#include "interpose/base/private_heap.h"
#include "interpose/base/symbol.h"
#include "interpose/memory/freed.h"
#include "interpose/memory/freelists.h"
#include "interpose/memory/made.h"
#include "interpose/memory/marks.h"
#include "interpose/python/object.h"

#include <stddef.h>
#include <stdlib.h>

enum {
	BLOCKS = 256,    /* that a thread keeps at most, */
	BYTES = 4 << 20, /* and how many bytes; a block may have a quarter of them */
	STEP = 16,
	CLASSES = 33,          /* blocks of 16 to 512 bytes are used again, */
	SPARE = 24,            /* so many of a size and heap */
	BY_THREAD = 0x3fffff00 /* FastState: the thread's slot, and its epoch in that */
};
#define FREED 0x3fffffffu /* Shadow::FreedMarker() */
/*
 * Which bytes of a cell were written. No access is to these: one that the cell has already, as another one
 * to all eight bytes by the same thread would be, ThreadSanitizer does not look at.
 */
#define NO_ACCESS 0xdfu
#define FREED_IN_MALLOC 0x81u /* of FreedInfo() */

HIDDEN bool quarantine_on;

static struct queue {
	struct queue *next; /* of those whose thread has ended */
	uint64_t bytes;
	uint32_t first, count;
	struct kept blocks[BLOCKS];
	struct spare {
		uint32_t count;
		void *blocks[SPARE];
	} spares[OBJECT_HEAPS][CLASSES];
} *ended;
static struct raw_lock ended_lock;
static __thread struct queue *own __attribute__((tls_model("initial-exec")));

static void *(*thread_of_tsan)(void); /* its ThreadState, which begins with its FastState */

static uint32_t thread_word(void)
{
	return *(const volatile uint32_t *)thread_of_tsan() & BY_THREAD;
}

/* The first cell that is marked, and how many. */
static uint32_t *cells(const struct kept *kept, uint64_t *count)
{
	uint64_t from = ((uint64_t)kept->block + kept->first + 7) & ~7ull;
	uint64_t end = ((uint64_t)kept->block + kept->bytes) & ~7ull;
	*count = from < end ? (end - from) / MARKS_CELL : 0;
	if (*count > MARKS_MOST / MARKS_CELL)
		*count = MARKS_MOST / MARKS_CELL;
	return marks_shadow(from);
}

/* Who looks meanwhile never takes the second word for another one's. */
static void put(uint32_t *cell, uint32_t first, uint32_t second)
{
	uint64_t *words = (uint64_t *)cell;
	__atomic_store_n(&words[1], 0, __ATOMIC_RELAXED);
	__atomic_store_n(&words[0], first | (uint64_t)second << 32, __ATOMIC_RELAXED);
}

static void mark(const struct kept *kept)
{
	uint32_t by = thread_word() | NO_ACCESS;
	uint64_t count;
	uint32_t *cell = cells(kept, &count);
	for (; count; count--, cell += MARKS_ACCESSES)
		put(cell, FREED, by);
}

static void unmark(const struct kept *kept)
{
	uint64_t count;
	uint32_t *cell = cells(kept, &count);
	for (; count; count--, cell += MARKS_ACCESSES)
		put(cell, 0, 0);
}

/*
 * The blocks of a thread that has ended go on to a new one. ended_lock is unknown to ThreadSanitizer; what the two
 * do to the blocks is ordered by Python's lock on its list of threads, which the one leaves and the other enters.
 */
static __attribute__((noinline)) struct queue *take_queue(void)
{
	raw_lock(&ended_lock);
	struct queue *queue = ended;
	if (queue)
		ended = queue->next;
	raw_unlock(&ended_lock);
	return own = queue ? queue : heap_zalloc(sizeof *queue);
}

/* Which blocks mimalloc takes for so many bytes: steps of 16, 32, 64 (_mi_bin()). CLASSES: none here. */
static inline uint64_t class_of(uint64_t bytes)
{
	uint64_t steps = (bytes + STEP - 1) / STEP;
	if (steps > 16)
		steps = (steps + 3) & ~3ull;
	else if (steps > 8)
		steps = (steps + 1) & ~1ull;
	return bytes > STEP / 2 && steps < CLASSES ? steps : CLASSES;
}

static bool spare(struct queue *queue, const struct kept *kept)
{
	uint64_t class = class_of(kept->bytes);
	if (class == CLASSES || class * STEP != kept->bytes)
		return false;
	struct spare *of = &queue->spares[kept->heap][class];
	if (of->count == SPARE)
		return false;
	of->blocks[of->count++] = kept->block;
	return true;
}

void *quarantine_take(uint8_t heap, uint64_t bytes)
{
	uint64_t class = class_of(bytes);
	struct spare *of;
	if (UNLIKELY(!own) || class == CLASSES || !(of = &own->spares[heap][class])->count)
		return NULL;
	return of->blocks[--of->count];
}

void quarantine_keep(struct kept kept, void (*give_back)(struct kept kept))
{
	struct queue *queue = own ? own : take_queue();
	if (!queue || kept.bytes > BYTES / 4) {
		give_back(kept);
		return;
	}
	mark(&kept);
	while (queue->count == BLOCKS || queue->bytes + kept.bytes > BYTES) {
		struct kept oldest = queue->blocks[queue->first];
		queue->first = (queue->first + 1) % BLOCKS;
		queue->count--;
		queue->bytes -= oldest.bytes;
		unmark(&oldest);
		if (!spare(queue, &oldest))
			give_back(oldest);
	}
	queue->blocks[(queue->first + queue->count++) % BLOCKS] = kept;
	queue->bytes += kept.bytes;
}

void quarantine_thread_ended(void)
{
	struct queue *queue = own;
	if (!queue)
		return;
	own = NULL;
	raw_lock(&ended_lock);
	queue->next = ended;
	ended = queue;
	raw_unlock(&ended_lock);
}

/* What does ThreadSanitizer itself write of a block that is freed? */
static bool is_marked_so(void)
{
	void *(*allocate)(size_t) = (void *(*)(size_t))symbol_next("malloc");
	void (*release)(void *) = (void (*)(void *))symbol_next("free");
	void *block = allocate && release ? allocate(MARKS_CELL * 8) : NULL;
	if (!block)
		return false;
	const volatile uint32_t *cell = marks_shadow((uint64_t)block);
	release(block);
	return cell[0] == FREED && cell[1] == (thread_word() | FREED_IN_MALLOC);
}

/* Is the heap of the next object found, and does a block say which one it is from? */
static bool are_heaps_known(void)
{
	static const struct {
		const char *allocate, *release;
		uint8_t heap;
	} kinds[] = { { "PyMem_Malloc", "PyMem_Free", 0 },
		      { "PyObject_Malloc", "PyObject_Free", 1 } };
	bool known = freelists_heap() == 1;
	for (unsigned i = 0; i < sizeof kinds / sizeof *kinds && known; i++) {
		void *(*allocate)(size_t) = (void *(*)(size_t))symbol_next(kinds[i].allocate);
		void (*release)(void *) = (void (*)(void *))symbol_next(kinds[i].release);
		void *block = allocate && release ? allocate(100) : NULL;
		known = block && object_block(block).heap == kinds[i].heap &&
			object_block(block).size == class_of(100) * STEP;
		if (block)
			release(block);
	}
	return known;
}

static bool start(const char **why)
{
	const char *heap = getenv("FTSTRESS_HEAP");
	if (!made_is_on() || !heap || !raw_same(heap, "deep")) {
		*why = CONCERN_OFF;
		return false;
	}
	thread_of_tsan = (void *(*)(void))symbol_next("__tsan_get_current_fiber");
	if (!marks_live || !thread_of_tsan || !is_marked_so()) {
		*why = "this ThreadSanitizer marks freed memory in another way";
		return false;
	}
	if (!freelists_start(why))
		return false;
	if (!are_heaps_known()) {
		*why = "the heaps of this Python look different";
		return false;
	}
	freed_keep();
	quarantine_on = true;
	return true;
}

static void before_fork(void)
{
	raw_lock(&ended_lock);
}

static void after_fork(bool in_child)
{
	(void)in_child;
	raw_unlock(&ended_lock);
}

const struct concern concern_quarantine = {
	.name = "memory that is used after it was freed",
	.start = start,
	.before_fork = before_fork,
	.after_fork = after_fork,
};
