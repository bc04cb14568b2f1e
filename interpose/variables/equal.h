/*
 * equal.h - are two objects equal, as far as their memory says?
 *
 * For a cache that two threads fill at once: both have made a value of the same key, and one is stored
 * over the other. If the two are equal, and nobody can change either, nothing is lost.
 *
 * Nothing of Python's is called. So it is said only of what is compared by value and can't be changed:
 * numbers, texts, tuples of these, and objects of C types with a hash of their own (a compiled pattern),
 * whose memory is the same but for such parts. Of all else it is not known.
 */
#ifndef INTERPOSE_EQUAL_H
#define INTERPOSE_EQUAL_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

/* Two that are not one object. Reads through the kernel: either may end meanwhile. */
HIDDEN bool equal_values(uintptr_t one, uintptr_t two);

/* Is it an object that was made while the program ran? None, True, small numbers and constants are not. */
HIDDEN bool equal_is_made(uintptr_t object);

/* Once, attached. Without it nothing is equal. */
HIDDEN void equal_start(void);

#endif
