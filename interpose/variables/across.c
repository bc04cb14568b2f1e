/* across.c - see across.h. */
#define _GNU_SOURCE
#include "interpose/variables/across.h"

#include "ftstress/record.h"
#include "interpose/python/code.h"
#include "interpose/python/layout.h"
#include "interpose/python/walk.h"
#include "interpose/variables/flow.h"
#include "interpose/variables/handlers.h"
#include "interpose/variables/scope.h"

#include <dlfcn.h>
#include <stddef.h>

enum { UNITS_MAX = 2000 };

static const void *code_type;

uint64_t across_way(uint64_t way, uint64_t caller)
{
	way = (way ^ way >> 31) * 0x9e3779b97f4a7c15ull ^ caller;
	return way ^ way >> 29;
}

/* The function that made the access, or that called it by so many calls; its `pc` is named. */
static struct call call_at(const struct access *access, unsigned level)
{
	if (!level)
		return (struct call){ .frame = access->frame,
				      .code = access->code,
				      .pc = access->pc };
	const struct caller *caller = &access->callers[level - 1];
	struct call call = { .frame = caller->frame,
			     .code = caller->code,
			     .instruction = caller->instruction };
	name_call(&call);
	return call;
}

static const void *frame_at(const struct access *access, unsigned level)
{
	return level ? access->callers[level - 1].frame : access->frame;
}

static const void *code_at(const struct access *access, unsigned level)
{
	return level ? access->callers[level - 1].code : access->code;
}

/*
 * Is the code of a function that has returned still there? Nobody refers to what is gone, and what has taken
 * its place is no code, or has another number.
 */
static bool is_there(const void *code)
{
	enum { FLAGS = 2 };
	return load_pointer(code, OBJECT_TYPE) == code_type &&
	       (load32(code, OBJECT_COUNT_LOCAL) || load64(code, OBJECT_COUNT_SHARED) >> FLAGS);
}

static bool are_there(const struct access *read, unsigned level)
{
	for (unsigned i = 0; i < level; i++)
		if (!is_there(code_at(read, i)))
			return false;
	return code_id(read->code) == FTS_PC_CODE(read->pc);
}

static uint64_t way_to(const struct access *access, unsigned level)
{
	uint64_t way = access->pc;
	for (unsigned i = 1; i <= level; i++)
		way = across_way(way, call_at(access, i).pc);
	return way;
}

static bool meets_at(struct across *across, unsigned read_level, unsigned write_level)
{
	const void *frame = frame_at(across->read, read_level);
	if (!frame || frame != frame_at(across->write, write_level) ||
	    code_at(across->read, read_level) != code_at(across->write, write_level))
		return false;
	across->read_level = read_level;
	across->write_level = write_level;
	return true;
}

bool across_meet(const struct access *read, const struct access *write, struct across *across)
{
	*across = (struct across){
		.read = read, .write = write, .fails = write->takes, .how = HANDLED_LOOKUP
	};
	for (unsigned sum = 1; sum <= 2 * PATTERNS_CALLERS; sum++)
		for (unsigned level = 0; level <= sum && level <= PATTERNS_CALLERS; level++) {
			if (sum - level > PATTERNS_CALLERS || !meets_at(across, level, sum - level))
				continue;
			if (!are_there(read, level))
				return false;
			across->read_way = way_to(read, level);
			across->write_way = way_to(write, sum - level);
			return true;
		}
	return false;
}

/* Does the instruction call something? Else a value is dropped there, and with it an object's last reference. */
static bool calls(const struct call *call)
{
	enum {
		STORES = OP_ATTRIBUTE1 | OP_ITEM,
		NONE = OP_LOAD | OP_LOAD2 | OP_STORE | OP_STORE2 | OP_STORE_LOAD | OP_ENDS |
		       OP_SERVICE | OP_RETURNS | OP_COPIES | OP_SWAPS,
	};
	const uint8_t *units = (const uint8_t *)python_bytecode(call->code, call->frame);
	uint32_t does = opcode_flags[units[2 * (size_t)FTS_PC_INSTRUCTION(call->pc)]];
	return does & STORES || !(does & NONE);
}

/* Does what was read come back to the function where both meet? */
static bool comes_back(const struct across *across)
{
	bool missing = across->read->missing;
	const void *frame = across->write->frame; /* one of the thread's that there still is */
	for (unsigned i = 0; i < across->read_level; i++) {
		struct call call = call_at(across->read, i), outer = call_at(across->read, i + 1);
		if (FTS_PC_INSTRUCTION(outer.pc) >= FTS_PC_MARKER || !calls(&outer) ||
		    !flow_returns(call.code, frame, FTS_PC_INSTRUCTION(call.pc), missing))
			return false;
		missing = false;
	}
	return true;
}

/* Is the write made of what is handed over by the function where both meet? */
static bool is_handed_over(const struct across *across)
{
	for (unsigned i = 0; i < across->write_level; i++) {
		struct call call = call_at(across->write, i);
		if (!flow_has_argument(call.code, call.frame, FTS_PC_INSTRUCTION(call.pc)))
			return false;
	}
	return true;
}

/* Is an exception of the write expected, by one of the functions up to there? */
static bool is_expected(const struct across *across)
{
	for (unsigned i = 0; across->fails && i <= across->write_level; i++) {
		struct call call = call_at(across->write, i);
		struct access at = { .pc = call.pc, .code = call.code, .frame = call.frame };
		if (handlers_catch(&at, across->how))
			return true;
	}
	return false;
}

/* The attribute that was read is what is called: it is no value that is looked at. */
static bool is_called(const struct call *read, const uint8_t *units)
{
	enum { METHOD = 1 };
	const uint8_t *unit = &units[2 * (size_t)FTS_PC_INSTRUCTION(read->pc)];
	return opcode_flags[unit[0]] & (OP_ATTRIBUTE | OP_GLOBAL) && unit[1] & METHOD;
}

uint32_t across_relation(const struct across *across)
{
	struct call read = call_at(across->read, across->read_level),
		    write = call_at(across->write, across->write_level);
	if (patterns_keeps(across->write))
		return 0;
	uint32_t from = FTS_PC_INSTRUCTION(read.pc), to = FTS_PC_INSTRUCTION(write.pc);
	const uint8_t *units = (const uint8_t *)python_bytecode(write.code, write.frame);
	if (from == to && to < FTS_PC_MARKER) /* a dict's __missing__() */
		return !across->read_level && patterns_makes_missing(across->read, across->write,
								     units + 2 * (size_t)from)
			       ? FLOW_CHECKS
			       : 0;
	if (from >= to || to - from > UNITS_MAX || to >= FTS_PC_MARKER || across->write->cuts ||
	    across->read->searches || across->read->passes || across->read->iterates)
		return 0;
	if ((!across->read_level && is_called(&read, units)) ||
	    (across->write_level && !calls(&write)) || !comes_back(across))
		return 0;
	uint32_t flags = flow_decides(&(struct flow_code){ write.code, units }, from, to,
				      across->read->missing && !across->read_level);
	if (flags & FLOW_DEPENDS && !is_handed_over(across))
		flags &= ~(uint32_t)FLOW_DEPENDS;
	if (flags & FLOW_CHECKS && is_expected(across))
		flags &= ~(uint32_t)FLOW_CHECKS;
	return flags;
}

bool across_start(void)
{
	code_type = dlsym(RTLD_DEFAULT, "PyCode_Type");
	return code_type;
}
