/* between.c - see between.h. */
#define _GNU_SOURCE
#include "interpose/turns/between.h"

#include <dlfcn.h>

#include "interpose/python/layout.h"
#include "interpose/python/object.h"

enum {
	SIDES = 2,
	EVENTS = 512,
	LOCKS = 64,
	TEXT = 160,
	FROZEN = 8 /* _PyGC_BITS_FROZEN of ob_gc_bits */
};

struct event {
	const volatile uint8_t *lock;
	bool takes, orders;
};

static struct between {
	_Alignas(64) uint32_t count; /* above EVENTS: there were more, and nothing is said */
	struct event events[EVENTS];
} calls[SIDES];

HIDDEN __thread struct between *between_call __attribute__((tls_model("initial-exec")));

void between_forget(void)
{
	for (uint32_t i = 0; i < SIDES; i++)
		calls[i].count = 0;
}

void between_begins(uint32_t side)
{
	between_call = &calls[side % SIDES];
}

void between_ends(void)
{
	between_call = NULL;
}

void between_note(const volatile uint8_t *lock, bool takes, bool orders)
{
	struct between *call = between_call;
	if (call->count < EVENTS)
		call->events[call->count] = (struct event){ lock, takes, orders };
	call->count += call->count <= EVENTS;
}

HIDDEN const volatile uint8_t *const *between_types;

static bool does(const struct between *call, const volatile uint8_t *lock, bool takes)
{
	for (uint32_t i = 0; i < call->count; i++)
		if (call->events[i].lock == lock && call->events[i].takes == takes &&
		    call->events[i].orders)
			return true;
	return false;
}

/* Does `first` give the lock back, and `second` take it, so that the one is ordered before the other? */
static bool orders(const struct between *first, const struct between *second,
		   const volatile uint8_t *lock)
{
	return does(first, lock, false) && does(second, lock, true);
}

/* Its own memory: of its state, of static types. */
static bool is_interpreters(const volatile uint8_t *lock)
{
	static const void *base;
	Dl_info info;
	if (!base && dladdr(dlsym(RTLD_DEFAULT, "_PyEval_EvalFrameDefault"), &info))
		base = info.dli_fbase;
	return base && dladdr((const void *)lock, &info) && info.dli_fbase == base;
}

/* Of an object that was there before the pairs began; its type's name in `type`. */
static bool is_of_older(const volatile uint8_t *lock, char *type, uint64_t room)
{
	uint64_t start, word[4];
	struct object_block block;
	if (!object_block_at((uint64_t)lock, &start, &block) || block.memory)
		return false;
	uint64_t object = start + block.header;
	if ((uint64_t)lock != object + OBJECT_MUTEX || !object_peek(object, word, sizeof word))
		return false;
	uint8_t bits = ((const uint8_t *)word)[OBJECT_MUTEX + 1];
	return bits & FROZEN && object_type_name(word[3], type, room);
}

struct lock {
	const volatile uint8_t *word;
	bool before, after; /* side 0 before side 1; side 1 before side 0 */
	char text[TEXT];
};

static void put(char *text, const char *more)
{
	uint64_t length = raw_length(text), rest = raw_length(more);
	if (rest > TEXT - 1 - length)
		rest = TEXT - 1 - length;
	raw_copy(text + length, more, rest);
	text[length + rest] = '\0';
}

/* What the lock is, if it is about something else than the pair's object. */
static bool is_accident(struct lock *lock)
{
	char type[128];
	if (between_types && lock->word == *between_types) {
		put(lock->text, "the lock of all types");
	} else if (is_interpreters(lock->word)) {
		put(lock->text, "a lock of the interpreter's own");
	} else if (is_of_older(lock->word, type, sizeof type)) {
		put(lock->text, "the lock of a ");
		put(lock->text, type);
		put(lock->text, " that is there for all");
	}
	return lock->text[0];
}

static const struct lock *find(const struct lock *locks, uint32_t count,
			       const volatile uint8_t *word)
{
	for (uint32_t i = 0; i < count; i++)
		if (locks[i].word == word)
			return &locks[i];
	return NULL;
}

/* The locks that are about something else and order one of the calls before the other. */
static uint32_t accidents(struct lock *locks)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < calls[0].count && count < LOCKS; i++) {
		struct lock lock = { .word = calls[0].events[i].lock };
		if (find(locks, count, lock.word))
			continue;
		lock.before = orders(&calls[0], &calls[1], lock.word);
		lock.after = orders(&calls[1], &calls[0], lock.word);
		if ((lock.before || lock.after) && is_accident(&lock))
			locks[count++] = lock;
	}
	return count;
}

/*
 * Is there a moment without any lock, after which the call gives one of them back that orders what it did
 * before the other call, and before which it takes one that orders it after the other?
 */
static const struct lock *hides(const struct between *call, bool first, const struct lock *locks,
				uint32_t count)
{
	uint32_t depth = 0;
	bool taken = false, free_since = false;
	for (uint32_t i = 0; i < call->count; i++) {
		const struct event *event = &call->events[i];
		const struct lock *lock = find(locks, count, event->lock);
		depth += event->takes ? 1 : depth ? -1u : 0;
		if (event->takes && event->orders && lock && (first ? lock->after : lock->before))
			taken = true;
		if (!event->takes && event->orders && lock && free_since &&
		    (first ? lock->before : lock->after))
			return lock;
		free_since = free_since || (taken && !depth);
	}
	return NULL;
}

const char *ftstress_pair_ordered(void)
{
	static struct lock locks[LOCKS];
	if (calls[0].count > EVENTS || calls[1].count > EVENTS)
		return NULL;
	uint32_t count = accidents(locks);
	const struct lock *one = hides(&calls[0], true, locks, count);
	const struct lock *two = one ? hides(&calls[1], false, locks, count) : NULL;
	return two ? two->text : NULL;
}
