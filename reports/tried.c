/* tried.c - see tried.h. */
#include "reports/tried.h"

#include <inttypes.h>

#include "reports/covered.h"
#include "reports/text.h"

/* Not where it was not counted: in a report of an older run. */
static bool is_counted(const struct run_info *run)
{
	return run->tests_distinct && run->tests_selected;
}

static void add_threaded(struct buf *out, const struct run_info *run)
{
	bool all = run->tests_threaded == run->tests_distinct;
	if (!run->tests_threaded && run->tests_apart)
		return;
	if (!run->tests_threaded) {
		buf_puts(out, ", none of them in more than one thread");
		return;
	}
	buf_puts(out, all ? ", each" : ", ");
	if (!all) {
		text_add_number(out, run->tests_threaded);
		buf_puts(out, " of them");
	}
	buf_printf(out, " in %" PRIu64, run->threads_least);
	if (run->threads_most > run->threads_least)
		buf_printf(out, " to %" PRIu64, run->threads_most);
	buf_puts(out, " threads (");
	if (run->tests_turns) {
		text_add_number(out, run->tests_turns);
		buf_puts(out, " in turns");
	}
	if (run->tests_overlap) {
		buf_puts(out, run->tests_turns ? ", " : "");
		text_add_number(out, run->tests_overlap);
		buf_puts(out, " overlapping");
	}
	buf_puts(out, ")");
}

bool tried_add(struct buf *out, const struct run_info *run)
{
	if (!is_counted(run))
		return false;
	uint64_t alone = run->tests_distinct - run->tests_threaded - run->tests_apart;
	text_add_number(out, run->tests_distinct);
	buf_puts(out, " of ");
	text_add_number(out, run->tests_selected);
	buf_puts(out, run->tests_selected == 1 ? " test" : " tests");
	add_threaded(out, run);
	if (alone && run->tests_threaded) {
		buf_puts(out, ", ");
		text_add_number(out, alone);
		buf_puts(out, " in one thread only");
	}
	if (alone && run->alone_why) {
		buf_puts(out, " (most: ");
		text_add_line(out, run->alone_why);
		buf_puts(out, ")");
	}
	if (run->tests_apart) {
		buf_puts(out, ", ");
		text_add_number(out, run->tests_apart);
		buf_puts(out, " not made: they touch nothing in common that one of them changes");
	}
	return true;
}

bool tried_add_pairs(struct buf *out, const struct run_info *run)
{
	if (!run->pairs.run)
		return false;
	text_add_number(out, run->pairs.run);
	/* Their deck may be dealt more than once. */
	buf_puts(out, run->pairs.run > run->pairs.total ? " turns of " : " of ");
	text_add_number(out, run->pairs.total);
	buf_printf(out,
		   " pairs of operations, each by two threads on one object (%zu type%s, %" PRIu64
		   " iteration%s beside the tests')",
		   run->type_count, run->type_count == 1 ? "" : "s", run->pairs.iterations,
		   run->pairs.iterations == 1 ? "" : "s");
	return true;
}

/* A length of time as --duration takes it, rounded up: "11h", "35m". */
static void add_duration(struct buf *out, double seconds)
{
	uint64_t minutes = (uint64_t)(seconds / 60) + 1;
	if (minutes >= 120)
		buf_printf(out, "%" PRIu64 "h", (minutes + 59) / 60);
	else
		buf_printf(out, "%" PRIu64 "m", minutes);
}

bool tried_add_next(struct buf *out, const struct run_info *run)
{
	uint64_t all = run->tests_selected;
	if (run->replay || !is_counted(run))
		return false;
	if (run->interrupted) {
		buf_puts(out, "--resume goes on where it was interrupted");
		return true;
	}
	if (covered_apart(run))
		buf_puts(out,
			 "--pairs has two threads call each two operations of its types on one "
			 "object; ");
	if (run->tests_tried >= all) {
		buf_puts(out, "all tests had their turn; --duration ");
		add_duration(out, 4 * run->seconds > 1740 ? 4 * run->seconds : 1740);
		buf_puts(out, " gives each more of them, with other seeds, threads and schedules");
		return true;
	}
	uint64_t rest = all - run->tests_tried;
	uint64_t runs = (rest + run->tests_distinct - 1) / run->tests_distinct;
	buf_puts(out, "the same command goes on with the other ");
	text_add_number(out, rest);
	buf_puts(out, ": about ");
	text_add_number(out, runs);
	buf_printf(out, " run%s of this length, or --duration ", runs == 1 ? "" : "s");
	add_duration(out, run->seconds * (double)rest / (double)run->tests_distinct);
	buf_puts(out, "; --tests EXPR picks some");
	return true;
}
