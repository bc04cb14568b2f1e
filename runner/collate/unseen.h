/*
 * unseen.h - races with code that is not compiled with ThreadSanitizer.
 *
 * Of such code (the C library, OpenSSL, a wheel that a package requires) ThreadSanitizer sees only what its runtime
 * does in place of the C library: malloc(), free(), memcpy(), locks, pthread_once(), and with that std::call_once() and
 * call_once(). It does not see what else orders these: an atomic variable, or the byte that says that a static variable
 * has been initialised.
 *
 *     thread 1                                        thread 2
 *     get_table()                                     get_table()
 *       __cxa_guard_acquire                seen         the guard's byte is 1      not seen
 *       malloc, memset                     seen
 *       the guard's byte = 1               not seen   reads the table              seen: a race, it seems
 *
 * So it is not told if one side is such an act of the module on a block that it has allocated itself, in the thread that
 * did that, and the other side is an access of instrumented code: how the block got there nobody has seen. Neither is
 * a race of the C library with itself: it guards its tables (those of sem_open(), of dlopen()) by locks of its own.
 * Any other one with an act of such code is told, and that this was not seen.
 */
#ifndef RUNNER_UNSEEN_H
#define RUNNER_UNSEEN_H

#include <stdbool.h>
#include <stdint.h>

#include "runner/records/assemble.h"
#include "runner/symbols/stacks.h"
#include "runner/symbols/symbolize.h"

struct unseen {         /* zero-initialise */
	uint64_t count; /* of races that are not told, without those of the C library with itself */
	char *module;   /* the first one's */
};

/* Is a data race one that is not told? Counts it. `numbers`: of each section, the number of its stack. */
bool unseen_take(struct unseen *unseen, struct symbolizer *symbolizer, const struct stacks *stacks,
		 const struct report_view *view, const uint32_t *numbers);

/* What to say of a race that is told although one side is an act of such code, to be freed; NULL: none is. */
char *unseen_side(struct symbolizer *symbolizer, const struct stacks *stacks,
		  const struct report_view *view, const uint32_t *numbers);

/* What is to be said of those that are not told, to be freed; or NULL. */
char *unseen_words(const struct unseen *unseen);

void unseen_free(struct unseen *unseen);

#endif
