/*
 * locks_report.c - emits an edge of the lock-order graph as a record; and notices when the memory
 * of a lock in the graph is freed.
 */
#include "interpose/locks/locks.h"

#include "interpose/base/symbol.h"
#include "interpose/python/object.h"
#include "interpose/python/walk.h"
#include "interpose/base/ring.h"
#include "interpose/base/section.h"

#include <stddef.h>

enum {
	HELD_MAX = 32, /* an edge with more locks held is not emitted */
	WHOLE = 4,     /* so many of the held locks, the last ones, come with whole stacks, */
	SHORT = 4,     /* the others with so many frames */
	FRAMES_MAX = 96,
	BUFFER_BYTES = FTS_RECORD_MAX / 2,
	WATCHED = 1 << 14,
	WAYS = 4,
	OBJECT_BYTES = 512, /* assumed to be the size of a Python object that ends */
};

static struct raw_lock lock; /* guards all that is below */
static _Alignas(8) uint8_t buffer[BUFFER_BYTES];
static uint32_t used, sections;
static struct walked stack[FRAMES_MAX];
static unsigned depth;
static uint64_t told[HELD_MAX + 1]; /* classes whose birthplace is in the record already */
static unsigned told_count;

/* Blocks of memory in which a lock of the graph lies: when one is freed, that is emitted. */
static uint64_t watched[WATCHED];
/*
 * A bit for each hash of 15 bits: a block of this hash has been watched. For nearly every block
 * that is freed, one look into these 4 KiB says that it has not.
 */
static uint64_t ever_watched[512];

static const void *(*allocated_begin)(const void *);
static uint64_t (*allocated_size)(const void *);

static inline uint64_t hash_of(uint64_t block)
{
	return (block >> 4) * 0x9e3779b97f4a7c15ull >> 49; /* 15 bits */
}

static uint64_t *watch_set(uint64_t hash)
{
	return &watched[hash >> 1 & (WATCHED - WAYS)];
}

/* Watch the block. False: there is no room for it, so its end would not be noticed. */
static bool watch(uint64_t block)
{
	uint64_t hash = hash_of(block), *set = watch_set(hash);
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i] == block)
			return true;
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i] == 0) {
			__atomic_fetch_or(&ever_watched[hash / 64], 1ull << hash % 64,
					  __ATOMIC_RELAXED);
			__atomic_store_n(&set[i], block, __ATOMIC_RELAXED);
			return true;
		}
	ring_limit(FTS_LIMIT_WATCHED);
	return false;
}

static __attribute__((noinline)) void tell_freed(uint64_t *slot, uint64_t block)
{
	struct object object;
	uint64_t size = allocated_size ? allocated_size((const void *)block) : 0;
	if (!size && object_find(block, &object) && object.memory)
		size = object.size;
	__atomic_store_n(slot, 0, __ATOMIC_RELAXED);
	locks_event(&(struct fts_lock_event){ .kind = FTS_LOCK_FREED,
					      .address = block,
					      .size = size ? size : OBJECT_BYTES,
					      .sequence = locks_sequence() });
}

void locks_freed(const volatile void *block)
{
	uint64_t hash = hash_of((uint64_t)block), *set = watch_set(hash);
	if (LIKELY(!(__atomic_load_n(&ever_watched[hash / 64], __ATOMIC_RELAXED) >> hash % 64 & 1)))
		return;
	for (unsigned i = 0; i < WAYS; i++)
		if (UNLIKELY(__atomic_load_n(&set[i], __ATOMIC_RELAXED) == (uint64_t)block) &&
		    block)
			tell_freed(&set[i], (uint64_t)block);
}

/*
 * Where the lock lies: in static storage, or in a block, which is watched from here on. False: in a
 * block whose end would not be noticed. Such a lock is not put into the graph, because another lock
 * could later lie at its address and be taken for the same one.
 */
static bool place_of(uint64_t address, uint32_t kind, uint64_t *block, uint32_t *flags,
		     struct object *object)
{
	*block = 0;
	object->type[0] = '\0';
	if (kind == FTS_LOCK_ATTACHED)
		return true;
	if (kind == FTS_LOCK_MODULE) {
		python_module_name(address, object->type, sizeof object->type);
		return object->type[0];
	}
	const void *begin = allocated_begin ? allocated_begin((const void *)address) : NULL;
	if (begin) {
		*block = (uint64_t)begin;
		*flags |= FTS_HELD_IN_HEAP;
		return watch(*block);
	}
	if (!object_find(address, object))
		return true;
	*block = object->start;
	*flags |= FTS_HELD_IN_OBJECT;
	/* Whatever else it is, its end is not seen. */
	return (object->type[0] || (object->memory && python_memory_ends)) && watch(*block);
}

static bool put_section(struct fts_section section, const uint64_t *frames, const char *text)
{
	uint32_t took = section_put(buffer + used, BUFFER_BYTES - used, section, frames, text);
	if (!took) {
		ring_limit(FTS_LIMIT_ORDER_BYTES);
		return false;
	}
	used += took;
	sections++;
	return true;
}

/* Does the record say already where locks of this class are made? From now on it does. */
static bool is_told(uint64_t identity)
{
	uint64_t class = identity >> 28 | 1ull << 63;
	for (unsigned i = 0; i < told_count; i++)
		if (told[i] == class)
			return true;
	if (told_count < HELD_MAX + 1)
		told[told_count++] = class;
	return false;
}

static bool put_lock(uint16_t section_kind, const struct fts_held *slot, const uint64_t *frames,
		     unsigned count, uint32_t number)
{
	/* Another thread may clear the slot meanwhile, if it releases the lock: so use a copy. */
	struct fts_held copy = *slot;
	const struct fts_held *held = &copy;
	copy.address = __atomic_load_n(&slot->address, __ATOMIC_RELAXED);
	if (!copy.address)
		return false;
	struct object object;
	uint64_t block;
	uint32_t flags = held->flags & 255;
	if (!held->identity && !place_of(held->address, held->kind, &block, &flags, &object))
		return false;
	if (held->identity) {
		block = 0;
		object.type[0] = '\0';
		if (section_kind == FTS_SEC_HELD)
			python_set_in_graph(held->address, held->kind, true);
	}
	struct fts_section section = {
		.kind = section_kind,
		.flags = (uint16_t)(held->kind << 8 | flags),
		.frame_count = count,
		.tid = (int32_t)number,
		.address = held->address,
		.size = block,
		.value = held->identity,
	};
	if (!put_section(section, frames, object.type))
		return false;
	const uint64_t *birth;
	unsigned births = is_told(held->identity) ? 0 : python_class_frames(held->identity, &birth);
	if (births)
		return put_section((struct fts_section){ .kind = FTS_SEC_MUTEX,
							 .frame_count = births,
							 .tid = -1,
							 .address = held->address,
							 .value = held->identity },
				   birth, NULL);
	return true;
}

/*
 * The stack from which a held lock was acquired, rebuilt from the present stack:
 *
 *     then                   now
 *     main(), line 9         main(), line 9      the same
 *     f(), line 3            f(), line 7         still there: gets its position of then
 *       acquires the lock      g(), line 2       was not there: left out
 *                                wants another
 *
 * The return address of the function that acquired the lock comes first. Then, if the Python
 * function that called it has returned since (a helper that acquires for its caller), that
 * function's position. Then all frames that are outside of these.
 */
static unsigned frames_of_held(const struct fts_held *held, uint64_t *out)
{
	unsigned count = 0;
	bool inner = true; /* no Python frame has come yet: only the first one has moved on since */
	out[count++] = held->pc;
	bool returned = held->position != 0;
	for (unsigned i = 0; i < depth; i++)
		returned = returned && stack[i].frame != held->frame;
	if (returned)
		out[count++] = held->position;
	for (unsigned i = 0; i < depth; i++) {
		if (stack[i].fp <= held->fp)
			continue;
		uint64_t pc = stack[i].pc;
		if (inner && stack[i].frame) {
			if (stack[i].frame == held->frame)
				pc = python_pc_of(held);
			inner = false;
		}
		if (pc)
			out[count++] = pc;
	}
	return count;
}

static bool put_all(const struct lock *wanted, uint64_t identity, struct fts_held *const *held,
		    unsigned count, uint32_t number)
{
	uint64_t frames[FRAMES_MAX + 2];
	struct fts_held taken = { .address = wanted->address,
				  .identity = identity,
				  .kind = wanted->kind,
				  .flags = wanted->flags };
	for (unsigned i = 0; i < depth; i++)
		frames[i] = stack[i].pc;
	if (!put_lock(FTS_SEC_LOCK, &taken, frames, depth, number))
		return false;
	for (unsigned i = 0; i < count; i++) {
		unsigned most = i + WHOLE < count ? SHORT : FRAMES_MAX + 2;
		unsigned n = frames_of_held(held[i], frames);
		if (!put_lock(FTS_SEC_HELD, held[i], frames, n < most ? n : most, number))
			return false;
	}
	return true;
}

bool locks_report_edge(struct thread *thread, const struct lock *wanted,
		       struct fts_held *const *held, unsigned count, struct call_site site)
{
	if (count > HELD_MAX) {
		ring_limit(FTS_LIMIT_ORDER_HELD);
		return true;
	}
	/* An order comes again, other records do not: leave half of the ring to these. */
	if (ring_room() < FTS_RING_BYTES / 2)
		return false;
	uint32_t number = thread->shared->number;
	uint64_t identity = python_identity(wanted->address, wanted->kind);
	raw_lock(&lock);
	depth = walk_stack(site.hook, stack, FRAMES_MAX);
	used = sizeof(struct fts_report);
	sections = told_count = 0;
	bool complete = put_all(wanted, identity, held, count, number);
	put_section((struct fts_section){ .kind = FTS_SEC_THREAD,
					  .tid = (int32_t)number,
					  .address = thread->shared->tid,
					  .size = locks_sequence(),
					  .value = UINT64_MAX },
		    NULL, NULL);
	struct fts_report header = { .kind = FTS_REPORT_LOCK_EDGE,
				     .section_count = (uint16_t)sections };
	raw_copy(buffer, &header, sizeof header);
	struct ring_part part = { buffer, used };
	bool written = !complete || ring_write(FTS_REC_REPORT, &part, 1);
	raw_unlock(&lock);
	return written;
}

static void on_malloc(const volatile void *block, size_t size)
{
	(void)block, (void)size;
}

void locks_report_start(void)
{
	int (*install)(void (*)(const volatile void *, size_t), void (*)(const volatile void *)) =
		(int (*)(void (*)(const volatile void *, size_t), void (*)(const volatile void *)))
			symbol_next("__sanitizer_install_malloc_and_free_hooks");
	allocated_size = (uint64_t (*)(const void *))symbol_next("__sanitizer_get_allocated_size");
	/* Without the hook no lock in a block of malloc() gets into the graph: place_of(). */
	if (install && install(on_malloc, locks_freed))
		allocated_begin = (const void *(*)(const void *))symbol_next(
			"__sanitizer_get_allocated_begin");
}

void locks_report_before_fork(void)
{
	raw_lock(&lock);
}

void locks_report_after_fork(void)
{
	raw_unlock(&lock);
}
