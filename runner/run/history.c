/* history.c - see history.h. */
#include "runner/run/history.h"

#include <inttypes.h>
#include <string.h>

#include "runner/model/enough.h"

/* Did the run count turns, in this way? */
static bool counts(const struct store_sighting *run, const char *ways)
{
	return run->turns && *run->ways && strcmp(run->ways, ways) == 0;
}

/* The last run up to number `to` that saw it, SIZE_MAX if none did. */
static size_t last_of(const struct store_sighting *runs, size_t count, int64_t to)
{
	size_t last = SIZE_MAX;
	for (size_t i = 0; i < count; i++)
		if (runs[i].seen && (!to || runs[i].run <= to))
			last = i;
	return last;
}

/* Up to and with the run: in how many of how many turns? In the way of that run alone. */
static void add_up(const struct store_sighting *runs, size_t last, uint64_t *seen, uint64_t *before)
{
	*seen = *before = 0;
	for (size_t i = 0; i <= last; i++) {
		if (!counts(&runs[i], runs[last].ways))
			continue;
		*before += runs[i].turns;
		*seen += runs[i].seen < runs[i].turns ? runs[i].seen : runs[i].turns;
	}
}

/* The run that saw it again, after enough had not. */
static int64_t back_of(const struct store_sighting *runs, size_t last)
{
	int64_t back = 0;
	size_t before = SIZE_MAX;
	for (size_t i = 0; i <= last; i++) {
		uint64_t seen, turns, since = 0;
		if (!runs[i].seen)
			continue;
		if (before != SIZE_MAX) {
			add_up(runs, before, &seen, &turns);
			for (size_t k = before + 1; k < i; k++)
				since += counts(&runs[k], runs[before].ways) ? runs[k].turns : 0;
			uint64_t needed = enough_turns(seen, turns);
			if (needed && since >= needed)
				back = runs[i].run;
		}
		before = i;
	}
	return back;
}

/* How many iterations have as many turns of its tests as are missing? */
static uint64_t iterations_for(const struct store_sighting *runs, size_t count, const char *ways,
			       uint64_t missing)
{
	uint64_t turns = 0, iterations = 0;
	for (size_t i = 0; i < count; i++)
		if (counts(&runs[i], ways)) {
			turns += runs[i].turns;
			iterations += runs[i].iterations;
		}
	return turns ? (missing * iterations + turns - 1) / turns : 0;
}

struct history history_of(const struct store_sighting *runs, size_t count, int64_t to, int64_t from)
{
	struct history history = { .fate = FATE_UNKNOWN };
	size_t last = last_of(runs, count, from ? from - 1 : to);
	if (last == SIZE_MAX)
		return history;
	const char *ways = runs[last].ways;
	for (size_t i = 0; !history.first; i++)
		history.first = runs[i].seen ? runs[i].run : 0;
	history.last = runs[last].run;
	history.back = back_of(runs, last);
	add_up(runs, last, &history.seen, &history.before);
	for (size_t i = last + 1; i < count; i++) {
		if (!runs[i].turns || runs[i].run < from || (to && runs[i].run > to))
			continue;
		if (counts(&runs[i], ways))
			history.after += runs[i].turns;
		else
			history.otherwise++;
	}
	history.needed = enough_turns(history.seen, history.before);
	if (!history.after && !history.otherwise)
		history.fate = FATE_PRESENT;
	else if (history.needed)
		history.fate = history.after >= history.needed ? FATE_FIXED : FATE_GONE;
	if (history.fate == FATE_GONE)
		history.iterations =
			iterations_for(runs, count, ways, history.needed - history.after);
	return history;
}

int history_get(struct store *store, const char *finding, struct history *history)
{
	struct store_sighting *runs;
	size_t count;
	*history = (struct history){ .fate = FATE_UNKNOWN };
	int code = store_sightings(store, finding, &runs, &count);
	if (!code)
		*history = history_of(runs, count, 0, 0);
	store_sightings_free(runs, code ? 0 : count);
	return code;
}

const char *fate_name(enum fate fate)
{
	static const char *const names[] = { [FATE_PRESENT] = "present",
					     [FATE_FIXED] = "fixed",
					     [FATE_GONE] = "not seen",
					     [FATE_UNKNOWN] = "not known" };
	return names[fate];
}

static void add_turns(struct buf *out, const struct history *history)
{
	buf_printf(out,
		   "it came in %" PRIu64 " of %" PRIu64 " turns of its tests up to run %" PRId64
		   ", and in none of %" PRIu64 " since",
		   history->seen, history->before, history->last, history->after);
}

void history_add(struct buf *out, const struct history *history)
{
	switch (history->fate) {
	case FATE_PRESENT:
		buf_printf(out,
			   "It is there: run %" PRId64 ", the last one that ran its tests, saw it",
			   history->last);
		if (history->before)
			buf_printf(out, " (in all it came in %" PRIu64 " of %" PRIu64 " turns)",
				   history->seen, history->before);
		break;
	case FATE_FIXED:
		buf_puts(out, "It is fixed, at 95 %: ");
		add_turns(out, history);
		buf_printf(out, "; %" PRIu64 " are enough", history->needed);
		break;
	case FATE_GONE:
		buf_puts(out, "It was not seen again, which is not enough to call it fixed: ");
		add_turns(out, history);
		buf_printf(out, "; %" PRIu64 " would be enough at 95 %%", history->needed);
		if (history->iterations)
			buf_printf(out, ", which are about %" PRIu64 " more iteration%s",
				   history->iterations, history->iterations == 1 ? "" : "s");
		break;
	case FATE_UNKNOWN:
		buf_puts(out, "Whether it is fixed is not known: how often its tests ran was not "
			      "counted (pairs, a replay, or an older ftstress)");
		break;
	}
	buf_puts(out, ".");
	if (history->back)
		buf_printf(out, " It had been fixed before, and came back in run %" PRId64 ".",
			   history->back);
	if (history->otherwise)
		buf_printf(out,
			   " %" PRIu64 " run%s since ran its tests with other settings, and %s not "
			   "count.",
			   history->otherwise, history->otherwise == 1 ? "" : "s",
			   history->otherwise == 1 ? "does" : "do");
}
