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
#include "interpose/python/walk.h"
#include "interpose/variables/across.h"
#include "interpose/variables/orders.h"
#include "interpose/variables/flow.h"
#include "interpose/variables/handlers.h"
#include "interpose/variables/uses.h"

#include <stddef.h>

enum { SETS = 64, WAYS = 4, PAIRS = 1 << 15, UNITS_MAX = 2000, LOOK_SETS = 32 };

enum {
	DEPENDS = FLOW_DEPENDS, /* the value written is made of the one read */
	CHECKS = FLOW_CHECKS,   /* a branch between depends on the one read */
	SIZE = 4,               /* of a container: the write adds or takes away */
	GROWS = 8,
	LOOKED = 16, /* what lies between is known */
	ITERATES = 32,
	ACROSS = 64, /* not both are of one function */
	EMPTIES = 128,
	SEARCHES = 256,
	SPLIT = 512, /* moment_is_split() */
	PLACES = 1024,
	KEY = 2048, /* what was read is whether a key is there */
	SETS_ONLY =
		4096, /* what the write stores is the same in all threads; see flow_only_sets() */
};

#define KINDS (SIZE | GROWS | EMPTIES | ACROSS | SEARCHES | PLACES | SPLIT | KEY)

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
/* Its last reads under a lock, by address. */
static __thread struct look {
	uintptr_t address;
	uint64_t pc;
	uint32_t test, syncs;
	uint8_t site;
} looks[LOOK_SETS][WAYS] __attribute__((tls_model("initial-exec")));

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

/*
 * For this variable, or else for any of its kind: one instruction changes a key, and how many there are.
 */
static struct pair get_of(const struct pair *table, uint64_t pc, const struct pattern_side *side)
{
	struct pair pair = get(table, key_of(pc, side->variable));
	if (pair.key)
		return pair;
	pair = get(table, key_of(pc, NULL));
	return !(pair.flags & SIZE) == !side->size ? pair : (struct pair){ 0 };
}

/*
 * x[key] of a dict that makes what is missing, in steps. Not: what a call does, as setdefault() or
 * sys.intern(), which is whole.
 */
bool patterns_makes_missing(const struct access *read, const struct access *write,
			    const uint8_t *unit)
{
	return read->missing && write->is_key && !write->takes && opcode_flags[*unit] & OP_BINARY;
}

bool patterns_keeps(const struct access *write)
{
	return write->keeps && site_operation(write->site) != SITE_RESIZE;
}

/* Who goes by where something is in a list decides by that which item it is. */
static uint32_t of_place(const struct access *read, uint32_t flags)
{
	return read->places && flags & DEPENDS ? CHECKS : flags;
}

static uint32_t relation(const struct access *read, const struct access *write)
{
	uint32_t from = FTS_PC_INSTRUCTION(read->pc), to = FTS_PC_INSTRUCTION(write->pc);
	if (patterns_keeps(write))
		return 0;
	bool whole = read->copies || read->passes || read->iterates;
	if (write->empties || (write->cuts && whole))
		return whole && from < to ? CHECKS : 0;
	if (read->passes || read->iterates)
		return 0;
	if (from > to || to - from > UNITS_MAX || to >= FTS_PC_MARKER)
		return 0;
	const uint8_t *units = (const uint8_t *)python_bytecode(write->code, write->frame);
	/* One instruction does both: it deletes, or pops, what it has looked at. */
	if (from == to && read->within)
		return of_place(read, DEPENDS);
	if (from == to)
		return patterns_makes_missing(read, write, units + 2 * (size_t)from) ? CHECKS : 0;
	struct flow_code code = { write->code, units };
	uint32_t flags = of_place(read, flow_between(&code, from, to, read->missing));
	if (site_operation(write->site) != SITE_WRITE || write->takes)
		return flags;
	if (!flags && flow_takes(&code, from, to))
		return DEPENDS;
	return flags | (flags == CHECKS && flow_only_sets(&code, from, to) ? SETS_ONLY : 0);
}

/* Which of the two tables' entries: for the variable, or for all (NULL). */
struct place {
	uint64_t read, write; /* program counters, or the ways to them (across.h) */
	const void *variable;
};

/* Returns what is known of the two now. */
static uint32_t keep_pair(const struct place *place, const struct access *read,
			  const struct access *write, uint32_t flags)
{
	uint64_t by[] = { key_of(place->read, place->variable),
			  key_of(place->write, place->variable) };
	/* What is known to be lost is not replaced by what is not: a function may read twice, and write once. */
	bool loses = flags & (DEPENDS | CHECKS);
	if (loses || !(get(by_read, by[0]).flags & (DEPENDS | CHECKS)))
		put(by_read, by[0], write->pc, flags);
	if (loses || !(get(by_write, by[1]).flags & (DEPENDS | CHECKS)))
		put(by_write, by[1], read->pc, flags);
	return flags;
}

static bool is_known(const struct place *place, const struct access *write, uint32_t kind,
		     uint32_t *flags)
{
	struct pair known = get(by_read, key_of(place->read, place->variable));
	*flags = known.flags;
	return known.other == write->pc && (known.flags & KINDS) == kind;
}

static uint32_t split_of(const struct access *read, const struct access *write)
{
	return moment_is_split(&read->moment, &write->moment) ? SPLIT : 0;
}

/*
 * Is what was read stored again, `x = cast(int, x)`? That changes nothing. What may be something else another
 * time, as the larger of two, is seen when it is.
 */
static bool puts_back(const struct access *read, const struct access *write)
{
	return read->value && read->value == write->value;
}

/*
 * Of a class an attribute is read where it has not been looked up before, as it has a cache: a double check's
 * second look is not seen then.
 *
 *     if cls.instance is None:
 *         with cls.lock:
 *             if cls.instance is None:
 */
static bool is_cached(const struct access *read, const void *frame)
{
	uint32_t at = FTS_PC_INSTRUCTION(read->pc);
	if (site_class(read->site) != SITE_ENTRY || at >= FTS_PC_MARKER)
		return false;
	const uint8_t *units = (const uint8_t *)python_bytecode(read->code, frame);
	return opcode_flags[units[2 * (size_t)at]] & OP_ATTRIBUTE;
}

/* Both are under no lock that is held from the one to the other. */
static bool may_have_looked_again(const struct access *read, const struct access *write)
{
	if (moment_holds(&read->moment, &write->moment) || !is_cached(read, write->frame))
		return false;
	struct flow_code code = { write->code,
				  (const uint8_t *)python_bytecode(write->code, write->frame) };
	uint32_t from = FTS_PC_INSTRUCTION(read->pc), to = FTS_PC_INSTRUCTION(write->pc);
	return from < to && to < FTS_PC_MARKER && flow_looks_again(&code, from, to);
}

/* Both are of one call. Returns how what is written goes by what was read. */
static uint32_t note_pair(const struct access *read, const struct access *write, uint32_t kind)
{
	if (puts_back(read, write) || may_have_looked_again(read, write))
		return 0;
	const struct place places[] = { { read->pc, write->pc, NULL },
					{ read->pc, write->pc, write->stand_in } };
	uint32_t flags = 0, known;
	kind |= (read->searches ? SEARCHES : 0) | (read->places ? PLACES : 0) |
		(read->is_key ? KEY : 0) | split_of(read, write);
	for (unsigned i = 0; i < 2; i++) {
		if (is_known(&places[i], write, kind, &known)) {
			flags |= known;
			continue;
		}
		if (!(flags & LOOKED))
			flags = relation(read, write) | kind | LOOKED;
		if (flags & CHECKS && write->takes && !read->places &&
		    handlers_catch(write, HANDLED_LOOKUP))
			flags &= ~(uint32_t)CHECKS;
		keep_pair(&places[i], read, write, flags);
	}
	return flags & (DEPENDS | CHECKS);
}

/*
 * They are of two. Under a lock that was taken since the read, a flag is set that may be set already:
 * `if not link.closed: link.close()`. Nothing is lost by that.
 */
static uint32_t note_across(const struct access *read, const struct access *write, uint32_t kind)
{
	struct across across;
	bool sets = !moment_holds(&read->moment, &write->moment) && !(kind & SIZE) &&
		    !write->is_key && !write->takes;
	if (!across_meet(read, write, &across) ||
	    (!moment_holds(&read->moment, &write->moment) && is_cached(read, write->frame)))
		return 0;
	const struct place places[] = { { across.read_way, across.write_way, NULL },
					{ across.read_way, across.write_way, write->stand_in } };
	uint32_t flags = 0, known;
	kind |= ACROSS | (read->places ? PLACES : 0) | (read->is_key ? KEY : 0) |
		split_of(read, write);
	for (unsigned i = 0; i < 2; i++) {
		if (is_known(&places[i], write, kind, &known)) {
			flags |= known;
			continue;
		}
		if (!(flags & LOOKED))
			flags = of_place(read, across_relation(&across)) | kind | LOOKED;
		if (sets)
			flags &= ~(uint32_t)CHECKS;
		if (flags & (DEPENDS | CHECKS))
			keep_pair(&places[i], read, write, flags);
	}
	return flags & (DEPENDS | CHECKS);
}

static struct look *looks_at(uintptr_t address)
{
	return looks[mix(address) % LOOK_SETS];
}

/* In place of one of the same instruction, which may look at all that is in a list. */
static void note_look(const struct access *read)
{
	if (!read->moment.guarded)
		return;
	struct look *set = looks_at(read->address), *place = &set[next % WAYS];
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].pc == read->pc && set[i].site == read->site)
			place = &set[i];
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].address == read->address)
			place = &set[i];
	*place = (struct look){ read->address, read->pc, read->moment.test, read->moment.syncs,
				read->site };
}

bool patterns_goes_by(const struct moment *read, const struct moment *write, uintptr_t address)
{
	if (moment_holds(read, write))
		return true;
	const struct look *set = looks_at(address);
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].address == address && set[i].test == read->test &&
		    set[i].syncs > read->syncs)
			return false;
	return read->test == write->test;
}

static struct access *set_at(const char *stand_in)
{
	return recent[mix((uint64_t)stand_in) % SETS];
}

static struct access *set_of(const struct access *access)
{
	return set_at(access->stand_in);
}

bool patterns_has_read(const struct call *call, const char *stand_in)
{
	const struct access *set = set_at(stand_in);
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].stand_in == stand_in && set[i].frame == call->frame &&
		    set[i].code == call->code && set[i].moment.test == fibers_tests)
			return true;
	return false;
}

static bool is_of_one_call(const struct access *read, const struct access *write)
{
	return read->frame == write->frame && FTS_PC_CODE(read->pc) == FTS_PC_CODE(write->pc);
}

/* Goes the read by an earlier one of the call's? */
static void note_uses(const struct access *set, const struct access *read)
{
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].stand_in == read->stand_in && set[i].pc != read->pc && !set[i].used &&
		    patterns_goes_by(&set[i].moment, &read->moment, read->address))
			uses_note(&set[i], read);
}

/* In place of the same one, which a loop does again; or of another call's; or else of any. */
static void note_read(const struct access *read)
{
	struct access *set = set_of(read), *place = &set[next++ % WAYS];
	note_uses(set, read);
	uses_note_item(read);
	note_look(read);
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].frame != read->frame || set[i].code != read->code)
			place = &set[i];
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].stand_in == read->stand_in && set[i].pc == read->pc)
			place = &set[i];
	/* A call that looks for a place reads the size, too. */
	bool places = place->stand_in == read->stand_in && place->pc == read->pc && place->places;
	*place = *read;
	place->places |= places;
}

/* The call that drops a slice, or all, has told so itself; how it gets shorter by it is seen, too. */
static bool is_cutting(const struct access *write)
{
	static __thread struct {
		const void *frame;
		uint64_t pc;
	} cut __attribute__((tls_model("initial-exec")));
	bool inner = !write->cuts && cut.frame == write->frame && cut.pc == write->pc;
	if (write->cuts) {
		cut.frame = write->frame;
		cut.pc = write->pc;
	}
	return inner;
}

/*
 * Of the reads that are left, the one to look at next: the last that the thread has made before it
 * waited for something, of these first those of the function that writes, which are nearer. NULL: none.
 */
static struct access *next_read(struct access *set, const struct access *write, bool seen[WAYS])
{
	unsigned best = WAYS;
	for (unsigned i = 0; i < WAYS; i++) {
		if (seen[i] || set[i].stand_in != write->stand_in ||
		    !patterns_goes_by(&set[i].moment, &write->moment, write->address))
			continue;
		uint32_t syncs = set[i].moment.syncs,
			 of_best = best < WAYS ? set[best].moment.syncs : 0;
		if (best == WAYS || syncs > of_best ||
		    (syncs == of_best && is_of_one_call(&set[i], write) &&
		     !is_of_one_call(&set[best], write)))
			best = i;
	}
	if (best == WAYS)
		return NULL;
	seen[best] = true;
	return &set[best];
}

/*
 * Both are made under a lock, but not under one that the thread holds from the one to the other. A function
 * that fills a cache so (`with lock:` look, compute, `with lock:` store) knows that it may be too late.
 */
static void note_split(const struct access *read, const struct access *write, uint32_t kind,
		       uint32_t goes_by)
{
	enum site_class class = site_class(write->site);
	bool across = !is_of_one_call(read, write), size = kind & SIZE,
	     fills = write->is_key || class == SITE_ENTRY || class == SITE_ENTRY_OR_HASH;
	if (read->searches || (size && !(goes_by & CHECKS)) ||
	    (!across && fills && !write->takes && !(goes_by & DEPENDS)))
		return;
	orders_add_split(&(struct order_wanted){
		.read = read->pc,
		.write = write->pc,
		.across = across,
		.split = true,
		.checks = goes_by & CHECKS,
		.depends = goes_by & DEPENDS,
		.key = read->is_key,
		.empties = kind & (EMPTIES | PLACES),
		.direction = !size          ? 0
			     : kind & GROWS ? 1
					    : -1,
	});
}

/*
 * What was looked at again after the thread has waited, and is gone by, makes that it was looked at before no
 * matter: a double check, also under what is no lock, but keeps others out: a semaphore, a token.
 */
static void note_reads(struct access *set, const struct access *write, uint32_t kind)
{
	bool seen[WAYS] = { false }, told = false;
	uint32_t told_at = 0;
	const struct access *read;
	while ((read = next_read(set, write, seen))) {
		if (told && read->moment.syncs < told_at)
			return;
		uint32_t goes_by = 0;
		if (is_of_one_call(read, write))
			goes_by = note_pair(read, write, kind);
		else if (!told && !read->used)
			goes_by = note_across(read, write, kind);
		if (!goes_by)
			continue;
		told_at = read->moment.syncs;
		told = true;
		if (UNLIKELY(split_of(read, write)))
			note_split(read, write, kind | (read->places ? PLACES : 0), goes_by);
	}
}

static void note_write(const struct access *write)
{
	struct access *set = set_of(write);
	bool size = site_operation(write->site) == SITE_RESIZE;
	uint32_t kind =
		size ? SIZE | (write->grows ? GROWS : 0) | (write->empties ? EMPTIES : 0) : 0;
	if (size && is_cutting(write))
		return;
	if (size)
		put(directions, key_of(write->pc, NULL), 0, kind);
	uses_note_write(write);
	if (!write->owns && !write->named)
		note_reads(set, write, kind);
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].stand_in == write->stand_in)
			set[i].used = true;
}

/* Is it what an iteration over a container begins with? It is no check, even if a branch comes later. */
static bool begins_iteration(const struct access *read)
{
	uint32_t at = FTS_PC_INSTRUCTION(read->pc);
	if (site_operation(read->site) != SITE_SIZE || at >= FTS_PC_MARKER)
		return false;
	const uint8_t *units = (const uint8_t *)python_bytecode(read->code, read->frame);
	return opcode_flags[units[2 * (size_t)at]] & OP_ITERATES;
}

/* Who expects that it may change begins again. */
static void note_iteration(const struct access *access)
{
	uint64_t key = key_of(access->pc, NULL);
	if (get(directions, key).flags != ITERATES && !handlers_catch(access, HANDLED_CHANGE))
		put(directions, key, 0, ITERATES);
}

static void pass(const struct access *access)
{
	struct access read = *access;
	read.iterates = true;
	note_iteration(access);
	note_read(&read);
}

void patterns_note(const struct access *access)
{
	if (site_operation(access->site) == SITE_WRITE ||
	    site_operation(access->site) == SITE_RESIZE)
		note_write(access);
	else if (!access->passes && (access->iterates || begins_iteration(access)))
		pass(access);
	else
		note_read(access);
}

/* What belongs to the side; by the way that it was called, too. */
static struct pair pair_of(const struct pattern_side *side)
{
	const struct pair *table = side->write ? by_write : by_read;
	struct pair pair = get_of(table, side->pc, side);
	uint64_t way = side->pc;
	for (unsigned i = 0; i < PATTERNS_CALLERS && !(pair.flags & (DEPENDS | CHECKS)); i++) {
		way = across_way(way, side->callers[i]);
		struct pair outer = get_of(table, way, side);
		if (outer.flags & (DEPENDS | CHECKS))
			pair = outer;
	}
	return pair;
}

/* What `side` does with what it has read, if the other side's write comes between. */
static uint32_t loses(struct pattern_side *side, const struct pattern_side *other)
{
	struct pair pair = pair_of(side);
	if (!(pair.flags & (DEPENDS | CHECKS)))
		return 0;
	side->other = pair.other;
	side->across = pair.flags & ACROSS;
	/* The other side has to write: itself here, or after the read that is its side of the race. */
	struct pair theirs = other->write ? (struct pair){ 0 } : pair_of(other);
	if (!other->write && !(theirs.flags & (DEPENDS | CHECKS)))
		return 0;
	/* Both leave there what one of them alone would. */
	bool same =
		(side->write ? side->pc : pair.other) == (other->write ? other->pc : theirs.other);
	if (same && pair.flags & SETS_ONLY)
		return 0;
	if (!(pair.flags & SIZE))
		return pair.flags;
	/*
	 * "It is not empty" is made wrong by another thread that takes away, not by one that adds;
	 * and what is made of a length without a branch need not be wrong at all.
	 */
	uint32_t direction =
		other->write ? get(directions, key_of(other->pc, NULL)).flags : theirs.flags;
	/* What is not in a list is added once too often by another thread that looks for it, too. */
	if (pair.flags & SEARCHES && !same)
		return 0;
	bool wrong = ((direction ^ pair.flags) & (SIZE | GROWS)) == 0 ||
		     (direction & SIZE && pair.flags & (EMPTIES | PLACES));
	return wrong ? pair.flags & CHECKS : 0;
}

static uint32_t judge(struct pattern_side *side, const struct pattern_side *other)
{
	uint32_t flags = loses(side, other);
	struct pair pair = pair_of(side);
	side->loses = flags != 0;
	side->checks = flags & CHECKS;
	side->depends = flags & DEPENDS;
	side->empties = pair.flags & (EMPTIES | PLACES);
	side->key = pair.flags & KEY;
	side->split = pair.flags & SPLIT;
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
