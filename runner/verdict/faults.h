/*
 * faults.h - the findings that the runner itself makes: of a process that died, got stuck or took
 * too much memory, and of a test that fails in threads only.
 *
 * Each function overwrites `finding`, for collator_add().
 */
#ifndef RUNNER_FAULTS_H
#define RUNNER_FAULTS_H

#include "runner/collate/collate.h"
#include "runner/trial/trial.h"
#include "runner/inspect/unwind.h"

/* What is known about the end of a process. */
struct fault {
	const struct trial *trial;
	const struct iteration_context *context;
	struct collator *collator;     /* names native frames */
	const struct capture *capture; /* NULL = none was taken */
	int status;                    /* wait status */
	const char *output;            /* what the iteration printed */
	double timeout;                /* seconds */
	double alone;                  /* seconds that the test takes alone; 0 = not known */
	double still;                  /* seconds without progress until it was killed */
	uint64_t memory;               /* limit in bytes */
	uint64_t resident;             /* bytes when it was killed */
};

/*
 * The finding of a process that died of a signal or ended with a status too early. Returns false if
 * there is none: the slice came to its end; or that is not known, because the record that would say
 * so may have been lost.
 */
bool fault_of_status(const struct fault *fault, struct finding *finding);
void fault_of_hang(const struct fault *fault, struct finding *finding);
/* The thread's frames, with names. */
void fault_stack(const struct fault *fault, const struct captured_thread *thread,
		 struct stack *stack);
/*
 * For a process that computes without progress: in which functions its threads are now, and whether
 * they were in them before: "ftstress-0 in spin (x.py:4), as before". To be freed; "" if nothing is
 * known.
 */
char *fault_spinning(const struct capture *before, const struct capture *now);
void fault_of_memory(const struct fault *fault, struct finding *finding);
/* The test has ended the zygote; `status` is the zygote's wait status. */
void fault_of_parent(const struct fault *fault, struct finding *finding);
/* `failures` of one test, at least one. */
void fault_of_failures(const char *test, const struct test_failure *failures, size_t count,
		       struct finding *finding);

#endif
