/*
 * fields.h - two variables that belong together, read between their two writes.
 *
 *     def move(self, low):               def width(self):
 *         self.low = low                     return self.high - self.low
 *         self.high = low + 5
 *
 * Each store is whole, and so is each read; but who reads both may get one from before and one from
 * after. That they belong together is seen by what is done with them: one call stores both, in one object
 * and without taking or giving a lock between; another call reads both, also without, and makes one
 * value of them.
 *
 * Not if it decides by the first one whether to look at the second at all: in
 * `if self.ready: return self.value` the one that is stored last says that the other is there.
 */
#ifndef INTERPOSE_FIELDS_H
#define INTERPOSE_FIELDS_H

#include "interpose/base/raw.h"
#include "interpose/variables/name.h"
#include "interpose/variables/patterns.h"

#include <stdbool.h>

/* Remembers which accesses belong together. Each access, before it is made. */
HIDDEN void fields_note(const struct access *access);

/*
 * Is one side of the race, which loses nothing by itself, a write before that of another variable, and the
 * other one a read with that one, or a write before it, too? Then each side's `other` is the access of
 * the other variable, and `name` is that one's.
 */
HIDDEN bool fields_judge(struct pattern_side sides[2], char name[FIELDS_NAME]);

#endif
