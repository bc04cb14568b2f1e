/* sections.c - see sections.h. */
#include "interpose/order/sections.h"

#include "interpose/base/memory_order.h"
#include "interpose/base/symbol.h"

HIDDEN __thread volatile uint8_t *sections_untold __attribute__((tls_model("initial-exec")));

/* From here on this thread's reads and writes are not told to TSan; its atomic operations are. */
static void (*tsan_ignore_begin)(void), (*tsan_ignore_end)(void);
static void (*tsan_acquire)(const volatile void *address);

void sections_resolve(void)
{
	tsan_ignore_begin = (void (*)(void))symbol_need("__tsan_ignore_thread_begin");
	tsan_ignore_end = (void (*)(void))symbol_need("__tsan_ignore_thread_end");
	tsan_acquire = (void (*)(const volatile void *))symbol_need("__tsan_acquire");
}

void sections_acquire(void)
{
	tsan_acquire(sections_untold);
}

void sections_tell_again(void)
{
	sections_untold = NULL;
	tsan_ignore_end();
}

int sections_order(volatile uint8_t *word, uint8_t to, enum place place)
{
	static __thread volatile uint8_t *second __attribute__((tls_model("initial-exec")));
	if (to) {
		if (__atomic_load_n(word, __ATOMIC_RELAXED) != 0)
			return MO_ACQUIRE; /* it fails; the slow path takes the lock as written */
		if (sections_untold) {
			if (place != PLACE_UNTOLD || second)
				return MO_ACQUIRE;
			second = word;
			return MO_NONE;
		}
		sections_untold = word;
		tsan_ignore_begin();
		return MO_NONE;
	}
	if (second == word) {
		second = NULL;
		return MO_NONE;
	}
	if (sections_untold == word) {
		sections_untold = NULL;
		tsan_ignore_end();
		if (place == PLACE_UNTOLD)
			return MO_NONE;
	}
	return MO_RELEASE;
}

/* The word that says whether a section that may change something did. */
static __thread struct {
	const void *const volatile *word; /* NULL: it never does */
	const void *before;
} looked_at __attribute__((tls_model("initial-exec")));

enum { KEYS_GENERAL = 0 }; /* a kind */

/* To which PyWeakref_NewRef() may add a weak reference, in this thread. */
static __thread void *weakly_referenced __attribute__((tls_model("initial-exec")));
static const void *const volatile *(*weak_references_of)(void *object);

EXPORT void *PyWeakref_NewRef(void *object, void *callback);
void *PyWeakref_NewRef(void *object, void *callback)
{
	static void *(*real)(void *, void *);
	if (!real) {
		weak_references_of = (const void *const volatile *(*)(void *))symbol_next(
			"PyObject_GET_WEAKREFS_LISTPTR");
		real = (void *(*)(void *, void *))symbol_need("PyWeakref_NewRef");
	}
	if (order_size && !callback && weak_references_of)
		weakly_referenced = object;
	void *reference = real(object, callback);
	weakly_referenced = NULL;
	return reference;
}

/* The set of an abstract class that this thread asks for a class. */
static __thread const void *abstract_set __attribute__((tls_model("initial-exec")));

EXPORT int PySet_Contains(void *set, void *key);
int PySet_Contains(void *set, void *key)
{
	static int (*real)(void *, void *);
	if (!real)
		real = (int (*)(void *, void *))symbol_need("PySet_Contains");
	if (order_place(__builtin_return_address(0)) != PLACE_READS)
		return real(set, key);
	abstract_set = set;
	int found = real(set, key);
	abstract_set = NULL;
	return found;
}

static bool has_string_keys(const volatile uint8_t *dict)
{
	const uint8_t *keys = *(const uint8_t *const volatile *)(dict + python_at.dict_keys);
	return keys[python_at.keys_kind] != KEYS_GENERAL;
}

static bool only_reads(const volatile uint8_t *word, enum place place)
{
	const volatile uint8_t *object = word - OBJECT_MUTEX;
	switch (place) {
	case PLACE_READS_DICT:
		return has_string_keys(object);
	case PLACE_READS_SET:
		return object == abstract_set;
	case PLACE_READS_HASH:
		return *(const volatile int64_t *)(object + python_at.weakref_hash) != -1;
	case PLACE_READS_LIST:
		return weakly_referenced;
	default:
		return true;
	}
}

/* The word that says whether it did. */
static const void *const volatile *word_to_look_at(const volatile uint8_t *word, enum place place)
{
	if (place == PLACE_LOOP)
		return (const void *const volatile *)(word - OBJECT_MUTEX + python_at.cell_value);
	return place == PLACE_READS_LIST ? weak_references_of(weakly_referenced) : NULL;
}

void sections_reading_begins(volatile uint8_t *word, enum place place)
{
	if (sections_untold || !only_reads(word, place))
		return;
	sections_untold = word;
	tsan_ignore_begin();
	/* Not before: CPython is asked, and what it reads is no more told than the section. */
	looked_at.word = word_to_look_at(word, place);
	looked_at.before = looked_at.word ? *looked_at.word : NULL;
}

int sections_reading_ends(const volatile uint8_t *word, enum place place)
{
	bool reads = place == PLACE_READS || place == PLACE_READS_KEYS || place == PLACE_READS_HASH;
	if (sections_untold != word) /* within another one, or told */
		return sections_untold && reads ? MO_NONE : MO_RELEASE;
	sections_untold = NULL;
	tsan_ignore_end();
	return looked_at.word && *looked_at.word != looked_at.before ? MO_RELEASE : MO_NONE;
}
