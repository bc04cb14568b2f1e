/* footprint.c - see footprint.h. */
#define _GNU_SOURCE
#include "interpose/turns/footprint.h"

#include "interpose/base/private_heap.h"
#include "interpose/memory/allocator.h"
#include "interpose/memory/freed.h"
#include "interpose/memory/made.h"
#include "interpose/python/layout.h"
#include "interpose/python/object.h"
#include "interpose/turns/trace.h"

#include <stddef.h>

enum {
	BLOCKS = 4096,       /* that a run makes, one beside the other */
	SEGMENTS = 64,       /* of mimalloc's that are known */
	UNSORTED = 256,      /* are gone through one by one */
	REPLAY_AT = 1 << 17, /* bytes of history; see note() */
	ENTRY_BITS = 14,
	ENTRIES = 1 << ENTRY_BITS, /* granules of a run; half of them may be used */
	RANGE_MOST = 1 << 20,      /* bytes of one access */
	GRANULE = 8,
	NEAR = 1 << 20,         /* bytes of a thread's stack around a frame of it */
	THREAD_STATE = 1 << 14, /* bytes of the thread's PyThreadState */
	METADATA = 1 << 16,     /* bytes at the start of a segment that are mimalloc's own */
};

#define IN_BLOCK (1ull << 58) /* of a granule: a block of the object's, and a granule in it */
#define BLOCK_SHIFT 34
#define LABEL_SHIFT 41 /* of a label's bits those that are left */
#define OTHER_OBJECT (1ull << 57)

/* Which bytes of a granule are used how, by enum trace_use. */
enum { USES = 4 };

struct entry {
	uint64_t granule; /* 0 = free, in the table */
	uint64_t pc;      /* of a write, if there is one */
	uint8_t bytes[USES];
};

struct block {
	uint64_t start, end;
	unsigned number; /* as they were made */
	uint64_t label;  /* of the object's: how one gets to it from there; 0 = one does not */
	uint64_t header; /* bytes before the object, whose header is left out */
	bool is_object;
	enum footprint_making made; /* NOTHING: by the call */
};

struct footprint {
	struct entry *entries; /* sorted by granule; NULL = not known */
	uint32_t count;
};

static struct footprint footprints[FOOTPRINT_OPERATIONS][FOOTPRINT_RUNS];
static struct block blocks[BLOCKS];
static unsigned block_count;
static unsigned sorted_count; /* by where they start; those behind as they were made */
static unsigned next_number;
static struct entry table[ENTRIES];
static bool failed; /* this run can't be told */
static enum footprint_making making;
static const uint64_t *began;        /* in the trace of the thread that runs */
static const char *(*current)(void); /* PyGILState_GetThisThreadState() */
static const char *thread_state;
static uint64_t frames_from, frames_to;
static uint32_t operation, run, side_expected;
static bool is_expected;
static struct allocator objects; /* what we wrapped */

static bool is_after(const struct block *one, const struct block *two)
{
	return one->start > two->start || (one->start == two->start && one->number > two->number);
}

/*
 * Sorts by where they start. Of blocks at one place the last one stays, for memory that was used twice is
 * what it was last, as long as the longest one: what was written there is the object's, or the call's.
 */
static void sort_blocks(void)
{
	unsigned count = 0;
	for (unsigned gap = block_count / 2; gap; gap = gap == 2 ? 1 : gap * 5 / 11)
		for (unsigned i = gap; i < block_count; i++) {
			struct block block = blocks[i];
			unsigned at = i;
			for (; at >= gap && is_after(&blocks[at - gap], &block); at -= gap)
				blocks[at] = blocks[at - gap];
			blocks[at] = block;
		}
	for (unsigned i = 0; i < block_count; i++) {
		struct block block = blocks[i];
		if (count && blocks[count - 1].start == block.start) {
			uint64_t end = blocks[--count].end;
			block.end = end > block.end ? end : block.end;
		}
		blocks[count++] = block;
	}
	block_count = sorted_count = count;
}

/* NULL: there are too many. */
static struct block *push_block(struct block block)
{
	if (block_count == BLOCKS) {
		failed = true;
		return NULL;
	}
	block.number = next_number++;
	blocks[block_count] = block;
	return &blocks[block_count++];
}

static void add_block(struct block block)
{
	if (block_count - sorted_count == UNSORTED || block_count == BLOCKS)
		sort_blocks();
	push_block(block);
}

static struct block found_block(uint64_t start, const struct object_block *found)
{
	return (struct block){ .start = start,
			       .end = start + found->size,
			       .header = found->header,
			       .is_object = !found->memory,
			       .made = making };
}

/* Asks the kernel whether the memory is there only when it was not there last time. */
static bool block_at(uint64_t address, uint64_t *start, struct object_block *found)
{
	static uint64_t there[SEGMENTS];
	uint64_t segment = address / OBJECT_SEGMENT, *at = &there[segment % SEGMENTS];
	if (*at == segment)
		return object_block_beside(address, start, found);
	if (!object_block_at(address, start, found))
		return false;
	*at = segment;
	return true;
}

static void note_block(uint64_t address)
{
	uint64_t start;
	struct object_block found;
	if (block_at(address, &start, &found))
		add_block(found_block(start, &found));
}

static struct block *sorted_block_of(uint64_t address)
{
	unsigned low = 0, high = sorted_count;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		if (blocks[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address < blocks[low - 1].end ? &blocks[low - 1] : NULL;
}

/* From the last one on: memory that was used twice is what it was last. */
static struct block *block_of(uint64_t address)
{
	for (unsigned i = block_count; i-- > sorted_count;)
		if (address - blocks[i].start < blocks[i].end - blocks[i].start)
			return &blocks[i];
	return sorted_block_of(address);
}

static bool is_objects(const struct block *block)
{
	return block->made == FOOTPRINT_OBJECT || block->made == FOOTPRINT_ANOTHER;
}

/* Of the thread that runs: its stack, its PyThreadState, its frames of Python; and mimalloc's own. */
static bool is_threads(uint64_t address)
{
	uint64_t frame = (uint64_t)__builtin_frame_address(0);
	return address - (frame - NEAR) < 2ull * NEAR ||
	       address - (uint64_t)thread_state < THREAD_STATE ||
	       address - frames_from < frames_to - frames_from ||
	       (address % OBJECT_SEGMENT < METADATA && made_covers(address));
}

static void enter(uint64_t granule, uint8_t bytes, enum trace_use use, uint64_t pc)
{
	uint64_t at = granule * 0x9e3779b97f4a7c15ull >> (64 - ENTRY_BITS);
	for (unsigned i = 0; i < ENTRIES / 2; i++, at = (at + 1) % ENTRIES) {
		struct entry *entry = &table[at];
		if (entry->granule && entry->granule != granule)
			continue;
		if (!(entry->bytes[TRACE_WRITE] | entry->bytes[TRACE_WRITE_ATOMIC]))
			entry->pc = pc;
		entry->granule = granule;
		entry->bytes[use] |= bytes;
		return;
	}
	failed = true;
}

/* Bytes within one granule. */
static void touch(uint64_t address, uint8_t bytes, enum trace_use use, uint64_t pc)
{
	const struct block *block = block_of(address);
	if (!block) {
		if (!is_threads(address))
			enter((address & TRACE_ADDRESS) / GRANULE, bytes, use, pc);
		return;
	}
	uint64_t offset = address - block->start;
	if (!is_objects(block) || (block->is_object && offset - block->header < OBJECT_TYPE))
		return;
	if (!block->label)
		failed = true; /* of the object's, or not? */
	enter(IN_BLOCK | (block->made == FOOTPRINT_ANOTHER ? OTHER_OBJECT : 0) |
		      block->label >> LABEL_SHIFT << BLOCK_SHIFT | offset / GRANULE,
	      bytes,
	      use == TRACE_READ_ATOMIC    ? TRACE_READ
	      : use == TRACE_WRITE_ATOMIC ? TRACE_WRITE
					  : use,
	      pc);
}

static void touch_range(uint64_t address, uint64_t size, enum trace_use use, uint64_t pc)
{
	if (!address || size > RANGE_MOST) {
		failed = failed || address;
		return;
	}
	for (uint64_t end = address + size; address < end;) {
		uint64_t at = address % GRANULE, length = GRANULE - at;
		if (length > end - address)
			length = end - address;
		touch(address, (uint8_t)(((1u << length) - 1) << at), use, pc);
		address += length;
	}
}

/* What a range says of making: malloc() is a write of the whole block, free() one that freed.c tells. */
static void make_range(uint64_t address, uint64_t size, enum trace_use use, uint64_t pc)
{
	if (use == TRACE_READ || !size)
		return;
	if (freed_by(pc)) {
		const struct block *block = block_of(address);
		if (!block || !is_objects(block))
			note_block(address); /* nobody else can have it */
	} else if (trace_is_malloc(pc)) {
		add_block(
			(struct block){ .start = address, .end = address + size, .made = making });
	}
}

static void replay(const uint64_t *end, const struct trace_reader *reader)
{
	failed = !trace_read(began, end, reader) || failed;
}

static const struct trace_reader makes = { .range = make_range };
static const struct trace_reader touches = { touch_range, touch_range };

static void replay_makes(void)
{
	const uint64_t *now = trace_now();
	replay(now, &makes);
	began = now;
}

/*
 * Something is made by this thread; called by made.c and by the allocator below. A long making is read piece
 * by piece, for ThreadSanitizer uses the oldest parts of a history again.
 */
static void note(uint64_t address)
{
	note_block(address);
	uint64_t distance = (uint64_t)trace_now() - (uint64_t)began;
	if (making != FOOTPRINT_NOTHING && distance >= REPLAY_AT)
		replay_makes();
}

static void *object_malloc(void *context, size_t size)
{
	void *block = objects.malloc(context, size);
	made_tell((uint64_t)block);
	return block;
}

static void *object_calloc(void *context, size_t count, size_t size)
{
	void *block = objects.calloc(context, count, size);
	made_tell((uint64_t)block);
	return block;
}

static void *object_realloc(void *context, void *old, size_t size)
{
	void *block = objects.realloc(context, old, size);
	made_tell((uint64_t)block);
	return block;
}

bool ftstress_footprint_start(void)
{
	current = (const char *(*)(void))symbol_next("PyGILState_GetThisThreadState");
	if (!current || !trace_start() || !history.known || !made_is_on() ||
	    !allocator_get(ALLOCATOR_OBJECTS, &objects))
		return false;
	allocator_set(ALLOCATOR_OBJECTS,
		      (struct allocator){ objects.context, object_malloc, object_calloc,
					  object_realloc, objects.free });
	return true;
}

static uint64_t mix(uint64_t one, uint64_t two)
{
	uint64_t mixed = (one ^ two) * 0x9e3779b97f4a7c15ull;
	return mixed ^ mixed >> 29;
}

/*
 * The block at the address, if it is of the object's and not reached yet. Memory that something of the
 * object's points to is also its own if it was not seen being made: a small dict's keys, say, which come
 * from a free list.
 */
static struct block *new_block(uint64_t address)
{
	struct block *block = block_of(address);
	if (block)
		return block->made == making && !block->label ? block : NULL;
	uint64_t start;
	struct object_block found;
	if (address % (2 * GRANULE) || !made_covers(address) ||
	    !block_at(address, &start, &found) || !found.memory || start != address)
		return NULL;
	return push_block(found_block(start, &found));
}

/*
 * Follows pointers from the object to all else that was made with it. A block's label is the way to it:
 * where in which block the pointer stands.
 */
static void label(uint64_t object)
{
	static struct block *reached[BLOCKS];
	unsigned count = 0;
	sort_blocks();
	struct block *found = new_block(object);
	if (found) {
		found->label = 1;
		reached[count++] = found;
	}
	for (unsigned i = 0; i < count; i++) {
		const struct block *block = reached[i];
		for (uint64_t at = block->start; at + GRANULE <= block->end; at += GRANULE) {
			uint64_t pointer = load64((const void *)at, 0);
			found = pointer ? new_block(pointer) : NULL;
			if (!found)
				continue;
			found->label =
				mix(mix(block->label, at - block->start), pointer - found->start) |
				1;
			reached[count++] = found;
		}
	}
}

static void begin_making(enum footprint_making what)
{
	making = what;
	began = trace_now();
	made_tells(note);
}

void ftstress_footprint_begin(void)
{
	block_count = sorted_count = next_number = 0;
	failed = false;
	begin_making(FOOTPRINT_OBJECT);
}

void ftstress_footprint_made(const void *object, uint32_t next)
{
	made_tells(NULL);
	replay(trace_now(), &makes);
	label((uint64_t)object);
	begin_making(next);
}

void footprint_all_made(void)
{
	if (LIKELY(!is_expected))
		return;
	made_tells(NULL);
	replay(trace_now(), &makes);
	making = FOOTPRINT_NOTHING;
}

void ftstress_footprint_expect(uint32_t wanted, uint32_t number, uint32_t side)
{
	operation = wanted % FOOTPRINT_OPERATIONS;
	run = number % FOOTPRINT_RUNS;
	side_expected = side;
	is_expected = true;
}

void footprint_begins(uint32_t side)
{
	if (LIKELY(!is_expected) || side != side_expected)
		return;
	thread_state = current();
	frames_from = load64(thread_state, python_at.tstate_datastack_chunk);
	frames_to = load64(thread_state, python_at.tstate_datastack_limit);
	made_tells(note);
	began = trace_now();
}

/* Shell's sort: libc's is instrumented. */
static void sort(struct entry *entries, uint32_t count)
{
	for (uint32_t gap = count / 2; gap; gap = gap == 2 ? 1 : gap * 5 / 11)
		for (uint32_t i = gap; i < count; i++) {
			struct entry entry = entries[i];
			uint32_t at = i;
			for (; at >= gap && entries[at - gap].granule > entry.granule; at -= gap)
				entries[at] = entries[at - gap];
			entries[at] = entry;
		}
}

static void keep(struct footprint *footprint)
{
	uint32_t count = 0;
	for (unsigned i = 0; i < ENTRIES; i++)
		count += table[i].granule != 0;
	footprint->entries = heap_alloc((count + 1) * sizeof(struct entry));
	if (!footprint->entries)
		return;
	for (unsigned i = 0; i < ENTRIES; i++)
		if (table[i].granule)
			footprint->entries[footprint->count++] = table[i];
	sort(footprint->entries, count);
}

void footprint_ends(uint32_t side)
{
	if (LIKELY(!is_expected) || side != side_expected)
		return;
	const uint64_t *end = trace_now();
	made_tells(NULL);
	is_expected = false;
	raw_zero(table, sizeof table);
	replay(end, &makes); /* first what it made */
	sort_blocks();
	replay(end, &touches);
	struct footprint *footprint = &footprints[operation][run];
	heap_free(footprint->entries);
	*footprint = (struct footprint){ 0 };
	if (!failed)
		keep(footprint);
}

/* Calls `look` with both entries of each granule, one of which may be NULL, until it returns true. */
static bool walk(const struct footprint *one, const struct footprint *two,
		 bool look(const struct entry *one, const struct entry *two))
{
	for (uint32_t i = 0, j = 0; i < one->count || j < two->count;) {
		const struct entry *left = i < one->count ? &one->entries[i] : NULL;
		const struct entry *right = j < two->count ? &two->entries[j] : NULL;
		if (left && right && left->granule < right->granule)
			right = NULL;
		else if (left && right && right->granule < left->granule)
			left = NULL;
		if (look(left, right))
			return true;
		i += left != NULL;
		j += right != NULL;
	}
	return false;
}

/* Does one of two runs on different objects touch something of its object that the other does not? */
static bool is_unlike(const struct entry *one, const struct entry *two)
{
	const struct entry *alone = !two ? one : !one ? two : NULL;
	return alone && alone->granule & IN_BLOCK;
}

/* Or, of two by the same thread, write anywhere else? Then there is more of the object than was seen. */
static bool is_elsewhere(const struct entry *one, const struct entry *two)
{
	const struct entry *alone = !two ? one : !one ? two : NULL;
	return alone && (alone->granule & IN_BLOCK || alone->bytes[TRACE_WRITE]);
}

static bool is_shared(const struct entry *one, const struct entry *two)
{
	if (!one || !two)
		return false;
	const uint8_t *a = one->bytes, *b = two->bytes;
	unsigned plain_a = a[TRACE_READ] | a[TRACE_WRITE],
		 all_a = plain_a | a[TRACE_READ_ATOMIC] | a[TRACE_WRITE_ATOMIC];
	unsigned plain_b = b[TRACE_READ] | b[TRACE_WRITE],
		 all_b = plain_b | b[TRACE_READ_ATOMIC] | b[TRACE_WRITE_ATOMIC];
	unsigned write =
		a[TRACE_WRITE] | a[TRACE_WRITE_ATOMIC] | b[TRACE_WRITE] | b[TRACE_WRITE_ATOMIC];
	return all_a & all_b & (plain_a | plain_b) & write;
}

bool ftstress_footprint_known(uint32_t number)
{
	const struct footprint *of = footprints[number % FOOTPRINT_OPERATIONS];
	for (unsigned i = 0; i < FOOTPRINT_RUNS; i++)
		if (!of[i].entries)
			return false;
	return !walk(&of[0], &of[1], is_elsewhere) &&
	       !walk(&of[0], &of[FOOTPRINT_RUNS - 1], is_unlike);
}

static const struct entry *find(const struct footprint *footprint, uint64_t granule)
{
	uint32_t low = 0, high = footprint->count;
	while (low < high) {
		uint32_t middle = (low + high) / 2;
		if (footprint->entries[middle].granule < granule)
			low = middle + 1;
		else
			high = middle;
	}
	bool found = low < footprint->count && footprint->entries[low].granule == granule;
	return found ? &footprint->entries[low] : NULL;
}

/* The same with the two objects the other way round: a.merge(b) and b.merge(a). */
static bool is_crossed(const struct footprint *one, const struct footprint *two)
{
	for (uint32_t i = 0; i < one->count; i++) {
		const struct entry *entry = &one->entries[i];
		if (entry->granule & IN_BLOCK &&
		    is_shared(entry, find(two, entry->granule ^ OTHER_OBJECT)))
			return true;
	}
	return false;
}

static bool meet(const struct footprint *one, const struct footprint *two)
{
	return walk(one, two, is_shared) || is_crossed(one, two);
}

bool ftstress_footprint_apart(uint32_t first, uint32_t second)
{
	const struct footprint *one = footprints[first % FOOTPRINT_OPERATIONS];
	const struct footprint *two = footprints[second % FOOTPRINT_OPERATIONS];
	return !meet(&one[0], &two[FOOTPRINT_RUNS - 1]) && !meet(&two[0], &one[FOOTPRINT_RUNS - 1]);
}

uint32_t ftstress_footprint_entries(uint32_t number, uint32_t of, const void **entries)
{
	const struct footprint *footprint =
		&footprints[number % FOOTPRINT_OPERATIONS][of % FOOTPRINT_RUNS];
	*entries = footprint->entries;
	return footprint->count;
}
