/*
 * freed.c - see freed.h.
 *
 * A block moves where PyMem_Realloc() has no room in its place. That is told as the end of the old
 * one, too. PyObject_Realloc() is not looked at: what it moves, nobody else can have.
 */
#include "interpose/memory/freed.h"

#include "interpose/base/concern.h"
#include "interpose/base/raw.h"
#include "interpose/base/symbol.h"
#include "interpose/memory/allocator.h"
#include "interpose/memory/made.h"
#include "interpose/memory/marks.h"
#include "interpose/python/object.h"

#include <stddef.h>

enum {
	OBJECT_HEADER = 32, /* sizeof(PyObject) */
	MOST = 1024, /* bytes that are told of a block, as ThreadSanitizer does for malloc() */
};

static void (*write_range)(void *address, unsigned long size, void *pc);
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

/* The block ends. What it is, the block says: whoever frees it may take the wrong function. */
static inline void end(void *block, struct object_block found, enum mark mark)
{
	uint64_t start = (uint64_t)block + found.header;
	made_ends(start);
	marks_end((uint64_t)block, found.size);
	tell(found.memory ? start : start + OBJECT_HEADER, (uint64_t)block + found.size, mark);
}

static void mem_free(void *context, void *block)
{
	if (block && made_covers((uint64_t)block))
		end(block, object_block(block), BY_FREE);
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
	if (found.size && !stays(size, found.size))
		end(block, found, BY_REALLOC);
	JUMP mem.realloc(context, block, size);
}

static void object_free(void *context, void *block)
{
	if (block && made_covers((uint64_t)block))
		end(block, object_block(block), BY_OBJECT_FREE);
	JUMP objects.free(context, block);
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
	functions[BY_FREE] = (uint64_t)symbol_next("PyMem_Free");
	functions[BY_REALLOC] = (uint64_t)symbol_next("PyMem_Realloc");
	functions[BY_OBJECT_FREE] = (uint64_t)symbol_next("PyObject_Free");
	allocator_get(ALLOCATOR_MEM, &mem);
	allocator_get(ALLOCATOR_OBJECTS, &objects);
	struct allocator our_mem = mem, our_objects = objects;
	our_mem.realloc = mem_realloc;
	our_mem.free = mem_free;
	our_objects.free = object_free;
	allocator_set(ALLOCATOR_MEM, our_mem);
	allocator_set(ALLOCATOR_OBJECTS, our_objects);
	return true;
}

const struct concern concern_freed = { .name = "memory that is freed", .start = start };
