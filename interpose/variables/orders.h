/*
 * orders.h - orders of three places that are to be tried: a thread's read, another one's write, and
 * then the first one's write.
 *
 * They are kept in memory that all zygotes of a run and their iterations share: in the process that has found
 * one the test is mostly over. It is the file FTSTRESS_ORDERS in the environment; without it, each zygote has
 * its own. A place is known there by what its code stands for (code_hash()), since each process has its own
 * ids.
 */
#ifndef INTERPOSE_ORDERS_H
#define INTERPOSE_ORDERS_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

enum { ORDERS_TEXT = 320, ORDERS_CHOICES = 8 };

/* Program counters as FTS_PC_PYTHON, of this process. */
struct order_wanted {
	uint64_t read, write; /* in one call of a function, */
	bool across;          /* or of two, which a third one calls */
	uint64_t between;     /* a write, in another thread; 0 = any, of what is read */
	bool key;             /* whether a key is there is read, not a value */
	bool split;           /* a lock is given back between read and write */
	bool checks;          /* what is between read and write depends on a decision */
	bool depends;         /* the value written is made of the one read */
	bool empties;         /* whatever changes the container's size between is lost */
	bool uses;            /* `write` is a read, of what is taken away between */
	int8_t direction;     /* see patterns.h */
};
/* `text`: what the report says of it. */
HIDDEN void orders_add(const struct order_wanted *order, const char *text, uint32_t length);
/* A pair of accesses of this thread is such a one, of which nothing is reported yet. Often. */
HIDDEN void orders_add_split(const struct order_wanted *order);

/* What is to be tried: places instead of program counters. */
struct order {
	uint64_t read; /* 0 = free; set first */
	uint64_t write, between;
	uint32_t ready; /* set last */
	uint32_t tries, seen;
	uint32_t length; /* of the text; 0: nothing is reported yet */
	bool checks, depends, across, empties, split, key;
	bool uses; /* `write` is a read, of what is taken away between */
	bool size; /* it is about how many items a container has */
	int8_t direction;
	char text[ORDERS_TEXT];
};

extern HIDDEN const uint32_t *orders_count; /* how many there are to try */

/* 0: it is not known, or there is none. */
HIDDEN uint64_t orders_place(uint64_t pc);

/*
 * Which of those that are to be tried begin with a read at this place, of how many items a container has,
 * of whether a key is there, or of another variable; all of them such as give a lock back in between, or none.
 * Returns how many.
 */
HIDDEN unsigned orders_from(uint64_t read, bool size, bool key, uint16_t choices[ORDERS_CHOICES]);
HIDDEN struct order *orders_at(uint16_t choice);
/* A thread has stopped there, where it was alone or not. */
HIDDEN void orders_tried(uint16_t choice, bool alone);

/* Once, in the zygote. False: there is no memory, and nothing is tried. */
HIDDEN bool orders_start(void);

#endif
