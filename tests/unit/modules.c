/*
 * modules.c - which shared objects are told: interpose/wrap/modules.c alone, with a ring that
 * refuses records when it is full.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <dlfcn.h>
#define dlopen hooked_dlopen /* a name of its own: this program needs libc's, too */
void *hooked_dlopen(const char *path, int flags);
#undef _GNU_SOURCE /* modules.c defines it */
#include "interpose/wrap/modules.c"
#undef dlopen

#include "runner/base/util.h"

/* Last: it defines a macro of the name of util.h's fail(). */
#include <cmocka.h>

enum { TOLD_MAX = 256 };

static bool full;
static char *paths[TOLD_MAX]; /* of the modules told */
static size_t path_count;

bool ring_write(uint32_t type, const struct ring_part *parts, unsigned count)
{
	assert_int_equal(type, FTS_REC_MODULE);
	assert_int_equal(count, 2);
	if (full)
		return false;
	assert_true(path_count < TOLD_MAX);
	paths[path_count++] = xstrndup(parts[1].bytes, parts[1].length);
	return true;
}

void ring_limit(enum fts_limit limit)
{
	(void)limit;
}

void fences_look_at(const struct dl_phdr_info *info, uintptr_t low, uintptr_t high)
{
	(void)info, (void)low, (void)high;
}

static size_t watched; /* of those that came with dlopen() */

void plain_watch(const struct dl_phdr_info *info)
{
	(void)info;
	watched++;
}

void *symbol_need(const char *symbol)
{
	return dlsym(RTLD_DEFAULT, symbol);
}

static size_t times_told(const char *name)
{
	size_t times = 0;
	for (size_t i = 0; i < path_count; i++)
		times += strstr(paths[i], name) != NULL;
	return times;
}

static void forget(void)
{
	for (size_t i = 0; i < path_count; i++)
		free(paths[i]);
	path_count = 0;
}

static void what_could_not_be_told_is_told_at_the_next_dlopen(void **state)
{
	(void)state;
	const char *why = NULL;
	full = true;
	assert_true(concern_modules.start(&why));
	assert_int_equal(path_count, 0);
	assert_int_equal(watched, 0); /* what was there before */
	void *handle = hooked_dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	assert_int_equal(path_count, 0);
	full = false;
	dlclose(hooked_dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD));
	assert_int_equal(times_told("libc.so.6"), 1);
	assert_int_equal(times_told("libcmocka"), 1);
	size_t before = path_count;
	assert_int_equal(watched, 2 * before); /* whether it could be told or not */
	dlclose(hooked_dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD));
	assert_int_equal(path_count, before); /* once */
	dlclose(handle);
	forget();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_could_not_be_told_is_told_at_the_next_dlopen),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
