/* lock_order.c - a cycle of lock orders: it can deadlock. */
#include "runner/model/kinds.h"

#include <stdlib.h>
#include <string.h>

#include "runner/model/words.h"

static void title(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	const struct participant *a, *b;
	if (!words_two_sides(finding, &a, &b)) {
		words_add_single(out, "Lock order: a cycle that can deadlock", finding, roots);
		return;
	}
	char *first = words_function(&a->stack), *second = words_function(&b->stack);
	if (strcmp(first, second) > 0) {
		char *swap = first;
		first = second;
		second = swap;
	}
	buf_printf(out, "Lock order: %s and %s acquire the same locks in opposite order", first,
		   second);
	free(first);
	free(second);
}

static const char *const reports[] = { "lock-order-inversion", NULL };

const struct finding_kind_info kind_lock_order = {
	.name = "lock-order",
	.one = "lock-order cycle",
	.many = "lock-order cycles",
	.meaning = "Threads acquire the same locks in different orders. It went well "
		   "this time; with other timing each waits for the lock that the "
		   "other holds, for ever.",
	.text = "One thread acquired the locks in one order, the other in the opposite order. "
		"This run need not have hung: but when two threads do so at the same time, each "
		"waits for the lock that the other holds, for ever. Usual fixes: acquire the locks "
		"in one order everywhere, or don't call other code while holding one.",
	.title = title,
	.threads = KIND_WAITS,
	.rule = RULE_DEADLOCK,
	.reports = reports,
	.cell = CELL_DEADLOCK,
	.by_locks = true,
	.level = LEVEL_WARNING,
};
