/*
 * history.c - see history.h. Where TSan keeps what a thread holds.
 *
 * TSan is told of two mutexes, of addresses that we know. Then its state of this thread is compared
 * with what it was before: the addresses must be in the set, in places as in history.h; and one of
 * its words must point behind what the trace has got of them.
 */
#define _GNU_SOURCE
#include "interpose/base/history.h"

#include "interpose/base/symbol.h"

#include <stddef.h>

HIDDEN struct history history;

_Static_assert(sizeof(struct history_mutex) == 24, "MutexSet::Desc");
_Static_assert(offsetof(struct history_set, mutexes) == 16, "MutexSet");

static void (*func_entry)(void *pc);
static void (*func_exit)(void);
static void (*acquired)(char *file, int line, uint64_t mutex, uint64_t writes);
static void (*released)(char *file, int line, uint64_t mutex, uint64_t writes);

/* An entry of TSan's own that finds no room makes it begin the next part. */
bool history_make_room(char *thread)
{
	if (!history_has_room(thread)) {
		func_entry((void *)history_make_room);
		func_exit();
	}
	return history_has_room(thread);
}

void history_anew(void)
{
	static void (*release)(const volatile void *);
	static const volatile char nobodys;
	if (!release)
		release = (void (*)(const volatile void *))symbol_need("__tsan_release");
	release(&nobodys);
}

/*
 * Which of the variables says where the state of the running thread is? It has another value in a
 * fiber. (That of a thread lies among the variables itself, that of a fiber does not.)
 */
static bool find_thread(const struct symbol_variables *variables, char **thread)
{
	void *(*create)(unsigned) = (void *(*)(unsigned))symbol_next("__tsan_create_fiber");
	void (*destroy)(void *) = (void (*)(void *))symbol_next("__tsan_destroy_fiber");
	void (*go)(void *, unsigned) =
		(void (*)(void *, unsigned))symbol_next("__tsan_switch_to_fiber");
	void *(*current)(void) = (void *(*)(void))symbol_next("__tsan_get_current_fiber");
	void *const volatile *words = (void *const volatile *)variables->low;
	unsigned found = 0;
	if (!create || !destroy || !go || !current)
		return false;
	*thread = current();
	if ((uintptr_t)*thread - (uintptr_t)variables->low >= variables->size)
		return false;
	void *other = create(0);
	for (uint64_t i = 0; i < variables->size / 8; i++) {
		if (words[i] != *thread)
			continue;
		go(other, 1); /* 1: without synchronisation */
		bool moved = words[i] == other;
		go(*thread, 1);
		found += moved;
		if (moved)
			history.thread =
				(const char *)&words[i] - (const char *)__builtin_thread_pointer();
	}
	destroy(other);
	return found == 1;
}

static bool is_lock(const uint64_t *entry, uint64_t address)
{
	return (entry[0] & 31) == HISTORY_LOCK &&
	       entry[1] >> HISTORY_ADDRESS_AT ==
		       address << HISTORY_ADDRESS_AT >> HISTORY_ADDRESS_AT;
}

static bool is_unlock(const uint64_t *entry, uint64_t address)
{
	return entry[0] == (HISTORY_UNLOCK | history_entry(address));
}

/* Is there such an entry between the two places, which lie next to each other? */
static bool has(bool is(const uint64_t *, uint64_t), uint64_t from, uint64_t to, uint64_t address)
{
	enum { MOST = 16 * 8 }; /* bytes that one call writes */
	if (!from || from % 8 != 0 || to <= from || to - from > MOST)
		return false;
	for (const uint64_t *entry = (const uint64_t *)from; entry < (const uint64_t *)to; entry++)
		if (is(entry, address))
			return true;
	return false;
}

enum { STATE_WORDS = 512 };

static void copy(uint64_t *into, const char *thread, uint64_t words)
{
	for (uint64_t i = 0; i < words; i++)
		into[i] = ((const volatile uint64_t *)thread)[i];
}

static bool is_entered(const struct history_mutex *mutex, uint64_t address, uint32_t sequence)
{
	return mutex->address == address && mutex->count == 1 && (mutex->write & 255) == 1 &&
	       mutex->sequence == sequence;
}

/* Both are in the set, which lies there, the last of its mutexes. */
static bool is_set(const struct history_set *set, uint64_t first, uint64_t second)
{
	uint64_t count = set->count;
	return count >= 2 && count <= HISTORY_MOST &&
	       is_entered(&set->mutexes[count - 2], first, set->sequence - 2) &&
	       is_entered(&set->mutexes[count - 1], second, set->sequence - 1);
}

/* Tells TSan of two mutexes, and looks what changes. False: it is not as expected, or a part ended. */
static bool look(char *thread, uint64_t words)
{
	static uint64_t before[STATE_WORDS], held[STATE_WORDS], after[STATE_WORDS];
	static uint64_t mutexes[2];
	uint64_t first = (uint64_t)&mutexes[0], second = (uint64_t)&mutexes[1];
	unsigned sets = 0, traces = 0;
	copy(before, thread, words);
	acquired(NULL, 0, first, 1);
	acquired(NULL, 0, second, 1);
	copy(held, thread, words);
	released(NULL, 0, second, 1);
	released(NULL, 0, first, 1);
	copy(after, thread, words);
	for (uint64_t i = 0; i < words; i++) {
		const struct history_set *set = (const struct history_set *)&held[i];
		const struct history_set *old = (const struct history_set *)&after[i];
		if ((words - i) * 8 >= sizeof *set && is_set(set, first, second) &&
		    old->count == set->count - 2) {
			history.set = i * 8;
			sets++;
		}
		if (before[i] < held[i] && held[i] < after[i] && before[i] >> 32 &&
		    has(is_lock, before[i], held[i], first) &&
		    has(is_lock, before[i], held[i], second) &&
		    has(is_unlock, held[i], after[i], first) &&
		    has(is_unlock, held[i], after[i], second)) {
			history.at = i * 8;
			traces++;
		}
	}
	return sets == 1 && traces == 1;
}

bool history_start(void)
{
	enum { TRIES = 4 }; /* one of a thousand ends at a part's end */
	struct symbol_variables variables;
	char *thread;
	func_entry = (void (*)(void *))symbol_next("__tsan_func_entry");
	func_exit = (void (*)(void))symbol_next("__tsan_func_exit");
	acquired = (void (*)(char *, int, uint64_t, uint64_t))symbol_next("AnnotateRWLockAcquired");
	released = (void (*)(char *, int, uint64_t, uint64_t))symbol_next("AnnotateRWLockReleased");
	if (!func_entry || !func_exit || !acquired || !released)
		return false;
	symbol_variables((const void *)func_entry, &variables);
	if (!variables.size || !find_thread(&variables, &thread))
		return false;
	uint64_t words = (variables.size - (uint64_t)(thread - variables.low)) / 8;
	if (words > STATE_WORDS)
		words = STATE_WORDS;
	for (unsigned i = 0; i < TRIES && !history.known; i++)
		history.known = look(thread, words);
	return history.known;
}
