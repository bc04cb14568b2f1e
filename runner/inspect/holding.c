/* holding.c - see holding.h. */
#include "runner/inspect/holding.h"

#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"

#define DEPTH 2         /* a variable's object, and the objects in it */
#define LOCALS_MOST 100 /* also limits what a damaged frame makes us read */
#define STACK_MOST 16
#define STACK_UNKNOWN 4 /* so many values, if the frame does not say how many there are */
#define FIELDS_MOST 8
#define ATTRIBUTES_MOST 12
#define ITEMS_MOST 8
#define ENTRIES_MOST 8 /* of a dict */
#define GLOBALS_MOST 150
#define FRAME_MOST 512

/* CPython's Include/object.h */
#define FLAG_INLINE_VALUES (1ull << 2)
#define FLAG_LIST (1ull << 25)
#define FLAG_DICT (1ull << 29)

struct holding {
	struct remote *remote;
	const struct python *python;
	uint64_t number;
};

static void mix(struct holding *holding, uint64_t word)
{
	holding->number = (holding->number ^ word) * 0x9e3779b97f4a7c15ull;
	holding->number ^= holding->number >> 29;
}

/* The object's type, if an object is there; else 0. */
static uint64_t type_of(const struct holding *holding, uint64_t object)
{
	uint64_t at = holding->python->layout.object_type, types = holding->python->type_type;
	if (object < 4096 || object & 7 || object >> 47)
		return 0;
	uint64_t type = remote_word(holding->remote, object + at);
	uint64_t meta = type ? remote_word(holding->remote, type + at) : 0;
	if (!meta || (meta != types && remote_word(holding->remote, meta + at) != types))
		return 0;
	return type;
}

static void mix_object(struct holding *holding, uint64_t object, unsigned depth);

static void mix_words(struct holding *holding, uint64_t at, uint64_t count, unsigned depth)
{
	for (uint64_t i = 0; i < count; i++) {
		uint64_t word = remote_word(holding->remote, at + 8 * i);
		mix(holding, word);
		if (depth)
			mix_object(holding, word, depth);
	}
}

/*
 * The entries of a dict: struct _dictkeysobject. They stand behind the index, and are hash, key, value;
 * or key, value if all keys are texts.
 */
static void mix_entries(struct holding *holding, uint64_t keys, uint64_t most, unsigned depth)
{
	const struct fts_layout *at = &holding->python->layout;
	uint64_t count = remote_word(holding->remote, keys + at->keys_entries);
	uint64_t index = remote_word(holding->remote, keys + at->keys_log2_index_bytes) & 255;
	uint64_t kind = remote_word(holding->remote, keys + at->keys_kind) & 255;
	mix(holding, count);
	if (index > 32)
		return;
	mix_words(holding, keys + at->keys_indices + (1ull << index),
		  (count < most ? count : most) * (kind == 0 ? 3 : 2), depth);
}

/* The attributes of an object: struct _dictvalues, a word whose first byte is their number, and they. */
static void mix_values(struct holding *holding, uint64_t values, unsigned depth)
{
	uint64_t capacity = remote_word(holding->remote, values) & 255;
	mix_words(holding, values + 8, capacity < ATTRIBUTES_MOST ? capacity : ATTRIBUTES_MOST,
		  depth);
}

/* What the object holds beside its fields, where CPython's own types keep it elsewhere. */
static void mix_contents(struct holding *holding, uint64_t object, uint64_t flags, uint64_t size,
			 unsigned depth)
{
	const struct fts_layout *at = &holding->python->layout;
	struct remote *remote = holding->remote;
	if (flags & FLAG_INLINE_VALUES) {
		mix_values(holding, object + size, depth);
	} else if (flags & FLAG_LIST) {
		uint64_t count = remote_word(remote, object + at->size);
		mix_words(holding, remote_word(remote, object + at->list_items),
			  count < ITEMS_MOST ? count : ITEMS_MOST, depth);
	} else if (flags & FLAG_DICT) {
		uint64_t values = remote_word(remote, object + at->dict_values);
		mix_entries(holding, remote_word(remote, object + at->dict_keys), ENTRIES_MOST,
			    depth);
		if (values)
			mix_values(holding, values, depth);
	}
}

static void mix_object(struct holding *holding, uint64_t object, unsigned depth)
{
	const struct fts_layout *at = &holding->python->layout;
	uint64_t type = depth ? type_of(holding, object) : 0;
	if (!type || type == holding->python->type_type || type == holding->python->code_type)
		return;
	uint64_t size = remote_word(holding->remote, type + at->type_basicsize);
	uint64_t item = remote_word(holding->remote, type + at->type_itemsize);
	uint64_t flags = remote_word(holding->remote, type + at->type_flags);
	uint64_t head = at->object_type + 8;
	if (size < head || size > 4096)
		return;
	/* Of what has items the first one, too: the digits of an int, of which there is one. */
	uint64_t words = (size - head) / 8 + (item > 0);
	mix_words(holding, object + head, words < FIELDS_MOST ? words : FIELDS_MOST, depth - 1);
	mix_contents(holding, object, flags, size, depth - 1);
}

/* How many values the frame holds: variables, and what is on its stack. */
static uint64_t values_of(struct holding *holding, uint64_t address, const uint8_t *frame,
			  uint64_t code)
{
	const struct fts_layout *at = &holding->python->layout;
	uint64_t names = remote_word(holding->remote, code + at->code_localsplusnames);
	uint64_t locals = names ? remote_word(holding->remote, names + at->size) : 0;
	uint64_t stack = STACK_UNKNOWN, first, top;
	locals = locals < LOCALS_MOST ? locals : LOCALS_MOST;
	if (at->frame_stackpointer != FTS_LAYOUT_NONE) {
		memcpy(&top, frame + at->frame_stackpointer, sizeof top);
		first = address + at->frame_locals + 8 * locals;
		stack = top > first ? (top - first) / 8 : 0;
		stack = stack < STACK_MOST ? stack : STACK_MOST;
	}
	return locals + stack;
}

uint64_t holding_frame(struct remote *remote, const struct python *python, uint64_t address,
		       bool near, uint64_t *number)
{
	const struct fts_layout *at = &python->layout;
	struct holding holding = { remote, python, *number };
	uint8_t frame[FRAME_MOST];
	uint64_t code, instruction, globals;
	if (at->frame_size > sizeof frame || !remote_read(remote, address, frame, at->frame_size))
		return 0;
	memcpy(&code, frame + at->frame_executable, sizeof code);
	memcpy(&instruction, frame + at->frame_instr_ptr, sizeof instruction);
	code &= ~STACKREF_TAG_BITS;
	mix(&holding, code);
	mix(&holding, instruction);
	uint64_t count = code ? values_of(&holding, address, frame, code) : 0;
	for (uint64_t i = 0; i < count; i++) {
		/* The lowest bits say who owns the reference. */
		uint64_t value = remote_word(remote, address + at->frame_locals + 8 * i) & ~7ull;
		mix(&holding, value);
		mix_object(&holding, value, DEPTH);
	}
	if (near) {
		memcpy(&globals, frame + at->frame_globals, sizeof globals);
		mix_entries(&holding, remote_word(remote, globals + at->dict_keys), GLOBALS_MOST,
			    DEPTH);
	}
	*number = holding.number;
	return code;
}

/* ---- the objects themselves ---- */

#define NAMES_MOST 64     /* that the code has of global variables and attributes */
#define MODULE_MOST 1000u /* global variables of a module */

struct objects {
	const struct holding *holding;
	uint64_t *all;
	size_t count, most;
};

static bool is_among(const uint64_t *all, uint64_t count, uint64_t one)
{
	for (uint64_t i = 0; i < count; i++)
		if (all[i] == one)
			return true;
	return false;
}

static void add_object(struct objects *objects, uint64_t value)
{
	uint64_t type = type_of(objects->holding, value);
	if (type && type != objects->holding->python->type_type &&
	    type != objects->holding->python->code_type && objects->count < objects->most &&
	    !is_among(objects->all, objects->count, value))
		objects->all[objects->count++] = value;
}

static void add_words(struct objects *objects, uint64_t at, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		add_object(objects, remote_word(objects->holding->remote, at + 8 * i));
}

/* Attributes, or the items of a list. */
static void add_contents(struct objects *objects, uint64_t object)
{
	struct remote *remote = objects->holding->remote;
	const struct fts_layout *at = &objects->holding->python->layout;
	uint64_t type = type_of(objects->holding, object);
	uint64_t flags = remote_word(remote, type + at->type_flags);
	uint64_t values = object + remote_word(remote, type + at->type_basicsize);
	uint64_t count = 0;
	if (flags & FLAG_INLINE_VALUES) {
		count = remote_word(remote, values) & 255; /* mix_values() */
		values += 8;
	} else if (flags & FLAG_LIST) {
		count = remote_word(remote, object + at->size);
		values = remote_word(remote, object + at->list_items);
	}
	add_words(objects, values, count < ATTRIBUTES_MOST ? count : ATTRIBUTES_MOST);
}

/* Names are interned: those of the code and of the module are the same objects. */
static void add_globals(struct objects *objects, uint64_t code, uint64_t globals)
{
	struct remote *remote = objects->holding->remote;
	const struct fts_layout *at = &objects->holding->python->layout;
	uint64_t tuple = remote_word(remote, code + at->code_names), names[NAMES_MOST];
	uint64_t count = tuple ? remote_word(remote, tuple + at->size) : 0;
	uint64_t keys = remote_word(remote, globals + at->dict_keys);
	uint64_t index = remote_word(remote, keys + at->keys_log2_index_bytes) & 255;
	uint64_t used = remote_word(remote, keys + at->keys_entries);
	uint64_t words = (remote_word(remote, keys + at->keys_kind) & 255) == 0 ? 3 : 2;
	count = count < NAMES_MOST ? count : NAMES_MOST;
	used = used < MODULE_MOST ? used : MODULE_MOST;
	if (!count || index > 32 ||
	    !remote_read(remote, tuple + at->tuple_items, names, count * sizeof *names))
		return;
	uint64_t *entries = xcalloc(used + 1, words * sizeof *entries);
	if (remote_read(remote, keys + at->keys_indices + (1ull << index), entries,
			used * words * sizeof *entries))
		for (uint64_t i = 0; i < used; i++)
			if (is_among(names, count, entries[words * i + words - 2]))
				add_object(objects, entries[words * i + words - 1]);
	free(entries);
}

size_t holding_objects(struct remote *remote, const struct python *python, uint64_t address,
		       uint64_t *found, size_t most)
{
	const struct fts_layout *at = &python->layout;
	struct holding holding = { remote, python, 0 };
	struct objects objects = { &holding, found, 0, most };
	uint8_t frame[FRAME_MOST];
	uint64_t code, globals;
	if (at->frame_size > sizeof frame || !remote_read(remote, address, frame, at->frame_size))
		return 0;
	memcpy(&code, frame + at->frame_executable, sizeof code);
	memcpy(&globals, frame + at->frame_globals, sizeof globals);
	code &= ~STACKREF_TAG_BITS;
	if (!code || (python->code_type && type_of(&holding, code) != python->code_type))
		return 0;
	uint64_t count = values_of(&holding, address, frame, code);
	for (uint64_t i = 0; i < count; i++)
		add_object(&objects,
			   remote_word(remote, address + at->frame_locals + 8 * i) & ~7ull);
	add_globals(&objects, code, globals);
	for (size_t i = 0, own = objects.count; i < own; i++)
		add_contents(&objects, objects.all[i]);
	return objects.count;
}
