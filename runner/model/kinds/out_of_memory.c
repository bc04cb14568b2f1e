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
	.meaning = "The process grew beyond its memory limit and was ended.",
	.text = "The process grew beyond its limit of resident memory and was ended by ftstress. "
		"A test that is heavy alone is that many times as heavy in threads; mark it "
		"unsafe in the suite if that is all.",
	.heading = "out-of-memory",
	.fingerprint = of_test,
	.threads = KIND_WAITS,
	.cell = CELL_CRASH,
	.ends_process = true,
};
