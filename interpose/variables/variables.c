/*
 * variables.c - see variables.h: where the accesses come by, and what starts with a test.
 */
#define _GNU_SOURCE
#include "interpose/variables/variables.h"

#include "interpose/base/plt.h"
#include "interpose/python/layout.h"
#include "interpose/python/release.h"
#include "interpose/turns/pairs.h"
#include "interpose/turns/share.h"
#include "interpose/variables/accesses.h"
#include "interpose/variables/across.h"
#include "interpose/variables/channels.h"
#include "interpose/variables/classes.h"
#include "interpose/variables/confirm.h"
#include "interpose/variables/containers.h"
#include "interpose/variables/dicts.h"
#include "interpose/variables/edges.h"
#include "interpose/variables/equal.h"
#include "interpose/variables/explore.h"
#include "interpose/variables/fibers.h"
#include "interpose/variables/granules.h"
#include "interpose/variables/iterators.h"
#include "interpose/variables/name.h"
#include "interpose/variables/renewed.h"
#include "interpose/variables/scope.h"
#include "interpose/variables/sites.h"
#include "interpose/variables/states.h"
#include "interpose/variables/steps.h"
#include "interpose/variables/uses.h"
#include "interpose/variables/wholes.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <stdlib.h>

HIDDEN bool variables_testing, variables_used, variables_live;
static load64_function *real_load;
static store64_function *real_store;

HIDDEN __thread bool variables_only_keys __attribute__((tls_model("initial-exec")));
/* The last write to a variable that is the thread's own. */
static __thread uintptr_t own_write __attribute__((tls_model("initial-exec")));

/* Accesses. */

enum after { AFTER_NOTHING, AFTER_ACQUIRE };

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

static void share_items(const char *list_size)
{
	const char *list = (const char *)list_size - python_at.size;
	accesses_share(load64(list, python_at.list_items),
		       8 * load64(list, python_at.list_allocated));
}

static enum after note(uintptr_t address, uint8_t site, uint64_t value);

static void note_new_keys(const struct call *call, uintptr_t dict, uintptr_t keys)
{
	uintptr_t value = dicts_first_value(dict, keys);
	if (!value || own_write != value)
		return;
	note(value, SITE_WRITE | SITE_ENTRY << 3, load64((const void *)value, 0));
	dicts_note_first(call, dict, keys);
}

/* `size`: where the dict or set has how many keys there are. */
static void note_changed_key(const struct call *call, uintptr_t size, enum site_class class,
			     bool grows)
{
	uint64_t hash;
	uintptr_t set = size - python_at.set_used;
	if (class == SITE_DICT)
		dicts_note_changed(call, size - python_at.dict_used, grows);
	else if (class == SITE_OTHER && containers_changed_key(call, set, &hash))
		accesses_note_set_key(call, set, hash, grows);
}

/*
 * `if job in jobs and len(jobs): jobs.remove(job)`: whether the key is there decides, and that is a variable of its
 * own.
 */
static bool takes_seen(const struct call *call, uintptr_t size, enum site_class class)
{
	uint64_t hash;
	uintptr_t set = size - python_at.set_used;
	if (class == SITE_DICT)
		return dicts_takes_found(call, size - python_at.dict_used);
	return class == SITE_OTHER && containers_changed_key(call, set, &hash) &&
	       patterns_has_read(call, key_stand_in(set + OBJECT_BODY, hash));
}

/*
 * Does the thread store what it alone stores there: its number, or what follows on that; or a module, as all
 * others do? (An object that is replaced meanwhile stays mapped as long as the thread is attached.)
 */
static bool owns(const struct call *call, uintptr_t address, uint8_t site, uint64_t value)
{
	bool attribute = site_class(site) == SITE_VALUE || site_class(site) == SITE_SLOT;
	return accesses_is_ident(value) || accesses_imports(call, value) ||
	       (attribute && accesses_is_ident(load64((const void *)address, 0)));
}

/*
 * The variable at `address`, which is not the thread's own, is read, or is about to be written.
 * Returns what is to be done when it has been read.
 */
static __attribute__((noinline)) enum after note(uintptr_t address, uint8_t site, uint64_t value)
{
	struct call call;
	if (variables_only_keys || !accesses_call(address, &call))
		return AFTER_NOTHING;
	struct granule *granule = granule_of(address);
	enum site_operation operation = site_operation(site);
	bool is_write = operation == SITE_WRITE;
	bool grows = operation == SITE_RESIZE && (int64_t)value > *(const int64_t *)address;
	if (operation == SITE_KEYS) {
		if (value)
			note_new_keys(&call, address - python_at.dict_keys, value);
		return AFTER_NOTHING;
	}
	if (operation == SITE_RESIZE) {
		if (site_class(site) == SITE_LIST)
			share_items((const char *)address);
		if (value == *(const uint64_t *)address)
			return AFTER_NOTHING; /* it has other memory, and what was in it */
		/* Who takes something out comes after the one who put it in. */
		fibers_order(fibers_word((const void *)address), grows);
	}
	bool sync = accesses_is_of_sync(&call);
	if (sync && is_write) {
		fibers_order(stand_in(address), true);
		granule_mark(granule, GRANULE_RELEASED);
	}
	bool state = sync && call.scope & SCOPE_STATE &&
		     (operation == SITE_SIZE || operation == SITE_RESIZE) &&
		     states_asked(&call, operation == SITE_RESIZE);
	if (sync && !state)
		return after(operation, granule);
	if (!sync && !accesses_is_looked_at(&call))
		return AFTER_NOTHING;
	struct access access = accesses_of(&call, address, site);
	/* A hash is no object. */
	bool hash = site_class(site) == SITE_ENTRY_OR_HASH;
	bool releases = is_write && (hash || accesses_publishes(value));
	access.value = is_write && !hash ? value
		       : operation == SITE_READ
			       ? __atomic_load_n((const uint64_t *)address, __ATOMIC_RELAXED)
			       : 0;
	access.grows = grows;
	access.named =
		operation == SITE_RESIZE && !grows && takes_seen(&call, address, site_class(site));
	access.missing = lacks(address, site);
	access.state = state;
	access.takes = takes_away(operation, site_class(site), grows, value) ||
		       (state && operation == SITE_RESIZE);
	access.owns = is_write && !hash && owns(&call, address, site, value);
	accesses_note(&access, releases);
	if (operation == SITE_RESIZE && !state)
		note_changed_key(&call, address, site_class(site), grows);
	if (releases) {
		accesses_share_object(value);
		granule_mark(granule, GRANULE_RELEASED);
	}
	return after(operation, granule);
}

void variables_note_found(uintptr_t value)
{
	note(value, SITE_READ | SITE_ENTRY << 3, 0);
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
	if (!loop || !tstate || !dict || !dladdr1(loop, &info, (void **)&symbol, RTLD_DL_SYMENT) ||
	    !symbol || !dladdr1(loop, &info, (void **)&map, RTLD_DL_LINKMAP) || !map ||
	    !accesses_start((uintptr_t)loop, symbol->st_size)) {
		*why = "this Python does not export its eval loop";
		return false;
	}
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
	if (!real_load || !real_store || !dicts_start(python) || !renewed_start(python)) {
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
		*why = python_release->minor != 14 ? "on CPython 3.14 only"
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
	    !wholes_start(python) || !steps_start()) {
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
	uses_start();
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
	dicts_stop(interpreter);
	renewed_stop(interpreter);
}

int ftstress_variables_scope(const char *list)
{
	return variables_live && scope_set(list) ? 0 : -1;
}
