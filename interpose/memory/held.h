/*
 * held.h - objects of which fewer references are counted than are held.
 *
 * A reference that is dropped and was not taken does no harm as long as others have the object: its count is
 * one too low, and it lives on. It is freed, in use, much later, or in another program.
 *
 *     list  --+
 *     dict  --+-->  object    held 3 times, counted 2
 *     tuple --+
 *
 * So when a test is over, and there is one thread, all containers are asked what they hold (tp_traverse), as
 * the garbage collector does, and what is held of each object is added up. More is counted than that: C code
 * has references, running functions have. Fewer never are: the collector takes the one from the other, and
 * what is left over are the references of others.
 *
 * Left out are generators and frames, whose references may be deferred (PEP 703), and as objects what is
 * counted in several places: types, functions, code, modules, whose counts are far above what is held.
 */
#ifndef INTERPOSE_HELD_H
#define INTERPOSE_HELD_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * For the driver, attached. Tells of each such object, but of the same once only; `tests`: how many ran since
 * the last look. Returns how many objects; 0, too, if the interpreter has other threads.
 */
EXPORT uint32_t ftstress_held_look(uint32_t tests);

/*
 * How often each object is held now, for held_of(), until held_end(). False: it is not known. In the one
 * thread that there is.
 */
HIDDEN bool held_begin(void);
HIDDEN uint32_t held_of(uint64_t object);
HIDDEN void held_end(void);

#endif
