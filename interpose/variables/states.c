/* states.c - see states.h. */
#define _GNU_SOURCE
#include "interpose/variables/states.h"

#include "interpose/python/code.h"
#include "interpose/python/layout.h"
#include "interpose/variables/scope.h"

#include <stddef.h>

static bool ends_in(const uint8_t *text, uint64_t length, const char *end)
{
	uint64_t bytes = raw_length(end);
	return length >= bytes && raw_equal(text + length - bytes, end, bytes);
}

static bool is_one_of(const uint8_t *name, uint64_t length, const char *const *names)
{
	for (; *names; names++)
		if (ends_in(name, length, *names))
			return true;
	return false;
}

static const char *const asks[] = { "Queue.empty", "Queue.full", "Queue.qsize", NULL };

uint8_t states_scope(const uint8_t *path, uint64_t length, const uint8_t *name,
		     uint64_t name_length)
{
	static const char *const changes[] = { "Queue.get",        "Queue.get_nowait",
					       "Queue._get",       "Queue.put",
					       "Queue.put_nowait", "Queue._put",
					       "Queue._qsize",     NULL };
	bool queues = is_one_of(name, name_length, asks) || is_one_of(name, name_length, changes);
	return queues && ends_in(path, length, "/queue.py") ? SCOPE_STATE : 0;
}

static bool is_asking(const void *code)
{
	uint8_t name[64];
	uint32_t length = code_utf8(load_pointer(code, python_at.code_qualname), name, sizeof name);
	return is_one_of(name, length, asks);
}

bool states_asked(struct call *call, bool write)
{
	enum { DEEP = 5 }; /* get_nowait(), get(), _get(), and one that is derived */
	struct caller callers[DEEP];
	struct call at = *call;
	callers_of(call->frame, callers, DEEP);
	for (unsigned i = 0; i < DEEP && callers[i].frame; i++) {
		const void *method = at.code;
		at = (struct call){ .frame = callers[i].frame,
				    .code = callers[i].code,
				    .instruction = callers[i].instruction };
		name_call(&at);
		if (at.scope & SCOPE_STATE)
			continue;
		*call = at;
		return at.scope & SCOPE_TOLD && !(at.scope & SCOPE_FINALIZER) &&
		       is_asking(method) == !write;
	}
	return false;
}

bool states_raised(struct call *call, const void *type)
{
	const char *name = load_pointer(type, python_at.type_name);
	return (raw_same(name, "_queue.Empty") || raw_same(name, "Empty") ||
		raw_same(name, "Full")) &&
	       call->scope & SCOPE_STATE && states_asked(call, true);
}
