/* held.c - see held.h. */
#include "interpose/memory/held.h"

#include "interpose/base/concern.h"
#include "interpose/base/symbol.h"
#include "interpose/memory/counts.h"
#include "interpose/memory/made.h"
#include "interpose/memory/misuse.h"
#include "interpose/python/layout.h"
#include "interpose/python/object.h"

#include <stddef.h>

enum {
	TOLD_MOST = 8, /* of one look, and in a process twice as many */
	HOLDERS = 3,   /* whose types are named */
	TEXT = 320,
	NAME = 64,
};

typedef int (*visit)(void *object, void *context);
static void (*visit_all)(int (*look)(void *object, void *context), void *context);
static void (*ignore_begin)(void), (*ignore_end)(void);
static void (*ignore_sync_begin)(const char *, int), (*ignore_sync_end)(const char *, int);
static const void *(*current)(void);
static uint64_t not_asked[2]; /* tp_traverse of generators, of frames */

static struct made_words words; /* how often each object is held */

static struct suspect {
	uint64_t object;
	int64_t counted;
	uint32_t held, named;
	char holders[HOLDERS][NAME];
} suspects[TOLD_MOST];
static unsigned suspect_count;
static uint64_t told[2 * TOLD_MOST];
static unsigned told_count;

static bool is_told(uint64_t object)
{
	for (unsigned i = 0; i < told_count; i++)
		if (told[i] == object)
			return true;
	return told_count == 2 * TOLD_MOST;
}

/* What holds, and what is done with each that it holds. */
struct asking {
	void *holder;
	visit visit;
};

static int ask(void *holder, void *context)
{
	struct asking *asking = context;
	const char *type = load_pointer(holder, OBJECT_TYPE);
	uint64_t traverse = load64(type, python_at.type_traverse);
	asking->holder = holder;
	if (traverse && traverse != not_asked[0] && traverse != not_asked[1])
		((int (*)(void *, visit, void *))traverse)(holder, asking->visit, asking);
	return 1;
}

static int add_one(void *object, void *context)
{
	uint32_t *word = made_word(&words, (uint64_t)object);
	(void)context;
	if (word)
		++*word;
	return 0;
}

static int name_holder(void *object, void *context)
{
	const struct asking *asking = context;
	for (unsigned i = 0; i < suspect_count; i++) {
		struct suspect *suspect = &suspects[i];
		if (suspect->object != (uint64_t)object || suspect->named == HOLDERS)
			continue;
		char *name = suspect->holders[suspect->named];
		bool known = object_type_name(load64(asking->holder, OBJECT_TYPE), name, NAME);
		for (unsigned k = 0; known && k < suspect->named; k++)
			known = !raw_same(suspect->holders[k], name);
		suspect->named += known;
	}
	return 0;
}

static void compare(uint32_t held, uint64_t object, void *context)
{
	int64_t counted = counts_references(object);
	(void)context;
	if (counted >= (int64_t)held || suspect_count == TOLD_MOST || is_told(object) ||
	    !(made_is_whole(object) || made_is_freed(object)))
		return;
	suspects[suspect_count++] =
		(struct suspect){ .object = object, .counted = counted, .held = held };
}

/*
 * "makes it; it is held 3 times (dict, list), and 2 references are counted", and, of more than one test, "; seen
 * when 12 tests had run since the last look".
 */
static void write_act(char *at, const struct suspect *suspect, uint32_t tests)
{
	at = raw_put_number(raw_put(at, "makes it; it is held "), suspect->held);
	at = raw_put(at, suspect->held == 1 ? " time (" : " times (");
	for (unsigned i = 0; i < suspect->named; i++)
		at = raw_put(i ? raw_put(at, ", ") : at, suspect->holders[i]);
	at = raw_put(at, "), and ");
	if (suspect->counted > 0)
		at = raw_put_number(at, (uint64_t)suspect->counted);
	else
		at = raw_put(at, "no");
	at = raw_put(at,
		     suspect->counted == 1 ? " reference is counted" : " references are counted");
	if (tests > 1)
		raw_put(raw_put_number(raw_put(at, "; seen when "), tests),
			" tests had run since the last look, of which this was the last");
}

static bool tell(const struct suspect *suspect, uint32_t tests)
{
	char act[TEXT];
	struct made made;
	struct object object;
	if (!made_find(suspect->object, &made) || !object_find(suspect->object, &object) ||
	    object.start != suspect->object || !object.type[0])
		return false;
	told[told_count++] = suspect->object;
	/* It is one object, known by the line of Python that made it, and not by the function in C. */
	if (made.count == 2) {
		made.frames[0] = made.frames[1];
		made.count = 1;
	}
	write_act(act, suspect, tests);
	misuse_tell_made(&(struct misuse){ .type = "reference-count-held",
					   .act = act,
					   .place = made.frames[0],
					   .address = suspect->object,
					   .object = suspect->object },
			 &made);
	return true;
}

/* Asks all that hold; neither what it reads nor the stop of the world is ThreadSanitizer's to know. */
static void ask_all(visit visit)
{
	struct asking asking = { .visit = visit };
	ignore_begin();
	ignore_sync_begin(__FILE__, __LINE__);
	visit_all(ask, &asking);
	ignore_sync_end(__FILE__, __LINE__);
	ignore_end();
}

/* Has the interpreter more threads than the calling one? */
static bool has_others(void)
{
	uint64_t state = (uint64_t)current(), interpreter = 0, first = 0, next = 0;
	return !state || !object_peek(state + python_at.tstate_interpreter, &interpreter, 8) ||
	       !object_peek(interpreter + python_at.interpreter_threads, &first, 8) ||
	       !object_peek(first + python_at.tstate_next, &next, 8) || next;
}

bool held_begin(void)
{
	if (!visit_all || has_others())
		return false;
	ask_all(add_one);
	return true;
}

uint32_t held_of(uint64_t object)
{
	const uint32_t *word = made_word(&words, object);
	return word ? *word : 0;
}

void held_end(void)
{
	made_words_clear(&words);
}

uint32_t ftstress_held_look(uint32_t tests)
{
	uint32_t found = 0;
	suspect_count = 0;
	if (!held_begin())
		return 0;
	made_each_word(&words, compare, NULL);
	held_end();
	if (suspect_count)
		ask_all(name_holder);
	for (unsigned i = 0; i < suspect_count; i++)
		found += tell(&suspects[i], tests);
	return found;
}

static uint64_t traverse_of(const char *name)
{
	const void *type = symbol_next(name);
	return type ? load64(type, python_at.type_traverse) : 0;
}

static bool start(const char **why)
{
	if (!counts_on) {
		*why = CONCERN_OFF;
		return false;
	}
	void *all = symbol_next("PyUnstable_GC_VisitObjects");
	current = (const void *(*)(void))symbol_next("PyThreadState_GetUnchecked");
	if (!all || !current || python_at.type_traverse == FTS_LAYOUT_NONE ||
	    python_at.interpreter_threads == FTS_LAYOUT_NONE ||
	    python_at.tstate_next == FTS_LAYOUT_NONE) {
		*why = "this Python has no PyUnstable_GC_VisitObjects(), or its layout is not known";
		return false;
	}
	not_asked[0] = traverse_of("PyGen_Type");
	not_asked[1] = traverse_of("PyFrame_Type");
	ignore_begin = (void (*)(void))symbol_need("__tsan_ignore_thread_begin");
	ignore_end = (void (*)(void))symbol_need("__tsan_ignore_thread_end");
	ignore_sync_begin = (void (*)(const char *, int))symbol_need("AnnotateIgnoreSyncBegin");
	ignore_sync_end = (void (*)(const char *, int))symbol_need("AnnotateIgnoreSyncEnd");
	visit_all = (void (*)(int (*)(void *, void *), void *))all;
	return true;
}

const struct concern concern_held = { .name = "references held", .start = start };
