/* countlog.c - see countlog.h. */
#include "interpose/memory/countlog.h"

#include "interpose/memory/made.h"
#include "interpose/python/walk.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { NOTES = 1 << 21, OPERATION_BITS = 2, MANY = 0xffff >> OPERATION_BITS };

HIDDEN bool countlog_on;

struct note {
	uint64_t object, place, position;
	int32_t left;
	uint16_t thread;
	uint16_t operation; /* above its bits: how many, MANY at most */
};
static struct note *notes;
static uint64_t written; /* of all times; the last NOTES of them are there */

void countlog_note(uint64_t object, enum countlog operation, uint64_t many, int64_t left,
		   uintptr_t place)
{
	if (!made_covers(object))
		return;
	uint64_t at = __atomic_fetch_add(&written, 1, __ATOMIC_RELAXED) % NOTES;
	notes[at] = (struct note){
		.object = object,
		.place = place,
		.position = python_pc(place),
		.left = (int32_t)left,
		.thread = (uint16_t)made_thread(),
		.operation = (uint16_t)((many < MANY ? many : MANY) << OPERATION_BITS | operation)
	};
}

unsigned countlog_of(uint64_t object, struct countlog_entry *seen, unsigned most, bool *whole)
{
	uint64_t end = __atomic_load_n(&written, __ATOMIC_RELAXED);
	uint64_t from = end > NOTES ? end - NOTES : 0, at = end;
	unsigned count = 0;
	*whole = false;
	while (at > from && count < most && !*whole) {
		const struct note *note = &notes[--at % NOTES];
		if (note->object != object)
			continue;
		seen[count++] = (struct countlog_entry){ .place = note->place,
							 .position = note->position,
							 .thread = (int16_t)note->thread,
							 .left = note->left,
							 .many = note->operation >> OPERATION_BITS,
							 .operation = note->operation & 3 };
		*whole = (note->operation & 3) == COUNTLOG_MADE;
	}
	for (unsigned i = 0; i < count / 2; i++) {
		struct countlog_entry other = seen[i];
		seen[i] = seen[count - 1 - i];
		seen[count - 1 - i] = other;
	}
	return count;
}

void countlog_start(void)
{
	if (!getenv("FTSTRESS_COUNT_LOG"))
		return;
	long at = raw_syscall6(SYS_mmap, 0, (long)(NOTES * sizeof *notes), PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at < 0 && at > -4096)
		return;
	notes = (struct note *)at;
	countlog_on = true;
}
