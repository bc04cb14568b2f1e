/*
 * iterators.h - next() of an iterator that several threads have.
 *
 * Looked at are the types of CPython's whose next() is more than one step: a generator, which only one
 * thread can run; the position in a list, which two threads read before either has moved it on, so that
 * both get one item, or none gets it. Left out is what is done as a whole, as `next(itertools.count())`
 * is, by which programs number things, and lines of a file.
 *
 * And the iteration over a dict or set that another thread changes meanwhile, which ends in a
 * RuntimeError: the iterator is the thread's own, the container is not.
 */
#ifndef INTERPOSE_ITERATORS_H
#define INTERPOSE_ITERATORS_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

/* Takes the place of their next(). False: they look different. Attached, once at start. */
HIDDEN bool iterators_start(void);

/* The thread goes over the keys of a dict, and now over the next one. */
extern HIDDEN __thread bool variables_only_keys __attribute__((tls_model("initial-exec")));
#endif
