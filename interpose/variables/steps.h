/*
 * steps.h - functions of C that do in several steps what looks like one.
 *
 *     at = items.index(x)             where something is in a list: what another thread adds or takes
 *     del items[at]                   in between makes it another item, or none
 *     bisect.insort(items, x)         both in one call
 *     counts.update(words)            reads a count and writes it, for each word
 *     averager.send(x)                runs a generator, which one thread alone can do
 *
 * Their methods are asked, as no place of the interpreter's code shows it (sites.h).
 */
#ifndef INTERPOSE_STEPS_H
#define INTERPOSE_STEPS_H

#include "interpose/base/raw.h"

#include <stdbool.h>

/* The dict, or what is based on it, in which the thread counts. */
extern HIDDEN __thread const void *steps_counts __attribute__((tls_model("initial-exec")));

/* Takes the place of their methods. False: they look different. Attached, once at start. */
HIDDEN bool steps_start(void);

#endif
