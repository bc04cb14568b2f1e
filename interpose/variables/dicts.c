/* dicts.c - see dicts.h. */
#define _GNU_SOURCE
#include "interpose/variables/dicts.h"

#include "interpose/base/plt.h"
#include "interpose/python/layout.h"
#include "interpose/variables/accesses.h"
#include "interpose/variables/confirm.h"
#include "interpose/variables/containers.h"
#include "interpose/variables/granules.h"
#include "interpose/variables/steps.h"
#include "interpose/variables/variables.h"
#include "interpose/variables/wholes.h"

#include <stddef.h>

enum {                   /* PyDictKeysObject */
       KEYS_GENERAL = 0, /* kinds: entries with a hash, */
       KEYS_SPLIT = 2,   /* and those without values */
       ENTRY_BYTES_MOST = 24,
       FOUND = 8, /* keys that are remembered */
};

static uint64_t bytes_of_keys(const uint8_t *keys)
{
	return python_at.keys_indices + (1ull << keys[python_at.keys_log2_index_bytes]) +
	       ENTRY_BYTES_MOST * (1ull << keys[python_at.keys_log2_size]);
}

static void note_key(const struct call *call, uintptr_t dict, uint64_t hash,
		     enum site_operation what, bool grows)
{
	struct access access =
		accesses_of(call, dict + python_at.dict_used, (uint8_t)(what | SITE_ENTRY << 3));
	access.stand_in = key_stand_in(dict, hash);
	access.missing = what == SITE_READ;
	access.takes = what == SITE_WRITE && !grows;
	access.is_key = true;
	accesses_note(&access, false);
}

static uint64_t hash_of_entry(const uint8_t *keys, const char *entry)
{
	if (keys[python_at.keys_kind] == KEYS_GENERAL)
		return containers_key(load_pointer(entry, 8), (int64_t)load64(entry, 0));
	return load64(load_pointer(entry, 0), python_at.str_hash);
}

/* Where the value of an entry is; not of a dict whose values lie in their object. */
static uintptr_t value_of(const uint8_t *keys, uint64_t index)
{
	bool general = keys[python_at.keys_kind] == KEYS_GENERAL;
	return (uintptr_t)keys + python_at.keys_indices +
	       (1ull << keys[python_at.keys_log2_index_bytes]) + index * (general ? 24 : 16) +
	       (general ? 16 : 8);
}

/* The key that was added last; false: there is none in the dict's own keys. */
static bool newest_key(uintptr_t dict, uint64_t *hash)
{
	const uint8_t *keys = load_pointer((const void *)dict, python_at.dict_keys);
	uint64_t count = load64(keys, python_at.keys_entries);
	if (!count || keys[python_at.keys_kind] == KEYS_SPLIT)
		return false;
	uint64_t bytes = keys[python_at.keys_kind] == KEYS_GENERAL ? 24 : 16;
	*hash = hash_of_entry(keys, (const char *)keys + python_at.keys_indices +
					    (1ull << keys[python_at.keys_log2_index_bytes]) +
					    (count - 1) * bytes);
	return true;
}

/* What the thread has looked up last under the lock of a dict, and which instruction did. */
static __thread struct {
	uintptr_t dict;
	uint64_t hash;
	const void *frame;
	uintptr_t instruction;
	uint64_t value; /* that was there; 0 = none, or not known */
} locked_lookup __attribute__((tls_model("initial-exec")));

static bool is_looked_up(const void *frame)
{
	return locked_lookup.dict && locked_lookup.frame == frame &&
	       locked_lookup.instruction == load64(frame, python_at.frame_instr_ptr);
}

uint64_t dicts_found(const void *frame)
{
	return is_looked_up(frame) ? locked_lookup.value : 0;
}

bool dicts_stores_at(const void *frame, uintptr_t address)
{
	if (!is_looked_up(frame))
		return false;
	const uint8_t *keys = load_pointer((const void *)locked_lookup.dict, python_at.dict_keys);
	bool general = keys[python_at.keys_kind] == KEYS_GENERAL;
	return address - (uintptr_t)keys < bytes_of_keys(keys) &&
	       keys[python_at.keys_kind] != KEYS_SPLIT &&
	       hash_of_entry(keys, (const char *)address - (general ? 16 : 8)) ==
		       locked_lookup.hash;
}

/* The keys that the thread has found last. */
static __thread struct {
	struct {
		uintptr_t dict;
		uint64_t hash;
	} last[FOUND];
	unsigned next;
} found __attribute__((tls_model("initial-exec")));

static __attribute__((noinline)) void keep_found(uintptr_t dict, uint64_t hash)
{
	unsigned at = found.next++ % FOUND;
	found.last[at].dict = dict;
	found.last[at].hash = hash;
}

bool dicts_takes_found(const struct call *call, uintptr_t dict)
{
	if (locked_lookup.dict != dict || locked_lookup.frame != call->frame ||
	    locked_lookup.instruction != call->instruction)
		return false;
	for (unsigned i = 0; i < FOUND; i++)
		if (found.last[i].dict == dict && found.last[i].hash == locked_lookup.hash)
			return true;
	return false;
}

/* The key that is added or taken away now; false: it is not known. */
static bool changed_key(const struct call *call, uintptr_t dict, bool grows, uint64_t *hash)
{
	if (locked_lookup.dict == dict && locked_lookup.frame == call->frame &&
	    locked_lookup.instruction == call->instruction) {
		*hash = locked_lookup.hash;
		return true;
	}
	return grows && newest_key(dict, hash);
}

static __attribute__((noinline)) void note_missing(uintptr_t dict, uint64_t hash)
{
	struct call call;
	if (accesses_call(dict + python_at.dict_used, &call) && accesses_is_looked_at(&call))
		note_key(&call, dict, hash, SITE_READ, false);
}

uintptr_t dicts_first_value(uintptr_t dict, uintptr_t keys)
{
	const uint8_t *head = (const uint8_t *)keys;
	accesses_share(keys, bytes_of_keys(head));
	if (head[python_at.keys_kind] == KEYS_SPLIT || load64(head, python_at.keys_entries) != 1 ||
	    granule_is_mine(granule_of(dict + python_at.dict_used)))
		return 0;
	return value_of(head, 0);
}

void dicts_note_first(const struct call *call, uintptr_t dict, uintptr_t keys)
{
	const uint8_t *head = (const uint8_t *)keys;
	bool general = head[python_at.keys_kind] == KEYS_GENERAL;
	const char *entry = (const char *)value_of(head, 0) - (general ? 16 : 8);
	if (accesses_is_looked_at(call))
		note_key(call, dict, hash_of_entry(head, entry), SITE_WRITE, true);
}

void dicts_note_changed(const struct call *call, uintptr_t dict, bool grows)
{
	uint64_t hash;
	if (changed_key(call, dict, grows, &hash))
		note_key(call, dict, hash, SITE_WRITE, grows);
}

/* Lookups. */

typedef int64_t lookup_function(void *dict, void *key, int64_t hash, void *value);
static lookup_function *real_lookup, *real_lookup_reference, *real_locked_lookup;
enum { LOOKUP_MISSING = -1 }; /* DKIX_EMPTY */

static int64_t looked_up(int64_t index, const void *dict, const void *key, int64_t hash)
{
	if (!variables_testing ||
	    granule_is_mine(granule_of((uintptr_t)dict + python_at.dict_used)))
		return index;
	if (index == LOOKUP_MISSING)
		note_missing((uintptr_t)dict, containers_key(key, hash));
	else if (index >= 0)
		keep_found((uintptr_t)dict, containers_key(key, hash));
	return index;
}

/*
 * The dict in which the thread looks something up without its lock. With a text that another thread has made, that
 * fails as long as its reference count is that one's own, and it is done again under the lock.
 */
static __thread const void *reads __attribute__((tls_model("initial-exec")));

static int64_t hooked_lookup(void *dict, void *key, int64_t hash, void *value)
{
	const void *outer = reads;
	reads = dict;
	int64_t index = real_lookup(dict, key, hash, value);
	reads = outer;
	return looked_up(index, dict, key, hash);
}

static int64_t hooked_lookup_reference(void *dict, void *key, int64_t hash, void *value)
{
	return looked_up(real_lookup_reference(dict, key, hash, value), dict, key, hash);
}

static void note_found(uintptr_t dict, int64_t index)
{
	const uint8_t *keys = load_pointer((const void *)dict, python_at.dict_keys);
	if (index < 0 || keys[python_at.keys_kind] == KEYS_SPLIT)
		return;
	uintptr_t value = value_of(keys, (uint64_t)index);
	if (!granule_is_mine(granule_of(value)))
		variables_note_found(value);
}

static void keep_lookup(const void *dict, const void *key, int64_t hash)
{
	if (variables_testing &&
	    !granule_is_mine(granule_of((uintptr_t)dict + python_at.dict_used))) {
		const void *frame = innermost_frame();
		locked_lookup.dict = (uintptr_t)dict;
		locked_lookup.hash = containers_key(key, hash);
		locked_lookup.frame = frame;
		locked_lookup.value = 0;
		locked_lookup.instruction = frame ? load64(frame, python_at.frame_instr_ptr) : 0;
	}
}

static void offer(uintptr_t dict, uint64_t hash, int64_t index)
{
	const uint8_t *keys = load_pointer((const void *)dict, python_at.dict_keys);
	if (index < 0 || keys[python_at.keys_kind] == KEYS_SPLIT)
		return;
	uintptr_t value = value_of(keys, (uint64_t)index);
	locked_lookup.value = load64((const void *)value, 0);
	confirm_look_at_lookup(key_stand_in(dict, hash), stand_in(value));
}

static int64_t hooked_locked_lookup(void *dict, void *key, int64_t hash, void *value)
{
	if (UNLIKELY(reads == dict) && variables_testing) {
		int64_t index = real_locked_lookup(dict, key, hash, value);
		note_found((uintptr_t)dict, index);
		return index;
	}
	/* setdefault() of a key that is there is a read of its value. */
	if (UNLIKELY(wholes_default == dict) && dict && variables_testing) {
		wholes_default = NULL;
		int64_t index = real_locked_lookup(dict, key, hash, value);
		note_found((uintptr_t)dict, index);
		return index;
	}
	if (UNLIKELY(steps_counts == dict) && dict && variables_testing) {
		int64_t index = real_locked_lookup(dict, key, hash, value);
		note_found((uintptr_t)dict, looked_up(index, dict, key, hash));
		keep_lookup(dict, key, hash);
		return index;
	}
	keep_lookup(dict, key, hash);
	if (UNLIKELY(__atomic_load_n(&confirm_passed, __ATOMIC_RELAXED))) {
		int64_t index = real_locked_lookup(dict, key, hash, value);
		offer((uintptr_t)dict, containers_key(key, hash), index);
		return index;
	}
	JUMP real_locked_lookup(dict, key, hash, value);
}

bool dicts_start(const struct link_map *python)
{
	real_lookup = (lookup_function *)plt_replace(python, "_Py_dict_lookup_threadsafe",
						     (void *)hooked_lookup);
	real_lookup_reference = (lookup_function *)plt_replace(
		python, "_Py_dict_lookup_threadsafe_stackref", (void *)hooked_lookup_reference);
	real_locked_lookup = (lookup_function *)plt_replace(python, "_Py_dict_lookup",
							    (void *)hooked_locked_lookup);
	return real_lookup && real_lookup_reference && real_locked_lookup;
}

void dicts_stop(const struct link_map *python)
{
	plt_replace(python, "_Py_dict_lookup_threadsafe", (void *)real_lookup);
	plt_replace(python, "_Py_dict_lookup_threadsafe_stackref", (void *)real_lookup_reference);
	plt_replace(python, "_Py_dict_lookup", (void *)real_locked_lookup);
}
