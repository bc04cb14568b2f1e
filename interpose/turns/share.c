/*
 * share.c - hands the object that the first thread made at a place of a test to all others.
 *
 * A test module is compiled with `f(x)` as `share(SITE, f(x))`. Each thread makes the call; the k-th
 * time that one comes to a site, it gets what the first to come there for the k-th time had made:
 *
 *     thread 1   share(7, a) ─► slot (7, 0) is free: a goes in ─► a
 *     thread 2   share(7, b) ─► slot (7, 0) has a            ───► a, and b dies
 *
 * The only order that ThreadSanitizer is told is from putting an object in to taking it out, at the
 * slot's own address. With a container or a lock of Python's in its place, all that a thread did
 * until its last visit would be before all that the next does, and a quarter of the races would be
 * lost; with no order at all, making an object would be a race with using it.
 *
 * What a thread knows of its visits is its own. The main thread sets tests up, and shares nothing.
 */
#define _GNU_SOURCE
#include "interpose/turns/share.h"

#include "interpose/base/ring.h"
#include "interpose/base/symbol.h"
#include "interpose/python/layout.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	SLOTS = 1 << 14,
	VISITED = 512,    /* sites that a thread of a test comes to */
	MOST_VISITS = 64, /* of a site: a loop is not to keep all that it makes */
	PROBES = 16,
	METH_FASTCALL = 0x80,
};

static struct slot {
	uint64_t key; /* site and visit; 0 = free */
	void *object; /* a reference of ours */
	uint32_t got; /* another thread has it */
	uint32_t reserved;
} slots[SLOTS];

static const uintptr_t *types;
static uint32_t type_count;
static uint32_t epoch; /* of the test; 0 = none was yet */
static bool active;

struct visits {
	uint32_t epoch;
	struct visited {
		uint32_t site, count;
	} sites[VISITED];
};
static __thread struct visits own __attribute__((tls_model("initial-exec")));
static __thread uint32_t main_thread __attribute__((tls_model("initial-exec"))); /* 1 no, 2 yes */

static void (*tsan_acquire)(void *address);
static void (*tsan_release)(void *address);
static void (*incref)(void *object);
static void (*decref)(void *object);
static long (*as_long)(void *object);

static bool is_main_thread(void)
{
	if (UNLIKELY(!main_thread))
		main_thread = raw_gettid() == raw_getpid() ? 2 : 1;
	return main_thread == 2;
}

static uintptr_t type_of(const void *object)
{
	return *(const uintptr_t *)((const char *)object + OBJECT_TYPE);
}

static bool is_wanted(uintptr_t type)
{
	uint32_t low = 0, high = type_count;
	while (low < high) {
		uint32_t middle = (low + high) / 2;
		if (types[middle] == type)
			return true;
		if (types[middle] < type)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* How often this thread has come to the site before; MOST_VISITS = too often. */
static uint32_t visit(uint32_t site)
{
	uint32_t now = __atomic_load_n(&epoch, __ATOMIC_RELAXED);
	if (UNLIKELY(own.epoch != now)) {
		raw_zero(&own, sizeof own);
		own.epoch = now;
	}
	for (uint32_t i = 0; i < PROBES; i++) {
		struct visited *visited = &own.sites[(site + i) % VISITED];
		if (visited->site != site && visited->count)
			continue;
		visited->site = site;
		if (visited->count >= MOST_VISITS)
			return MOST_VISITS;
		return visited->count++;
	}
	return MOST_VISITS;
}

static struct slot *slot_of(uint64_t key)
{
	uint32_t start = (uint32_t)(key * 0x9e3779b97f4a7c15ull >> 40);
	for (uint32_t i = 0; i < PROBES; i++) {
		struct slot *slot = &slots[(start + i) % SLOTS];
		uint64_t found = 0;
		if (__atomic_compare_exchange_n(&slot->key, &found, key, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED) ||
		    found == key)
			return slot;
	}
	return NULL;
}

HIDDEN void (*share_order)(const void *address, bool gives);

static void order_variables(const struct slot *slot, bool gives)
{
	if (share_order) /* in sixteenths: what is nearer together is one to it */
		share_order((const char *)slots + 16 * (slot - slots), gives);
}

/* The object of the slot, which is `object` if no other thread was there before. */
static void *exchange(struct slot *slot, void *object)
{
	void *found = __atomic_load_n(&slot->object, __ATOMIC_ACQUIRE);
	if (!found) {
		incref(object); /* ours */
		tsan_release(&slot->object);
		order_variables(slot, true);
		if (__atomic_compare_exchange_n(&slot->object, &found, object, false,
						__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			return object;
		decref(object);
	}
	tsan_acquire(&slot->object);
	order_variables(slot, false);
	if (type_of(found) != type_of(object))
		return object; /* the threads have gone different ways */
	if (!__atomic_load_n(&slot->got, __ATOMIC_RELAXED))
		__atomic_store_n(&slot->got, 1, __ATOMIC_RELAXED);
	return found;
}

/* share(site, object): METH_FASTCALL */
static void *share(void *self, void *const *args, ptrdiff_t count)
{
	(void)self, (void)count;
	void *object = args[1];
	if (__atomic_load_n(&active, __ATOMIC_RELAXED) && is_wanted(type_of(object)) &&
	    !is_main_thread()) {
		uint32_t site = (uint32_t)as_long(args[0]) | 1;
		uint32_t times = visit(site);
		struct slot *slot =
			times < MOST_VISITS ? slot_of((uint64_t)site << 32 | times) : NULL;
		if (slot)
			object = exchange(slot, object);
	}
	incref(object);
	return object;
}

void *ftstress_share_function(void)
{
	static struct {
		const char *name;
		void *function;
		int flags;
		const char *doc;
	} method = { "share", (void *)share, METH_FASTCALL, NULL };
	tsan_acquire = (void (*)(void *))symbol_need("__tsan_acquire");
	tsan_release = (void (*)(void *))symbol_need("__tsan_release");
	incref = (void (*)(void *))symbol_need("Py_IncRef");
	decref = (void (*)(void *))symbol_need("Py_DecRef");
	as_long = (long (*)(void *))symbol_need("PyLong_AsLong");
	void *(*make)(void *, void *, void *, void *) =
		(void *(*)(void *, void *, void *, void *))symbol_need("PyCMethod_New");
	return make(&method, NULL, NULL, NULL);
}

void ftstress_share_types(const uintptr_t *sorted, uint32_t count)
{
	types = sorted;
	type_count = count;
}

void ftstress_share_begin(void)
{
	__atomic_store_n(&epoch, epoch + 1, __ATOMIC_RELAXED);
	__atomic_store_n(&active, true, __ATOMIC_RELAXED);
}

uint32_t ftstress_share_end(void)
{
	uint32_t shared = 0;
	__atomic_store_n(&active, false, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < SLOTS; i++) {
		void *object = slots[i].object;
		shared += slots[i].got;
		slots[i] = (struct slot){ 0 };
		if (object)
			decref(object);
	}
	struct fts_arena *arena = ring_arena();
	if (arena)
		__atomic_fetch_add(&arena->objects_shared, shared, __ATOMIC_RELAXED);
	return shared;
}
