/*
 * patterns.h - what a thread's read of a variable has to do with its next write of it.
 *
 *     self.n += 1                 read, write: the value that is written is made of the one read
 *     if self.cache is None:      read, a branch that depends on it, write
 *         self.cache = make()
 *
 * A read and a write belong together if the same call of a function makes both. If it holds a lock at
 * the write that it has taken since the read, it may have looked again under that lock, as a double check
 * does: then only that look counts. What lies between is looked up in the function's bytecode, once. Either
 * may also be made by a function that this one calls (across.h).
 */
#ifndef INTERPOSE_PATTERNS_H
#define INTERPOSE_PATTERNS_H

#include "interpose/base/raw.h"
#include "interpose/variables/fibers.h"
#include "interpose/variables/sites.h"

#include <stdbool.h>
#include <stdint.h>

enum { PATTERNS_CALLERS = 2 };

struct access {
	uintptr_t address; /* of the variable, or of the object that it is in */
	char *stand_in;
	const void *frame, *code;
	uint64_t pc; /* as FTS_PC_PYTHON */
	uint64_t
		value; /* SITE_READ, SITE_WRITE: the object, as far as it is known; 0 = it is not */
	uint32_t syncs; /* fibers_section() */
	struct moment moment;
	uint8_t site;
	bool grows;    /* SITE_RESIZE: it adds */
	bool takes;    /* it takes an item away, or a key: an error if there is none */
	bool iterates; /* SITE_SIZE: goes over the container, one item after the other */
	bool is_key;   /* whether a key is in the dict; its address is the dict's */
	bool missing;  /* SITE_READ: of a key that is not there, which an exception may tell */
	bool used;     /* the thread has written the variable since */
	bool copies;   /* SITE_SIZE: takes what is in the container, or a slice of it, */
	bool passes; /* or begins to go over it, which for a list is none of an error; see wholes.h */
	bool searches; /* or whether one is in it, */
	bool places;   /* or where */
	bool named; /* SITE_RESIZE: takes what the call has looked at; how many there are is no matter */
	bool cuts;    /* SITE_RESIZE: drops a slice of it; */
	bool empties; /* or all that is in it by then */
	bool keeps;   /* setdefault(): what another thread has put there stays */
	bool owns; /* writes who the thread is, which no other one does; or a module, as all others do */
	bool state;  /* of a queue, which raises an exception if it can't be; see states.h */
	bool within; /* a call of C reads and writes in several steps; see steps.h */
	struct caller callers[PATTERNS_CALLERS];
};

/* Remembers a read, and what belongs together. */
HIDDEN void patterns_note(const struct access *access);

/*
 * If another thread has come between, does the write leave what that one has put there? How many items
 * there may be is another question.
 */
HIDDEN bool patterns_keeps(const struct access *write);

/*
 * Does the thread, which writes to the variable now, go by what it read of it then? Not if it has looked
 * at it under a lock since.
 */
HIDDEN bool patterns_goes_by(const struct moment *read, const struct moment *write,
			     uintptr_t address);

/* Has the same call of a function read the variable? */
HIDDEN bool patterns_has_read(const struct call *call, const char *stand_in);

/* Does the instruction make what it has not found? */
HIDDEN bool patterns_makes_missing(const struct access *read, const struct access *write,
				   const uint8_t *unit);

/* Of a read: is it one of two that belong together, see uses.h? */
enum use {
	USE_NOT,
	USE_CHECK, /* the first one, */
	USE_ITSELF /* the second */
};

enum pattern {
	PATTERN_NONE, /* nothing is lost, or it is not known that something is */
	PATTERN_UPDATE,
	PATTERN_CHECK,
	PATTERN_FIELDS,   /* see fields.h; in no answer of this one's */
	PATTERN_ITERATED, /* one goes over a container, the other one changes its size */
	PATTERN_USE,      /* see uses.h; in no answer of this one's */
};

struct pattern_side {
	uint64_t pc;
	const void *variable;               /* its stand-in */
	uint64_t callers[PATTERNS_CALLERS]; /* program counters, innermost first; 0 = no more */
	uint64_t other;                     /* out: the read before, or the write after; 0 = none */
	bool size;                          /* it is how many items a container has */
	bool write;
	bool loses;    /* out: its write goes by what it has read, and the other side writes */
	bool checks;   /* out: it decides by what it has read */
	bool depends;  /* out: what it writes is made of that */
	bool across;   /* out: `other` is not of the same function */
	bool split;    /* out: the lock is given back between the two */
	bool key;      /* out: what was read is whether a key is there */
	enum use uses; /* out */
	bool empties; /* out: of a container's size: whatever changes it between makes its write wrong */
	/* out: of a container's size: a write between loses if it also adds (1), or takes away (-1) */
	int8_t direction;
};

/* What two sides of a race are, in either order. */
HIDDEN enum pattern patterns_judge(struct pattern_side sides[2]);

#endif
