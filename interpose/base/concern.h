/*
 * concern.h - a concern is one thing that libftstress.so observes: one file that ends in a
 * `const struct concern concern_NAME`, and a line in the list below.
 *
 * Start-up has two steps. Constructors of other libraries run before ours and call the functions
 * that we wrap. So a wrapper looks up the function behind it at its first call. All else waits for
 * ftstress_start(): the driver calls it once, attached to the interpreter, in the zygote, which has
 * one thread.
 */
#ifndef INTERPOSE_CONCERN_H
#define INTERPOSE_CONCERN_H

#include <stdbool.h>

struct concern {
	const char *name; /* as shown in the report's list of hooks */
	/*
	 * Begin to work. False if that can't be in this Python; *why then says so in plain words,
	 * or is CONCERN_OFF.
	 */
	bool (*start)(const char **why);
	/*
	 * Acquire and release the concern's locks around a fork; either may be NULL. The child has
	 * one thread. A concern may call another one that stands before it in the list while it
	 * holds a lock of its own, never one behind it. So before a fork the last concern acquires
	 * its locks first.
	 */
	void (*before_fork)(void);
	void (*after_fork)(bool in_child);
};

#define CONCERN_OFF "off, as asked" /* the run was asked to leave the concern off */

/* All concerns, in the order in which they start. */
/* clang-format off */
#define CONCERNS(concern) \
	concern(heap) \
	concern(modules) \
	concern(cover) \
	concern(stacks) \
	concern(races) \
	concern(threads) \
	concern(crash) \
	concern(made) \
	concern(marks) \
	concern(freed) \
	concern(quarantine) \
	concern(counts) \
	concern(held) \
	concern(order) \
	concern(variables) \
	concern(locks) \
	concern(turns) \
	concern(meet) \
	concern(borrowing)
/* clang-format on */

#define CONCERN_DECLARE(name) extern const struct concern concern_##name;
CONCERNS(CONCERN_DECLARE)
#undef CONCERN_DECLARE

#endif
