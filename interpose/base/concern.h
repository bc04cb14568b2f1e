/*
 * concern.h - a concern of libftstress.so: one file with one `const struct concern concern_NAME`, and
 * a line in the list below.
 *
 * Start-up has two steps. TSan's entry points are called by constructors that run before ours, so
 * wrappers resolve what they forward to at their first call. All else waits for ftstress_start(),
 * which the driver calls once, attached, in the single-threaded zygote.
 */
#ifndef INTERPOSE_CONCERN_H
#define INTERPOSE_CONCERN_H

#include <stdbool.h>

struct concern {
	const char *name; /* as shown in the report's list of hooks */
	/* Begin to work. False, and *why in plain words, if it cannot in this Python. */
	bool (*start)(const char **why);
	/*
	 * Around fork; either may be NULL. The child has one thread. A concern that stands behind
	 * another in core.c's list may call it with a lock of its own held, never the other way
	 * round: so locks are taken from the last concern on, and given back from the first.
	 */
	void (*before_fork)(void);
	void (*after_fork)(bool in_child);
};

/* All of them, in the order in which they start; before a fork the last one comes first. */
/* clang-format off */
#define CONCERNS(concern) \
	concern(heap) \
	concern(modules) \
	concern(stacks) \
	concern(races) \
	concern(threads) \
	concern(crash) \
	concern(order) \
	concern(locks) \
	concern(turns)
/* clang-format on */

#define CONCERN_DECLARE(name) extern const struct concern concern_##name;
CONCERNS(CONCERN_DECLARE)
#undef CONCERN_DECLARE

#endif
