/*
 * order.h - which order an atomic operation of the interpreter means. See order_table.h for the
 * rules and docs/happens-before.md for why.
 */
#ifndef INTERPOSE_ORDER_H
#define INTERPOSE_ORDER_H

#include "interpose/base/concern.h"
#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

/* Which function an operation stands in, as far as the rules tell functions apart. */
enum place {
	PLACE_OUTSIDE = 0, /* an extension, the program, any other library */
#define ORDER_PLACE(name, functions, why) PLACE_##name,
#include "interpose/order/order_table.h" /* the first is PLACE_AS_WRITTEN */
	PLACE_PYTHON,                    /* the interpreter, a function that no rule names */
};

/* The interpreter's code: one place for each 16 bytes, as the compiler aligns functions. */
extern HIDDEN uintptr_t order_low, order_size; /* size 0: orders are told as they are written */
extern HIDDEN uint8_t order_places[];
/* The type of cells where the eval loop locks them to read them, else NULL. */
extern HIDDEN const void *order_cells;
/* Orders are told as meant, and type_cache.c knows the type cache of this Python. */
extern HIDDEN bool order_type_cache;

static inline enum place order_place(const void *return_address)
{
	uintptr_t offset = (uintptr_t)return_address - 1 - order_low;
	return LIKELY(offset < order_size) ? order_places[offset >> 4] : PLACE_OUTSIDE;
}

/*
 * Is this word the shared reference count of a Python object? It is if the word behind it, which
 * is in the same 16 bytes, points to a type. Never faults; types that were seen are remembered.
 */
HIDDEN bool order_is_count(const volatile void *word);

#endif
