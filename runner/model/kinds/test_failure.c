/* test_failure.c - a test that passes alone and fails in threads. */
#include "runner/model/kinds.h"

static char *of_exception(const struct finding *finding, const struct roots *roots)
{
	(void)roots;
	return fingerprint_test_failure(finding->test_count ? finding->tests[0] : "",
					finding->exception);
}

const struct finding_kind_info kind_test_failure = {
	.name = "test-failure",
	.one = "test failure under threads",
	.many = "test failures under threads",
	.meaning = "The test passes when its threads run it one after the other, and failed when "
		   "they ran it at the same time.",
	.text = "The test passes when its threads run it one after the other, and fails when they "
		"run it at the same time. Either the code under test is not thread-safe, or the "
		"test itself shares something (a file, a global, a fixture) between threads.",
	.heading = "test-failure",
	.fingerprint = of_exception,
};
