/* plain.c - see plain.h. */
#define _GNU_SOURCE
#include "interpose/wrap/plain.h"

#include "interpose/base/plt.h"
#include "interpose/base/symbol.h"
#include "interpose/memory/counts.h"
#include "interpose/python/layout.h"

#include <link.h>
#include <stdint.h>

#define HERE ((uintptr_t)__builtin_return_address(0))

void __tsan_write4(void *address); /* stacks_entry.S */
void __tsan_write8(void *address);

/* An object in static storage, most of which are immortal, need not begin where one of the heap does. */
static bool is_immortal_count(const void *address)
{
	return ((uintptr_t)address & 7) == OBJECT_COUNT_LOCAL % 8 &&
	       *(const uint32_t *)address == COUNT_IMMORTAL;
}

/* In the place of these two, in an extension. Reached by a call, left by a jump. */
static void write_4(void *address)
{
	if (((uintptr_t)address & 15) == OBJECT_COUNT_LOCAL || is_immortal_count(address))
		counts_look_at_plain_local((uint64_t)address - OBJECT_COUNT_LOCAL, HERE);
	JUMP __tsan_write4(address);
}

static void write_8(void *address)
{
	if (((uintptr_t)address & 15) == 0)
		counts_look_at_plain_shared((uint64_t)address - OBJECT_COUNT_SHARED, HERE);
	JUMP __tsan_write8(address);
}

void plain_watch(const struct dl_phdr_info *info)
{
	plt_replace_in(info, "__tsan_write4", (void *)write_4);
	plt_replace_in(info, "__tsan_write8", (void *)write_8);
}

/* The same, called: what Py_SET_REFCNT() is in an extension for the stable ABI. */
EXPORT void _Py_SetRefcnt(void *object, intptr_t count);
void _Py_SetRefcnt(void *object, intptr_t count)
{
	static void (*real)(void *, intptr_t);
	if (UNLIKELY(!real))
		real = (void (*)(void *, intptr_t))symbol_need("_Py_SetRefcnt");
	if (*(uint32_t *)((char *)object + OBJECT_COUNT_LOCAL) != COUNT_IMMORTAL)
		counts_look_at_plain_shared((uint64_t)object, HERE);
	JUMP real(object, count);
}
