/* release.c - see release.h. */
#define _GNU_SOURCE 1 /* as a test that includes this file has it */
#include "interpose/python/release.h"

#include "interpose/python/layout.h"

#include <dlfcn.h>
#include <stddef.h>

/* struct _Py_DebugOffsets starts with: cookie, version, free_threaded (8 bytes each). */
#define DEBUG_OFFSETS_COOKIE "xdebugpy"
enum { COOKIE_BYTES = sizeof DEBUG_OFFSETS_COOKIE - 1 };

HIDDEN const struct python_release *python_release;

static const char *const field_names[] = {
#define NAME(name) #name,
	PYTHON_FIELDS(NAME)
#undef NAME
};
enum { FIELDS = sizeof field_names / sizeof *field_names };
_Static_assert(sizeof(struct python_offsets) == FIELDS * sizeof(struct python_field), "an array");

static const struct {
	uint16_t field, at;
} fixed[] = {
#define FIXED(name, field, bytes)                                                                  \
	{ offsetof(struct python_offsets, field) / sizeof(struct python_field), bytes },
	LAYOUT_FIXED(FIXED)
#undef FIXED
};

/* Why not, put together. Of the one thread that there is at start. */

static char text[400];
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

static bool differs(const struct python_release *release, unsigned field, uint64_t at)
{
	const struct python_field *fields = &release->at->tstate_interpreter;
	text_length = 0;
	say("this Python ");
	say_release(release);
	say(" is not laid out as ftstress knows it (a debug build, or patched): ");
	say(field_names[field]);
	say(" is at ");
	say_number(at);
	say(", not at ");
	say_number(fields[field].at);
	return false;
}

bool python_layout_matches(const struct python_release *release, const void *debug_offsets,
			   const char **why)
{
	const uint64_t *told = debug_offsets;
	const struct python_field *fields = &release->at->tstate_interpreter;
	*why = text;
	for (unsigned i = 0; i < COOKIE_BYTES; i++)
		if (((const char *)debug_offsets)[i] != DEBUG_OFFSETS_COOKIE[i]) {
			*why = "this Python does not tell how it is laid out (_PyRuntime)";
			return false;
		}
	if (told[release->free_threaded] != 1) {
		*why = "this Python is not free-threaded";
		return false;
	}
	for (unsigned i = 0; i < FIELDS; i++)
		if (fields[i].word && told[fields[i].word] + fields[i].behind != fields[i].at)
			return differs(release, i, told[fields[i].word] + fields[i].behind);
	for (unsigned i = 0; i < sizeof fixed / sizeof *fixed; i++)
		if (fields[fixed[i].field].at != fixed[i].at)
			return differs(release, fixed[i].field, fixed[i].at);
	*why = NULL;
	return true;
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

static const struct python_release *look(const char **why)
{
	const unsigned long *version = dlsym(RTLD_DEFAULT, "Py_Version");
	const void *runtime = dlsym(RTLD_DEFAULT, "_PyRuntime");
	const struct python_release *release = find(version ? *version : 0);
	*why = text;
	if (!release)
		return NULL;
	if (!runtime) {
		*why = "this Python does not tell how it is laid out (_PyRuntime)";
		return NULL;
	}
	if (!python_layout_matches(release, runtime, why))
		return NULL;
	python_release = release; /* what probe.c calls reads by it */
	const char *other = python_probe(release);
	if (!other)
		return release;
	text_length = 0;
	say("this Python ");
	say_release(release);
	say(" is not laid out as ftstress knows it (a debug build, or patched): ");
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
