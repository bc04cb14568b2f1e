/* holding.c - see holding.h. */
#include "runner/inspect/holding.h"

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
