/*
 * locks_profile.c - how long threads wait for locks, and how long they hold the locks that others
 * wait for. Times are summed up by class.
 *
 *   locks_wait       if another thread holds the lock (one load): note the time, mark the lock
 *   locks_wait_over  if the wait was long enough: add it to the lock's class
 *   locks_taken      note the time (the processor's counter)
 *   locks_given      if the lock is marked: the longest time that it was held may be this one
 *   end of a test    emit the sums, and begin anew
 *
 * So a lock that nobody ever waits for costs two reads and one look at the processor's counter.
 * Waits for signals, such as the inner locks of Condition and Event, are not counted.
 */
#include "interpose/locks/locks.h"
#include "interpose/base/symbol.h"

#include "interpose/python/code.h"
#include "interpose/python/layout.h"
#include "interpose/python/object.h"
#include "interpose/base/ring.h"
#include "interpose/turns/turns.h"

enum {
	ENTRIES = 1 << 12,
	PROBES = 16,
	TYPE_BYTES = 64,
	SHORT_NANOSECONDS = 10000,     /* a shorter wait is left out: the thread has not slept */
	EVERY_NANOSECONDS = 500000000, /* at least, between two times that the sums are emitted */
};

static struct entry {
	uint64_t class; /* 0 = free; written last */
	uint64_t address, identity, block;
	uint32_t kind, flags;
	uint64_t waits, waited, longest_wait, longest_hold; /* since it was emitted; in ticks */
	uint64_t pc, position;                              /* of the longest wait */
	char type[TYPE_BYTES];
} entries[ENTRIES];

static struct raw_lock entries_lock; /* guards new entries, and pc and position of all */
static uint64_t start_ticks, start_nanoseconds, told_nanoseconds;
static uint64_t short_ticks = 30000;
static const void *(*allocated_begin)(const void *);

HIDDEN uint8_t profile_marks[PROFILE_MARKS];

static uint64_t hash(uint64_t value)
{
	value = (value ^ value >> 29) * 0x9e3779b97f4a7c15ull;
	return value ^ value >> 32;
}

/* Does somebody hold the lock, as far as its first bytes show? */
static bool is_taken(const struct lock *lock)
{
	const volatile void *at = (const volatile void *)lock->address;
	if (fts_lock_is(lock->kind, FTS_TAKEN_BIT))
		return *(const volatile uint8_t *)at & 1;
	if (fts_lock_is(lock->kind, FTS_TAKEN_WORD))
		return *(const volatile uint32_t *)at != 0;
	return true;
}

void profile_wait(struct thread *thread, const struct lock *lock, struct call_site site)
{
	/* Not where threads take turns: there a wait for the lock is a wait for the turn, too. */
	if (LIKELY(!is_taken(lock)) || thread->waiting_since || turns_self)
		return;
	/* Not for signals. */
	if (thread->shared->wait_own.address == lock->address ||
	    (fts_lock_is(lock->kind, FTS_SIGNAL) && python_is_signal(lock->address, lock->kind)))
		return;
	*profile_mark(lock->address) = 1;
	thread->waiting_for = *lock;
	thread->waiting_pc = site.pc;
	thread->waiting_since = ticks_now();
}

static uint64_t class_of(const struct lock *lock, uint64_t identity)
{
	if (identity)
		return identity >> 28 | 1ull << 62;
	if (fts_lock_is(lock->kind, FTS_BY_TYPE))
		return *(const uint64_t *)(lock->address - OBJECT_MUTEX + OBJECT_TYPE);
	if (fts_lock_is(lock->kind, FTS_BY_TEXT))
		return 1ull << 61; /* all locks of that kind are one class here */
	return lock->address;
}

/* What has to be found out while the lock exists. */
static void describe(struct entry *entry, const struct lock *lock, uint64_t identity)
{
	struct object object;
	entry->address = lock->address;
	entry->identity = identity;
	entry->kind = lock->kind;
	entry->flags = lock->flags & 255;
	if (identity || lock->kind == FTS_LOCK_ATTACHED || fts_lock_is(lock->kind, FTS_BY_TEXT))
		return;
	const void *begin = allocated_begin ? allocated_begin((const void *)lock->address) : NULL;
	if (begin) {
		entry->block = (uint64_t)begin;
		entry->flags |= FTS_HELD_IN_HEAP;
	} else if (object_find(lock->address, &object)) {
		uint64_t length = raw_length(object.type);
		entry->block = object.start;
		entry->flags |= FTS_HELD_IN_OBJECT;
		raw_copy(entry->type, object.type, length < TYPE_BYTES ? length : TYPE_BYTES - 1);
	}
}

static struct entry *entry_of(const struct lock *lock)
{
	uint64_t identity = python_identity(lock->address, lock->kind);
	uint64_t class = class_of(lock, identity);
	for (unsigned i = 0; i < PROBES; i++) {
		struct entry *entry = &entries[(hash(class) + i) % ENTRIES];
		uint64_t seen = __atomic_load_n(&entry->class, __ATOMIC_ACQUIRE);
		if (seen == class)
			return entry;
		if (seen || !raw_trylock(&entries_lock))
			continue;
		bool mine = entry->class == 0;
		if (mine) {
			describe(entry, lock, identity);
			__atomic_store_n(&entry->class, class, __ATOMIC_RELEASE);
		}
		raw_unlock(&entries_lock);
		if (mine || entry->class == class)
			return entry;
	}
	ring_limit(FTS_LIMIT_LOCK_WAITS);
	return NULL;
}

static bool raise(uint64_t *longest, uint64_t ticks)
{
	uint64_t seen = __atomic_load_n(longest, __ATOMIC_RELAXED);
	while (ticks > seen)
		if (__atomic_compare_exchange_n(longest, &seen, ticks, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return true;
	return false;
}

void profile_wait_over(struct thread *thread)
{
	uint64_t ticks = ticks_now() - thread->waiting_since;
	thread->waiting_since = 0;
	if (ticks < short_ticks)
		return;
	struct entry *entry = entry_of(&thread->waiting_for);
	if (!entry)
		return;
	__atomic_fetch_add(&entry->waits, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&entry->waited, ticks, __ATOMIC_RELAXED);
	if (!raise(&entry->longest_wait, ticks) || !raw_trylock(&entries_lock))
		return;
	struct fts_held here = { .kind = FTS_LOCK_LOCK };
	python_position(&here, python_tstate());
	entry->pc = (uint64_t)thread->waiting_pc;
	entry->position = here.position;
	raw_unlock(&entries_lock);
}

void profile_held(const struct thread *thread, uint32_t slot)
{
	const struct fts_held *held = &thread->shared->held[slot];
	uint64_t since = thread->held_since[slot];
	if (!since || held->kind == FTS_LOCK_ATTACHED)
		return;
	struct lock lock = { held->address, held->kind, held->flags };
	struct entry *entry = entry_of(&lock);
	if (entry)
		raise(&entry->longest_hold, ticks_now() - since);
}

/* Emitting. */

struct message {
	struct fts_report head;
	struct fts_section lock;
	uint64_t frames[2];
	struct fts_section times, birth;
};

static uint64_t take(uint64_t *value, double scale)
{
	return (uint64_t)((double)__atomic_exchange_n(value, 0, __ATOMIC_RELAXED) * scale);
}

/* Its sections are like those of FTS_REPORT_LOCK_EDGE; the times are in one of FTS_SEC_OTHER. */
static void tell(struct entry *entry, double scale)
{
	const uint64_t *birth;
	uint32_t births = python_class_frames(entry->identity, &birth);
	uint32_t length = (uint32_t)raw_length(entry->type);
	births = births < 8 ? births : 8;
	struct message message = {
		.head = { .kind = FTS_REPORT_LOCK_PROFILE,
			  .section_count = (uint16_t)(births ? 3 : 2) },
		.lock = { .kind = FTS_SEC_LOCK,
			  .flags = (uint16_t)(entry->kind << 8 | entry->flags),
			  .frame_count = 2,
			  .tid = -1,
			  .text_length = length,
			  .address = entry->address,
			  .size = entry->block,
			  .value = entry->identity },
		.frames = { entry->pc, entry->position ? entry->position : entry->pc },
		.times = { .kind = FTS_SEC_OTHER,
			   .flags = 0,
			   .frame_count = 1, /* the longest hold */
			   .tid = -1,
			   .address = take(&entry->waits, 1),
			   .size = take(&entry->waited, scale),
			   .value = take(&entry->longest_wait, scale) },
		.birth = { .kind = FTS_SEC_MUTEX,
			   .frame_count = births,
			   .tid = -1,
			   .address = entry->address,
			   .value = entry->identity },
	};
	uint64_t hold = take(&entry->longest_hold, scale);
	static const uint64_t nothing;
	struct ring_part parts[] = {
		{ &message.head, sizeof message.head },
		{ &message.lock, sizeof message.lock },
		{ message.frames, sizeof message.frames },
		{ entry->type, length },
		{ &nothing, -length & 7 },
		{ &message.times, sizeof message.times },
		{ &hold, sizeof hold },
		{ &message.birth, sizeof message.birth },
		{ birth, 8 * births },
	};
	ring_write(FTS_REC_REPORT, parts, births ? 9 : 7);
}

void locks_profile_tell(bool at_last)
{
	uint64_t nanoseconds = locks_on ? raw_now() : 0, ticks = ticks_now();
	if (!locks_on || (!at_last && nanoseconds - told_nanoseconds < EVERY_NANOSECONDS) ||
	    ring_room() < FTS_RING_BYTES / 2)
		return;
	double scale = (double)(nanoseconds - start_nanoseconds) /
		       (double)(ticks - start_ticks ? ticks - start_ticks : 1);
	told_nanoseconds = nanoseconds;
	if (scale > 0)
		short_ticks = (uint64_t)((double)SHORT_NANOSECONDS / scale);
	for (unsigned i = 0; i < ENTRIES && ring_room() > FTS_RING_BYTES / 4; i++)
		if (__atomic_load_n(&entries[i].waits, __ATOMIC_RELAXED))
			tell(&entries[i], scale);
}

void profile_start(void)
{
	start_ticks = ticks_now();
	start_nanoseconds = raw_now();
	allocated_begin =
		(const void *(*)(const void *))symbol_next("__sanitizer_get_allocated_begin");
}

void profile_forked(void)
{
	entries_lock.state = 0;
	for (unsigned i = 0; i < ENTRIES; i++) {
		struct entry *entry = &entries[i];
		entry->waits = entry->waited = entry->longest_wait = entry->longest_hold = 0;
	}
}
