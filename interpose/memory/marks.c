/* marks.c - see marks.h. */
#include "interpose/memory/marks.h"

#include "interpose/base/concern.h"
#include "interpose/memory/made.h"
#include "interpose/python/object.h"
#include "interpose/wrap/races.h"

HIDDEN bool marks_live;

static bool start(const char **why)
{
	if (!made_is_on()) {
		*why = CONCERN_OFF;
		return false;
	}
	uint32_t mark = 0;
	if (!object_peek((uint64_t)marks_shadow(races_raced()), &mark, sizeof mark) ||
	    mark != MARKS_MARK) {
		*why = "this ThreadSanitizer marks memory that had a race in another way";
		return false;
	}
	marks_live = true;
	return true;
}

const struct concern concern_marks = { .name = "races in memory that had one", .start = start };
