/* fork_lock.c - a lock that another thread held when the process forked (interpose/locks/locks_fork.h). */
#include "runner/model/kinds.h"

#include <stdlib.h>

#include "runner/model/words.h"

static const char *const reports[] = { "fork-lock", NULL };

enum { WAITS, HELD, FORKED }; /* participants, as the record has them */

static const char *lock_of(const struct finding *finding)
{
	if (finding->participant_count <= HELD || !finding->participants[HELD].lock_count)
		return "a lock";
	return finding->participants[HELD].locks[0].name;
}

/* "threading.Lock of app.py:3: log waits for it in a forked child (app.py:9)". */
static void title(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	if (!finding->participant_count) {
		buf_puts(out, "a forked child waits for a lock that nobody holds any more");
		return;
	}
	const struct stack *stack = &finding->participants[WAITS].stack;
	char *name = words_function(stack);
	buf_printf(out, "%s, held at a fork by another thread: %s waits for it in the child",
		   lock_of(finding), name);
	words_add_location(out, stack, roots);
	free(name);
}

static void add_place(struct buf *out, const struct participant *side, const struct roots *roots)
{
	size_t at = site_frame(&side->stack);
	char *name = words_function(&side->stack);
	buf_printf(out, " in %s", name);
	words_add_location(out, &side->stack, roots);
	words_add_line(out, &side->stack, at, roots);
	free(name);
}

static void explain(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	const struct participant *side = finding->participants;
	buf_printf(out, "The lock: %s. ", lock_of(finding));
	if (finding->participant_count > HELD) {
		buf_printf(out, "%s had taken it", side[HELD].thread);
		add_place(out, &side[HELD], roots);
		buf_puts(out, " when another thread forked the process");
		if (finding->participant_count > FORKED)
			add_place(out, &side[FORKED], roots);
		buf_puts(out, ". The child waits for it");
		add_place(out, &side[WAITS], roots);
		buf_puts(out, ". ");
	}
	buf_puts(out,
		 "A child has the thread alone that forked: whoever held the lock is not there, "
		 "and nobody will give it back. The child was ended, with exit code 86, so that "
		 "the run could go on. Usual fixes: start other programs without fork() "
		 "(subprocess; multiprocessing with \"spawn\" or \"forkserver\"), fork before "
		 "threads are started, or take the lock before each fork and give it back, or "
		 "make it new, behind it in both processes (os.register_at_fork, "
		 "pthread_atfork).");
}

const struct finding_kind_info kind_fork_lock = {
	.name = "fork-lock",
	.one = "lock held over a fork",
	.many = "locks held over a fork",
	.meaning =
		"A process forked while another of its threads held a lock; the child waits for it "
		"for ever.",
	.explain = explain,
	.title = title,
	.threads = KIND_WAITS,
	.rule = RULE_DEADLOCK,
	.reports = reports,
	.cell = CELL_DEADLOCK,
};
