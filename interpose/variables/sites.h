/*
 * sites.h - where the interpreter's code reads and writes Python variables: the table that
 * stress/toolchain/lib/variables.py has made of its file.
 */
#ifndef INTERPOSE_SITES_H
#define INTERPOSE_SITES_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

struct link_map;

/* What happens at a site; 0 = it is none. */
enum site_operation {
	SITE_READ = 1,
	SITE_WRITE,
	SITE_SIZE, /* a container's size is read */
	SITE_RESIZE,
	SITE_KEYS, /* a dict gets other memory */
	SITE_NEXT, /* next() of an iterator; in no table, see iterators.h */
};
/* On what kind of variable. */
enum site_class {
	SITE_VALUE, /* an attribute's, which lies in its object */
	SITE_SLOT,
	SITE_CELL,
	SITE_ITEM,  /* of a list */
	SITE_ENTRY, /* of a dict */
	SITE_LIST,  /* size of a list */
	SITE_DICT,  /* size of a dict */
	SITE_OTHER, /* size of another container */
	SITE_ENTRY_OR_HASH,
	SITE_ITERATOR, /* this and what follows is in no table: iterators.h, containers.h */
	SITE_BUFFER,   /* an item of one */
};

static inline enum site_operation site_operation(uint8_t site)
{
	return (enum site_operation)(site & 7);
}

static inline enum site_class site_class(uint8_t site)
{
	return (enum site_class)(site >> 3);
}

/* By return address less sites_low: one byte for each byte of the interpreter's code. */
extern HIDDEN uintptr_t sites_low, sites_size;
extern HIDDEN const uint8_t *sites;
/* Does the C code at this return address work on objects of its own? */
HIDDEN bool sites_is_own(uintptr_t address);

/* What an instruction does, bits; the letters that variables.py writes for them. */
enum opcode_flag {
	OP_ATTRIBUTE = 1 << 0,   /* a: its argument, halved, is the number of a name */
	OP_ATTRIBUTE1 = 1 << 1,  /* A: the same, not halved */
	OP_GLOBAL = 1 << 2,      /* g: halved */
	OP_GLOBAL1 = 1 << 3,     /* G */
	OP_CELL = 1 << 4,        /* d: the number of a local variable's name */
	OP_ITEM = 1 << 5,        /* k */
	OP_LOAD = 1 << 6,        /* l: reads a local variable */
	OP_LOAD2 = 1 << 7,       /* L: two */
	OP_STORE = 1 << 8,       /* s: writes one */
	OP_STORE2 = 1 << 9,      /* S */
	OP_STORE_LOAD = 1 << 10, /* x */
	OP_ENDS = 1 << 11,       /* e: a statement ends, its value is stored or dropped */
	OP_BRANCH = 1 << 12,     /* b */
	OP_EXTENDS = 1 << 13,    /* E: its argument goes before that of the next one */
	OP_CATCHES = 1 << 15,    /* c: is the exception one that is caught here? */
	OP_COPIES = 1 << 16,     /* C: what was loaded last, for a store that comes later: */
	OP_SWAPS = 1 << 17,      /* W */
	OP_ITERATES = 1 << 18,   /* I: an iteration begins */
	OP_RETURNS = 1 << 19,    /* r: the function's value is what was loaded last */
	OP_LEAVES = 1 << 20,     /* v: what stands behind it is not reached from there, */
	OP_JUMPS = 1 << 21,      /* j: nor here, but what its argument says */
	OP_TRUTH = 1 << 22,      /* t: of what was loaded last */
	OP_NOTHING = 1 << 23,    /* N: stands between others */
	OP_BINARY = 1 << 24,     /* B: x + y; also x[y] */
	OP_CONSTANT = 1 << 25,   /* o */
	OP_CALL = 1 << 26,       /* f */
	OP_ASSERTS = 1 << 27,    /* T: loads AssertionError */
	OP_GATHERS = 1 << 28,    /* P: puts a value into what a comprehension makes */
	OP_NUMBER = 1 << 29,     /* O: loads a small one */
	OP_DELETES = 1 << 30,    /* D */
	OP_MAKES = 1u << 31,     /* F: a list, dict or set of so many items */
	OP_SERVICE = 1 << 14,    /* i: the interpreter does there what is not the line's */
};
extern HIDDEN uint32_t opcode_flags[256];
extern HIDDEN uint8_t opcode_caches[256]; /* code units that follow */

/*
 * Reads the table at `path`. False, and *why, if there is none, or if it is of another file than
 * the interpreter's, `python`.
 */
HIDDEN bool sites_load(const char *path, const struct link_map *python, const char **why);

#endif
