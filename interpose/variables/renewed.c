/* renewed.c - see renewed.h. */
#include "interpose/variables/renewed.h"

#include "interpose/base/plt.h"
#include "interpose/base/symbol.h"
#include "interpose/memory/allocator.h"
#include "interpose/python/layout.h"
#include "interpose/variables/granules.h"

#include <stddef.h>

static struct allocator inner[2];
static void *(*real_memset)(void *memory, int byte, size_t bytes);
static void (*real_new_reference)(void *object);

static void *our_malloc(void *context, size_t bytes)
{
	struct allocator *in = context;
	void *memory = in->malloc(in->context, bytes);
	if (memory)
		granules_renewed(memory, bytes);
	return memory;
}

static void *our_calloc(void *context, size_t count, size_t bytes)
{
	struct allocator *in = context;
	void *memory = in->calloc(in->context, count, bytes);
	if (memory)
		granules_renewed(memory, count * bytes);
	return memory;
}

static void *our_realloc(void *context, void *before, size_t bytes)
{
	struct allocator *in = context;
	void *memory = in->realloc(in->context, before, bytes);
	if (memory && memory != before)
		granules_renewed(memory, bytes);
	return memory;
}

static void our_free(void *context, void *memory)
{
	struct allocator *in = context;
	in->free(in->context, memory);
}

static void new_reference(void *object)
{
	granules_renewed((char *)object + 16,
			 load64(load_pointer(object, OBJECT_TYPE), python_at.type_basicsize) - 16);
	real_new_reference(object);
}

/* The keys of a new dict, which may come from a list of their own, are cleared so. */
static void *clear(void *memory, int byte, size_t bytes)
{
	granules_renewed(memory, bytes);
	JUMP real_memset(memory, byte, bytes);
}

void renewed_stop(const struct link_map *python)
{
	plt_replace(python, "_Py_NewReference", (void *)real_new_reference);
	plt_replace(python, "__tsan_memset", (void *)real_memset);
}

bool renewed_start(const struct link_map *python)
{
	static const int domains[] = { ALLOCATOR_MEM, ALLOCATOR_OBJECTS };
	real_new_reference =
		(void (*)(void *))plt_replace(python, "_Py_NewReference", (void *)new_reference);
	real_memset =
		(void *(*)(void *, int, size_t))plt_replace(python, "__tsan_memset", (void *)clear);
	if (!real_new_reference || !real_memset)
		return false;
	for (unsigned i = 0; i < 2; i++) {
		if (!allocator_get(domains[i], &inner[i]))
			return false;
		allocator_set(domains[i], (struct allocator){ &inner[i], our_malloc, our_calloc,
							      our_realloc, our_free });
	}
	return true;
}
