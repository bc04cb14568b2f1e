/* release.c - see release.h. */
#define _GNU_SOURCE 1 /* as a test that includes this file has it */
#include "interpose/python/release.h"

#include "interpose/base/file.h"
#include "interpose/python/layout.h"

#include "ftstress/layouts.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

HIDDEN const struct python_release *python_release;
HIDDEN struct fts_layout python_at;

static const char *const names[FTS_LAYOUT_COUNT] = { FTS_LAYOUT_NAMES };

/* What _Py_DebugOffsets tells: where it does, and what it must be equal to; places in fts_layout. */
#define PLACE(field) (offsetof(struct fts_layout, field) / sizeof(uint32_t))
static const struct {
	uint16_t told, is;
} told_twice[] = {
#define TOLD(structure, member, name) { PLACE(told_##structure##_##member), PLACE(name) },
	FTS_LAYOUT_TOLD(TOLD)
#undef TOLD
};

static const struct {
	uint16_t is, at;
} fixed[] = {
#define FIXED(name, field, bytes) { PLACE(field), bytes },
	LAYOUT_FIXED(FIXED)
#undef FIXED
};

static const uint8_t needs[] = {
#define NEED(name, need, what) FTS_NEED_##need,
	FTS_LAYOUT(NEED)
#undef NEED
};

/* Why not, put together. Of the one thread that there is at start. */

static char text[400];
static bool python_layout_is_own; /* its debug information was read, not that of another build */
static uint64_t text_length;

static void say(const char *words)
{
	uint64_t length = raw_length(words), room = sizeof text - 1 - text_length;
	if (length > room)
		length = room;
	raw_copy(text + text_length, words, length);
	text_length += length;
	text[text_length] = '\0';
}

static void say_number(uint64_t number)
{
	char digits[21];
	unsigned at = sizeof digits - 1;
	digits[at] = '\0';
	do
		digits[--at] = (char)('0' + number % 10);
	while (number /= 10);
	say(digits + at);
}

static void say_release(const struct python_release *release)
{
	say_number(release->major);
	say(".");
	say_number(release->minor);
}

static bool differs(const char *name, uint64_t at, uint64_t known)
{
	text_length = 0;
	say("this Python is not laid out as ");
	say(python_layout_is_own ? "its debug information says: " : "its release usually is: ");
	say(name);
	say(" is ");
	say_number(at);
	say(", not ");
	say_number(known);
	return false;
}

static bool lacks(const char *name, const char **why)
{
	text_length = 0;
	say("this Python has no ");
	say(name);
	*why = text;
	return false;
}

/* Has the layout all that is needed for this? */
static bool has(const struct fts_layout *layout, enum fts_need need, const char **why)
{
	for (unsigned i = 0; i < sizeof needs; i++)
		if (needs[i] == need && layout->all[i] == FTS_LAYOUT_NONE)
			return lacks(names[i], why);
	return true;
}

bool python_layout_matches(const struct fts_layout *layout, const void *debug_offsets,
			   const char **why)
{
	const char *told = debug_offsets;
	*why = text;
	for (unsigned i = 0; i < sizeof FTS_TOLD_COOKIE - 1; i++)
		if (told[i] != FTS_TOLD_COOKIE[i]) {
			*why = "this Python does not tell how it is laid out (_PyRuntime)";
			return false;
		}
	if (load64(told, FTS_TOLD_FREE_THREADED) != 1) {
		*why = "this Python is not free-threaded";
		return false;
	}
	for (unsigned i = 0; i < sizeof told_twice / sizeof *told_twice; i++) {
		uint32_t at = layout->all[told_twice[i].told];
		uint32_t is = layout->all[told_twice[i].is];
		if (at != FTS_LAYOUT_NONE && is != FTS_LAYOUT_NONE && load64(told, at) != is)
			return differs(names[told_twice[i].is], load64(told, at), is);
	}
	for (unsigned i = 0; i < sizeof fixed / sizeof *fixed; i++)
		if (layout->all[fixed[i].is] != fixed[i].at)
			return differs(names[fixed[i].is], layout->all[fixed[i].is], fixed[i].at);
	return has(layout, FTS_NEED_CORE, why);
}

static const struct python_release *find(unsigned long version)
{
	for (unsigned i = 0; python_releases[i]; i++)
		if (version >> 24 == python_releases[i]->major &&
		    (version >> 16 & 0xff) == python_releases[i]->minor)
			return python_releases[i];
	text_length = 0;
	say("ftstress does not know this Python, only ");
	for (unsigned i = 0; python_releases[i]; i++) {
		say(i == 0 ? "" : python_releases[i + 1] ? ", " : " and ");
		say_release(python_releases[i]);
	}
	return NULL;
}

/* The file that FTS_ENV_LAYOUT names; false: there is none, or it is none. */
static bool read_own(void)
{
	const char *path = getenv(FTS_ENV_LAYOUT);
	uint64_t size;
	const char *bytes = path ? file_map(path, &size) : NULL;
	if (!bytes)
		return false;
	bool read = fts_layout_parse(&python_at, bytes, size, names);
	raw_syscall3(SYS_munmap, (long)bytes, (long)size, 0);
	return read;
}

static bool read_layout(const struct python_release *release)
{
	python_layout_is_own = read_own();
	for (unsigned i = 0;
	     !python_layout_is_own && i < sizeof fts_layout_texts / sizeof *fts_layout_texts; i++) {
		const struct fts_layout_text *known = &fts_layout_texts[i];
		if (known->major == release->major && known->minor == release->minor)
			return fts_layout_parse(&python_at, known->text, known->length, names);
	}
	return python_layout_is_own;
}

static const struct python_release *look(const char **why)
{
	const unsigned long *version = dlsym(RTLD_DEFAULT, "Py_Version");
	const void *runtime = dlsym(RTLD_DEFAULT, "_PyRuntime");
	const struct python_release *release = find(version ? *version : 0);
	*why = text;
	if (!release)
		return NULL;
	if (!runtime || !read_layout(release)) {
		*why = "this Python does not tell how it is laid out (_PyRuntime)";
		return NULL;
	}
	if (!python_layout_matches(&python_at, runtime, why))
		return NULL;
	python_release = release; /* what probe.c calls reads by it */
	const char *other = python_probe();
	if (!other)
		return release;
	text_length = 0;
	say("this Python ");
	say_release(release);
	say(" is not laid out as ftstress knows it: ");
	say(other);
	*why = text;
	return NULL;
}

bool python_known(const char **why)
{
	static bool looked;
	static const char *why_not;
	if (!looked) {
		looked = true;
		python_release = look(&why_not);
	}
	if (!python_release)
		*why = why_not;
	return python_release != NULL;
}

bool python_has(enum fts_need need, const char **why)
{
	return python_known(why) && has(&python_at, need, why);
}
