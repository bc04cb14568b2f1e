/* flow.c - see flow.h. */
#include "interpose/variables/flow.h"

#include "interpose/python/layout.h"
#include "interpose/python/walk.h"
#include "interpose/variables/name.h"
#include "interpose/variables/sites.h"

#include <stddef.h>

enum {
	LOCALS = 256,
	UNITS_MAX = 2000,
	UNDECIDED = 8,
};

/* Goes over the instructions. */
struct walk {
	const uint8_t *units;
	const void *code;
	uint32_t at, after; /* the instruction, and the one that stands behind it */
	uint32_t end;
	uint32_t does;
	unsigned argument;
	unsigned extended;
	uint64_t tainted[LOCALS / 64]; /* local variables whose value is made of the one read */
	bool carries;                  /* the statement has it */
	bool gathered; /* a comprehension has put it into what it makes, and gives back its variables next */
	enum {
		NOT_COPIED,
		COPIED,
		KEPT
	} copy; /* there is one more of what is stored, or branched by */
};

static bool is_tainted(const struct walk *walk, unsigned local)
{
	return local < LOCALS && (walk->tainted[local / 64] >> local % 64 & 1);
}

static void taint(struct walk *walk, unsigned local, bool yes)
{
	if (local >= LOCALS)
		return;
	walk->tainted[local / 64] &= ~(1ull << local % 64);
	walk->tainted[local / 64] |= (uint64_t)yes << local % 64;
}

/*
 * Does a `with` end there? It calls __exit__(None, None, None) and drops the answer, beside a value that the
 * function is about to return. How many units that takes; 0: no.
 */
static uint32_t with_ends(const uint8_t *units)
{
	enum { CONSTANTS = 3 };
	uint32_t at = 0;
	while (at < 2 && opcode_flags[units[2 * at]] & OP_SWAPS)
		at++;
	for (unsigned i = 0; i < CONSTANTS; i++, at++)
		if (!(opcode_flags[units[2 * at]] & OP_CONSTANT))
			return 0;
	if (!(opcode_flags[units[2 * at]] & OP_CALL) || units[2 * at + 1] != CONSTANTS)
		return 0;
	at += 1u + opcode_caches[units[2 * at]];
	return opcode_flags[units[2 * at]] == OP_ENDS ? at + 1 : 0;
}

static void look_at(struct walk *walk)
{
	uint32_t with = with_ends(walk->units + 2 * (size_t)walk->at);
	if (with && walk->at + with <= walk->end) {
		walk->does = OP_NOTHING;
		walk->after = walk->at + with;
		return;
	}
	uint8_t code = walk->units[2 * (size_t)walk->at];
	walk->argument = walk->extended << 8 | walk->units[2 * (size_t)walk->at + 1];
	walk->does = opcode_flags[code];
	walk->after = walk->at + 1u + opcode_caches[code];
	walk->extended = walk->does & OP_EXTENDS ? walk->argument : 0;
}

/* Where the value is, before the instruction and after it. */
static void load(struct walk *walk)
{
	unsigned argument = walk->argument;
	if (walk->does & OP_LOAD)
		walk->carries |= is_tainted(walk, argument);
	if (walk->does & OP_LOAD2)
		walk->carries |= is_tainted(walk, argument >> 4) || is_tainted(walk, argument & 15);
	if (walk->does & (OP_STORE | OP_STORE2 | OP_STORE_LOAD))
		taint(walk, walk->does & OP_STORE ? argument : argument >> 4,
		      walk->carries && !walk->gathered);
	if (walk->does & OP_STORE2)
		taint(walk, argument & 15, walk->carries);
}

static void go_on(struct walk *walk)
{
	/* `v := x`; of `x or y` the first is dropped only where the second takes its place */
	bool copied = walk->copy == COPIED && walk->does & (OP_STORE | OP_STORE_LOAD | OP_BRANCH),
	     kept = walk->carries && (copied || (walk->copy == KEPT && walk->does & OP_ENDS));
	bool gathered = walk->gathered && walk->does & OP_STORE;
	if (walk->does & (OP_STORE | OP_STORE2 | OP_ENDS | OP_BRANCH)) {
		walk->carries = kept || gathered;
		walk->gathered = false;
	}
	if (walk->does & OP_GATHERS)
		walk->gathered |= walk->carries;
	if (walk->does & OP_STORE_LOAD)
		walk->carries = kept || is_tainted(walk, walk->argument & 15);
	if (walk->does & OP_COPIES)
		walk->copy = COPIED;
	else if (copied && walk->does & OP_BRANCH)
		walk->copy = KEPT;
	else if (!(walk->does & (OP_TRUTH | OP_NOTHING)))
		walk->copy = NOT_COPIED;
	walk->at = walk->after;
}

/*
 * Is what the instruction, a branch, decides only whether an AssertionError is raised? By an assertion, or
 * what pytest makes of one: the program goes on as if it were not there.
 */
static bool is_assertion(const struct walk *branch)
{
	enum { MOST = 400 };
	uint32_t target = branch->after + branch->argument;
	struct walk walk = { .units = branch->units, .at = branch->after, .end = target };
	bool names = false, raises = false;
	if (opcode_flags[walk.units[2 * (size_t)target]] & OP_ASSERTS)
		return true; /* of `assert a and b` */
	while (walk.at < target && target - walk.at < MOST) {
		look_at(&walk);
		names |= walk.does & OP_ASSERTS ||
			 (walk.does & OP_GLOBAL &&
			  name_is(branch->code, walk.argument >> 1, "AssertionError"));
		raises = walk.does & OP_LEAVES;
		walk.at = walk.after;
	}
	return names && raises;
}

static bool branches(const struct walk *walk)
{
	return walk->does & OP_BRANCH && walk->carries && !is_assertion(walk);
}

uint32_t flow_between(const struct flow_code *code, uint32_t from, uint32_t to, bool missing)
{
	struct walk walk = {
		.units = code->units, .code = code->code, .at = from, .end = to, .carries = true
	};
	uint32_t flags = 0;
	while (walk.at < to) {
		look_at(&walk);
		load(&walk);
		if (branches(&walk) || (walk.does & OP_CATCHES && missing))
			flags |= FLOW_CHECKS;
		go_on(&walk);
	}
	return flags | (walk.carries ? FLOW_DEPENDS : 0);
}

/* Branches that depend on the value, and lead to an instruction before `to`. */
struct undecided {
	uint32_t targets[UNDECIDED];
	unsigned count;
};

/* Does the last instruction before a target lead away, so that who does not branch does not come to `to`? */
static bool leads_away(const struct walk *last, uint32_t to)
{
	uint32_t target = last->after + last->argument;
	return last->does & (OP_RETURNS | OP_LEAVES) ||
	       (last->does & (OP_JUMPS | OP_BRANCH) && target > to);
}

static bool decides(struct undecided *undecided, const struct walk *last, uint32_t at, uint32_t to)
{
	for (unsigned i = 0; i < undecided->count; i++)
		if (undecided->targets[i] == at && leads_away(last, to))
			return true;
	return false;
}

uint32_t flow_decides(const struct flow_code *code, uint32_t from, uint32_t to, bool missing)
{
	struct walk walk = { .units = code->units,
			     .code = code->code,
			     .at = from,
			     .end = to,
			     .carries = true },
		    last = { 0 };
	struct undecided undecided = { .count = 0 };
	uint32_t flags = 0;
	while (walk.at < to) {
		if (decides(&undecided, &last, walk.at, to))
			flags |= FLOW_CHECKS;
		look_at(&walk);
		load(&walk);
		if (walk.does & OP_CATCHES && missing)
			flags |= FLOW_CHECKS;
		uint32_t target = walk.after + walk.argument;
		bool branch = branches(&walk);
		if (branch && target > to)
			flags |= FLOW_CHECKS;
		else if (branch && undecided.count < UNDECIDED)
			undecided.targets[undecided.count++] = target;
		if (!(walk.does & OP_NOTHING))
			last = walk;
		go_on(&walk);
	}
	if (decides(&undecided, &last, to, to))
		flags |= FLOW_CHECKS;
	return flags | (walk.carries ? FLOW_DEPENDS : 0);
}

/* Goes on where an unconditional jump leads to. */
static uint32_t follow(const struct flow_code *code, uint32_t at)
{
	enum { JUMPS = 4 };
	struct walk walk = { .units = code->units, .code = code->code, .at = at, .end = at };
	for (unsigned jumps = 0; jumps < JUMPS;) {
		look_at(&walk);
		bool back = walk.does & OP_LEAVES && !(walk.does & OP_ENDS);
		if (back || walk.does & OP_JUMPS)
			jumps++;
		else if (!(walk.does & (OP_NOTHING | OP_EXTENDS)))
			return walk.extended ? walk.at - 1 : walk.at;
		walk.at = back ? walk.after - walk.argument
			       : walk.after + (walk.does & OP_JUMPS ? walk.argument : 0);
	}
	return walk.at;
}

/* Do both go on in the same way: to one place, or the function ends with the same constant? */
static bool same_end(const struct flow_code *code, uint32_t one, uint32_t two)
{
	one = follow(code, one);
	two = follow(code, two);
	const uint8_t *left = code->units + 2 * (size_t)one, *right = code->units + 2 * (size_t)two;
	return one == two ||
	       (opcode_flags[left[0]] & OP_CONSTANT && left[0] == right[0] && left[1] == right[1] &&
		opcode_flags[left[2]] & OP_RETURNS && opcode_flags[right[2]] & OP_RETURNS);
}

/* Where the code is that comes behind the store; 0: it is none. */
static uint32_t behind_store(const struct flow_code *code, uint32_t to)
{
	const uint8_t *unit = code->units + 2 * (size_t)to;
	uint32_t does = opcode_flags[*unit], after = to + 1u + opcode_caches[*unit];
	if (does & OP_ENDS)
		return does & (OP_ATTRIBUTE1 | OP_GLOBAL1 | OP_CELL | OP_ITEM) &&
				       !(does & OP_DELETES)
			       ? after
			       : 0;
	/* seen.add(x), whose answer is dropped */
	bool dropped = does & OP_CALL && unit[1] == 1 &&
		       opcode_flags[code->units[2 * (size_t)after]] == OP_ENDS;
	return dropped ? after + 1 : 0;
}

/* Is what stands between a load of what is the same for all, and of where it is to be stored? */
static bool loads_the_same(const struct flow_code *code, uint32_t at, uint32_t to)
{
	enum {
		SAME = OP_CONSTANT | OP_NUMBER | OP_GLOBAL | OP_CELL,
		LOADS = SAME | OP_LOAD | OP_LOAD2 | OP_ATTRIBUTE | OP_NOTHING | OP_EXTENDS
	};
	bool adds = opcode_flags[code->units[2 * (size_t)to]] & OP_CALL, same = adds;
	for (bool first = true; at < to;) {
		uint8_t unit = code->units[2 * (size_t)at];
		uint32_t does = opcode_flags[unit];
		if (!(does & LOADS) || does & ~(uint32_t)LOADS)
			return false;
		if (!(does & (OP_NOTHING | OP_EXTENDS))) {
			same |= first && does & SAME;
			first = false;
		}
		at += 1u + opcode_caches[unit];
	}
	return same;
}

bool flow_only_sets(const struct flow_code *code, uint32_t from, uint32_t to)
{
	struct walk walk = {
		.units = code->units, .code = code->code, .at = from, .end = to, .carries = true
	};
	uint32_t behind = behind_store(code, to), value = 0;
	while (behind && walk.at < to) {
		look_at(&walk);
		load(&walk);
		uint32_t target = walk.after + walk.argument;
		bool skips = target > to;
		if (walk.does & OP_BRANCH)
			value = skips ? walk.after : target;
		if (branches(&walk) && !same_end(code, skips ? target : walk.after, behind))
			return false;
		go_on(&walk);
	}
	for (unsigned i = 0; i < LOCALS / 64; i++)
		if (walk.tainted[i]) /* it may be looked at again */
			return false;
	return value && loads_the_same(code, value, to);
}

/* Which local variable the instruction stores to; LOCALS: to none. */
static unsigned stored_local(const struct walk *walk)
{
	return walk->does & OP_STORE        ? walk->argument
	       : walk->does & OP_STORE_LOAD ? walk->argument >> 4
					    : LOCALS;
}

static bool loads_local(const struct walk *walk, unsigned local)
{
	return (walk->does & OP_LOAD && walk->argument == local) ||
	       (walk->does & OP_STORE_LOAD && (walk->argument & 15) == local) ||
	       (walk->does & OP_LOAD2 &&
		(walk->argument >> 4 == local || (walk->argument & 15) == local));
}

static bool is_used_behind(const struct flow_code *code, uint32_t at, unsigned local)
{
	uint64_t length = load64(code->code, python_at.size);
	struct walk walk = { .units = code->units, .code = code->code, .at = at, .end = at };
	while (walk.at < length && walk.at - at < UNITS_MAX) {
		look_at(&walk);
		if (loads_local(&walk, local))
			return true;
		if (stored_local(&walk) == local)
			return false;
		walk.at = walk.after;
	}
	return false;
}

bool flow_takes(const struct flow_code *code, uint32_t from, uint32_t to)
{
	enum {
		NEW = OP_CONSTANT | OP_NUMBER,
		OTHERS = OP_LOAD | OP_LOAD2 | OP_STORE | OP_STORE_LOAD | OP_GLOBAL | OP_ATTRIBUTE |
			 OP_CELL | OP_SWAPS | OP_NOTHING | OP_EXTENDS
	};
	struct walk walk = { .units = code->units, .code = code->code, .at = from, .end = to };
	unsigned kept = LOCALS, values = 0;
	look_at(&walk);
	for (walk.at = walk.after; walk.at < to; walk.at = walk.after) {
		look_at(&walk);
		bool empty = walk.does & OP_MAKES && walk.argument == 0;
		if (walk.does & OP_ENDS || !(empty || walk.does & (NEW | OTHERS)))
			return false;
		unsigned stored = stored_local(&walk);
		if (stored != LOCALS && kept != LOCALS)
			return false;
		kept = stored != LOCALS ? stored : kept;
		values += empty || walk.does & NEW;
	}
	return kept != LOCALS && values == 1 && behind_store(code, to) &&
	       is_used_behind(code, behind_store(code, to), kept);
}

bool flow_ends(const struct flow_code *code, uint32_t to)
{
	enum {
		LOADS = OP_LOAD | OP_LOAD2 | OP_GLOBAL | OP_CELL | OP_ATTRIBUTE | OP_BINARY |
			OP_CONSTANT | OP_NUMBER | OP_NOTHING | OP_EXTENDS | OP_SWAPS
	};
	uint64_t length = load64(code->code, python_at.size);
	uint32_t at = behind_store(code, to), before = 0;
	while (at && at < length) {
		struct walk walk = { .units = code->units, .at = at, .end = UINT32_MAX };
		look_at(&walk);
		if (walk.does & OP_RETURNS)
			return !(before & OP_CONSTANT);
		if (walk.does & (OP_JUMPS | OP_LEAVES))
			return !(walk.does & OP_ENDS);
		if (!(walk.does & LOADS) || walk.does & OP_ENDS)
			return false;
		if (!(walk.does & (OP_NOTHING | OP_SWAPS)))
			before = walk.does;
		at = walk.after;
	}
	return false;
}

bool flow_looks_again(const struct flow_code *code, uint32_t from, uint32_t to)
{
	enum {
		BYTE = 255
	}; /* its argument may be longer: one other attribute in 128 is taken for it */
	struct walk walk = { .units = code->units, .code = code->code, .at = from, .end = to };
	look_at(&walk);
	unsigned name = (walk.argument & BYTE) >> 1;
	for (walk.at = walk.after; walk.at < to; walk.at = walk.after) {
		look_at(&walk);
		if (walk.does & OP_ATTRIBUTE && (walk.argument & BYTE) >> 1 == name)
			return true;
	}
	return false;
}

bool flow_returns(const void *code, const void *frame, uint32_t from, bool missing)
{
	struct walk walk = { .units = (const uint8_t *)python_bytecode(code, frame),
			     .at = from,
			     .end = UINT32_MAX,
			     .carries = true };
	uint64_t length = load64(code, python_at.size);
	uint32_t value = 0,
		 first = 0; /* what is loaded right before, there and at the first return */
	bool decided = false;
	while (walk.at < length && walk.at - from < UNITS_MAX) {
		look_at(&walk);
		load(&walk);
		if (walk.does & OP_RETURNS && (walk.carries || (first && first != value)))
			return true;
		if (walk.does & OP_RETURNS && decided)
			first = value;
		decided |= (walk.does & OP_BRANCH && walk.carries) ||
			   (walk.does & OP_CATCHES && missing);
		if (!(walk.does & OP_NOTHING))
			value = walk.argument << 8 | walk.units[2 * (size_t)walk.at];
		go_on(&walk);
	}
	return false;
}

bool flow_has_argument(const void *code, const void *frame, uint32_t to)
{
	struct walk walk = { .units = (const uint8_t *)python_bytecode(code, frame), .end = to };
	uint32_t count = (uint32_t)load32(code, python_at.code_arguments);
	for (uint32_t i = count > 1; i < count + (uint32_t)load32(code, python_at.code_keywords);
	     i++)
		taint(&walk, i, true);
	if (to > load64(code, python_at.size))
		return false;
	while (walk.at < to) {
		look_at(&walk);
		load(&walk);
		go_on(&walk);
	}
	return walk.carries;
}
