/* marks.c - see marks.h. */
#include "interpose/memory/marks.h"

#include "interpose/base/concern.h"
#include "interpose/memory/made.h"
#include "interpose/python/object.h"

enum { NOTED = 1024 };

HIDDEN bool marks_live;
HIDDEN __thread bool marks_making;
static bool known;
static uint64_t noted[NOTED];
static uint32_t notes; /* that were ever made */
static uint32_t forgotten;

void marks_try(uint64_t raced)
{
	uint32_t mark = 0;
	known = object_peek((uint64_t)marks_shadow(raced), &mark, sizeof mark) &&
		mark == MARKS_MARK;
}

void marks_note(uint64_t address)
{
	noted[notes % NOTED] = address;
	__atomic_store_n(&notes, notes + 1, __ATOMIC_RELEASE);
}

void marks_forget(void)
{
	uint32_t end = __atomic_load_n(&notes, __ATOMIC_ACQUIRE);
	if (end - forgotten > NOTED)
		forgotten = end - NOTED;
	for (; forgotten != end; forgotten++)
		marks_end(noted[forgotten % NOTED], 1);
}

void marks_renew(uint64_t from, uint64_t bytes)
{
	if (!marks_live)
		return;
	bytes = bytes < MARKS_RENEWED ? bytes : MARKS_RENEWED;
	uint32_t *shadow = marks_shadow(from);
	uint32_t *end = marks_shadow(from + bytes + MARKS_CELL - 1);
	for (; shadow < end; shadow++)
		__atomic_store_n(shadow, 0, __ATOMIC_RELAXED);
}

static bool start(const char **why)
{
	if (!made_is_on()) {
		*why = CONCERN_OFF;
		return false;
	}
	if (!known) {
		*why = "this ThreadSanitizer marks memory that had a race in another way";
		return false;
	}
	marks_live = true;
	return true;
}

const struct concern concern_marks = { .name = "races in memory that had one", .start = start };
