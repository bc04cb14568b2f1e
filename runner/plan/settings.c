/* settings.c - see settings.h. */
#include "runner/plan/settings.h"

#include <inttypes.h>

#include "ftstress/record.h"
#include "runner/base/util.h"

static const char *const schedule_names[] = { [SCHEDULE_TURNS] = "turns",
					      [SCHEDULE_WHOLE_TURNS] = "whole-turns",
					      [SCHEDULE_OVERLAP] = "overlap",
					      [SCHEDULE_MIXED] = "mixed",
					      [SCHEDULE_ONE_BY_ONE] = "one-by-one" };

unsigned settings_python_every(const struct settings *settings)
{
	/* What grows is counted; the tables of variables would, too. */
	if (!settings->python_races || (settings->leaks && !settings->python_races_given))
		return 0;
	if (settings->python_races_every)
		return settings->python_races_every;
	return settings->python_races_given ? 1 : PYTHON_RACES_EVERY;
}

const char *schedule_text(enum schedule_choice schedule)
{
	return schedule_names[schedule];
}

char *replay_token_text(struct replay_token token)
{
	struct buf text = { 0 };
	buf_printf(&text, "%" PRIx64 ".%" PRIu64 ".%s%" PRIu64, token.seed, token.iteration,
		   token.pairs ? "p" : "", token.slice);
	if (token.switches == FTS_SWITCHES_BY_SEED)
		buf_puts(&text, "@seed");
	else
		for (uint64_t rest = token.switches; rest; rest >>= 32)
			buf_printf(&text, "%c%" PRIu32 ":%" PRIu32,
				   rest == token.switches ? '@' : ',',
				   (uint32_t)rest / FTS_SWITCH_THREADS,
				   (uint32_t)rest % FTS_SWITCH_THREADS);
	return buf_take(&text);
}
