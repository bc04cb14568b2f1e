/*
 * uses.c - see uses.h.
 *
 * Tables without locks, as those of patterns.c: a collision loses an entry. Two reads are looked at in the
 * bytecode once.
 */
#define _GNU_SOURCE
#include "interpose/variables/uses.h"

#include "ftstress/record.h"
#include "interpose/python/layout.h"
#include "interpose/python/walk.h"
#include "interpose/variables/across.h"
#include "interpose/variables/flow.h"
#include "interpose/variables/handlers.h"
#include "interpose/variables/sites.h"

#include <dlfcn.h>
#include <stddef.h>

enum {
	ENTRIES = 1 << 12,
	UNITS_MAX = 2000,
	SUBSCRIPT = 26, /* cpython: NB_SUBSCR */
};

/* How it is taken away; what a read minds. */
enum {
	KEY = 1,  /* x[key], and the key is deleted */
	NONE = 2, /* x.y.z, and y is None */
	ITEM = 4, /* x[0], and an item is taken out */
	ACROSS = 8,
	SPLIT = 16,
};

/* Of a read: what belongs to it; of a write: how it takes away. key 0 = free. */
struct entry {
	uint64_t key, other;
	uint32_t ways;
	uint32_t check; /* a hash of these: the entry is whole */
};
static struct entry checks[ENTRIES], used[ENTRIES], taken[ENTRIES];
static uint64_t verdicts[ENTRIES]; /* by two places: their hash, the last bits say how */

/* Two reads of a variable that take a lock each, and give it back in between; by the variable. */
static struct split {
	const char *variable;
	uint64_t check, use;
	uint32_t ways, hash;
} splits[ENTRIES];

static const void *none;

enum { RECENT = 4 };
#define THREAD_LOCAL static __thread __attribute__((tls_model("initial-exec")))
THREAD_LOCAL struct size {
	struct access access;
	uintptr_t items; /* of a list: where they were then, */
	uint64_t bytes;  /* and how many of them there is memory for */
} recent_sizes[RECENT];
THREAD_LOCAL unsigned next_size;

static uint64_t mix(uint64_t word)
{
	word *= 0x9e3779b97f4a7c15ull;
	return word ^ word >> 29;
}

static uint32_t check_of(const struct entry *entry)
{
	return (uint32_t)(mix(entry->key ^ mix(entry->other) ^ entry->ways) >> 16) | 1;
}

static uint32_t hash_of(const struct split *split)
{
	return (uint32_t)(mix((uint64_t)split->variable ^ mix(split->check) ^ mix(split->use + 1) ^
			      split->ways) >>
			  16) |
	       1;
}

static struct split *split_at(const char *variable)
{
	return &splits[mix((uint64_t)variable) % ENTRIES];
}

static void put(struct entry *table, uint64_t pc, uint64_t other, uint32_t ways)
{
	struct entry made = { .key = mix(pc) | 1, .other = other, .ways = ways };
	struct entry *entry = &table[made.key % ENTRIES];
	made.check = check_of(&made);
	if (entry->key != made.key || entry->check != made.check)
		*entry = made;
}

static struct entry get(const struct entry *table, uint64_t pc)
{
	uint64_t key = mix(pc) | 1;
	struct entry entry = table[key % ENTRIES];
	return entry.key == key && entry.check == check_of(&entry) ? entry : (struct entry){ 0 };
}

/* The instruction that comes next, and does something. */
static uint32_t behind(const uint8_t *units, uint32_t at)
{
	do
		at += 1u + opcode_caches[units[2 * (size_t)at]];
	while (opcode_flags[units[2 * (size_t)at]] & (OP_NOTHING | OP_EXTENDS));
	return at;
}

static bool is_subscript(const uint8_t *units, uint32_t at)
{
	return opcode_flags[units[2 * (size_t)at]] & OP_BINARY &&
	       units[2 * (size_t)at + 1] == SUBSCRIPT;
}

/* Would None raise an exception at once? It is called, asked for an attribute or an item, or gone over. */
static bool minds_none(const uint8_t *units, uint32_t at)
{
	enum { INDEX = OP_LOAD | OP_CONSTANT | OP_NUMBER };
	const uint8_t *unit = units + 2 * (size_t)at;
	if (opcode_flags[*unit] & (OP_ATTRIBUTE | OP_GLOBAL) && unit[1] & 1)
		return true;
	uint32_t next = behind(units, at), does = opcode_flags[units[2 * (size_t)next]];
	return does & (OP_ATTRIBUTE | OP_ITERATES) ||
	       (does & INDEX && is_subscript(units, behind(units, next)));
}

/* Two reads, of one call or of two, and the ways to them (across.h). */
struct two {
	const struct access *check, *use;
	bool across;
	uint64_t check_way, use_way;
};

/* How what is read may be taken away, so that the use raises an exception. */
static uint32_t minds(const struct two *two)
{
	uint32_t at = FTS_PC_INSTRUCTION(two->use->pc);
	if (at >= FTS_PC_MARKER)
		return 0;
	const uint8_t *units = (const uint8_t *)python_bytecode(two->use->code, two->use->frame);
	bool subscript = is_subscript(units, at);
	if (site_operation(two->check->site) == SITE_SIZE)
		return subscript ? ITEM : 0;
	return (site_class(two->use->site) == SITE_ENTRY && subscript ? KEY : 0) |
	       (minds_none(units, at) ? NONE : 0);
}

/* Does what the check has read decide whether it comes to the use? And is no exception of that expected? */
static bool decides(const struct two *two, enum handled how)
{
	const struct access *check = two->check, *use = two->use;
	struct across across;
	if (two->across) {
		across_meet(check, use, &across);
		across.fails = true;
		across.how = how;
		return across_relation(&across) & FLOW_CHECKS;
	}
	uint32_t from = FTS_PC_INSTRUCTION(check->pc), to = FTS_PC_INSTRUCTION(use->pc);
	struct flow_code code = { use->code,
				  (const uint8_t *)python_bytecode(use->code, use->frame) };
	return from < to && to - from <= UNITS_MAX &&
	       flow_decides(&code, from, to, false) & FLOW_CHECKS && !handlers_catch(use, how);
}

static uint32_t look(const struct two *two)
{
	uint32_t ways = minds(two);
	if (ways & (KEY | ITEM) && !decides(two, HANDLED_LOOKUP))
		ways &= NONE;
	if (ways & NONE && !decides(two, HANDLED_NONE))
		ways &= ~(uint32_t)NONE;
	return ways;
}

/* Looked at once. */
static uint32_t ways_of(const struct two *two)
{
	enum { WAYS = KEY | NONE | ITEM };
	uint64_t key = mix(two->check_way ^ mix(two->use_way)) & ~(uint64_t)WAYS;
	uint64_t *verdict = &verdicts[mix(key) % ENTRIES], known = *verdict;
	if (known && (known & ~(uint64_t)WAYS) == key)
		return known & WAYS;
	uint32_t ways = look(two);
	*verdict = key | ways;
	return ways;
}

static void put_split(const struct two *two, uint32_t ways)
{
	struct split made = { .variable = two->check->stand_in,
			      .check = two->check->pc,
			      .use = two->use->pc,
			      .ways = ways };
	made.hash = hash_of(&made);
	*split_at(made.variable) = made;
}

/* Nothing is without order there: whether it comes between is tried. */
static void try_split(const char *variable, uint32_t by)
{
	struct split split = *split_at(variable);
	if (split.variable != variable || split.hash != hash_of(&split) || !(split.ways & by))
		return;
	orders_add_split(&(struct order_wanted){
		.read = split.check,
		.write = split.use,
		.across = split.ways & ACROSS,
		.split = true,
		.checks = true,
		.uses = true,
		.direction = split.ways & ITEM ? -1 : 0,
	});
}

static void keep(const struct two *two)
{
	uint32_t ways = ways_of(two);
	if (!ways)
		return;
	ways |= two->across ? ACROSS : 0;
	bool split = moment_is_split(&two->check->moment, &two->use->moment);
	ways |= split ? SPLIT : 0;
	put(checks, two->check_way, two->use->pc, ways);
	put(used, two->use_way, two->check->pc, ways);
	if (UNLIKELY(split))
		put_split(two, ways);
}

static void pair(const struct access *check, const struct access *use)
{
	struct across across;
	if (check->frame == use->frame && FTS_PC_CODE(check->pc) == FTS_PC_CODE(use->pc))
		keep(&(struct two){ check, use, false, check->pc, use->pc });
	else if (across_meet(check, use, &across))
		keep(&(struct two){ check, use, true, across.read_way, across.write_way });
}

void uses_failed(uint64_t check, uint64_t use, const struct order *order)
{
	put(used, use, check,
	    (order->size ? ITEM : KEY | NONE) | SPLIT | (order->across ? ACROSS : 0));
}

bool uses_nothing(const struct access *access)
{
	return access->value && access->value == (uint64_t)none;
}

void uses_note(const struct access *check, const struct access *use)
{
	bool found = check->value && !uses_nothing(check);
	if (found && site_operation(use->site) == SITE_READ)
		pair(check, use);
}

/* Is the item, about to be read, one of what has its size there? */
static bool is_in(const struct size *size, const struct access *item)
{
	return site_class(item->site) == SITE_BUFFER
		       ? item->address - OBJECT_BODY ==
				 size->access.address - (uintptr_t)python_at.size
		       : item->address - size->items < size->bytes;
}

static void keep_size(const struct access *read)
{
	struct size *size = &recent_sizes[next_size++ % RECENT];
	const char *list = (const char *)read->address - python_at.size;
	*size = (struct size){ .access = *read };
	if (site_class(read->site) == SITE_LIST) {
		size->items = load64(list, python_at.list_items);
		size->bytes = 8 * load64(list, python_at.list_allocated);
	}
}

void uses_note_item(const struct access *read)
{
	enum site_class class = site_class(read->site);
	if (site_operation(read->site) == SITE_SIZE && (class == SITE_LIST || class == SITE_OTHER))
		keep_size(read);
	if (site_operation(read->site) != SITE_READ || (class != SITE_ITEM && class != SITE_BUFFER))
		return;
	for (unsigned i = 0; i < RECENT; i++) {
		const struct access *check = &recent_sizes[i].access;
		if (is_in(&recent_sizes[i], read) &&
		    patterns_goes_by(&check->moment, &read->moment, check->address))
			pair(check, read);
	}
}

void uses_note_write(const struct access *write)
{
	bool size = site_operation(write->site) == SITE_RESIZE;
	uint32_t ways = size ? !write->grows * ITEM : write->takes ? KEY : 0;
	if (uses_nothing(write))
		ways |= NONE;
	if (!ways)
		return;
	put(taken, write->pc, 0, ways | get(taken, write->pc).ways);
	try_split(write->stand_in, ways);
}

/* What belongs to the read, by the way that it was called, too, if it is taken away so. */
static struct entry entry_of(const struct entry *table, const struct pattern_side *side,
			     uint32_t by)
{
	uint64_t way = side->pc;
	struct entry entry = get(table, way);
	for (unsigned i = 0; i < PATTERNS_CALLERS && !(entry.ways & by); i++) {
		way = across_way(way, side->callers[i]);
		entry = get(table, way);
	}
	return entry.ways & by ? entry : (struct entry){ 0 };
}

bool uses_judge(struct pattern_side sides[2])
{
	unsigned reader = sides[0].write ? 1 : 0;
	struct pattern_side *read = &sides[reader];
	const struct pattern_side *write = &sides[!reader];
	if (read->write || !write->write)
		return false;
	uint32_t by = get(taken, write->pc).ways;
	struct entry entry = entry_of(checks, read, by);
	read->uses = USE_CHECK;
	if (!entry.ways) {
		entry = entry_of(used, read, by);
		read->uses = USE_ITSELF;
	}
	if (!entry.ways) {
		read->uses = USE_NOT;
		return false;
	}
	read->other = entry.other;
	read->across = entry.ways & ACROSS;
	read->split = entry.ways & SPLIT;
	read->loses = read->checks = true;
	read->direction = entry.ways & ITEM ? -1 : 0;
	return true;
}

void uses_start(void)
{
	none = dlsym(RTLD_DEFAULT, "_Py_NoneStruct");
}
