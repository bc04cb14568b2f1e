/* scope.c - see scope.h. */
#include "interpose/variables/scope.h"

#include "interpose/base/private_heap.h"
#include "interpose/python/code.h"
#include "interpose/python/layout.h"
#include "interpose/variables/states.h"

#include <stddef.h>

enum { IDS = 1 << 20, PATH_MAX_BYTES = 2048 };

static const char *list;
static uint8_t known[IDS]; /* by id; 0 = not looked at yet */

/* How many bytes of the path the line's folder is, 0: it is none of its. */
static uint64_t fits(const char *line, uint64_t length, const uint8_t *path, uint64_t path_length)
{
	uint64_t i = 0;
	while (i < length && i < path_length && line[i] == (char)path[i])
		i++;
	return i == length ? length : 0;
}

static uint8_t by_file(const uint8_t *path, uint64_t length)
{
	uint64_t longest = 0;
	uint8_t found = SCOPE_NONE;
	for (const char *line = list; line && *line;) {
		const char *end = line;
		while (*end && *end != '\n')
			end++;
		uint64_t bytes = end > line + 2
					 ? fits(line + 2, (uint64_t)(end - line) - 2, path, length)
					 : 0;
		if (bytes > longest) {
			longest = bytes;
			found = *line == 'M'   ? SCOPE_TOLD
				: *line == 'S' ? SCOPE_SYNC
				: *line == 'H' ? SCOPE_HANDED
				: *line == 'W' ? SCOPE_SYNC | SCOPE_HANDED
					       : SCOPE_NONE;
		}
		line = *end ? end + 1 : end;
	}
	return found;
}

static bool ends_in(const uint8_t *text, uint64_t length, const char *end)
{
	uint64_t bytes = raw_length(end);
	return length >= bytes && raw_equal(text + length - bytes, end, bytes);
}

static bool is_of_thread_list(const uint8_t *path, uint64_t length, const uint8_t *name,
			      uint64_t name_length)
{
	static const char *const names[] = { "Thread.start",   "Thread._bootstrap_inner",
					     "Thread._delete", "enumerate",
					     "active_count",   "_after_fork" };
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (raw_length(names[i]) == name_length && ends_in(name, name_length, names[i]))
			return ends_in(path, length, "/threading.py");
	return false;
}

/* Of a file that has containers with weak references, and more. What drops a dead one is a finalizer. */
static uint8_t of_weak(const uint8_t *name, uint64_t length)
{
	if (ends_in(name, length, ".<locals>.remove") || ends_in(name, length, ".<locals>._remove"))
		return SCOPE_SYNC | SCOPE_FINALIZER;
	bool container = length > 4 && raw_equal(name, "Weak", 4);
	return container ? SCOPE_SYNC | SCOPE_HANDED : SCOPE_SYNC;
}

static __attribute__((noinline)) uint8_t look(const void *code)
{
	uint8_t path[PATH_MAX_BYTES], name[256];
	uint32_t length = code_utf8(load_pointer(code, python_at.code_filename), path, sizeof path);
	uint32_t name_length =
		code_utf8(load_pointer(code, python_at.code_qualname), name, sizeof name);
	uint8_t scope = by_file(path, length);
	if (scope == (SCOPE_SYNC | SCOPE_HANDED))
		scope = of_weak(name, name_length);
	if (ends_in(name, name_length, "__del__"))
		scope |= SCOPE_FINALIZER;
	if (is_of_thread_list(path, length, name, name_length))
		scope |= SCOPE_THREAD_LIST;
	if (scope & SCOPE_SYNC)
		scope |= states_scope(path, length, name, name_length);
	return scope;
}

uint8_t scope_of(const void *code, uint32_t id)
{
	if (UNLIKELY(id >= IDS))
		return SCOPE_NONE;
	uint8_t scope = __atomic_load_n(&known[id], __ATOMIC_RELAXED);
	if (LIKELY(scope))
		return scope;
	scope = look(code);
	__atomic_store_n(&known[id], scope, __ATOMIC_RELAXED);
	return scope;
}

bool scope_set(const char *text)
{
	uint64_t length = raw_length(text) + 1;
	char *copy = heap_alloc(length);
	if (!copy)
		return false;
	raw_copy(copy, text, length);
	list = copy;
	raw_zero(known, sizeof known);
	return true;
}
