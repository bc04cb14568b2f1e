/*
 * llvm.h - llvm-symbolizer, a child process: a line asked, a line answered. For symbolize.c.
 */
#ifndef RUNNER_LLVM_H
#define RUNNER_LLVM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "runner/base/util.h"

struct llvm {
	const char *path; /* NULL: as Debian names it */
	void (*note)(void *context, const char *text);
	void *note_context;
	pid_t pid; /* 0 = not running */
	int socket;
	struct buf input; /* answers not taken yet */
	unsigned starts;
	bool given_up;
};

/* What an answer is for. */
struct answers {
	void (*take)(void *context, size_t index, const char *line, size_t length);
	void *context;
	size_t taken, expected;
};

/* Is there a child, or could one be started? */
bool llvm_ready(struct llvm *llvm);
/*
 * Writes the requests and takes one line for each, side by side, so that neither end can fill up.
 * False if the child failed on the way; answers->taken tells how far it came.
 */
bool llvm_converse(struct llvm *llvm, const struct buf *requests, struct answers *answers);
/* The child died or does not answer: it gets one more chance. */
void llvm_failed(struct llvm *llvm);
void llvm_end(struct llvm *llvm);

#endif
