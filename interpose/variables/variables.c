/*
 * variables.c - see variables.h: which accesses are told, and how.
 */
#define _GNU_SOURCE
#include "interpose/variables/variables.h"

#include "interpose/base/plt.h"
#include "interpose/python/layout.h"
#include "interpose/python/release.h"
#include "interpose/turns/pairs.h"
#include "interpose/turns/share.h"
#include "interpose/variables/across.h"
#include "interpose/variables/channels.h"
#include "interpose/variables/classes.h"
#include "interpose/variables/confirm.h"
#include "interpose/variables/containers.h"
#include "interpose/variables/edges.h"
#include "interpose/variables/equal.h"
#include "interpose/variables/explore.h"
#include "interpose/variables/extensions.h"
#include "interpose/variables/fibers.h"
#include "interpose/variables/fields.h"
#include "interpose/variables/granules.h"
#include "interpose/variables/iterators.h"
#include "interpose/variables/name.h"
#include "interpose/variables/patterns.h"
#include "interpose/variables/renewed.h"
#include "interpose/variables/scope.h"
#include "interpose/variables/sites.h"
#include "interpose/variables/told.h"
#include "interpose/variables/wholes.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <stdlib.h>

enum {
	NATIVE_CALLS = 16, /* looked at from an access up to the eval loop */
	FRAME_MAX = 65536, /* words between two frames on the C stack */
	MO_RELAXED = 0,
};

HIDDEN bool variables_testing, variables_used, variables_live;
static uintptr_t eval_low, eval_size;
static const void *int_type, *float_type;
static load64_function *real_load;
static store64_function *real_store;

HIDDEN __thread bool variables_only_keys __attribute__((tls_model("initial-exec")));
#define THREAD_LOCAL static __thread __attribute__((tls_model("initial-exec")))
THREAD_LOCAL uintptr_t own_write; /* the last one to a variable that is the thread's own */
THREAD_LOCAL struct {
	const void *frame;
	uintptr_t instruction, iterator;
} next_of; /* the last next() of an iterator that others have, too */

/* Accesses. */

/* Is the answer yes for a function of C between the access and the eval loop? i: 0 is the innermost. */
static inline bool has_caller(void *const *frame, bool is(uintptr_t at, unsigned i))
{
	for (unsigned i = 0; i < NATIVE_CALLS; i++) {
		uintptr_t at = (uintptr_t)frame[1];
		if (at - eval_low < eval_size)
			return false;
		if (is(at, i))
			return true;
		void *const *next = frame[0];
		if (next <= frame || next > frame + FRAME_MAX)
			return false;
		frame = next;
	}
	return false;
}

/* Does the access go through C code that works on its own objects? */
static inline bool is_own(uintptr_t at, unsigned i)
{
	(void)i;
	return sites_is_own(at);
}

extern HIDDEN const char __ehdr_start[], etext[]; /* of this library; the linker makes them */

/* Does an extension take the item (csv.reader)? It may hold a lock of its own. */
static inline bool is_extensions(uintptr_t at, unsigned i)
{
	(void)i;
	bool own = at - (uintptr_t)__ehdr_start < (uintptr_t)etext - (uintptr_t)__ehdr_start;
	return at - sites_low >= sites_size && !own;
}

static bool is_service(const void *frame)
{
	const uint8_t *unit = load_pointer(frame, python_at.frame_instr_ptr);
	return opcode_flags[*unit] & OP_SERVICE;
}

/* A number is not given to another thread for what it stands for; all else may be. */
static bool publishes(uint64_t value)
{
	const void *type = value ? load_pointer((const void *)value, OBJECT_TYPE) : NULL;
	return type != int_type && type != float_type;
}

/*
 * A container that threads share has got new memory, which the allocator gave to this thread: it is
 * shared as well. `memory`: where it begins.
 */
static void share_memory(uintptr_t memory, uint64_t bytes)
{
	if (!granule_is_mine(granule_of(memory)))
		return;
	for (uint64_t i = 0; i < bytes + 15; i += 16)
		granule_share(granule_of(memory + i));
}

enum {                   /* PyDictKeysObject */
       KEYS_GENERAL = 0, /* kinds: entries with a hash, */
       KEYS_SPLIT = 2,   /* and those without values */
       ENTRY_BYTES_MOST = 24,
};

/* An object that is stored where others may find it is shared, as far as its memory is one piece. */
static void share_object(uintptr_t object)
{
	enum { MOST = 512 };
	for (unsigned i = 0; i < MOST && granule_is_mine(granule_of(object + i)); i += 16)
		granule_share(granule_of(object + i));
}

static uint64_t bytes_of_keys(const uint8_t *keys)
{
	return python_at.keys_indices + (1ull << keys[python_at.keys_log2_index_bytes]) +
	       ENTRY_BYTES_MOST * (1ull << keys[python_at.keys_log2_size]);
}

static void share_items(const char *list_size)
{
	const char *list = (const char *)list_size - python_at.size;
	share_memory(load64(list, python_at.list_items),
		     8 * load64(list, python_at.list_allocated));
}

enum after { AFTER_NOTHING, AFTER_ACQUIRE };

/* Of code that hands on what others ask of it: does the one who asks lie in code that is looked at? */
static __attribute__((noinline)) bool is_asked(const struct call *call)
{
	enum { DEEP = 6 };
	struct caller callers[DEEP];
	callers_of(call->frame, callers, DEEP);
	for (unsigned i = 0; i < DEEP && callers[i].frame; i++) {
		struct call caller = { .frame = callers[i].frame,
				       .code = callers[i].code,
				       .instruction = callers[i].instruction };
		name_call(&caller);
		if (!(caller.scope & SCOPE_HANDED))
			return caller.scope & SCOPE_TOLD && !(caller.scope & SCOPE_FINALIZER);
	}
	return false;
}

/* In code that is looked at, and for this code's own sake? */
static bool is_looked_at(const struct call *call)
{
	if (call->scope & SCOPE_FINALIZER || is_service(call->frame))
		return false;
	return call->scope & SCOPE_TOLD || (call->scope & SCOPE_HANDED && is_asked(call));
}

/* `releases`: what the thread did before is before what those do that load what it stores. */
static void note_access(const struct access *access, bool releases)
{
	patterns_note(access);
	fields_note(access);
	confirm_note(access);
	explore_note(access);
	if (told_enough(access) && !releases && !confirm_seen)
		return;
	fibers_enter();
	bool tells = !(tell_calls(access->frame) & SCOPE_FINALIZER);
	if (UNLIKELY(confirm_seen))
		told_between(access);
	if (tells)
		told_access(access);
	if (releases)
		fibers_tsan.release(access->stand_in);
	fibers_leave();
}

static struct access access_of(const struct call *call, uintptr_t address, uint8_t site)
{
	extensions_order();
	struct access access = { .address = address,
				 .stand_in = stand_in(address),
				 .frame = call->frame,
				 .code = call->code,
				 .pc = call->pc,
				 .syncs = fibers_section(),
				 .moment = moment_now(),
				 .keeps = wholes_keeps == call->frame,
				 .site = site };
	callers_of(call->frame, access.callers, PATTERNS_CALLERS);
	return access;
}

/* Keys of dicts: that one is missing is a read, that it is added is a write. */

static void note_key(const struct call *call, uintptr_t dict, uint64_t hash,
		     enum site_operation what, bool grows)
{
	struct access access =
		access_of(call, dict + python_at.dict_used, (uint8_t)(what | SITE_ENTRY << 3));
	access.stand_in = key_stand_in(dict, hash);
	access.missing = what == SITE_READ;
	access.takes = what == SITE_WRITE && !grows;
	access.is_key = true;
	note_access(&access, false);
}

/* Of containers.h. */
static void note_item(const struct call *call, uintptr_t container, uint64_t key,
		      enum site_operation what, enum site_class class, bool grows)
{
	uintptr_t body = container + OBJECT_BODY; /* behind the header; that is another one's */
	struct access access = access_of(call, body, (uint8_t)(what | class << 3));
	access.stand_in = key_stand_in(body, key);
	access.is_key = class == SITE_OTHER;
	access.takes = access.is_key && what == SITE_WRITE && !grows;
	note_access(&access, false);
}

static uint64_t hash_of_entry(const uint8_t *keys, const char *entry)
{
	if (keys[python_at.keys_kind] == KEYS_GENERAL)
		return load64(entry, 0);
	return load64(load_pointer(entry, 0), python_at.str_hash);
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
THREAD_LOCAL struct {
	uintptr_t dict;
	uint64_t hash;
	const void *frame;
	uintptr_t instruction;
} locked_lookup;

bool variables_stores_at(const void *frame, uintptr_t address)
{
	if (!locked_lookup.dict || locked_lookup.frame != frame ||
	    locked_lookup.instruction != load64(frame, python_at.frame_instr_ptr))
		return false;
	const uint8_t *keys = load_pointer((const void *)locked_lookup.dict, python_at.dict_keys);
	bool general = keys[python_at.keys_kind] == KEYS_GENERAL;
	return address - (uintptr_t)keys < bytes_of_keys(keys) &&
	       keys[python_at.keys_kind] != KEYS_SPLIT &&
	       hash_of_entry(keys, (const char *)address - (general ? 16 : 8)) ==
		       locked_lookup.hash;
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
	const void *frame = fibers_busy ? NULL : innermost_frame();
	if (!frame)
		return;
	struct call call = call_of(frame);
	name_call(&call);
	granule_share(granule_of(dict + python_at.dict_used));
	if (is_looked_at(&call) && !has_caller(__builtin_frame_address(0), is_own))
		note_key(&call, dict, hash, SITE_READ, false);
}

static enum after note(uintptr_t address, uint8_t site, uint64_t value);

/*
 * The first entry of an empty dict is written before other threads can see it. (When a dict gets larger,
 * its entries are copied, and what was written last may be what the memory was before.)
 */
static void note_new_keys(const struct call *call, uintptr_t dict, uintptr_t keys)
{
	const uint8_t *head = (const uint8_t *)keys;
	bool general = head[python_at.keys_kind] == KEYS_GENERAL;
	uintptr_t value = keys + python_at.keys_indices +
			  (1ull << head[python_at.keys_log2_index_bytes]) + (general ? 16 : 8);
	share_memory(keys, bytes_of_keys(head));
	if (own_write != value || head[python_at.keys_kind] == KEYS_SPLIT ||
	    load64(head, python_at.keys_entries) != 1 ||
	    granule_is_mine(granule_of(dict + python_at.dict_used)))
		return;
	note(value, SITE_WRITE | SITE_ENTRY << 3, load64((const void *)value, 0));
	if (is_looked_at(call) && !has_caller(__builtin_frame_address(0), is_own))
		note_key(call, dict,
			 hash_of_entry((const uint8_t *)keys,
				       (const char *)value - (general ? 16 : 8)),
			 SITE_WRITE, true);
}

/* `size`: where the dict or set has how many keys there are. */
static void note_changed_key(const struct call *call, uintptr_t size, enum site_class class,
			     bool grows)
{
	uint64_t hash;
	if (class == SITE_DICT && changed_key(call, size - python_at.dict_used, grows, &hash))
		note_key(call, size - python_at.dict_used, hash, SITE_WRITE, grows);
	else if (class == SITE_OTHER &&
		 containers_changed_key(call, size - python_at.set_used, &hash))
		note_item(call, size - python_at.set_used, hash, SITE_WRITE, SITE_OTHER, grows);
}

/* What is to be done when the variable has been read; for a write, nothing. */
static enum after after(enum site_operation operation, const struct granule *granule)
{
	return operation == SITE_READ && granule->flags & GRANULE_RELEASED ? AFTER_ACQUIRE
									   : AFTER_NOTHING;
}

/* Is it an error if there is nothing to take? */
static bool takes_away(enum site_operation operation, enum site_class class, bool grows,
		       uint64_t value)
{
	bool entry = class == SITE_ENTRY || class == SITE_ENTRY_OR_HASH;
	return operation == SITE_RESIZE ? !grows : operation == SITE_WRITE && entry && !value;
}

/* An attribute that the object does not have yet: an exception tells. */
static bool lacks(uintptr_t address, uint8_t site)
{
	return site_operation(site) == SITE_READ &&
	       (site_class(site) == SITE_VALUE || site_class(site) == SITE_SLOT) &&
	       !__atomic_load_n((const uint64_t *)address, __ATOMIC_RELAXED);
}

/*
 * The variable at `address`, which is not the thread's own, is read, or is about to be written.
 * Returns what is to be done when it has been read.
 */
static __attribute__((noinline)) enum after note(uintptr_t address, uint8_t site, uint64_t value)
{
	const void *frame = fibers_busy || variables_only_keys ? NULL : innermost_frame();
	if (!frame)
		return AFTER_NOTHING;
	struct granule *granule = granule_of(address);
	enum site_operation operation = site_operation(site);
	bool is_write = operation == SITE_WRITE;
	bool grows = operation == SITE_RESIZE && (int64_t)value > *(const int64_t *)address;
	struct call call = call_of(frame);
	name_call(&call);
	granule_share(granule);
	if (operation == SITE_KEYS) {
		if (value)
			note_new_keys(&call, address - python_at.dict_keys, value);
		return AFTER_NOTHING;
	}
	if (operation == SITE_RESIZE) {
		if (site_class(site) == SITE_LIST)
			share_items((const char *)address);
		/* Who takes something out comes after the one who put it in. */
		fibers_order(fibers_word((const void *)address), grows);
	}
	if (call.scope & SCOPE_SYNC && is_write) {
		fibers_order(stand_in(address), true);
		granule_mark(granule, GRANULE_RELEASED);
	}
	if (call.scope & SCOPE_SYNC)
		return after(operation, granule);
	if (!is_looked_at(&call) || has_caller(__builtin_frame_address(0), is_own))
		return AFTER_NOTHING;
	struct access access = access_of(&call, address, site);
	/* A hash is no object. */
	bool releases = is_write && (site_class(site) == SITE_ENTRY_OR_HASH || publishes(value));
	access.grows = grows;
	access.missing = lacks(address, site);
	access.takes = takes_away(operation, site_class(site), grows, value);
	note_access(&access, releases);
	if (operation == SITE_RESIZE)
		note_changed_key(&call, address, site_class(site), grows);
	if (releases) {
		share_object(value);
		granule_mark(granule, GRANULE_RELEASED);
	}
	return after(operation, granule);
}

void variables_note_next(uintptr_t iterator)
{
	const void *frame = fibers_busy ? NULL : innermost_frame();
	if (!frame)
		return;
	struct call call = call_of(frame);
	bool same = next_of.frame == frame && next_of.instruction == call.instruction;
	/* That of an iterator takes items out of others: enumerate() of a list. */
	if (same && next_of.iterator != iterator)
		return;
	next_of.frame = frame;
	next_of.instruction = call.instruction;
	next_of.iterator = iterator;
	name_call(&call);
	granule_share(granule_of(iterator));
	if (call.scope & SCOPE_SYNC || !is_looked_at(&call) ||
	    has_caller(__builtin_frame_address(0), is_own) ||
	    has_caller(__builtin_frame_address(0), is_extensions))
		return;
	struct access access =
		access_of(&call, iterator, (uint8_t)(SITE_NEXT | SITE_ITERATOR << 3));
	note_access(&access, false);
}

void variables_note_iteration(uintptr_t size, bool of_dict)
{
	const void *frame = fibers_busy ? NULL : innermost_frame();
	if (!frame)
		return;
	struct call call = call_of(frame);
	name_call(&call);
	granule_share(granule_of(size));
	if (call.scope & SCOPE_SYNC || !is_looked_at(&call) ||
	    has_caller(__builtin_frame_address(0), is_own))
		return;
	enum site_class class = of_dict ? SITE_DICT : SITE_OTHER;
	struct access access = access_of(&call, size, (uint8_t)(SITE_SIZE | class << 3));
	access.iterates = true;
	/* Nobody acquires there: to ThreadSanitizer a read is nothing new after a write of the thread's. */
	static __thread char nobody __attribute__((tls_model("initial-exec")));
	fibers_order(&nobody, true);
	note_access(&access, false);
}

void variables_note_whole(uintptr_t size, enum site_class class, enum whole what)
{
	const void *frame = fibers_busy ? NULL : innermost_frame();
	if (!frame)
		return;
	struct call call = call_of(frame);
	name_call(&call);
	granule_share(granule_of(size));
	if (call.scope & SCOPE_SYNC || !is_looked_at(&call) ||
	    has_caller(__builtin_frame_address(0), is_own) ||
	    has_caller(__builtin_frame_address(0), is_extensions))
		return;
	bool reads = what == WHOLE_COPIED || what == WHOLE_PASSED || what == WHOLE_SEARCHED;
	struct access access =
		access_of(&call, size, (uint8_t)((reads ? SITE_SIZE : SITE_RESIZE) | class << 3));
	access.copies = what == WHOLE_COPIED;
	access.passes = what == WHOLE_PASSED;
	access.searches = what == WHOLE_SEARCHED;
	access.cuts = !reads;
	access.empties = what == WHOLE_EMPTIED;
	note_access(&access, false);
}

void variables_note_item(uintptr_t container, uint64_t key, enum site_operation what,
			 enum site_class class)
{
	const void *frame = fibers_busy ? NULL : innermost_frame();
	if (!frame)
		return;
	struct call call = call_of(frame);
	name_call(&call);
	granule_share(granule_of(container + OBJECT_BODY));
	if (call.scope & SCOPE_SYNC || !is_looked_at(&call) ||
	    has_caller(__builtin_frame_address(0), is_own) ||
	    has_caller(__builtin_frame_address(0), is_extensions))
		return;
	note_item(&call, container, key, what, class, false);
}

typedef int64_t lookup_function(void *dict, void *key, int64_t hash, void *value);
static lookup_function *real_lookup, *real_lookup_reference, *real_locked_lookup;
enum { LOOKUP_MISSING = -1 }; /* DKIX_EMPTY */

static int64_t looked_up(int64_t index, const void *dict, int64_t hash)
{
	if (UNLIKELY(index == LOOKUP_MISSING) && variables_testing &&
	    !granule_is_mine(granule_of((uintptr_t)dict + python_at.dict_used)))
		note_missing((uintptr_t)dict, (uint64_t)hash);
	return index;
}

static int64_t hooked_lookup(void *dict, void *key, int64_t hash, void *value)
{
	return looked_up(real_lookup(dict, key, hash, value), dict, hash);
}

static int64_t hooked_lookup_reference(void *dict, void *key, int64_t hash, void *value)
{
	return looked_up(real_lookup_reference(dict, key, hash, value), dict, hash);
}

static uint64_t hooked_load(const volatile uint64_t *word, int memory_order)
{
	uintptr_t at = (uintptr_t)__builtin_return_address(0) - sites_low;
	uint8_t site = LIKELY(at < sites_size) ? sites[at] : 0;
	if (UNLIKELY(site) && variables_testing && !granule_is_mine(granule_of((uintptr_t)word)) &&
	    note((uintptr_t)word, site, 0) == AFTER_ACQUIRE) {
		uint64_t value = real_load(word, memory_order);
		fibers_order(stand_in((uintptr_t)word), false);
		return value;
	}
	JUMP real_load(word, memory_order);
}

static void hooked_store(volatile uint64_t *word, uint64_t value, int memory_order)
{
	uintptr_t at = (uintptr_t)__builtin_return_address(0) - sites_low;
	uint8_t site = LIKELY(at < sites_size) ? sites[at] : 0;
	if (UNLIKELY(site) && variables_testing) {
		if (site_operation(site) == SITE_WRITE)
			confirm_note_store(word, value);
		if (granule_is_mine(granule_of((uintptr_t)word)))
			own_write = (uintptr_t)word;
		else
			note((uintptr_t)word, site, value);
	}
	JUMP real_store(word, value, memory_order);
}

/* setdefault() of a key that is there is a read of its value. */
static void note_found(uintptr_t dict, int64_t index)
{
	const uint8_t *keys = load_pointer((const void *)dict, python_at.dict_keys);
	bool general = keys[python_at.keys_kind] == KEYS_GENERAL;
	uintptr_t value = (uintptr_t)keys + python_at.keys_indices +
			  (1ull << keys[python_at.keys_log2_index_bytes]) +
			  (uint64_t)index * (general ? 24 : 16) + (general ? 16 : 8);
	if (index >= 0 && keys[python_at.keys_kind] != KEYS_SPLIT &&
	    !granule_is_mine(granule_of(value)))
		note(value, SITE_READ | SITE_ENTRY << 3, 0);
}

static int64_t hooked_locked_lookup(void *dict, void *key, int64_t hash, void *value)
{
	if (UNLIKELY(wholes_default == dict) && dict && variables_testing) {
		wholes_default = NULL;
		int64_t index = real_locked_lookup(dict, key, hash, value);
		note_found((uintptr_t)dict, index);
		return index;
	}
	if (variables_testing &&
	    !granule_is_mine(granule_of((uintptr_t)dict + python_at.dict_used))) {
		const void *frame = innermost_frame();
		locked_lookup.dict = (uintptr_t)dict;
		locked_lookup.hash = (uint64_t)hash;
		locked_lookup.frame = frame;
		locked_lookup.instruction = frame ? load64(frame, python_at.frame_instr_ptr) : 0;
	}
	JUMP real_locked_lookup(dict, key, hash, value);
}

/* Life. */

void variables_test(bool runs)
{
	if (!variables_live)
		return;
	if (runs) {
		variables_used = true;
		granules_renumber();
		fibers_test_begins();
	}
	explore_test(runs);
	__atomic_store_n(&variables_testing, runs, __ATOMIC_RELEASE);
	if (!runs)
		confirm_test_ends();
}

static bool find_python(const struct link_map **python, const char **why)
{
	void *loop = dlsym(RTLD_DEFAULT, "_PyEval_EvalFrameDefault");
	const char *tstate = dlsym(RTLD_DEFAULT, "_Py_tss_tstate");
	const char *dict = dlsym(RTLD_DEFAULT, "PyDict_Type");
	Dl_info info;
	ElfW(Sym) *symbol = NULL;
	struct link_map *map = NULL;
	int_type = dlsym(RTLD_DEFAULT, "PyLong_Type");
	float_type = dlsym(RTLD_DEFAULT, "PyFloat_Type");
	if (!loop || !tstate || !int_type || !float_type || !dict ||
	    !dladdr1(loop, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol ||
	    !dladdr1(loop, &info, (void **)&map, RTLD_DL_LINKMAP) || !map) {
		*why = "this Python does not export its eval loop";
		return false;
	}
	eval_low = (uintptr_t)loop;
	eval_size = symbol->st_size;
	fibers_start(tstate);
	*python = map;
	return true;
}

static const struct link_map *interpreter;

static bool hook(const struct link_map *python, const char **why)
{
	interpreter = python;
	real_load =
		(load64_function *)plt_replace(python, "__tsan_atomic64_load", (void *)hooked_load);
	real_store = (store64_function *)plt_replace(python, "__tsan_atomic64_store",
						     (void *)hooked_store);
	real_lookup = (lookup_function *)plt_replace(python, "_Py_dict_lookup_threadsafe",
						     (void *)hooked_lookup);
	real_lookup_reference = (lookup_function *)plt_replace(
		python, "_Py_dict_lookup_threadsafe_stackref", (void *)hooked_lookup_reference);
	real_locked_lookup = (lookup_function *)plt_replace(python, "_Py_dict_lookup",
							    (void *)hooked_locked_lookup);
	if (!real_locked_lookup || !real_load || !real_store || !real_lookup ||
	    !real_lookup_reference || !renewed_start(python)) {
		*why = "this Python does not call its own functions through its PLT (ftstress builds "
		       "one that does)";
		return false;
	}
	return true;
}

/* For turns/pairs.c and share.c. */
static void order(const void *address, bool releases)
{
	if (releases)
		variables_release(address);
	else
		variables_acquire(address);
}

/* Who gives an object to all threads has made it, and what it is made of: that is shared from now on. */
static void order_shared(const void *address, bool gives)
{
	order(address, gives);
	if (gives && variables_testing)
		granules_renumber();
}

static bool start(const char **why)
{
	const char *path = getenv("FTSTRESS_VARIABLES");
	const struct link_map *python = NULL;
	if (!path || !*path) {
		*why = CONCERN_OFF;
		return false;
	}
	if (!python_has(FTS_NEED_VARIABLES, why) || !find_python(&python, why))
		return false;
	if (raw_same(path, "none")) {
		*why = python_release->minor < 14 ? "on CPython 3.14 and later only"
						  : "only in a Python that ftstress has built";
		return false;
	}
	if (!fibers_find_tsan()) {
		*why = "no ThreadSanitizer runtime";
		return false;
	}
	if (!sites_load(path, python, why) || !name_start(why))
		return false;
	if (!granules_start()) {
		*why = "the system does not give 600 GB of address space";
		return false;
	}
	if (!edges_start(python, why) || !hook(python, why))
		return false;
	if (!iterators_start() || !containers_start(python) || !across_start() ||
	    !wholes_start(python)) {
		*why = "this Python's iterators and containers look different";
		return false;
	}
	if (!channels_start()) {
		*why = "this Python's sockets and files look different";
		return false;
	}
	if (!classes_start()) {
		*why = "this Python's classes look different";
		return false;
	}
	pairs_order = order;
	share_order = order_shared;
	confirm_start(python);
	equal_start();
	variables_live = true;
	return true;
}

/*
 * A child of a test's own is not looked at: of what its parent's threads did it has a part. In the
 * zygote no thread has a fiber yet.
 */
static bool was_busy;

static void before_fork(void)
{
	was_busy = fibers_busy;
	fibers_busy = true;
	confirm_before_fork();
}

static void after_fork(bool in_child)
{
	confirm_after_fork(in_child);
	fibers_busy = was_busy;
	if (in_child && variables_testing)
		variables_testing = false, variables_live = false;
}

const struct concern concern_variables = {
	.name = "races on Python variables",
	.start = start,
	.before_fork = before_fork,
	.after_fork = after_fork,
};

/* The hooks that each access comes through are taken away; the others look whether a test is looked at. */
void ftstress_variables_off(void)
{
	if (!variables_live)
		return;
	variables_live = false;
	plt_replace(interpreter, "__tsan_atomic64_load", (void *)real_load);
	plt_replace(interpreter, "__tsan_atomic64_store", (void *)real_store);
	plt_replace(interpreter, "_Py_dict_lookup_threadsafe", (void *)real_lookup);
	plt_replace(interpreter, "_Py_dict_lookup_threadsafe_stackref",
		    (void *)real_lookup_reference);
	plt_replace(interpreter, "_Py_dict_lookup", (void *)real_locked_lookup);
	renewed_stop(interpreter);
}

int ftstress_variables_scope(const char *list)
{
	return variables_live && scope_set(list) ? 0 : -1;
}
