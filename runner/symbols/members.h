/*
 * members.h - the name of a field, from DWARF: which member of which structure did code at an
 * address touch, `offset` bytes behind the head of a Python object?
 *
 * What the object's structure is called is known nowhere. But a function that uses a field has a
 * variable of the structure's type, or an inlined function has: `self`, `it`, `__pyx_v_self`. Of all
 * structures that begin with an object's head and that a variable in scope there points to, the
 * innermost scope's are asked for the member. If they don't agree, there is no name.
 *
 *	struct __pyx_obj_Histogram { PyObject_HEAD ...; unsigned long counts[256]; long total; }
 *	add(struct __pyx_obj_Histogram *__pyx_v_self), offset 808   ->  "counts[]"
 *
 * Not thread-safe. Read with elfutils' libdw.
 */
#ifndef RUNNER_MEMBERS_H
#define RUNNER_MEMBERS_H

#include <stdint.h>

struct members;

/* The debug information of a library. NULL if it has none or can't be read. */
struct members *members_open(const char *path);
void members_close(struct members *members);

/*
 * `address`: an ELF address in the library. "ob_item", "state.index", "counts[]" (an element of an
 * array); to be freed. NULL: no name, or more than one.
 */
char *members_name(struct members *members, uint64_t address, uint64_t offset);

/*
 * The same, of a structure that is known by its name or that of a typedef ("PyListObject"): as all units have
 * to agree on it, the first one that declares it whole is asked, and remembered.
 */
char *members_name_in(struct members *members, const char *structure, uint64_t offset);

#endif
