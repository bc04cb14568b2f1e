/* lock_misuse.c - a lock was used in a way that its rules don't allow: ThreadSanitizer's reports on mutexes. */
#include "runner/model/kinds.h"

static const char *const reports[] = { "mutex-", "locked-mutex-destroy", NULL };

const struct finding_kind_info kind_lock_misuse = {
	.name = "lock-misuse",
	.one = "misuse of a lock",
	.many = "misuses of locks",
	.meaning =
		"A lock was unlocked by a thread that did not hold it, locked twice by one thread, or "
		"used after it was destroyed. From then on it keeps nobody out, or everybody.",
	.heading = "Lock misuse",
	.rule = RULE_MUTEX,
	.reports = reports,
};
