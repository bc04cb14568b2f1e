/* freelists.c - see freelists.h. */
#include "interpose/memory/freelists.h"

#include "interpose/base/symbol.h"
#include "interpose/python/layout.h"
#include "interpose/python/release.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>

enum { LISTS = 64 };

HIDDEN bool freelists_off;
static long tstate_offset; /* from the thread pointer */
static __thread const char *done __attribute__((tls_model("initial-exec")));

static char *thread_state(void)
{
	return *(char *const volatile *)((const char *)__builtin_thread_pointer() + tstate_offset);
}

uint8_t freelists_heap(void)
{
	const char *tstate = thread_state();
	const char *heap = load_pointer(tstate, python_at.tstate_object_heap);
	return (uint8_t)((uint64_t)(heap - tstate - python_at.tstate_heaps) / python_at.heap_size);
}

/* Of this release, or made of what the layout says. */
static struct python_freelists all_alike[2];
static const struct python_freelists *all;

static bool find_lists(void)
{
	all = python_release->freelists;
	if (all)
		return true;
	uint32_t bytes = python_at.freelist_size;
	if (python_at.freelists_size == FTS_LAYOUT_NONE || bytes == FTS_LAYOUT_NONE || !bytes ||
	    python_at.freelists_size / bytes > LISTS)
		return false;
	all_alike[0] = (struct python_freelists){
		.first = (uint16_t)python_at.freelist_count,
		.apart = (uint16_t)bytes,
		.bytes = 8,
		.count = (uint8_t)(python_at.freelists_size / bytes),
	};
	all = all_alike;
	return true;
}

static int64_t counter(const char *tstate, const struct python_freelists *lists, unsigned index)
{
	const char *at =
		tstate + python_at.tstate_freelists + lists->first + (long)index * lists->apart;
	return lists->bytes == 4 ? load32(at, 0) : (int64_t)load64(at, 0);
}

static void switch_off(char *tstate)
{
	for (const struct python_freelists *lists = all; lists->count; lists++)
		for (unsigned i = 0; i < lists->count; i++) {
			char *at = tstate + python_at.tstate_freelists + lists->first +
				   (long)i * lists->apart;
			if (lists->bytes == 4)
				*(int32_t *)at = -1;
			else
				*(int64_t *)at = -1;
		}
}

void freelists_look(void)
{
	char *tstate = thread_state();
	if (LIKELY(tstate == done) || !tstate)
		return;
	switch_off(tstate);
	done = tstate;
}

/* All counters of the thread. */
static unsigned read_all(int64_t values[LISTS])
{
	const char *tstate = thread_state();
	unsigned count = 0;
	for (const struct python_freelists *lists = all; lists->count; lists++)
		for (unsigned i = 0; i < lists->count && count < LISTS; i++)
			values[count++] = counter(tstate, lists, i);
	return count;
}

/* How the counters change when what `make` makes is let go: one of them goes up. Which one? */
static int which(void *(*make)(void), void (*drop)(void *))
{
	int64_t before[LISTS] = { 0 }, after[LISTS] = { 0 };
	int found = -1;
	void *made = make(), *other = make();
	drop(other); /* there is room for one now, whatever was */
	other = make();
	unsigned count = read_all(before);
	drop(other);
	read_all(after);
	drop(made);
	for (unsigned i = 0; i < count; i++) {
		if (before[i] < 0 || after[i] < before[i] || after[i] > before[i] + 1)
			return -1;
		if (after[i] == before[i])
			continue;
		if (found >= 0)
			return -1;
		found = (int)i;
	}
	return found;
}

static void *(*new_list)(long);
static void *(*new_float)(double);

static void *make_list(void)
{
	return new_list(0);
}

static void *make_float(void)
{
	return new_float(1.5);
}

static bool are_off(void (*drop)(void *))
{
	int64_t before[LISTS] = { 0 }, after[LISTS] = { 0 };
	unsigned count = read_all(before);
	drop(make_list());
	drop(make_float());
	read_all(after);
	for (unsigned i = 0; i < count; i++)
		if (before[i] >= 0 || after[i] > before[i])
			return false;
	return count > 0;
}

bool freelists_start(const char **why)
{
	const char *tstate = dlsym(RTLD_DEFAULT, "_Py_tss_tstate"), *base;
	void (*drop)(void *) = (void (*)(void *))symbol_next("Py_DecRef");
	new_list = (void *(*)(long))symbol_next("PyList_New");
	new_float = (void *(*)(double))symbol_next("PyFloat_FromDouble");
	*why = "the free lists of this Python look different: they are not switched off";
	if (!tstate || !drop || !new_list || !new_float || !find_lists())
		return false;
	__asm__("movq %%fs:0, %0" : "=r"(base));
	tstate_offset = tstate - base;
	int lists = which(make_list, drop), floats = which(make_float, drop);
	if (lists < 0 || floats < 0 || lists == floats)
		return false;
	freelists_look();
	freelists_off = are_off(drop);
	return freelists_off;
}
