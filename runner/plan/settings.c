/* settings.c - see settings.h. */
#include "runner/plan/settings.h"

#include <inttypes.h>

#include "runner/base/util.h"

static const char *const schedule_names[] = { [SCHEDULE_TURNS] = "turns",
					      [SCHEDULE_WHOLE_TURNS] = "whole-turns",
					      [SCHEDULE_OVERLAP] = "overlap",
					      [SCHEDULE_MIXED] = "mixed",
					      [SCHEDULE_ONE_BY_ONE] = "one-by-one" };

const char *schedule_text(enum schedule_choice schedule)
{
	return schedule_names[schedule];
}

char *replay_token_text(struct replay_token token)
{
	return xprintf("%" PRIx64 ".%" PRIu64 ".%s%" PRIu64, token.seed, token.iteration,
		       token.pairs ? "p" : "", token.slice);
}
