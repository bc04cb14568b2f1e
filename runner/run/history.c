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

/*
 * The way that counts: that of the last run, of those up to this one that saw it, that counted turns. What repeated
 * it since then, in whatever way, says only that it is there. "" if there is none.
 */
static const struct store_sighting *counted_by(const struct store_sighting *runs, size_t last)
{
	for (size_t i = last + 1; i-- > 0;)
		if (runs[i].seen && runs[i].turns && *runs[i].ways)
			return &runs[i];
	return NULL;
}

static const char *ways_of(const struct store_sighting *runs, size_t last)
{
	const struct store_sighting *run = counted_by(runs, last);
	return run ? run->ways : "";
}

/* From run number `from` up to and with the last one: in how many of how many turns? In this way alone. */
static void add_up(const struct store_sighting *runs, int64_t from, size_t last, const char *ways,
		   uint64_t *seen, uint64_t *before)
{
	*seen = *before = 0;
	for (size_t i = 0; i <= last; i++) {
		if (runs[i].run < from || !counts(&runs[i], ways))
			continue;
		*before += runs[i].turns;
		*seen += runs[i].seen < runs[i].turns ? runs[i].seen : runs[i].turns;
	}
}

/* Was what had shown it repeated often enough, without it? */
static bool is_proof(const struct store_sighting *run)
{
	return run->needed && run->tries >= run->needed && !run->seen;
}

/* Did the runs between these two do enough to have seen it? */
static bool fixed_between(const struct store_sighting *runs, size_t before, size_t again)
{
	const char *ways = ways_of(runs, before);
	uint64_t seen, turns, since = 0;
	bool proven = false;
	add_up(runs, 0, before, ways, &seen, &turns);
	for (size_t i = before + 1; i < again; i++) {
		since += counts(&runs[i], ways) ? runs[i].turns : 0;
		proven = proven || is_proof(&runs[i]);
	}
	uint64_t needed = enough_turns(seen, turns);
	return proven || (needed && since >= needed);
}

/* The run that saw it again, after enough had not. */
static int64_t back_of(const struct store_sighting *runs, size_t last)
{
	int64_t back = 0;
	size_t before = SIZE_MAX;
	for (size_t i = 0; i <= last; i++) {
		if (!runs[i].seen)
			continue;
		if (before != SIZE_MAX && fixed_between(runs, before, i))
			back = runs[i].run;
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
	const char *ways = ways_of(runs, last);
	for (size_t i = 0; !history.first; i++)
		history.first = runs[i].seen ? runs[i].run : 0;
	history.last = runs[last].run;
	history.back = back_of(runs, last);
	const struct store_sighting *counted = counted_by(runs, last);
	history.counted = counted ? counted->run : 0;
	history.since = history.back ? history.back : history.first;
	add_up(runs, history.since == history.first ? 0 : history.since, last, ways, &history.seen,
	       &history.before);
	for (size_t i = last + 1; i < count; i++) {
		if (runs[i].run < from || (to && runs[i].run > to))
			continue;
		if (is_proof(&runs[i])) {
			history.verified = runs[i].run;
			history.tries = runs[i].tries;
		}
		if (!runs[i].turns)
			continue;
		if (counts(&runs[i], ways))
			history.after += runs[i].turns;
		else
			history.otherwise++;
	}
	history.needed = enough_turns(history.seen, history.before);
	if (history.verified)
		history.fate = FATE_FIXED;
	else if (!history.after && !history.otherwise)
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
		if (history->verified && history->after < history->needed) {
			buf_printf(out,
				   "run %" PRId64
				   " (ftstress verify-fix) repeated what had shown it %" PRIu64
				   " times, and it did not come",
				   history->verified, history->tries);
			break;
		}
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
