/*
 * memory_order.h - the memory orders of an atomic operation, with the values that the compiler and
 * TSan give them.
 */
#ifndef INTERPOSE_MEMORY_ORDER_H
#define INTERPOSE_MEMORY_ORDER_H

enum memory_order {
	MO_NONE = 0, /* "relaxed" */
	MO_ACQUIRE = 2,
	MO_RELEASE = 3,
	MO_BOTH = 4, /* "acq_rel" */
	MO_SEQ_CST = 5,
};

#endif
