/*
 * methods.h - functions of C in place of those that CPython's types have.
 *
 * A method is in a PyMethodDef, an operator in a slot of its type: memory of the interpreter's that can
 * be written to. All is done attached, once at start or when a module has been imported.
 */
#ifndef INTERPOSE_METHODS_H
#define INTERPOSE_METHODS_H

#include "interpose/base/raw.h"

#include <stdint.h>

/* Slots by their number in CPython's Include/typeslots.h. */
enum methods_slot {
	SLOT_ASSIGN_ITEM = 3,   /* of a mapping: mp_ass_subscript */
	SLOT_ITEM = 5,          /* mp_subscript */
	SLOT_IN_PLACE_ADD = 14, /* of a number: nb_inplace_add, x += y, and so on */
	SLOT_IN_PLACE_AND = 15,
	SLOT_IN_PLACE_FLOOR_DIVIDE = 16,
	SLOT_IN_PLACE_LEFT_SHIFT = 17,
	SLOT_IN_PLACE_MULTIPLY = 18,
	SLOT_IN_PLACE_OR = 19,
	SLOT_IN_PLACE_REMAINDER = 21,
	SLOT_IN_PLACE_RIGHT_SHIFT = 22,
	SLOT_IN_PLACE_SUBTRACT = 23,
	SLOT_IN_PLACE_TRUE_DIVIDE = 24,
	SLOT_IN_PLACE_XOR = 25,
	SLOT_ASSIGN_INDEX = 39, /* of a sequence: sq_ass_item, sq_item */
	SLOT_CONTAINS = 41,
	SLOT_INDEX = 44,
	SLOT_HASH = 59,
	SLOT_ITER = 62,
	SLOT_ITERNEXT = 63,
	SLOT_SET_ATTRIBUTE = 69,
	SLOT_VECTORCALL = 82, /* list(x) */
};

/* The attribute of a module, or of a type in it. A new reference that nobody gives back, or NULL. */
HIDDEN void *methods_object(const char *module, const char *type, const char *name);

/*
 * Puts the function in place of the method; `type` NULL: of the module's function. Returns the one
 * that was there, or NULL: it looks different, and nothing is changed.
 */
HIDDEN void *methods_replace(const char *module, const char *type, const char *name,
			     void *function);

/* The same with a slot of a type, which is found by its value. */
HIDDEN void *methods_replace_slot(void *type, enum methods_slot slot, void *function);
/* What the type has there; NULL = nothing. */
HIDDEN void *methods_slot_of(void *type, enum methods_slot slot);

#endif
