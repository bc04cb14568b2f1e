/*
 * name.h - a variable's name, from the instruction that uses it and the memory that it lies in.
 */
#ifndef INTERPOSE_NAME_H
#define INTERPOSE_NAME_H

#include "interpose/base/raw.h"
#include "interpose/variables/patterns.h"

#include <stdbool.h>

enum { NAME_BYTES = 256 };
enum { FIELDS_NAME = 32 }; /* bytes */
#define NAME_GENERATOR "generator\t"
#define NAME_ITERATOR "iterator\t"

/*
 * "attribute\tvalue\tCounter", "global\ttotal", "closure\tn", "item\t\tlist", "size\t\tdeque",
 * "generator\tnumbers", "iterator\t\tlist_iterator": what it is, its name, the type of the object that it lies in; the last two may be empty. In UTF-8.
 * While ThreadSanitizer reports: reads memory raw.
 */
HIDDEN void name_variable(const struct access *access, char name[NAME_BYTES]);

/* Of an attribute or global, its name alone, as far as that has room; else empty. */
HIDDEN void name_field(const struct access *access, char name[FIELDS_NAME]);

/* Is the name of that number in the code object this one? */
HIDDEN bool name_is(const void *code, unsigned index, const char *name);

/* False, and *why: code objects look different. Attached, once at start. */
HIDDEN bool name_start(const char **why);

#endif
