/* fences.c - see fences.h. */
#define _GNU_SOURCE
#include "interpose/wrap/fences.h"

#include "interpose/base/memory_order.h"
#include "interpose/base/symbol.h"

#include <link.h>

#define HERE __builtin_return_address(0)

enum {
	WORDS = 4,
	STORES = 4,
	MO_CONSUME = 1,
};

HIDDEN bool fences_watched;

static uintptr_t python_low, python_size; /* the interpreter's module; 0 = not seen yet */

static __thread const volatile void *words[WORDS] __attribute__((tls_model("initial-exec")));
static __thread uint8_t next_word __attribute__((tls_model("initial-exec")));
static __thread uint8_t stores_left __attribute__((tls_model("initial-exec")));

static void (*tsan_acquire)(const volatile void *address);

static inline bool is_watched(const void *pc)
{
	return (uintptr_t)pc - python_low >= python_size;
}

void fences_note_read(const volatile void *word, int order, const void *pc)
{
	if ((order != MO_NONE && order != MO_RELEASE) || !is_watched(pc))
		return;
	words[next_word % WORDS] = word;
	next_word++;
}

int fences_order_of_write(int order, const void *pc)
{
	if (LIKELY(!stores_left) ||
	    (order != MO_NONE && order != MO_ACQUIRE && order != MO_CONSUME) || !is_watched(pc))
		return order;
	stores_left--;
	return order == MO_NONE ? MO_RELEASE : MO_BOTH;
}

typedef void fence(int order);
EXPORT fence __tsan_atomic_thread_fence;
void __tsan_atomic_thread_fence(int order)
{
	static fence *real;
	if (UNLIKELY(!real))
		real = (fence *)symbol_need("__tsan_atomic_thread_fence");
	if (UNLIKELY(fences_watched) && is_watched(HERE)) {
		for (unsigned i = 0; i < WORDS && order != MO_RELEASE; i++) {
			if (words[i] && tsan_acquire)
				tsan_acquire(words[i]);
			words[i] = NULL;
		}
		if (order >= MO_RELEASE)
			stores_left = STORES;
	}
	JUMP real(order);
}

/*
 * The atomic operations that only fences need to see. atomics.c has those with rules of their own.
 */

#define LOAD(bits, type)                                                                           \
	typedef type load##bits(const volatile type *word, int order);                             \
	static load##bits first_load##bits;                                                        \
	static load##bits *tsan_load##bits = first_load##bits;                                     \
	static type first_load##bits(const volatile type *word, int order)                         \
	{                                                                                          \
		fences_resolve();                                                                  \
		JUMP tsan_load##bits(word, order);                                                 \
	}                                                                                          \
	EXPORT load##bits __tsan_atomic##bits##_load;                                              \
	type __tsan_atomic##bits##_load(const volatile type *word, int order)                      \
	{                                                                                          \
		fences_read(word, order, HERE);                                                    \
		JUMP tsan_load##bits(word, order);                                                 \
	}

#define STORE(bits, type)                                                                          \
	typedef void store##bits(volatile type *word, type value, int order);                      \
	static store##bits first_store##bits;                                                      \
	static store##bits *tsan_store##bits = first_store##bits;                                  \
	static void first_store##bits(volatile type *word, type value, int order)                  \
	{                                                                                          \
		fences_resolve();                                                                  \
		JUMP tsan_store##bits(word, value, order);                                         \
	}                                                                                          \
	EXPORT store##bits __tsan_atomic##bits##_store;                                            \
	void __tsan_atomic##bits##_store(volatile type *word, type value, int order)               \
	{                                                                                          \
		order = fences_write(order, HERE);                                                 \
		JUMP tsan_store##bits(word, value, order);                                         \
	}

#define CHANGE(bits, type, name)                                                                   \
	typedef type name##bits(volatile type *word, type value, int order);                       \
	static name##bits first_##name##bits;                                                      \
	static name##bits *tsan_##name##bits = first_##name##bits;                                 \
	static type first_##name##bits(volatile type *word, type value, int order)                 \
	{                                                                                          \
		fences_resolve();                                                                  \
		JUMP tsan_##name##bits(word, value, order);                                        \
	}                                                                                          \
	EXPORT name##bits __tsan_atomic##bits##_##name;                                            \
	type __tsan_atomic##bits##_##name(volatile type *word, type value, int order)              \
	{                                                                                          \
		order = fences_change(word, order, HERE);                                          \
		JUMP tsan_##name##bits(word, value, order);                                        \
	}

LOAD(8, uint8_t)
LOAD(64, uint64_t)
STORE(8, uint8_t)
CHANGE(32, uint32_t, fetch_add)
CHANGE(32, uint32_t, fetch_sub)
CHANGE(64, uint64_t, fetch_sub)
CHANGE(8, uint8_t, exchange)
CHANGE(32, uint32_t, exchange)
CHANGE(64, uint64_t, exchange)

#define RESOLVE(name, bits, type)                                                                  \
	tsan_##name##bits = (name##bits *)symbol_need("__tsan_atomic" #bits "_" #name)

void fences_resolve(void)
{
	RESOLVE(load, 8, uint8_t);
	RESOLVE(load, 64, uint64_t);
	RESOLVE(store, 8, uint8_t);
	RESOLVE(fetch_add, 32, uint32_t);
	RESOLVE(fetch_sub, 32, uint32_t);
	RESOLVE(fetch_sub, 64, uint64_t);
	RESOLVE(exchange, 8, uint8_t);
	RESOLVE(exchange, 32, uint32_t);
	RESOLVE(exchange, 64, uint64_t);
	tsan_acquire = (void (*)(const volatile void *))symbol_need("__tsan_acquire");
}

/* Which modules have fences. */

static bool has_string(const char *at, uint64_t length, const char *text, uint64_t text_length)
{
	for (uint64_t i = 0; i + text_length <= length; i++) {
		uint64_t same = 0;
		while (same < text_length && at[i + same] == text[same])
			same++;
		if (same == text_length)
			return true;
	}
	return false;
}

/* Does the module refer to TSan's function for fences? Then its dynamic symbols name that. */
static bool has_fences(const struct dl_phdr_info *info, uintptr_t low, uintptr_t high)
{
	static const char name[] = "__tsan_atomic_thread_fence";
	const ElfW(Dyn) *entry = NULL;
	uintptr_t strings = 0;
	uint64_t length = 0;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			entry = (const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	for (; entry && entry->d_tag != DT_NULL; entry++) {
		if (entry->d_tag == DT_STRTAB)
			strings = entry->d_un.d_ptr;
		else if (entry->d_tag == DT_STRSZ)
			length = entry->d_un.d_val;
	}
	if (strings < low) /* an offset in the module that the dynamic linker has not relocated */
		strings += info->dlpi_addr;
	return strings && strings >= low && strings < high && length <= high - strings &&
	       has_string((const char *)strings, length, name, sizeof name);
}

static bool is_in(const void *address, uintptr_t low, uintptr_t high)
{
	return (uintptr_t)address >= low && (uintptr_t)address < high;
}

void fences_look_at(const struct dl_phdr_info *info, uintptr_t low, uintptr_t high)
{
	if (is_in(symbol_next("_PyEval_EvalFrameDefault"), low, high)) {
		python_low = low;
		python_size = high - low;
	} else if (!fences_watched && !is_in((const void *)fences_look_at, low, high) &&
		   !is_in(symbol_next("__tsan_atomic_thread_fence"), low, high) &&
		   has_fences(info, low, high)) {
		__atomic_store_n(&fences_watched, true, __ATOMIC_RELAXED);
	}
}
