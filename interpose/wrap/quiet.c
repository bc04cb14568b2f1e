/* quiet.c - see quiet.h. */
#define _GNU_SOURCE
#include "interpose/wrap/quiet.h"

#include "interpose/base/plt.h"

#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static void access_not_told(void *address)
{
	(void)address;
}

/* As TSan's, without telling it: no weaker than any order that the caller may have asked for. */
#define OPERATIONS(bits)                                                                           \
	static uint##bits##_t load##bits(const volatile uint##bits##_t *word, int order)           \
	{                                                                                          \
		(void)order;                                                                       \
		return __atomic_load_n(word, __ATOMIC_SEQ_CST);                                    \
	}                                                                                          \
	static void store##bits(volatile uint##bits##_t *word, uint##bits##_t value, int order)    \
	{                                                                                          \
		(void)order;                                                                       \
		__atomic_store_n(word, value, __ATOMIC_RELEASE);                                   \
	}                                                                                          \
	static uint##bits##_t add##bits(volatile uint##bits##_t *word, uint##bits##_t value,       \
					int order)                                                 \
	{                                                                                          \
		(void)order;                                                                       \
		return __atomic_fetch_add(word, value, __ATOMIC_SEQ_CST);                          \
	}

OPERATIONS(8)
OPERATIONS(16)
OPERATIONS(32)
OPERATIONS(64)

/* What the interpreter calls, and what it comes to meanwhile. */
struct call {
	const char *symbol;
	void *function;
	void **slot; /* NULL: it does not call it */
	void *was;   /* while it is quiet: what the slot had, the dynamic linker's stub, too */
};

#define ACCESS(name) { .symbol = "__tsan_" #name, .function = (void *)access_not_told }
#define ATOMIC(bits)                                                                               \
	{ .symbol = "__tsan_atomic" #bits "_load", .function = (void *)load##bits },               \
		{ .symbol = "__tsan_atomic" #bits "_store", .function = (void *)store##bits },     \
	{                                                                                          \
		.symbol = "__tsan_atomic" #bits "_fetch_add", .function = (void *)add##bits        \
	}

static struct call calls[] = {
	ACCESS(read1),
	ACCESS(read2),
	ACCESS(read4),
	ACCESS(read8),
	ACCESS(read16),
	ACCESS(write1),
	ACCESS(write2),
	ACCESS(write4),
	ACCESS(write8),
	ACCESS(write16),
	ACCESS(unaligned_read2),
	ACCESS(unaligned_read4),
	ACCESS(unaligned_read8),
	ACCESS(unaligned_read16),
	ACCESS(unaligned_write2),
	ACCESS(unaligned_write4),
	ACCESS(unaligned_write8),
	ACCESS(unaligned_write16),
	ATOMIC(8),
	ATOMIC(16),
	ATOMIC(32),
	ATOMIC(64),
};
enum { CALL_COUNT = sizeof calls / sizeof calls[0] };

static bool looked, quiet, never_again;

/* Where the interpreter has the addresses of what it calls. */
static void look(void)
{
	struct link_map *python = NULL;
	Dl_info info;
	void *function = dlsym(RTLD_DEFAULT, "Py_IsInitialized");
	if (!function || !dladdr1(function, &info, (void **)&python, RTLD_DL_LINKMAP) || !python)
		return;
	for (unsigned i = 0; i < CALL_COUNT; i++)
		calls[i].slot = plt_slot(python, calls[i].symbol);
}

/*
 * Until the next fork or thread. False if the process has had another thread. The driver calls it, in the
 * zygote, before it imports.
 */
EXPORT bool ftstress_quiet(void);
bool ftstress_quiet(void)
{
	if (never_again)
		return false;
	if (!looked)
		look();
	looked = true;
	for (unsigned i = 0; i < CALL_COUNT && !quiet; i++) {
		if (!calls[i].slot)
			continue;
		calls[i].was = *calls[i].slot;
		__atomic_store_n(calls[i].slot, calls[i].function, __ATOMIC_RELEASE);
	}
	quiet = true;
	return true;
}

void quiet_pause(void)
{
	for (unsigned i = 0; i < CALL_COUNT && quiet; i++)
		if (calls[i].slot)
			__atomic_store_n(calls[i].slot, calls[i].was, __ATOMIC_RELEASE);
	quiet = false;
}

void quiet_end(void)
{
	if (never_again)
		return;
	quiet_pause();
	never_again = true;
}
