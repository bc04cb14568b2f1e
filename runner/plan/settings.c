/* settings.c - see settings.h. */
#include "runner/plan/settings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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

/* "12:2", "12:2,30:1", "seed": behind a token of --explore; NULL: none. */
static bool parse_switches(struct replay_token *token, char *text)
{
	uint64_t found[2] = { 0 };
	token->switches = 0;
	if (text && strcmp(text, "seed") == 0) {
		token->switches = FTS_SWITCHES_BY_SEED;
		return true;
	}
	for (size_t i = 0; text; i++) {
		char *one = strsep(&text, ","), *thread = strchr(one, ':');
		uint64_t point, number;
		if (i == 2 || !thread)
			return false;
		*thread++ = '\0';
		if (!whole_number(one, 10, &point) || !whole_number(thread, 10, &number) ||
		    !point || point >= UINT32_MAX / FTS_SWITCH_THREADS ||
		    number >= FTS_SWITCH_THREADS)
			return false;
		found[i] = FTS_SWITCH(point, number);
	}
	token->switches = FTS_SWITCHES(found[0], found[1]);
	return true;
}

bool replay_token_parse(const char *text, struct replay_token *token)
{
	char *copy = xstrdup(text), *rest = copy;
	const char *seed = strsep(&rest, ".");
	const char *iteration = rest ? strsep(&rest, ".") : NULL;
	token->pairs = rest && *rest == 'p';
	rest += token->pairs;
	const char *slice = rest ? strsep(&rest, "@") : NULL;
	bool good = iteration && slice && strlen(seed) <= 16 &&
		    whole_number(seed, 16, &token->seed) &&
		    whole_number(iteration, 10, &token->iteration) &&
		    whole_number(slice, 10, &token->slice) && parse_switches(token, rest);
	free(copy);
	return good;
}
