/* out_of_memory.c - the process grew beyond its limit. */
#include "runner/model/kinds.h"

static char *of_test(const struct finding *finding, const struct roots *roots)
{
	(void)roots;
	return fingerprint_out_of_memory(finding->test_count ? finding->tests[0] : "");
}

const struct finding_kind_info kind_out_of_memory = {
	.name = "out-of-memory",
	.one = "out of memory",
	.many = "out of memory",
	.meaning = "The process grew beyond its memory limit, and ftstress ended it.",
	.text = "The process grew beyond its limit of resident memory (--memory), and ftstress "
		"ended it. A test that needs much memory alone needs it once for each thread. If "
		"that is all, list it as unsafe in the suite: then it runs in one thread.",
	.heading = "out-of-memory",
	.fingerprint = of_test,
	.threads = KIND_WAITS,
	.cell = CELL_CRASH,
	.ends_process = true,
};
