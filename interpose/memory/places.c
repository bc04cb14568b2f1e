/* places.c - see places.h. */
#define _GNU_SOURCE
#include "interpose/memory/places.h"

#include "interpose/base/raw.h"
#include "interpose/base/symbol.h"
#include "interpose/memory/made.h"
#include "interpose/python/object.h"

#include <signal.h>
#include <stddef.h>
#include <sys/ucontext.h>

enum {
	REGISTERS = REG_RSP, /* r8 to rcx: those before it point to data */
	NEAR = 64 << 10,     /* bytes from the stack's pointer that a call may touch at first */
	PAGE = 4096,
	GC_HEADER = 16, /* before some objects: what was freed need not say that it has one */
};

/* What the thread's check failed on; 0 = none did. */
static __thread uint64_t checked __attribute__((tls_model("initial-exec")));

EXPORT void _PyObject_AssertFailed(void *object, const char *expression, const char *text,
				   const char *file, int line, const char *function);
void _PyObject_AssertFailed(void *object, const char *expression, const char *text,
			    const char *file, int line, const char *function)
{
	static void (*real)(void *, const char *, const char *, const char *, int, const char *);
	checked = (uint64_t)object;
	if (!real)
		real = (void (*)(void *, const char *, const char *, const char *, int,
				 const char *))symbol_need("_PyObject_AssertFailed");
	JUMP real(object, expression, text, file, line, function);
}

static bool is_there(uint64_t address)
{
	char byte;
	return object_peek(address, &byte, 1);
}

/* Has the thread come to the end of its stack? There is memory above the address, and none at it. */
static bool is_stack_end(const struct fts_crash *crash)
{
	uint64_t pointer = (uint64_t)crash->registers[REG_RSP], address = crash->address;
	if (crash->signal != SIGSEGV || address + NEAR < pointer || address > pointer + NEAR ||
	    is_there(address))
		return false;
	for (uint64_t above = PAGE; above <= 2 * NEAR; above += PAGE)
		if (is_there(address + above))
			return true;
	return false;
}

static bool find(uint64_t address, struct fts_crash_place *place)
{
	struct object object;
	if (!address || !made_is_on() || !made_covers(address) || !object_find(address, &object))
		return false;
	*place = (struct fts_crash_place){ .address = address,
					   .start = object.start,
					   .size = object.size };
	if (made_is_freed(object.start) || made_is_freed(object.start + GC_HEADER)) {
		place->flags = FTS_PLACE_FREED;
		return true;
	}
	uint64_t length = raw_length(object.type);
	raw_copy(place->type, object.type,
		 length < sizeof place->type ? length : sizeof place->type - 1);
	return true;
}

unsigned places_find(const struct fts_crash *crash, struct fts_crash_place places[FTS_CRASH_PLACES])
{
	unsigned count = 0;
	if (is_stack_end(crash)) {
		places[0] = (struct fts_crash_place){ .address = crash->address,
						      .start = (uint64_t)crash->registers[REG_RSP],
						      .source = FTS_PLACE_FAULT,
						      .flags = FTS_PLACE_STACK };
		return 1;
	}
	if (checked && find(checked, &places[count]))
		places[count++].source = FTS_PLACE_CHECK;
	bool fault = crash->signal == SIGSEGV || crash->signal == SIGBUS;
	if (fault && find(crash->address, &places[count]))
		places[count++].source = FTS_PLACE_FAULT;
	for (unsigned i = 0; i < REGISTERS && count < FTS_CRASH_PLACES; i++)
		if (find((uint64_t)crash->registers[i], &places[count]))
			places[count++].source = (uint8_t)i;
	return count;
}
