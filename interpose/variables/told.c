/* told.c - see told.h. */
#include "interpose/variables/told.h"

#include "interpose/memory/marks.h"
#include "interpose/python/object.h"
#include "interpose/variables/confirm.h"
#include "interpose/variables/fibers.h"
#include "interpose/variables/fields.h"
#include "interpose/variables/granules.h"
#include "interpose/variables/iterators.h"
#include "interpose/variables/name.h"
#include "interpose/variables/uses.h"
#include "interpose/variables/variables.h"

#include <stddef.h>

enum { MO_RELAXED = 0 };

#define THREAD_LOCAL static __thread __attribute__((tls_model("initial-exec")))
THREAD_LOCAL uint32_t skipped;
THREAD_LOCAL const struct access *current; /* that TSan is being told */

/*
 * Races on it were found: then it is told only now and then, as finding one takes long, also if it is
 * known already. The first ones may be of two accesses that lose nothing.
 */
bool told_enough(const struct access *access)
{
	enum { FIRST = 8 };
	const struct granule *granule = granule_of(access->address);
	unsigned reports = (granule->flags & GRANULE_REPORTS) / GRANULE_REPORTED;
	return reports > FIRST && (++skipped & ((4u << (reports - FIRST)) - 1)) != 0;
}

static void mark_reported(uintptr_t address)
{
	struct granule *granule = granule_of(address);
	uint8_t flags = __atomic_load_n(&granule->flags, __ATOMIC_RELAXED);
	if ((flags & GRANULE_REPORTS) != GRANULE_REPORTS)
		__atomic_fetch_add(&granule->flags, GRANULE_REPORTED, __ATOMIC_RELAXED);
}

static void make_access(const struct access *access, char *at)
{
	void *pc = (void *)access->pc;
	switch (site_operation(access->site)) {
	case SITE_READ:
	case SITE_SIZE:
		fibers_tsan.read(at, pc);
		break;
	case SITE_WRITE:
	case SITE_NEXT:
		fibers_tsan.write(at, pc);
		break;
	case SITE_RESIZE: /* atomic in itself, as append() is */
		fibers_tsan.func_entry(pc);
		fibers_tsan.store((volatile uint64_t *)at, 1, MO_RELAXED);
		fibers_tsan.func_exit();
		break;
	case SITE_KEYS:
		break;
	}
}

/*
 * ThreadSanitizer forgets what was known of a variable when it reports a race on it. There may be
 * others: that a list was empty and got longer is none that loses something, that it got shorter is.
 * So what was known is put back, with this access in one of the places; how that is written down is
 * seen where nobody else looks.
 */
static __attribute__((noinline)) void remember(const struct access *access, char *at,
					       uint32_t known[MARKS_ACCESSES])
{
	THREAD_LOCAL char scratch[MARKS_CELL] __attribute__((aligned(MARKS_CELL)));
	enum { SID = 0xff00, READ = 1 << 30 }; /* tsan_shadow.h: whose access it was, and which */
	uint32_t *now = marks_shadow((uint64_t)scratch);
	mark_reported(access->address);
	raw_zero(now, MARKS_ACCESSES * sizeof *now);
	make_access(access, scratch);
	unsigned place = skipped % MARKS_ACCESSES;
	for (unsigned i = 0; i < MARKS_ACCESSES; i++)
		if (!known[i] || !((known[i] ^ now[0]) & (SID | READ)))
			place = i;
	known[place] = now[0];
	raw_copy(marks_shadow((uint64_t)at), known, MARKS_ACCESSES * sizeof *known);
}

static void tell(const struct access *access, char *at)
{
	uint32_t known[MARKS_ACCESSES];
	uint32_t *shadow = marks_shadow((uint64_t)at);
	marks_end((uint64_t)at, MARKS_CELL); /* of the race that was told before */
	raw_copy(known, shadow, sizeof known);
	current = access;
	make_access(access, at);
	if (UNLIKELY(*shadow == MARKS_MARK) && marks_live)
		remember(access, at, known);
	current = NULL;
}

void told_access(const struct access *access)
{
	enum site_operation operation = site_operation(access->site);
	bool resizes = operation == SITE_RESIZE, grows = access->grows && !access->cuts;
	granule_mark(granule_of(access->address), GRANULE_TOLD);
	if (!resizes || grows)
		tell(access, access->stand_in);
	if (operation == SITE_SIZE || (resizes && !grows))
		tell(access, taking_stand_in(access->stand_in));
}

/* At an address that nobody else uses: the one write is ordered with what all other threads do. */
void told_between(const struct access *access)
{
	static uint64_t count;
	uint64_t number = __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
	char *at = key_stand_in(access->address, number << 32 ^ (uint64_t)access->stand_in);
	struct write_between between;
	confirm_between(&between);
	marks_end((uint64_t)at, MARKS_CELL);
	fibers_tell_between(&between, at);
	current = access;
	if (site_operation(access->site) == SITE_READ || site_operation(access->site) == SITE_SIZE)
		fibers_tsan.read(at, (void *)access->pc);
	else
		fibers_tsan.write(at, (void *)access->pc);
	current = NULL;
}

void told_failed(const struct access *access)
{
	fibers_enter();
	tell_calls(access->frame);
	told_between(access);
	fibers_leave();
}

/* Reports. */

bool variables_own(uint64_t address)
{
	return is_stand_in(address);
}

bool variables_name(char name[VARIABLES_NAME])
{
	_Static_assert(VARIABLES_NAME == NAME_BYTES, "one buffer");
	if (!current)
		return false;
	if (!marks_live)
		mark_reported(current->address); /* else remember() does, also if nothing is told */
	name_variable(current, name);
	return true;
}

uint64_t variables_object(char type[VARIABLES_NAME])
{
	struct object object = { 0 };
	enum site_class class = current ? site_class(current->site) : SITE_ITEM;
	bool inside = class == SITE_VALUE || class == SITE_SLOT || class == SITE_CELL ||
		      class == SITE_LIST || class == SITE_DICT || class == SITE_OTHER ||
		      class == SITE_ITERATOR || (class == SITE_ENTRY && current->is_key);
	if (!inside || !object_find(current->address, &object) || !object.type[0])
		return 0;
	raw_copy(type, object.type, sizeof object.type);
	return object.start;
}

static void add_words(char name[VARIABLES_NAME], const char *words)
{
	uint64_t used = raw_length(name);
	while (*words && used + 1 < VARIABLES_NAME)
		name[used++] = *words++;
	name[used] = '\0';
}

/* Adds to the name what the other variable is called. */
static bool are_fields(struct pattern_side sides[2], char name[VARIABLES_NAME])
{
	char other[FIELDS_NAME];
	if (sides[0].size || !fields_judge(sides, other))
		return false;
	add_words(name, raw_begins(name, "global\t") ? "\t\t" : "\t");
	add_words(name, other);
	return true;
}

const char *variables_pattern(struct variables_side sides[2], char name[VARIABLES_NAME], bool last)
{
	if (raw_begins(name, NAME_GENERATOR))
		return "shared-generator\t";
	if (raw_begins(name, NAME_ITERATOR))
		return "shared-iterator\t";
	static const char *const names[] = { [PATTERN_NONE] = NULL,
					     [PATTERN_UPDATE] = "lost-update\t",
					     [PATTERN_CHECK] = "check-then-act\t",
					     [PATTERN_ITERATED] = "iterated-while-changed\t",
					     [PATTERN_USE] = "check-then-use\t",
					     [PATTERN_FIELDS] = "two-fields\t" };
	struct pattern_side both[2];
	for (unsigned i = 0; i < 2; i++)
		both[i] = (struct pattern_side){ .pc = sides[i].pc,
						 .callers = { sides[i].callers[0],
							      sides[i].callers[1] },
						 .variable = (const void *)sides[i].address,
						 .size = raw_begins(name, "size\t"),
						 .write = sides[i].write };
	for (unsigned i = 0; i < 2 && both[i].size; i++)
		both[i].variable = size_stand_in((char *)sides[i].address);
	enum pattern pattern = patterns_judge(both);
	if (pattern == PATTERN_NONE && last)
		pattern = uses_judge(both)         ? PATTERN_USE
			  : are_fields(both, name) ? PATTERN_FIELDS
						   : PATTERN_NONE;
	for (unsigned i = 0; i < 2; i++) {
		sides[i].other = both[i].other;
		sides[i].loses = both[i].loses;
		sides[i].across = both[i].across;
		sides[i].split = both[i].split;
		sides[i].key = both[i].key;
		sides[i].uses = both[i].uses;
		sides[i].empties = both[i].empties;
		sides[i].checks = both[i].checks;
		sides[i].depends = both[i].depends;
		sides[i].direction = both[i].direction;
	}
	return names[pattern];
}

void variables_direct(const struct variables_side sides[2], const char *text, uint32_t length)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct variables_side *side = &sides[i], *other = &sides[!i];
		uint64_t writes = other->write ? other->pc : other->other;
		bool acts = side->write || side->uses == USE_ITSELF;
		if (side->loses && writes)
			orders_add(
				&(struct order_wanted){
					.read = acts ? side->other : side->pc,
					.write = acts ? side->pc : side->other,
					.between = writes,
					.checks = side->checks,
					.depends = side->depends,
					.across = side->across,
					.split = side->split,
					.key = side->key,
					.empties = side->empties,
					.uses = side->uses != USE_NOT,
					.direction = side->direction,
				},
				text, length);
	}
}
