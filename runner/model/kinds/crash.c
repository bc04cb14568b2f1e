/* crash.c - the process was ended by a signal, or ended itself. */
#include "runner/model/kinds.h"

#include <stdlib.h>

#include "runner/model/abort.h"

static bool crash_tells(const struct stack *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		if (fingerprint_frame_tells(&stack->frames[i]))
			return true;
	}
	return false;
}

/* What a crash without a usable stack is known by, beside its test. To be freed. */
static char *crash_words(const struct finding *finding)
{
	if (!finding->message)
		return xstrdup(finding->title ? finding->title : "");
	return abort_stable(finding->message);
}

static char *crash_of(const struct finding *finding, const struct roots *roots)
{
	const struct participant *first = finding->participants;
	if (!first || !crash_tells(&first->stack)) {
		char *test = test_without_parameters(finding->test_count ? finding->tests[0] : "");
		char *words = crash_words(finding);
		const char *parts[] = { test, words };
		char *id = fingerprint(FINDING_CRASH, parts, 2);
		free(words);
		free(test);
		return id;
	}
	return fingerprint_crash(finding->signal ? finding->signal : "", finding->message,
				 &first->stack, roots);
}

const struct finding_kind_info kind_crash = {
	.name = "crash",
	.one = "crash",
	.many = "crashes",
	.meaning = "A signal ended the process. The stacks show where each thread was.",
	.text = "The process was ended by a fatal signal. Under threads this is most often "
		"memory that another thread freed or changed: see whether a data race among the "
		"findings touches the same function.",
	.heading = "Crash",
	.fingerprint = crash_of,
	.rule = RULE_SIGNAL,
	.cell = CELL_CRASH,
	.ends_process = true,
};
