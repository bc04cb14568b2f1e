/*
 * freed.c - see freed.h.
 *
 * A block moves where PyMem_Realloc() has no room in its place. That is told as the end of the old
 * one, too. Of PyObject_Realloc() only the new block is looked at: what it moves, nobody else can have.
 *
 * Whoever frees a block that is free, or by another function than is its due, is told here, before the
 * allocator has it.
 */
#include "interpose/memory/freed.h"

#include "interpose/base/concern.h"
#include "interpose/base/raw.h"
#include "interpose/base/symbol.h"
#include "interpose/memory/allocator.h"
#include "interpose/memory/freelists.h"
#include "interpose/memory/made.h"
#include "interpose/memory/marks.h"
#include "interpose/memory/misuse.h"
#include "interpose/memory/quarantine.h"
#include "interpose/python/object.h"

#include <stddef.h>

enum {
	OBJECT_HEADER = 32, /* sizeof(PyObject) */
	NOTED = 16, /* bytes: of blocks that are smaller, made.h does not tell one from its neighbour */
	MOST = 1024, /* bytes that are told of a block, as ThreadSanitizer does for malloc() */
};

static void (*write_range)(void *address, unsigned long size, void *pc);
/* As ThreadSanitizer sees it. */
static void *(*copy)(void *to, const void *from, size_t bytes);
static struct allocator mem, objects; /* what we wrapped */

/* Names of the writes that are told, as program counters: nothing runs here. */
static const char marks[3];
enum mark { BY_FREE, BY_REALLOC, BY_OBJECT_FREE };
static uint64_t functions[3]; /* of CPython, that the marks stand for */

uint64_t freed_by(uint64_t pc)
{
	uint64_t which = pc - (uint64_t)marks;
	/* As a return address, that is looked up one byte before. */
	return which < sizeof marks ? functions[which] + 1 : 0;
}

static inline void tell(uint64_t from, uint64_t end, enum mark mark)
{
	uint64_t size = end - from;
	if (from < end)
		write_range((void *)from, size < MOST ? size : MOST, (void *)&marks[mark]);
}

/* ---- what must not be freed so ---- */

static int (*is_of_malloc)(const void *block); /* TSan's heap: C's malloc() */

static __attribute__((noinline)) void tell_again(const void *block, uint64_t start, uint64_t native)
{
	misuse_tell(&(struct misuse){ "double-free", "frees it again", native, (uint64_t)block,
				      start, "freed it before" });
}

/* The block of another domain, or none. `wanted_memory`: it was given to PyMem_Free(). */
static __attribute__((noinline)) void tell_wrong(const void *block, bool wanted_memory,
						 uint64_t native)
{
	struct object object;
	struct misuse misuse = { .type = "bad-free", .place = native, .address = (uint64_t)block };
	if (!object_find(misuse.address, &object))
		return;
	misuse.object = object.start;
	if (!object_block_begins(block))
		misuse.act = "frees what is inside of a block";
	else if (wanted_memory)
		misuse.act = "calls PyMem_Free() for a block of PyObject_Malloc()";
	else
		misuse.act = "calls PyObject_Free() for a block of PyMem_Malloc()";
	misuse_tell(&misuse);
}

/* In no memory of Python's heap that was noted. It may be older than the notes. */
static __attribute__((noinline)) void tell_foreign(const void *block, bool wanted_memory,
						   uint64_t native)
{
	if (is_of_malloc && is_of_malloc(block))
		misuse_tell(&(struct misuse){
			"bad-free",
			wanted_memory ? "calls PyMem_Free() for a block of malloc()"
				      : "calls PyObject_Free() for a block of malloc()",
			native, (uint64_t)block, 0, NULL });
}

/* C's free(), also by PyMem_RawFree(). */
static void c_free(const volatile void *block)
{
	struct object object;
	if (LIKELY(!block || !made_covers((uint64_t)block)) ||
	    !object_find((uint64_t)block, &object) ||
	    (is_of_malloc && is_of_malloc((const void *)block)))
		return;
	misuse_tell(&(struct misuse){ "bad-free", "calls free() for a block of Python's heap", 0,
				      (uint64_t)block, object.start, NULL });
}

static void c_malloc(const volatile void *block, size_t size)
{
	(void)block, (void)size;
}

/* ---- the end of a block ---- */

enum ended { ENDED, ENDED_INSIDE, ENDED_AGAIN };

/* Is it the end of a block? Else it is told. */
static inline __attribute__((always_inline)) enum ended
look_at(void *block, struct object_block found, enum mark mark, uint64_t native)
{
	uint64_t start = (uint64_t)block + found.header;
	if (UNLIKELY(!made_ends(start, native)) && found.size >= NOTED) {
		tell_again(block, start, native);
		return ENDED_AGAIN;
	}
	bool begins = object_block_begins(block);
	if (UNLIKELY(!begins) || UNLIKELY(found.memory != (mark != BY_OBJECT_FREE)))
		tell_wrong(block, mark != BY_OBJECT_FREE, native);
	return begins ? ENDED : ENDED_INSIDE;
}

/* From where on a block is told: bytes behind its beginning. */
static inline uint64_t told_from(struct object_block found)
{
	return found.memory ? 0 : found.header + OBJECT_HEADER;
}

static inline __attribute__((always_inline)) void tell_end(void *block, struct object_block found,
							   enum mark mark)
{
	marks_end((uint64_t)block, found.size);
	tell((uint64_t)block + told_from(found), (uint64_t)block + found.size, mark);
}

/* What it is, the block says: whoever frees it may take the wrong function. */
static inline __attribute__((always_inline)) void end(void *block, struct object_block found,
						      enum mark mark, uint64_t native)
{
	look_at(block, found, mark, native);
	tell_end(block, found, mark);
}

static void mem_free(void *context, void *block)
{
	if (LIKELY(block && made_covers((uint64_t)block)))
		end(block, object_block(block), BY_FREE, CALLER);
	else if (block)
		tell_foreign(block, true, CALLER);
	JUMP mem.free(context, block);
}

/* _mi_heap_realloc_zero() */
static inline bool stays(uint64_t size, uint64_t room)
{
	return size <= room && size >= room / 2 && size > 0;
}

static void *mem_realloc(void *context, void *block, size_t size)
{
	struct object_block found = { 0 };
	if (block && made_covers((uint64_t)block))
		found = object_block(block);
	bool moves = found.size && !stays(size, found.size);
	if (moves)
		end(block, found, BY_REALLOC, CALLER);
	void *moved = mem.realloc(context, block, size);
	if (moves && UNLIKELY(!moved))
		made_lives((uint64_t)block);
	return moved;
}

static void object_free(void *context, void *block)
{
	if (LIKELY(block && made_covers((uint64_t)block)))
		end(block, object_block(block), BY_OBJECT_FREE, CALLER);
	else if (block)
		tell_foreign(block, false, CALLER);
	JUMP objects.free(context, block);
}

/* An object is noted when it is made; here only that the memory is not free any more. */
static inline void *given(void *block)
{
	if (LIKELY(block && made_covers((uint64_t)block)))
		made_again((uint64_t)block + object_block(block).header);
	return block;
}

static void *object_malloc(void *context, size_t size)
{
	return given(objects.malloc(context, size));
}

static void *object_calloc(void *context, size_t count, size_t size)
{
	return given(objects.calloc(context, count, size));
}

/* The object that moves is noted anew; at its old place there is none any more. */
static void *object_realloc(void *context, void *block, size_t size)
{
	struct object_block found = { 0 };
	if (block && made_covers((uint64_t)block))
		found = object_block(block);
	uint64_t start = (uint64_t)block + found.header;
	bool moves = found.size && !stays(size, found.size);
	if (moves)
		made_ends(start, CALLER);
	void *moved = objects.realloc(context, block, size);
	if (moves && UNLIKELY(!moved))
		made_lives(start);
	return given(moved);
}

/* ---- freed blocks are kept ---- */

static void give_back(struct kept kept)
{
	struct allocator *of = kept.heap ? &objects : &mem;
	of->free(of->context, kept.block);
}

/*
 * Returns whether it is taken care of. What is freed again lies in a queue already, or is free: nothing
 * more is done with it.
 */
static bool keep(void *block, struct object_block found, enum mark mark, uint64_t native)
{
	enum ended ended = look_at(block, found, mark, native);
	if (ended == ENDED_AGAIN)
		return true;
	tell_end(block, found, mark);
	if (ended != ENDED || found.size > UINT32_MAX)
		return false;
	freelists_look();
	quarantine_keep((struct kept){ block, (uint32_t)found.size, (uint32_t)told_from(found),
				       found.heap },
			give_back);
	return true;
}

static void mem_keep(void *context, void *block)
{
	if (block && !made_covers((uint64_t)block))
		tell_foreign(block, true, CALLER);
	else if (block && keep(block, object_block(block), BY_FREE, CALLER))
		return;
	JUMP mem.free(context, block);
}

static void object_keep(void *context, void *block)
{
	if (block && !made_covers((uint64_t)block))
		tell_foreign(block, false, CALLER);
	else if (block && keep(block, object_block(block), BY_OBJECT_FREE, CALLER))
		return;
	JUMP objects.free(context, block);
}

static void *object_take(void *context, size_t size)
{
	void *block = quarantine_take(freelists_heap(), size);
	return given(block ? block : objects.malloc(context, size));
}

static void *mem_take(void *context, size_t size)
{
	void *block = quarantine_take(0, size);
	if (!block)
		JUMP mem.malloc(context, size);
	made_block(block, size, CALLER);
	return block;
}

/* The allocator frees what it moves, and asks nobody: so the block is moved here. */
static void *mem_move(void *context, void *block, size_t size)
{
	struct object_block found = { 0 };
	if (block && made_covers((uint64_t)block))
		found = object_block(block);
	if (!found.size || stays(size, found.size) || !object_block_begins(block))
		return mem_realloc(context, block, size);
	void *moved = mem_take(context, size);
	if (!moved)
		return NULL;
	made_block(moved, size, CALLER);
	copy(moved, block, size < found.size ? size : found.size);
	if (!keep(block, found, BY_REALLOC, CALLER))
		mem.free(context, block);
	return moved;
}

void freed_keep(void)
{
	struct allocator our_mem, our_objects;
	allocator_get(ALLOCATOR_MEM, &our_mem);
	allocator_get(ALLOCATOR_OBJECTS, &our_objects);
	our_mem.malloc = mem_take;
	our_mem.realloc = mem_move;
	our_mem.free = mem_keep;
	our_objects.malloc = object_take;
	our_objects.free = object_keep;
	allocator_set(ALLOCATOR_MEM, our_mem);
	allocator_set(ALLOCATOR_OBJECTS, our_objects);
}

static bool start(const char **why)
{
	if (!made_is_on()) {
		*why = CONCERN_OFF;
		return false;
	}
	write_range = (void (*)(void *, unsigned long, void *))symbol_next("__tsan_write_range_pc");
	if (!write_range) {
		*why = "this ThreadSanitizer has no __tsan_write_range_pc()";
		return false;
	}
	int (*install)(void (*)(const volatile void *, size_t), void (*)(const volatile void *)) =
		(int (*)(void (*)(const volatile void *, size_t), void (*)(const volatile void *)))
			symbol_next("__sanitizer_install_malloc_and_free_hooks");
	is_of_malloc = (int (*)(const void *))symbol_next("__sanitizer_get_ownership");
	if (install)
		install(c_malloc, c_free);
	copy = (void *(*)(void *, const void *, size_t))symbol_next("memcpy");
	functions[BY_FREE] = (uint64_t)symbol_next("PyMem_Free");
	functions[BY_REALLOC] = (uint64_t)symbol_next("PyMem_Realloc");
	functions[BY_OBJECT_FREE] = (uint64_t)symbol_next("PyObject_Free");
	allocator_get(ALLOCATOR_MEM, &mem);
	allocator_get(ALLOCATOR_OBJECTS, &objects);
	struct allocator our_mem = mem, our_objects = objects;
	our_mem.realloc = mem_realloc;
	our_mem.free = mem_free;
	our_objects.malloc = object_malloc;
	our_objects.calloc = object_calloc;
	our_objects.realloc = object_realloc;
	our_objects.free = object_free;
	allocator_set(ALLOCATOR_MEM, our_mem);
	allocator_set(ALLOCATOR_OBJECTS, our_objects);
	return true;
}

static void after_fork(bool in_child)
{
	(void)in_child;
	misuse_after_fork();
}

const struct concern concern_freed = {
	.name = "memory that is freed",
	.start = start,
	.before_fork = misuse_before_fork,
	.after_fork = after_fork,
};
