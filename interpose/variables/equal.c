/* equal.c - see equal.h. */
#define _GNU_SOURCE
#include "interpose/variables/equal.h"

#include "interpose/memory/counts.h"
#include "interpose/python/layout.h"
#include "interpose/python/object.h"
#include "interpose/variables/methods.h"

#include <dlfcn.h>
#include <stddef.h>

enum {
	DEPTH = 4,
	OBJECTS = 64,     /* that are compared */
	BYTES = 4096,     /* of an object */
	TYPE_WORDS = 100, /* that are looked at for a slot */
	TYPE_INLINE_VALUES = 1 << 2,
	TYPE_MANAGED_DICT = 1 << 4,
};

static const void *str_type, *bytes_type, *tuple_type, *dict_type, *int_type;
static uint64_t identity_hash, no_hash; /* of what has none of its own */
static long type_hash;                  /* where a type has it; 0 = not known */
static long tuple_items;

struct comparison {
	unsigned objects, depth;
};

static bool peek(uint64_t address, void *out, uint64_t length)
{
	return length <= BYTES && object_peek(address, out, length);
}

static bool same_bytes(uint64_t one, uint64_t two, uint64_t length)
{
	static __thread uint8_t left[BYTES], right[BYTES];
	return peek(one, left, length) && peek(two, right, length) &&
	       raw_equal(left, right, length);
}

static bool same_size(uint64_t one, uint64_t two, uint64_t *size)
{
	uint64_t other;
	return peek(one + python_at.size, size, 8) && peek(two + python_at.size, &other, 8) &&
	       *size == other;
}

static bool same_objects(struct comparison *comparison, uint64_t one, uint64_t two);

static bool same_tuples(struct comparison *comparison, uint64_t one, uint64_t two)
{
	uint64_t size, left, right;
	if (!same_size(one, two, &size) || size > OBJECTS)
		return false;
	for (uint64_t i = 0; i < size; i++) {
		uint64_t at = (uint64_t)tuple_items + 8 * i;
		if (!peek(one + at, &left, 8) || !peek(two + at, &right, 8) ||
		    !same_objects(comparison, left, right))
			return false;
	}
	return true;
}

/* Length, kind and characters; the hash may have been asked of one alone. */
static bool same_texts(uint64_t one, uint64_t two)
{
	uint64_t length;
	uint32_t state, other;
	if (!same_size(one, two, &length) || !peek(one + python_at.str_state, &state, 4) ||
	    !peek(two + python_at.str_state, &other, 4) || length > BYTES)
		return false;
	/* cpython: PyASCIIObject.state: kind, compact, ascii */
	state >>= python_at.str_kind;
	other >>= python_at.str_kind;
	uint32_t kind = state & 7, compact = state >> 3 & 1, ascii = state >> 4 & 1;
	if ((state ^ other) & 31 || !compact)
		return false;
	uint64_t data = ascii ? python_at.str_ascii_data : python_at.str_compact_data;
	return same_bytes(one + data, two + data, length * kind);
}

/* The word before the digits has their number, the sign and whether the object is immortal. */
static bool same_ints(uint64_t one, uint64_t two)
{
	enum { IMMORTAL = 4, DIGITS = 3, DIGIT_BYTES = 4 };
	uint64_t tag, other;
	return peek(one + python_at.int_tag, &tag, 8) && peek(two + python_at.int_tag, &other, 8) &&
	       (tag | IMMORTAL) == (other | IMMORTAL) && tag >> DIGITS <= BYTES / DIGIT_BYTES &&
	       same_bytes(one + python_at.int_digit, two + python_at.int_digit,
			  (tag >> DIGITS) * DIGIT_BYTES);
}

/* Word by word, from the header on; a word may also be a part, which is equal. */
static bool same_memory(struct comparison *comparison, uint64_t one, uint64_t two, uint64_t length)
{
	uint64_t left, right;
	if (length > BYTES)
		return false;
	for (uint64_t at = OBJECT_BODY; at + 8 <= length; at += 8) {
		struct object part;
		if (!peek(one + at, &left, 8) || !peek(two + at, &right, 8))
			return false;
		if (left == right)
			continue;
		if (!object_find(left, &part) || part.start != left || !part.type[0] ||
		    !same_objects(comparison, left, right))
			return false;
	}
	return same_bytes(one + length / 8 * 8, two + length / 8 * 8, length % 8);
}

/* Does the type compare by value, and are its objects all in one piece? */
static bool is_value(uint64_t type, uint64_t *basic, uint64_t *item)
{
	uint64_t hash, flags;
	return peek(type + (uint64_t)type_hash, &hash, 8) && hash && hash != identity_hash &&
	       hash != no_hash && peek(type + python_at.type_flags, &flags, 8) &&
	       !(flags & (TYPE_INLINE_VALUES | TYPE_MANAGED_DICT)) &&
	       peek(type + python_at.type_basicsize, basic, 8) &&
	       peek(type + python_at.type_itemsize, item, 8);
}

static bool same_objects(struct comparison *comparison, uint64_t one, uint64_t two)
{
	uint64_t type, other, basic, item, size = 0;
	if (one == two)
		return true;
	if (comparison->depth == DEPTH || comparison->objects++ == OBJECTS ||
	    !peek(one + OBJECT_TYPE, &type, 8) || !peek(two + OBJECT_TYPE, &other, 8) ||
	    type != other)
		return false;
	/* A dict inside of such an object is the type's own affair; an empty one is all in one piece. */
	bool own = comparison->depth && type == (uint64_t)dict_type;
	if (!own && !is_value(type, &basic, &item))
		return false;
	if (own)
		basic = python_at.dict_size, item = 0;
	if (type == (uint64_t)str_type)
		return same_texts(one, two);
	if (type == (uint64_t)int_type)
		return same_ints(one, two);
	if (type == (uint64_t)bytes_type)
		return same_size(one, two, &size) && size <= BYTES &&
		       same_bytes(one + python_at.bytes_data, two + python_at.bytes_data, size);
	comparison->depth++;
	bool same;
	if (type == (uint64_t)tuple_type) {
		same = same_tuples(comparison, one, two);
	} else {
		bool sized = item && same_size(one, two, &size);
		uint64_t items = size > BYTES ? 0 : size;
		same = (!item || sized) && same_memory(comparison, one, two, basic + item * items);
	}
	comparison->depth--;
	return same;
}

bool equal_values(uintptr_t one, uintptr_t two)
{
	struct comparison comparison = { 0, 0 };
	return type_hash && one && two && one != two && same_objects(&comparison, one, two);
}

bool equal_is_made(uintptr_t object)
{
	uint32_t count;
	return object && peek(object + OBJECT_COUNT_LOCAL, &count, sizeof count) &&
	       count != COUNT_IMMORTAL;
}

void equal_start(void)
{
	void *base = dlsym(RTLD_DEFAULT, "PyBaseObject_Type");
	void *list = dlsym(RTLD_DEFAULT, "PyList_Type");
	void *tuple = dlsym(RTLD_DEFAULT, "PyTuple_Type");
	str_type = dlsym(RTLD_DEFAULT, "PyUnicode_Type");
	bytes_type = dlsym(RTLD_DEFAULT, "PyBytes_Type");
	tuple_type = tuple;
	dict_type = dlsym(RTLD_DEFAULT, "PyDict_Type");
	int_type = dlsym(RTLD_DEFAULT, "PyLong_Type");
	if (!base || !list || !tuple || !str_type || !bytes_type)
		return;
	tuple_items = (long)load64(tuple, python_at.type_basicsize);
	identity_hash = (uint64_t)methods_slot_of(base, SLOT_HASH);
	no_hash = (uint64_t)methods_slot_of(list, SLOT_HASH);
	uint64_t hash = (uint64_t)methods_slot_of(tuple, SLOT_HASH);
	for (long at = python_at.type_name; hash && at < 8l * TYPE_WORDS; at += 8)
		if (load64(tuple, at) == hash) {
			type_hash = at;
			return;
		}
}
