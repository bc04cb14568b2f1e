/* double_free.c - a block of Python's heap was given back twice (interpose/memory/freed.c). */
#include "runner/model/kinds.h"

#include <stdlib.h>

#include "runner/model/words.h"

static const char *const reports[] = { "double-free", NULL };

/* "a Box object is freed again by box_close (box.c:12)" */
static void title(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	char *name = finding->participant_count ? words_function(&finding->participants[0].stack)
						: xstrdup("an unknown place");
	words_add_object(out, &finding->subject);
	buf_printf(out, " is freed again by %s", name);
	if (finding->participant_count)
		words_add_location(out, &finding->participants[0].stack, roots);
	free(name);
}

static void add_place(struct buf *out, const struct participant *side, const char *verb,
		      const struct roots *roots)
{
	size_t at = site_frame(&side->stack);
	char *name = words_name(&side->stack, at);
	buf_printf(out, "%s %s it in %s", side->thread, verb, name);
	words_add_location(out, &side->stack, roots);
	words_add_line(out, &side->stack, at, roots);
	free(name);
}

static void explain(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	if (finding->participant_count > 1) {
		add_place(out, &finding->participants[1], "freed", roots);
		buf_puts(out, ", then ");
	}
	if (finding->participant_count)
		add_place(out, &finding->participants[0], "freed", roots);
	if (finding->subject.description)
		buf_printf(out, ": %s", finding->subject.description);
	buf_puts(
		out,
		". In between, nobody got the memory. The allocator now has the block twice, and "
		"gives it to two owners: what that does shows anywhere. Usual causes: two threads "
		"take the same pointer out of an object before one of them has cleared it (take it "
		"and clear it under one lock), or a destructor that runs twice.");
}

const struct finding_kind_info kind_double_free = {
	.name = "double-free",
	.one = "double free",
	.many = "double frees",
	.meaning = "A block of memory was given back twice.",
	.explain = explain,
	.title = title,
	.rule = RULE_RACE,
	.reports = reports,
};
