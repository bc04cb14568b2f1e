/* race_words.c - see race_words.h. */
#include "runner/model/race_words.h"

#include <stdlib.h>
#include <string.h>

#include "runner/model/memory.h"
#include "runner/model/plumbing.h"
#include "runner/model/words.h"

const char *race_words_verb(const struct participant *participant)
{
	return participant->write ? "writes" : "reads";
}

static const char *past(const struct participant *participant)
{
	return participant->write ? "wrote" : "read";
}

void race_words_act(struct buf *out, const struct participant *participant,
		    const struct roots *roots)
{
	size_t site = site_frame(&participant->stack);
	size_t at = participant->frees ? memory_caller(&participant->stack) : site;
	char *name = words_name(&participant->stack, at);
	if (participant->frees)
		buf_printf(out, "%s %s the memory in %s", participant->thread,
			   memory_act(&participant->stack) == MEMORY_MOVED ? "reallocated"
									   : "freed",
			   name);
	else
		buf_printf(out, "%s %s%s %llu byte%s in %s", participant->thread,
			   participant->atomic ? "atomically " : "", past(participant),
			   (unsigned long long)participant->size, participant->size == 1 ? "" : "s",
			   name);
	if (at == site)
		words_add_location(out, &participant->stack, roots);
	free(name);
}

/* "the critical section of a dict", "the mutex M1". */
static void add_lock_name(struct buf *out, const struct held_lock *lock)
{
	buf_printf(out, "%s%s%s", lock->unknown ? "" : "the ", lock->numbered ? "mutex " : "",
		   lock->name);
}

static void add_lock_names(struct buf *out, const struct participant *participant)
{
	buf_printf(out, "%s held ", participant->thread);
	for (size_t i = 0; i < participant->lock_count; i++) {
		if (i)
			buf_puts(out, i + 1 == participant->lock_count ? " and " : ", ");
		add_lock_name(out, &participant->locks[i]);
	}
	if (!participant->lock_count)
		buf_puts(out,
			 participant->all_locks ? "no lock" : "none that ThreadSanitizer knows");
}

/* Did the thread hold locks, which ones is not known? */
static bool holds_unknown(const struct participant *participant)
{
	for (size_t i = 0; i < participant->lock_count; i++)
		if (participant->locks[i].unknown)
			return true;
	return false;
}

void race_words_locks(struct buf *out, const struct participant *a, const struct participant *b)
{
	bool all = a->all_locks && b->all_locks;
	if (!a->lock_count && !b->lock_count) {
		buf_puts(out, all ? " Neither thread held a lock of any kind."
				  : " Neither thread held a lock that ThreadSanitizer knows.");
		return;
	}
	buf_puts(out, " ");
	add_lock_names(out, a);
	buf_puts(out, "; ");
	add_lock_names(out, b);
	if (holds_unknown(a) || holds_unknown(b))
		buf_puts(out,
			 ". There were more locks, or kinds of them, than ftstress can name; but "
			 "ThreadSanitizer has seen no lock that orders the two.");
	else if (a->lock_count && b->lock_count)
		buf_puts(out, ": no lock that both hold, and different ones, even of one kind, "
			      "don't keep them apart.");
	else
		buf_puts(out, ": a lock protects only if both sides hold the same one. Usually the "
			      "cause is that one side does without.");
}

static bool is_split(const struct participant *participant)
{
	const char *role = participant->role;
	size_t length = role ? strlen(role) : 0, end = strlen(RACE_WORDS_SPLIT);
	return length >= end && !strcmp(role + length - end, RACE_WORDS_SPLIT);
}

bool race_words_split(const struct participant *a, const struct participant *b)
{
	if (!is_split(a) && !is_split(b))
		return false;
	for (size_t i = 0; i < a->lock_count; i++)
		for (size_t k = 0; k < b->lock_count; k++)
			if (!strcmp(a->locks[i].name, b->locks[k].name))
				return true;
	return false;
}

void race_words_mixed(struct buf *out, const struct participant *a, const struct participant *b)
{
	bool first = plumbing_mixes_stacks(&a->stack), second = plumbing_mixes_stacks(&b->stack);
	if (!first && !second)
		return;
	buf_printf(out,
		   " %s of several greenlets, one on top of the other: ThreadSanitizer keeps one "
		   "list of calls for each thread, and does not see that greenlet switches the "
		   "thread to another stack. The calls inside of the switch are right; those "
		   "outside of it need not have called them.",
		   first && second ? "Both stacks are"
		   : first         ? "The first stack is"
				   : "The second stack is");
}
