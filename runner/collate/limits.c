/* limits.c - see limits.h. */
#include "runner/collate/limits.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"

/*
 * For each limit of libftstress.so: what happened, and what that means. %s: how often, "3 times".
 */
static const char *const library_texts[FTS_LIMIT_COUNT] = {
	[FTS_LIMIT_RINGS] = "more than 255 threads and processes wrote records at once (seen %s): "
			    "they shared one ring, which is slower",
	[FTS_LIMIT_MODULES] = "more than 4096 shared objects were loaded (%s): the others are "
			      "recorded more than once",
	[FTS_LIMIT_CODE_LINES] = "a Python function has a line table of more than 60 KiB (%s): its "
				 "last lines are not known",
	[FTS_LIMIT_REPORT] = "a report did not fit in 64 KiB (%s): stacks are missing in it",
	[FTS_LIMIT_LOCK_THREADS] =
		"more than 512 threads of a process lived at once (%s): the locks of "
		"the others are not seen",
	[FTS_LIMIT_LOCKS_HELD] = "a thread held more than 256 locks (%s): the orders in which it "
				 "acquired locks then are not known",
	[FTS_LIMIT_ORDERS] =
		"a process acquired locks in more than 20000 orders (%s more): the others are not "
		"known",
	[FTS_LIMIT_ORDER_HELD] =
		"a thread acquired a lock while it held more than 32 others (%s): these "
		"orders are not known",
	[FTS_LIMIT_ORDER_BYTES] =
		"the stacks of a lock order did not fit in 32 KiB (%s): it is not "
		"known",
	[FTS_LIMIT_WATCHED] = "more blocks of memory with locks in them than can be watched (%s): "
			      "orders of these locks are not known",
	[FTS_LIMIT_LOCK_PLACES] =
		"locks were made in more places than can be told apart (%s): those "
		"locks count as one kind",
	[FTS_LIMIT_LOCK_WAITS] =
		"threads waited for more kinds of locks than are counted (%s): the "
		"others are missing in the report's table of waits",
	[FTS_LIMIT_COVER] = "more C functions were loaded than can be looked at (%s): which of the "
			    "others ran is not known",
	[FTS_LIMIT_LOCK_CLASSES] =
		"a process had more than 2045 kinds of locks (%s): where a race's report names the "
		"locks held, it does not name the others",
	[FTS_LIMIT_LOCKS_TOLD] =
		"a thread held more than 15 locks (%s): a race's report does not name the others",
	[FTS_LIMIT_HEAP_SITES] =
		"objects were made in more places than there is room for (%s): where the others "
		"were made is not told",
	[FTS_LIMIT_HEAP_THREADS] =
		"more than 4094 threads of a process made objects (%s more): which thread made the "
		"others' is not told",
};

void limits_clear(struct limits *limits)
{
	free(limits->place);
	*limits = (struct limits){ 0 };
}

void limits_gap(struct limits *limits, const struct iteration_context *context,
		const struct fts_record *record)
{
	struct fts_lost lost;
	if (record->length < sizeof *record + sizeof lost)
		return;
	memcpy(&lost, record + 1, sizeof lost);
	limits->types |= lost.types;
	if (limits->place || !context->replay)
		return;
	const char *test = record->test < context->test_count ? context->tests[record->test] : NULL;
	limits->place = xprintf("iteration %" PRIu64 "%s%s", context->iteration, test ? ", " : "",
				test ? test : "");
}

static const char *lost_what(const struct limits *limits)
{
	bool reports = limits->types & 1u << FTS_REC_REPORT;
	bool code = limits->types & 1u << FTS_REC_CODE;
	return reports && code ? "reports and names of Python functions"
	       : reports       ? "reports: a finding may have been overlooked"
	       : code          ? "names of Python functions"
			       : "records";
}

static void tell_lost(const struct limits *limits, void (*note)(void *, const char *),
		      void *context)
{
	uint64_t bulk = limits->lost.records - limits->lost.control;
	if (bulk) {
		char *text = xprintf(
			"%" PRIu64 " record%s did not fit in the rings and %s missing (%s)%s%s",
			bulk, bulk == 1 ? "" : "s", bulk == 1 ? "is" : "are", lost_what(limits),
			limits->place ? "; first in " : "", limits->place ? limits->place : "");
		note(context, text);
		free(text);
	}
	if (limits->lost.control) {
		char *text =
			xprintf("%" PRIu64
				" record%s that control%s the run could not be read, or waited for "
				"a minute in vain: what depends on them was not judged",
				limits->lost.control, limits->lost.control == 1 ? "" : "s",
				limits->lost.control == 1 ? "s" : "");
		note(context, text);
		free(text);
	}
}

/* `format` has one %s, for how often it was met. */
static void tell_one(uint64_t times, const char *format, void (*note)(void *, const char *),
		     void *context)
{
	const char *at = strstr(format, "%s");
	if (!times)
		return;
	char *text = xprintf("%.*s%" PRIu64 " time%s%s", (int)(at - format), format, times,
			     times == 1 ? "" : "s", at + 2);
	note(context, text);
	free(text);
}

void limits_tell(const struct limits *limits, const struct lockgraph_limits *graph,
		 void (*note)(void *context, const char *text), void *context)
{
	tell_lost(limits, note, context);
	for (size_t i = 0; i < FTS_LIMIT_COUNT; i++)
		tell_one(limits->library[i], library_texts[i], note, context);
	tell_one(limits->lock_bytes,
		 "an iteration wrote more than 64 MiB of lock orders (%s): none of them was judged",
		 note, context);
	tell_one(limits->unknown_orders,
		 "some lock orders of an iteration were lost, so none of them was judged (%s)",
		 note, context);
	tell_one(graph->cycles,
		 "an iteration has more cycles of locks than are looked at (%s): a lock-order "
		 "finding may be missing",
		 note, context);
	tell_one(graph->steps,
		 "the search for cycles of locks was cut short (%s): a lock-order finding may be "
		 "missing",
		 note, context);
	tell_one(graph->combinations,
		 "a cycle of locks can come about in more ways than were tried (%s): it may be "
		 "missing",
		 note, context);
	tell_one(graph->witnesses,
		 "a cycle of locks counts as harmless, but only 48 stacks of an order were looked "
		 "at (%s): it may be missing",
		 note, context);
}
