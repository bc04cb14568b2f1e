/*
 * fields.c - see fields.h.
 *
 * A table without locks, as that of patterns.c: a collision loses an entry. Two accesses are looked at
 * in the bytecode once.
 */
#include "interpose/variables/fields.h"

#include "ftstress/record.h"
#include "interpose/python/layout.h"
#include "interpose/python/walk.h"
#include "interpose/variables/name.h"

#include <stddef.h>

enum {
	RECENT = 4, /* accesses of a thread that another one may belong to */
	SLOTS = 4,  /* that belong to one */
	PARTNERS = 1 << 13,
	VERDICTS = 1 << 12,
	LOCALS = 64,
	UNITS_MAX = 400, /* between the two, and where both may come together behind them */
	UNITS_AFTER = 60,
	ANY = 0,    /* instead of a program counter */
	MODULE = 1, /* whose globals are; kinds of what is loaded: */
	LOCAL = 1 << 16,
	GLOBAL = 2 << 16,
	CELL = 3 << 16,
	ATTRIBUTE = 4 << 16,
};

/* What belongs to an access; key 0 = free. */
struct partner {
	uint64_t key, pc;
	const void *variable;
	uint64_t check; /* a hash of these: the entry is whole */
	char name[FIELDS_NAME];
};
static struct partner partners[PARTNERS];
static uint64_t verdicts[VERDICTS]; /* by two places: their hash, the last bit says that they do */

#define THREAD_LOCAL static __thread __attribute__((tls_model("initial-exec")))
THREAD_LOCAL struct access recent_reads[RECENT], recent_writes[RECENT];
THREAD_LOCAL unsigned next_read, next_write;

static uint64_t mix(uint64_t word)
{
	word *= 0x9e3779b97f4a7c15ull;
	return word ^ word >> 29;
}

static uint64_t key_of(uint64_t pc, const void *variable, unsigned slot)
{
	return mix(pc ^ mix((uint64_t)variable + slot)) | 1;
}

static uint64_t check_of(const struct partner *partner)
{
	return mix(partner->key ^ mix(partner->pc ^ mix((uint64_t)partner->variable)));
}

static void put(uint64_t pc, const struct access *at, const struct access *other,
		const char name[FIELDS_NAME])
{
	uint64_t key = key_of(pc, at->stand_in, (unsigned)mix(other->pc) % SLOTS);
	struct partner *partner = &partners[key % PARTNERS];
	if (partner->key == key && partner->pc == other->pc && partner->variable == other->stand_in)
		return;
	struct partner made = { .key = key, .pc = other->pc, .variable = other->stand_in };
	made.check = check_of(&made);
	raw_copy(made.name, name, FIELDS_NAME);
	*partner = made;
}

static bool get(uint64_t pc, const void *variable, unsigned slot, struct partner *found)
{
	uint64_t key = key_of(pc, variable, slot);
	*found = partners[key % PARTNERS];
	return found->key == key && found->check == check_of(found);
}

/* What is known while the code is gone through. */
struct walk {
	uint32_t first, second; /* instructions */
	uint64_t owner;         /* the object that the last one has loaded; 0 = another thing */
	uint64_t copied;        /* the same, which `x.a += 1` keeps for its store */
	bool swapped;           /* the last one took that up again */
	uint64_t of_first, of_second;
	uint64_t tainted[2]; /* local variables, bits, with the value of the first, of the second */
	bool carries[2];     /* the statement has it */
	bool together, guarded;
};

/* The object that the attribute of this instruction is one of. */
static uint64_t owner_here(const struct walk *walk, uint32_t does)
{
	if (does & (OP_GLOBAL | OP_GLOBAL1))
		return MODULE;
	return !(does & (OP_ATTRIBUTE | OP_ATTRIBUTE1)) ? 0
	       : walk->swapped                          ? walk->copied
							: walk->owner;
}

static void note_owner(struct walk *walk, uint32_t does, unsigned argument)
{
	uint64_t before = walk->owner;
	walk->swapped = does & OP_SWAPS;
	if (does & OP_COPIES)
		walk->copied = before;
	else if (does & OP_LOAD)
		walk->owner = mix(argument + LOCAL);
	else if (does & (OP_LOAD2 | OP_STORE_LOAD))
		walk->owner = mix((argument & 15) + LOCAL);
	else if (does & OP_GLOBAL)
		walk->owner = mix((argument >> 1) + GLOBAL);
	else if (does & OP_CELL && !(does & OP_ENDS))
		walk->owner = mix(argument + CELL);
	else if (does & OP_ATTRIBUTE && before)
		walk->owner = mix(before ^ mix((argument >> 1) + ATTRIBUTE));
	else
		walk->owner = 0;
}

static void carry(struct walk *walk, unsigned which, uint32_t does, unsigned argument)
{
	uint64_t *tainted = &walk->tainted[which];
	bool *carries = &walk->carries[which];
	unsigned high = argument >> 4 & 63, low = argument & (does & OP_STORE2 ? 15 : 63);
	if (does & OP_LOAD)
		*carries |= *tainted >> low & 1;
	if (does & OP_LOAD2)
		*carries |= (*tainted >> high | *tainted >> (argument & 15)) & 1;
	if (does & (OP_STORE | OP_STORE2))
		*tainted = (*tainted & ~(1ull << low)) | (uint64_t)*carries << low;
	if (does & (OP_STORE2 | OP_STORE_LOAD))
		*tainted = (*tainted & ~(1ull << high)) | (uint64_t)*carries << high;
}

/* Does one statement get the values of both reads? */
static void note_values(struct walk *walk, uint32_t at, uint32_t does, unsigned argument)
{
	carry(walk, 0, does, argument);
	carry(walk, 1, does, argument);
	walk->carries[0] |= at == walk->first;
	walk->carries[1] |= at == walk->second;
	walk->together |= walk->carries[0] && walk->carries[1];
	if (does & OP_BRANCH && walk->carries[0] && at < walk->second)
		walk->guarded = true;
	for (unsigned i = 0; i < 2; i++) {
		if (does & OP_STORE_LOAD)
			walk->carries[i] = walk->tainted[i] >> (argument & 15) & 1;
		else if (does & (OP_STORE | OP_STORE2 | OP_ENDS | OP_BRANCH))
			walk->carries[i] = false;
	}
}

/* Do the two accesses, of one call, belong together? */
static bool look(const struct access *first, const struct access *second, bool writes)
{
	struct walk walk = { .first = FTS_PC_INSTRUCTION(first->pc),
			     .second = FTS_PC_INSTRUCTION(second->pc) };
	if (walk.first >= walk.second || walk.second - walk.first > UNITS_MAX ||
	    walk.second >= FTS_PC_MARKER)
		return false;
	const uint8_t *units = (const uint8_t *)python_bytecode(first->code, first->frame);
	uint64_t length = load64(first->code, python_at.size);
	uint64_t end = walk.second + (writes ? 1 : UNITS_AFTER);
	unsigned extended = 0;
	for (uint32_t at = 0; at < end && at < length && !walk.together && !walk.guarded;) {
		uint32_t does = opcode_flags[units[2 * at]];
		unsigned argument = extended << 8 | units[2 * at + 1];
		if (at == walk.first)
			walk.of_first = owner_here(&walk, does);
		if (at == walk.second)
			walk.of_second = owner_here(&walk, does);
		note_owner(&walk, does, argument);
		if (!writes && at >= walk.first)
			note_values(&walk, at, does, argument);
		extended = does & OP_EXTENDS ? argument : 0;
		at += 1u + opcode_caches[units[2 * at]];
	}
	return walk.of_first && walk.of_first == walk.of_second && !walk.guarded &&
	       (writes || walk.together);
}

/* Looked at once. */
static bool belong_together(const struct access *first, const struct access *second, bool writes)
{
	uint64_t key = mix(first->pc ^ mix(second->pc)) & ~1ull;
	uint64_t *verdict = &verdicts[mix(key) % VERDICTS];
	uint64_t known = *verdict;
	if (known && (known & ~1ull) == key)
		return known & 1;
	bool do_they = look(first, second, writes);
	*verdict = key | do_they;
	return do_they;
}

static void pair(const struct access *first, const struct access *second, bool writes)
{
	char name[FIELDS_NAME];
	if (!belong_together(first, second, writes))
		return;
	name_field(second, name);
	put(first->pc, first, second, name);
	if (!writes)
		put(ANY, first, second, name);
	name_field(first, name);
	put(second->pc, second, first, name);
	if (!writes)
		put(ANY, second, first, name);
}

void fields_note(const struct access *access)
{
	enum site_operation operation = site_operation(access->site);
	enum site_class class = site_class(access->site);
	bool writes = operation == SITE_WRITE;
	if ((operation != SITE_READ && !writes) || access->is_key ||
	    (class != SITE_VALUE && class != SITE_SLOT && class != SITE_ENTRY &&
	     class != SITE_ENTRY_OR_HASH))
		return;
	struct access *recent = writes ? recent_writes : recent_reads;
	unsigned *next = writes ? &next_write : &next_read;
	for (unsigned i = 0; i < RECENT; i++) {
		const struct access *before = &recent[i];
		if (before->frame == access->frame && before->syncs == access->syncs &&
		    before->stand_in != access->stand_in && before->code == access->code)
			pair(before, access, writes);
	}
	recent[(*next)++ % RECENT] = *access;
}

/* The first one, in the code, that is written after the variable, and that the other side has, too. */
bool fields_judge(struct pattern_side sides[2], char name[FIELDS_NAME])
{
	unsigned writer = sides[0].write ? 0 : 1;
	struct pattern_side *write = &sides[writer], *other = &sides[!writer];
	struct partner wrote, has;
	bool found = false;
	for (unsigned i = 0; i < SLOTS; i++) {
		if (!get(write->pc, write->variable, i, &wrote) || wrote.pc <= write->pc ||
		    (found && wrote.pc > write->other))
			continue;
		for (unsigned k = 0; k < SLOTS; k++) {
			/* Where both write, somebody has to read both. */
			if (!get(other->write ? ANY : other->pc, other->variable, k, &has) ||
			    has.variable != wrote.variable)
				continue;
			found = true;
			write->other = wrote.pc;
			other->other = has.pc;
			raw_copy(name, wrote.name, FIELDS_NAME);
		}
	}
	return found;
}
