/*
 * patterns.c - see patterns.h.
 *
 * Two tables, shared by all threads and without locks: what is lost by a collision is a pattern, and by
 * that a report. An entry is checked against the whole pair. Each pair is entered twice: for the program
 * counter and the variable, since one read may come before several writes, each of another variable; and
 * for the program counter alone, which is what is left of it when there are many variables.
 */
#include "interpose/variables/patterns.h"

#include "ftstress/record.h"
#include "interpose/python/release.h"
#include "interpose/variables/handlers.h"

#include <stddef.h>

enum { SETS = 64, WAYS = 4, PAIRS = 1 << 15, LOCALS = 256, UNITS_MAX = 2000 };

enum {
	DEPENDS = 1, /* the value written is made of the one read */
	CHECKS = 2,  /* a branch between depends on the one read */
	SIZE = 4,    /* of a container: the write adds or takes away */
	GROWS = 8,
	LOOKED = 16, /* what lies between is known */
	ITERATES = 32,
};

/* What a write has to do with the read before it, and the other way round. */
struct pair {
	uint64_t key, other; /* key 0 = free */
	uint32_t flags;
	uint32_t check; /* a hash of these: the entry is whole */
};
static struct pair by_write[PAIRS], by_read[PAIRS];
/* The last direction in which the write at a program counter has changed a container. */
static struct pair directions[PAIRS];

/* The thread's reads, by variable: what a function makes between may read a lot. */
static __thread struct access recent[SETS][WAYS] __attribute__((tls_model("initial-exec")));
static __thread unsigned next __attribute__((tls_model("initial-exec")));

static uint64_t mix(uint64_t word)
{
	word *= 0x9e3779b97f4a7c15ull;
	return word ^ word >> 29;
}

static uint32_t check_of(uint64_t key, uint64_t other, uint32_t flags)
{
	return (uint32_t)(mix(key ^ mix(other) ^ flags) >> 16) | 1;
}

static uint64_t key_of(uint64_t pc, const void *variable)
{
	return mix(pc ^ mix((uint64_t)variable));
}

static void put(struct pair *table, uint64_t key, uint64_t other, uint32_t flags)
{
	struct pair *pair = &table[key % PAIRS];
	if (pair->key == key && pair->other == other && pair->flags == flags)
		return;
	*pair = (struct pair){ key, other, flags, check_of(key, other, flags) };
}

static struct pair get(const struct pair *table, uint64_t key)
{
	struct pair pair = table[key % PAIRS];
	if (pair.key != key || pair.check != check_of(pair.key, pair.other, pair.flags))
		return (struct pair){ 0 };
	return pair;
}

/* For this variable, or else for any. */
static struct pair get_of(const struct pair *table, uint64_t pc, const void *variable)
{
	struct pair pair = get(table, key_of(pc, variable));
	return pair.key ? pair : get(table, key_of(pc, NULL));
}

/* Local variables whose value is made of the one read. */
struct tainted {
	uint64_t bits[LOCALS / 64];
};

static bool is_tainted(const struct tainted *tainted, unsigned local)
{
	return local < LOCALS && (tainted->bits[local / 64] >> local % 64 & 1);
}

static void taint(struct tainted *tainted, unsigned local, bool yes)
{
	if (local >= LOCALS)
		return;
	tainted->bits[local / 64] &= ~(1ull << local % 64);
	tainted->bits[local / 64] |= (uint64_t)yes << local % 64;
}

/*
 * Goes over the instructions from the read to the write. What a statement loads is taken to be in
 * what it stores, so this finds what depends on the value and a little more; whether the code
 * comes by there in this order is known, because it did.
 */
static uint32_t look_between(const uint8_t *units, uint32_t from, uint32_t to, bool missing)
{
	struct tainted tainted = { { 0 } };
	bool carries = true; /* the statement has the value */
	uint32_t flags = 0, extended = 0;
	for (uint32_t at = from; at < to;) {
		uint8_t code = units[2 * at];
		unsigned argument = extended << 8 | units[2 * at + 1];
		uint32_t does = opcode_flags[code];
		at += 1u + opcode_caches[code];
		extended = does & OP_EXTENDS ? argument : 0;
		if (does & OP_LOAD)
			carries |= is_tainted(&tainted, argument);
		if (does & OP_LOAD2)
			carries |= is_tainted(&tainted, argument >> 4) ||
				   is_tainted(&tainted, argument & 15);
		if (does & (OP_STORE | OP_STORE2 | OP_STORE_LOAD))
			taint(&tainted, does & OP_STORE ? argument : argument >> 4, carries);
		if (does & OP_STORE2)
			taint(&tainted, argument & 15, carries);
		if (((does & OP_BRANCH) && carries) || ((does & OP_CATCHES) && missing))
			flags |= CHECKS;
		if (does & (OP_STORE | OP_STORE2 | OP_ENDS | OP_BRANCH))
			carries = false;
		if (does & OP_STORE_LOAD)
			carries = is_tainted(&tainted, argument & 15);
	}
	return flags | (carries ? DEPENDS : 0);
}

static uint32_t relation(const struct access *read, const struct access *write)
{
	uint32_t from = FTS_PC_INSTRUCTION(read->pc), to = FTS_PC_INSTRUCTION(write->pc);
	if (from > to || to - from > UNITS_MAX || to >= FTS_PC_MARKER)
		return 0;
	const uint8_t *units = (const uint8_t *)python_release->bytecode(write->code, write->frame);
	/* One instruction does both: it deletes, or pops, what it has looked at. */
	return from == to ? 0 : look_between(units, from, to, read->missing);
}

/* For the variable, or for all: `variable` NULL. */
static void note_pair_of(const struct access *read, const struct access *write,
			 const void *variable, uint32_t direction, uint32_t *flags)
{
	uint64_t key = key_of(read->pc, variable);
	struct pair known = get(by_read, key);
	if (known.other == write->pc && (known.flags & (SIZE | GROWS)) == direction)
		return;
	if (!*flags)
		*flags = relation(read, write) | direction | LOOKED;
	if (*flags & CHECKS && write->takes && handlers_catch(write, HANDLED_LOOKUP))
		*flags &= ~(uint32_t)CHECKS;
	/* What is known to be lost is not replaced by what is not. */
	if ((*flags & (DEPENDS | CHECKS)) == 0 && (known.flags & (DEPENDS | CHECKS)))
		return;
	put(by_read, key, write->pc, *flags);
	put(by_write, key_of(write->pc, variable), read->pc, *flags);
}

static void note_pair(const struct access *read, const struct access *write, uint32_t direction)
{
	uint32_t flags = 0;
	note_pair_of(read, write, NULL, direction, &flags);
	note_pair_of(read, write, write->stand_in, direction, &flags);
}

static struct access *set_of(const struct access *access)
{
	return recent[mix((uint64_t)access->stand_in) % SETS];
}

/* In place of the same one, which a loop does again; or of another call's; or else of any. */
static void note_read(const struct access *read)
{
	struct access *set = set_of(read), *place = &set[next++ % WAYS];
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].frame != read->frame || set[i].code != read->code)
			place = &set[i];
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].stand_in == read->stand_in && set[i].pc == read->pc)
			place = &set[i];
	*place = *read;
}

static void note_write(const struct access *write)
{
	bool size = site_operation(write->site) == SITE_RESIZE;
	uint32_t direction = size ? SIZE | (write->grows ? GROWS : 0) : 0;
	if (size)
		put(directions, key_of(write->pc, NULL), 0, direction);
	for (unsigned i = 0; i < WAYS; i++) {
		const struct access *read = &set_of(write)[i];
		if (read->stand_in != write->stand_in || read->frame != write->frame ||
		    read->syncs != write->syncs || FTS_PC_CODE(read->pc) != FTS_PC_CODE(write->pc))
			continue;
		note_pair(read, write, direction);
	}
}

/* Is it what an iteration over a container begins with? It is no check, even if a branch comes later. */
static bool begins_iteration(const struct access *read)
{
	uint32_t at = FTS_PC_INSTRUCTION(read->pc);
	if (site_operation(read->site) != SITE_SIZE || at >= FTS_PC_MARKER)
		return false;
	const uint8_t *units = (const uint8_t *)python_release->bytecode(read->code, read->frame);
	return opcode_flags[units[2 * (size_t)at]] & OP_ITERATES;
}

/* Who expects that it may change begins again. */
static void note_iteration(const struct access *access)
{
	uint64_t key = key_of(access->pc, NULL);
	if (get(directions, key).flags != ITERATES && !handlers_catch(access, HANDLED_CHANGE))
		put(directions, key, 0, ITERATES);
}

void patterns_note(const struct access *access)
{
	if (site_operation(access->site) == SITE_WRITE ||
	    site_operation(access->site) == SITE_RESIZE)
		note_write(access);
	else if (access->iterates || begins_iteration(access))
		note_iteration(access);
	else
		note_read(access);
}

/* What `side` does with what it has read, if the other side's write comes between. */
static uint32_t loses(struct pattern_side *side, const struct pattern_side *other)
{
	struct pair pair = get_of(side->write ? by_write : by_read, side->pc, side->variable);
	if (!(pair.flags & (DEPENDS | CHECKS)))
		return 0;
	side->other = pair.other;
	/* The other side has to write: itself here, or after the read that is its side of the race. */
	struct pair theirs =
		other->write ? (struct pair){ 0 } : get_of(by_read, other->pc, other->variable);
	if (!other->write && !(theirs.flags & (DEPENDS | CHECKS)))
		return 0;
	if (!(pair.flags & SIZE))
		return pair.flags;
	/*
	 * "It is not empty" is made wrong by another thread that takes away, not by one that adds;
	 * and what is made of a length without a branch need not be wrong at all.
	 */
	uint32_t direction =
		other->write ? get(directions, key_of(other->pc, NULL)).flags : theirs.flags;
	return ((direction ^ pair.flags) & (SIZE | GROWS)) == 0 ? pair.flags & CHECKS : 0;
}

static uint32_t judge(struct pattern_side *side, const struct pattern_side *other)
{
	uint32_t flags = loses(side, other);
	struct pair pair = get_of(side->write ? by_write : by_read, side->pc, side->variable);
	side->loses = flags != 0;
	side->checks = flags & CHECKS;
	side->depends = flags & DEPENDS;
	side->direction = !(pair.flags & SIZE) ? 0 : pair.flags & GROWS ? 1 : -1;
	return flags;
}

static bool iterates(const struct pattern_side *side, const struct pattern_side *other)
{
	return side->size && !side->write && other->write &&
	       get(directions, key_of(side->pc, NULL)).flags == ITERATES &&
	       get(directions, key_of(other->pc, NULL)).flags & SIZE;
}

enum pattern patterns_judge(struct pattern_side sides[2])
{
	if (iterates(&sides[0], &sides[1]) || iterates(&sides[1], &sides[0]))
		return PATTERN_ITERATED;
	uint32_t flags = judge(&sides[0], &sides[1]) | judge(&sides[1], &sides[0]);
	return flags & CHECKS ? PATTERN_CHECK : flags & DEPENDS ? PATTERN_UPDATE : PATTERN_NONE;
}
