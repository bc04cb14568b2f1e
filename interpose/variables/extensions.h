/*
 * extensions.h - locks of C extensions, in what orders Python code.
 *
 *     C takes its lock       it is in the thread's list
 *       Python code uses a variable: only now the lock orders, and it is one that was taken
 *     C gives it back        what was done is before what others do when they hold it
 *
 * Mostly C takes a lock for its own sake and gives it back before it returns. That orders nothing here, or
 * it would hide what Python code does. A lock that is held while Python code runs, as it calls back or
 * has a method that takes it and another one that gives it, is one that Python code knows of.
 */
#ifndef INTERPOSE_EXTENSIONS_H
#define INTERPOSE_EXTENSIONS_H

#include "interpose/base/raw.h"

#include <stdint.h>

/* Locks in the calling thread's list, of which no variable was used yet. */
extern HIDDEN __thread uint32_t extensions_new __attribute__((tls_model("initial-exec")));
HIDDEN void extensions_acquire(void);

/* The thread is about to use a variable. */
static inline void extensions_order(void)
{
	if (UNLIKELY(extensions_new))
		extensions_acquire();
}

#endif
