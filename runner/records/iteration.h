/*
 * iteration.h - which iteration a process and its records belong to.
 */
#ifndef RUNNER_ITERATION_H
#define RUNNER_ITERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The strings are the caller's: whoever is given this keeps none of them. */
struct iteration_context {
	unsigned zygote; /* its number, as given to collator_zygote() */
	pid_t zygote_pid;
	uint64_t iteration;
	const char *replay;       /* token "S.n.k" */
	bool gil;                 /* the iteration ran with the GIL */
	const char *const *tests; /* the slice: test ids by index */
	size_t test_count;
};

#endif
