/* signal_unsafe.c - a signal handler calls what it must not, as ThreadSanitizer saw it. */
#include "runner/model/kinds.h"

static const char *const reports[] = { "signal-unsafe-call", NULL };

const struct finding_kind_info kind_signal_unsafe = {
	.name = "signal-unsafe",
	.one = "unsafe signal handler",
	.many = "unsafe signal handlers",
	.meaning = "A signal handler called a function that is not async-signal-safe.",
	.text = "A signal handler called a function that may be in the middle of its work already, "
		"in the code that the signal came to. Usual fix: only set a flag in the handler.",
	.heading = "Unsafe signal handler",
	.rule = RULE_SIGNAL,
	.reports = reports,
};
