/* deadlock.c - threads that wait for each other. */
#include "runner/model/kinds.h"

const struct finding_kind_info kind_deadlock = {
	.name = "deadlock",
	.one = "deadlock",
	.many = "deadlocks",
	.meaning = "Threads wait for each other's locks and none can go on.",
	.text = "The threads wait for each other: each holds what another needs, so none can go "
		"on. Usual fixes: acquire the locks in one order everywhere, or release a lock "
		"before waiting for something else.",
	.heading = "Deadlock",
	.fingerprint = fingerprint_waits,
	.threads = KIND_WAITS,
	.rule = RULE_DEADLOCK,
	.cell = CELL_DEADLOCK,
	.ends_process = true,
	.by_locks = true,
};
