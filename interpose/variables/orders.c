/* orders.c - see orders.h. */
#define _GNU_SOURCE
#include "interpose/variables/orders.h"

#include "ftstress/record.h"
#include "interpose/python/code.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
	ORDERS = 1024, /* a power of two */
	TRIES = 48,    /* of an order, in all processes */
	TRIES_HERE = 8,
	SIGHTS = 2, /* of an order: the report of the first may be lost */
};

/* Of all zygotes and their iterations. Written without a lock, as a process may be killed. */
static struct shared {
	uint32_t count;
	struct order orders[ORDERS]; /* open-addressed by `read` */
} *shared;
static const uint32_t none;
HIDDEN const uint32_t *orders_count = &none;

/* Of this process. Numbers are about right: no lock is taken. */
static struct here {
	uint8_t tries, vain; /* vain: also where no other thread was there */
	uint32_t met, next;  /* times that a thread came by; it stops from the `next`th on */
} here[ORDERS];

static uint64_t mix(uint64_t word)
{
	word *= 0x9e3779b97f4a7c15ull;
	return word ^ word >> 29;
}

uint64_t orders_place(uint64_t pc)
{
	uint64_t hash = pc ? code_hash(FTS_PC_CODE(pc)) : 0;
	return hash ? mix(hash ^ mix(FTS_PC_INSTRUCTION(pc) + 1)) | 1 : 0;
}

/* "PATTERN\tsize\t..." */
static bool is_about_size(const char *text, uint32_t length)
{
	static const char size[] = "\tsize\t";
	uint32_t at = 0;
	while (at < length && text[at] != '\t')
		at++;
	return length - at >= sizeof size - 1 && raw_equal(text + at, size, sizeof size - 1);
}

static bool same_order(const struct order *order, const struct order_wanted *wanted,
		       const char *text, uint32_t length)
{
	return __atomic_load_n(&order->ready, __ATOMIC_ACQUIRE) &&
	       order->write == orders_place(wanted->write) &&
	       order->between == orders_place(wanted->between) && order->key == wanted->key &&
	       order->length == length && raw_equal(order->text, text, length);
}

/* Is it known that a lock is given back between the two? */
static bool is_split(uint64_t read, uint64_t write)
{
	for (unsigned i = 0, at = (unsigned)read; i < ORDERS; i++, at++) {
		const struct order *order = &shared->orders[at % ORDERS];
		uint64_t there = __atomic_load_n(&order->read, __ATOMIC_ACQUIRE);
		if (!there)
			return false;
		if (there == read && __atomic_load_n(&order->ready, __ATOMIC_ACQUIRE) &&
		    order->write == write && order->split)
			return true;
	}
	return false;
}

void orders_add(const struct order_wanted *wanted, const char *text, uint32_t length)
{
	uint64_t read = orders_place(wanted->read);
	/* Nobody can stop within one instruction. */
	if (!shared || !read || read == orders_place(wanted->write) || length > ORDERS_TEXT)
		return;
	bool split = wanted->split || is_split(read, orders_place(wanted->write));
	for (unsigned i = 0, at = (unsigned)read; i < ORDERS; i++, at++) {
		struct order *order = &shared->orders[at % ORDERS];
		uint64_t there = 0;
		if (!__atomic_compare_exchange_n(&order->read, &there, read, false,
						 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			if (there == read && same_order(order, wanted, text, length))
				return;
			continue;
		}
		order->write = orders_place(wanted->write);
		order->between = orders_place(wanted->between);
		order->checks = wanted->checks;
		order->depends = wanted->depends;
		order->across = wanted->across;
		order->empties = wanted->empties;
		order->split = split;
		order->key = wanted->key;
		order->uses = wanted->uses;
		order->size = length ? is_about_size(text, length) : wanted->direction != 0;
		order->direction = wanted->direction;
		order->length = length;
		raw_copy(order->text, text, length);
		__atomic_store_n(&order->ready, 1, __ATOMIC_RELEASE);
		__atomic_fetch_add(&shared->count, 1, __ATOMIC_RELAXED);
		return;
	}
}

void orders_add_split(const struct order_wanted *order)
{
	enum { KNOWN = 1 << 12 };
	static uint16_t known[KNOWN];
	uint64_t key = mix(order->read ^ mix(order->write));
	uint16_t mark = (uint16_t)(key >> 48) | 1, *at = &known[key % KNOWN];
	if (__atomic_load_n(at, __ATOMIC_RELAXED) == mark)
		return;
	__atomic_store_n(at, mark, __ATOMIC_RELAXED);
	orders_add(order, "", 0);
}

static bool is_to_be_tried(const struct order *order, unsigned number)
{
	return __atomic_load_n(&order->ready, __ATOMIC_ACQUIRE) &&
	       __atomic_load_n(&order->seen, __ATOMIC_RELAXED) < SIGHTS &&
	       __atomic_load_n(&order->tries, __ATOMIC_RELAXED) < TRIES &&
	       here[number].tries < TRIES_HERE;
}

/*
 * The first threads of a test go through it before the others have started, or alone. So who stops in vain
 * some times in a row stops less and less often: at the 1st, 2nd, 3rd, 4th, 6th, 10th, 18th, ... time.
 */
static bool is_time(unsigned number)
{
	return __atomic_add_fetch(&here[number].met, 1, __ATOMIC_RELAXED) >= here[number].next;
}

/* Where a lock is given back, and where not, a thread stops at another place. */
static unsigned of_one_sort(uint16_t choices[ORDERS_CHOICES], unsigned count)
{
	unsigned kept = 0;
	bool split = count && shared->orders[choices[0]].split;
	for (unsigned i = 0; i < count; i++)
		if (shared->orders[choices[i]].split == split)
			choices[kept++] = choices[i];
	return kept;
}

/*
 * One line may look at a dict's size and the next one at a key, before the write that changes both: these
 * are two races. And who looks for an attribute looks for the name in the class, too.
 */
unsigned orders_from(uint64_t read, bool size, bool key, uint16_t choices[ORDERS_CHOICES])
{
	unsigned count = 0;
	for (unsigned i = 0, at = (unsigned)read; i < ORDERS && count < ORDERS_CHOICES; i++, at++) {
		const struct order *order = &shared->orders[at % ORDERS];
		uint64_t there = __atomic_load_n(&order->read, __ATOMIC_ACQUIRE);
		if (!there)
			break;
		if (there == read && is_to_be_tried(order, at % ORDERS) && order->size == size &&
		    order->key == key && is_time(at % ORDERS))
			choices[count++] = (uint16_t)(at % ORDERS);
	}
	return of_one_sort(choices, count);
}

struct order *orders_at(uint16_t choice)
{
	return &shared->orders[choice];
}

void orders_tried(uint16_t choice, bool alone)
{
	enum { IN_A_ROW = 3, FARTHEST = 7 };
	struct here *at = &here[choice];
	unsigned vain = at->vain;
	at->next = at->met + (vain < IN_A_ROW ? 1u : 2u << (vain - IN_A_ROW));
	at->vain += vain < IN_A_ROW + FARTHEST;
	if (alone)
		return;
	__atomic_fetch_add(&shared->orders[choice].tries, 1, __ATOMIC_RELAXED);
	at->tries++;
}

/* -1: it can't be had. */
static int open_shared(void)
{
	const char *path = getenv("FTSTRESS_ORDERS");
	long file = path ? raw_syscall3(SYS_open, (long)path, O_RDWR | O_CLOEXEC, 0) : -1;
	if (file >= 0 && raw_syscall3(SYS_ftruncate, file, sizeof *shared, 0) == 0)
		return (int)file;
	if (file >= 0)
		raw_syscall3(SYS_close, file, 0, 0);
	return -1;
}

bool orders_start(void)
{
	int file = open_shared();
	long at =
		raw_syscall6(SYS_mmap, 0, sizeof *shared, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_NORESERVE | (file < 0 ? MAP_ANONYMOUS : 0), file, 0);
	if (file >= 0)
		raw_syscall3(SYS_close, file, 0, 0);
	if (at < 0 && at > -4096)
		return false;
	shared = (struct shared *)at;
	orders_count = &shared->count;
	return true;
}
