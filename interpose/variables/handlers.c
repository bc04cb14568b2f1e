/*
 * handlers.c - see handlers.h.
 *
 * A code object's table of exceptions (CPython's InternalDocs/exception_handling.md) says for each
 * instruction where an exception goes: to the handlers of `except`, or to the end of a `with` or a
 * `finally`, from where the next table entry leads on to the handler outside.
 */
#define _GNU_SOURCE
#include "interpose/variables/handlers.h"

#include "ftstress/record.h"
#include "interpose/python/code.h"
#include "interpose/python/layout.h"
#include "interpose/python/walk.h"

#include <stddef.h>

enum {
	HOPS = 6,        /* from one handler to the one outside */
	CLAUSES = 6,     /* `except` of one `try` */
	NAMES = 8,       /* instructions that make the types of a clause */
	WITH_UNITS = 40, /* from `with suppress(IndexError)` to its body */
};

/* A function's code. */
struct body {
	const uint8_t *units; /* two bytes each */
	const void *names;
	const uint8_t *table, *end;
};

struct entry {
	uint32_t start, size, target;
};

static uint32_t number(const uint8_t **at, const uint8_t *end)
{
	uint32_t value = 0;
	bool more = true;
	while (more && *at < end) {
		value = value << 6 | (**at & 63);
		more = *(*at)++ & 64;
	}
	return value;
}

static bool covering(const struct body *body, uint32_t at, struct entry *found)
{
	for (const uint8_t *next = body->table; next < body->end;) {
		found->start = number(&next, body->end);
		found->size = number(&next, body->end);
		found->target = number(&next, body->end);
		number(&next, body->end); /* the stack's depth */
		if (at - found->start < found->size)
			return true;
	}
	return false;
}

/* An instruction with its whole argument; `at` is moved behind it. */
struct instruction {
	uint32_t does, argument;
};

static struct instruction step(const struct body *body, uint32_t *at)
{
	struct instruction read = { OP_EXTENDS, 0 };
	for (unsigned i = 0; i < 4 && read.does & OP_EXTENDS; i++) {
		uint8_t code = body->units[2 * (size_t)*at];
		read.does = opcode_flags[code];
		read.argument = read.argument << 8 | body->units[2 * (size_t)*at + 1];
		*at += 1u + opcode_caches[code];
	}
	return read;
}

static bool is_named(const struct body *body, struct instruction read, const char *const *wanted)
{
	if (!(read.does & (OP_GLOBAL | OP_GLOBAL1 | OP_ATTRIBUTE)))
		return false;
	uint64_t index = read.does & OP_GLOBAL1 ? read.argument : read.argument >> 1;
	const void *tuple_type = load_pointer(body->names, OBJECT_TYPE);
	if (index >= load64(body->names, python_at.size))
		return false;
	long items = (long)load64(tuple_type, python_at.type_basicsize);
	uint8_t name[32];
	uint32_t length =
		code_utf8(load_pointer(body->names, items + 8 * (long)index), name, sizeof name);
	for (; *wanted; wanted++)
		if (raw_length(*wanted) == length && raw_equal(name, *wanted, length))
			return true;
	return false;
}

static const char *const expected[][8] = {
	[HANDLED_LOOKUP] = { "IndexError", "KeyError", "LookupError", "Empty", "Full", "Exception",
			     "BaseException" },
	[HANDLED_CHANGE] = { "RuntimeError" },
	[HANDLED_NONE] = { "AttributeError", "TypeError", "Exception", "BaseException" },
};
static const char *const suppress[] = { "suppress", NULL };

/* Does one of the clauses there catch it? */
static bool catches(const struct body *body, uint32_t at, enum handled what)
{
	uint32_t second = at;
	step(body, &second);
	uint32_t after = second;
	if (step(body, &after).does & OP_ENDS)
		return what != HANDLED_CHANGE; /* `except:` drops the exception at once */
	at = second;
	for (unsigned clause = 0; clause < CLAUSES; clause++) {
		bool named = false, checks = false;
		for (unsigned i = 0; i < NAMES && !checks; i++) {
			struct instruction read = step(body, &at);
			named |= is_named(body, read, expected[what]);
			checks = read.does & OP_CATCHES;
		}
		if (named || !checks)
			return named && checks;
		struct instruction branch = step(body, &at);
		if (!(branch.does & OP_BRANCH))
			return false;
		at += branch.argument; /* to the next clause */
	}
	return false;
}

/* Is what begins there the body of `with suppress(IndexError)`? */
static bool is_suppressed(const struct body *body, uint32_t start, enum handled what)
{
	bool suppresses = false, named = false;
	for (uint32_t at = 0, here = 0; at < start; here = at) {
		struct instruction read = step(body, &at);
		if (start - here > WITH_UNITS)
			continue;
		suppresses |= is_named(body, read, suppress);
		named |= suppresses && is_named(body, read, expected[what]);
	}
	return named;
}

static bool find_body(const struct access *access, struct body *body)
{
	const void *table = load_pointer(access->code, python_at.code_exceptions);
	const void *lines = load_pointer(access->code, python_at.code_linetable);
	if (!table || load_pointer(table, OBJECT_TYPE) != load_pointer(lines, OBJECT_TYPE))
		return false;
	body->units = (const uint8_t *)python_bytecode(access->code, access->frame);
	body->names = load_pointer(access->code, python_at.code_names);
	body->table = (const uint8_t *)table + python_at.bytes_data;
	body->end = body->table + load64(table, python_at.size);
	return true;
}

bool handlers_catch(const struct access *access, enum handled what)
{
	struct body body;
	struct entry entry;
	uint32_t at = FTS_PC_INSTRUCTION(access->pc);
	if (at >= FTS_PC_MARKER || !find_body(access, &body))
		return false;
	for (unsigned hop = 0; hop < HOPS && covering(&body, at, &entry); hop++) {
		if (catches(&body, entry.target, what) || is_suppressed(&body, entry.start, what))
			return true;
		at = entry.target + 1; /* behind the instruction that keeps the exception */
	}
	return false;
}
