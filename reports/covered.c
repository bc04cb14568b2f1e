/* covered.c - see covered.h. */
#include "reports/covered.h"

#include <inttypes.h>

#include "reports/text.h"

static void add_types(struct buf *out, const struct run_covered *covered)
{
	if (covered->objects_shared) {
		text_add_number(out, covered->objects_shared);
		buf_printf(out, " object%s that tests made %s one for all their threads; ",
			   covered->objects_shared == 1 ? "" : "s",
			   covered->objects_shared == 1 ? "was" : "were");
	}
	if (!covered->types_met && covered->objects_shared) {
		buf_puts(out, "no pairs of calls were run");
		return;
	}
	if (!covered->types_met) {
		buf_puts(out, covered->shares_itself ? "no pairs of calls were run of "
						     : "no two threads had one object of ");
		text_add_line(out, covered->package);
		return;
	}
	buf_puts(out, "of ");
	text_add_number(out, covered->types);
	buf_printf(out, " type%s of ", covered->types == 1 ? "" : "s");
	text_add_line(out, covered->package);
	buf_puts(out, " ");
	text_add_number(out, covered->types_met);
	buf_puts(out, " had two threads on one object (");
	text_add_number(out, covered->operations_met);
	buf_puts(out, " of their ");
	text_add_number(out, covered->operations);
	buf_puts(out, " operations");
	if (covered->uncalled) {
		buf_puts(out, "; for ");
		text_add_number(out, covered->uncalled);
		buf_puts(out, " no arguments are known");
	}
	buf_puts(out, ")");
	if (covered->types_not_made) {
		buf_puts(out, ", ");
		text_add_number(out, covered->types_not_made);
		buf_puts(out,
			 covered->types_not_made == 1 ? " was never made" : " were never made");
	}
}

static void add_functions(struct buf *out, const struct run_covered *covered)
{
	static const char *const words[COVER_KINDS] = {
		[COVER_OBJECT] = " ran in two threads on one object",
		[COVER_THREADS] = " in two threads with objects of their own",
		[COVER_ONE_THREAD] = " in one thread",
		[COVER_NEVER] = " never",
	};
	uint64_t all = 0;
	for (size_t i = 0; i < COVER_KINDS; i++)
		all += covered->functions[i];
	if (!all) {
		buf_puts(out, "; C functions are not counted: they are not instrumented for it");
		return;
	}
	buf_puts(out, "; of ");
	text_add_number(out, all);
	buf_printf(out, " C function%s ", all == 1 ? "" : "s");
	for (size_t i = 0; i < COVER_KINDS; i++) {
		buf_puts(out, i ? ", " : "");
		text_add_number(out, covered->functions[i]);
		buf_puts(out, words[i]);
	}
}

bool covered_add(struct buf *out, const struct run_info *run)
{
	const struct run_covered *covered = &run->covered;
	if (!covered->package || !run->tests_distinct)
		return false;
	add_types(out, covered);
	add_functions(out, covered);
	return true;
}

bool covered_apart(const struct run_info *run)
{
	const struct run_covered *covered = &run->covered;
	return covered->package && !covered->shares_itself && run->tests_threaded &&
	       !covered->types_met && !covered->objects_shared &&
	       !covered->functions[COVER_OBJECT] && !run->replay;
}

void covered_add_apart(struct buf *out, const struct run_info *run)
{
	buf_puts(out, "no two threads were made to use one object of ");
	text_add_line(out, run->covered.package);
}
