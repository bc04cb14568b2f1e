/* cause.c - see cause.h. */
#include "runner/verdict/cause.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"
#include "runner/model/fingerprint.h"
#include "runner/model/memory.h"
#include "runner/model/plumbing.h"

#define FIRST_PAGE 4096 /* addresses below are fields of nothing */

static const struct participant *crashed(const struct trial *trial, const struct finding *finding)
{
	for (size_t i = 0; i < finding->participant_count && trial->crashed; i++)
		if (finding->participants[i].tid == (int)trial->crash_tid)
			return &finding->participants[i];
	return finding->participant_count ? &finding->participants[0] : NULL;
}

/* ---- places ---- */

static bool same_type(const struct race_place *race, const struct fts_crash_place *place)
{
	const char *type = race->type && !race->data ? race->type : "";
	size_t room = sizeof place->type - 1;
	return strncmp(type, place->type, room) == 0;
}

static bool is_in(const struct race_place *race, uint64_t address)
{
	return address >= race->start && address - race->start < race->size;
}

/* Is it still what the race was on, or nobody's by now? */
static bool is_same(const struct race_place *race, const struct fts_crash_place *place)
{
	if (place->flags & FTS_PLACE_FREED)
		return is_in(race, place->address);
	bool inside = race->type ? place->start == race->start : is_in(race, place->address);
	return inside && same_type(race, place);
}

static const struct fts_crash_place *place_of(const struct trial *trial, unsigned source)
{
	for (size_t i = 0; i < trial->crash_place_count; i++)
		if (trial->crash_places[i].source == source)
			return &trial->crash_places[i];
	return NULL;
}

/* ---- functions ---- */

static const struct frame *site_of(const struct stack *stack)
{
	size_t at = site_frame(stack);
	if (at != SITE_NONE && memory_is_allocator(&stack->frames[at]))
		at = memory_caller(stack);
	return at < stack->count ? &stack->frames[at] : NULL;
}

/* Is the function of a side of the race among the innermost calls in C? */
static bool is_in_function(const struct stack *stack, const struct finding *race)
{
	for (size_t i = 0; i < stack->count; i++) {
		const struct frame *frame = &stack->frames[i];
		if (frame->language == FRAME_PYTHON)
			return false;
		for (size_t k = 0; k < race->participant_count; k++) {
			const struct frame *site = site_of(&race->participants[k].stack);
			if (site && site->language == frame->language &&
			    !strcmp(site->function, frame->function))
				return true;
		}
	}
	return false;
}

/* Does a thread use what another one frees or moves? */
static bool corrupts(const struct finding *race)
{
	if (memory_freed_in_use(race) || finding_is_misuse(race))
		return true;
	for (size_t i = 0; i < race->participant_count && race->participant_count == 2; i++) {
		const struct participant *side = &race->participants[i];
		const struct participant *other = &race->participants[1 - i];
		bool used = memory_act(&side->stack) == MEMORY_USED;
		if (used && side->write && memory_act(&other->stack) != MEMORY_USED &&
		    memory_act(&other->stack) != MEMORY_TRIED)
			return true;
	}
	return false;
}

/* ---- words ---- */

static void add_when(struct buf *out, const struct trial *trial, const struct race_place *race)
{
	double seconds = (double)(trial->crash_nanoseconds - race->nanoseconds) * 1e-9;
	if (!trial->crashed)
		buf_puts(out, "before");
	else if (seconds < 0.05)
		buf_puts(out, "just before");
	else
		buf_printf(out, "%.1f s before", seconds);
}

static void add_memory(struct buf *out, const struct race_place *race)
{
	if (race->type)
		buf_printf(out, "%sthe %s", race->data ? "the data of " : "", race->type);
	else
		buf_puts(out, "the memory");
}

static void take(struct finding *finding, const struct race_place *race, struct buf *words)
{
	free(finding->because);
	free(finding->cause);
	finding->because = buf_take(words);
	finding->cause = race ? xstrdup(race->finding->id) : NULL;
}

static const char *register_name(unsigned index)
{
	static const char *const names[] = { "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15",
					     "rdi", "rsi", "rbp", "rbx", "rdx", "rax", "rcx" };
	return index < sizeof names / sizeof *names ? names[index] : "a register";
}

/* ---- the four ways ---- */

static bool is_candidate(const struct trial *trial, const struct race_place *race)
{
	bool before = !trial->crashed || race->nanoseconds <= trial->crash_nanoseconds;
	return race->pid == (uint32_t)trial->pid && before && finding_is_of_memory(race->finding);
}

static bool tell_address(const struct trial *trial, const struct race_place *races, size_t count,
			 struct finding *finding)
{
	const struct fts_crash_place *fault = place_of(trial, FTS_PLACE_FAULT);
	uint64_t address = trial->crash.address;
	bool faults = finding->signal &&
		      (!strcmp(finding->signal, "SIGSEGV") || !strcmp(finding->signal, "SIGBUS"));
	for (size_t i = 0; i < count && faults && address >= FIRST_PAGE; i++) {
		const struct race_place *race = &races[i];
		if (!is_candidate(trial, race) ||
		    !(fault ? is_same(race, fault) : is_in(race, address)))
			continue;
		bool freed = fault && (fault->flags & FTS_PLACE_FREED);
		struct buf words = { 0 };
		buf_puts(&words, "the address is in ");
		add_memory(&words, race);
		buf_printf(&words, " on which %s was reported ", race->finding->id);
		add_when(&words, trial, race);
		if (freed)
			buf_puts(&words, "; it has been freed");
		take(finding, race, &words);
		return true;
	}
	return false;
}

static void add_checked(struct buf *out, const struct fts_crash_place *check)
{
	buf_puts(out, "the check is of ");
	if (check->flags & FTS_PLACE_FREED)
		buf_puts(out, "an object that has been freed");
	else if (*check->type)
		buf_printf(out, "an object of the type %s", check->type);
	else
		buf_puts(out, "an object");
}

static bool tell_check(const struct trial *trial, const struct race_place *races, size_t count,
		       struct finding *finding)
{
	const struct fts_crash_place *check = place_of(trial, FTS_PLACE_CHECK);
	for (size_t i = 0; i < count && check; i++) {
		const struct race_place *race = &races[i];
		if (!is_candidate(trial, race) || !is_same(race, check))
			continue;
		struct buf words = { 0 };
		add_checked(&words, check);
		buf_printf(&words, ", on which %s was reported ", race->finding->id);
		add_when(&words, trial, race);
		take(finding, race, &words);
		return true;
	}
	return false;
}

static bool tell_register(const struct trial *trial, const struct race_place *races, size_t count,
			  const struct stack *stack, struct finding *finding)
{
	for (size_t k = 0; k < trial->crash_place_count; k++) {
		const struct fts_crash_place *place = &trial->crash_places[k];
		for (size_t i = 0; i < count && place->source < FTS_PLACE_CHECK; i++) {
			const struct race_place *race = &races[i];
			if (!is_candidate(trial, race) || !is_same(race, place) ||
			    !is_in_function(stack, race->finding))
				continue;
			struct buf words = { 0 };
			buf_printf(&words, "%s points to ", register_name(place->source));
			add_memory(&words, race);
			buf_printf(&words, " on which %s was reported ", race->finding->id);
			add_when(&words, trial, race);
			buf_puts(&words, ", in the same function");
			take(finding, race, &words);
			return true;
		}
	}
	return false;
}

static void tell_heap(const struct trial *trial, const struct race_place *races, size_t count,
		      struct finding *finding)
{
	for (size_t i = 0; i < count; i++) {
		const struct race_place *race = &races[i];
		if (!is_candidate(trial, race) || !corrupts(race->finding))
			continue;
		struct buf words = { 0 };
		buf_puts(&words, "the heap is corrupted: ");
		add_memory(&words, race);
		buf_printf(&words, " was %s (%s, reported ",
			   race->finding->kind == FINDING_DOUBLE_FREE ? "freed twice"
			   : race->finding->kind == FINDING_BAD_FREE
				   ? "freed by the wrong function"
				   : "used while it was freed or moved",
			   race->finding->id);
		add_when(&words, trial, race);
		buf_puts(&words, ")");
		take(finding, race, &words);
		return;
	}
}

/* What the address says without a race. */
static void tell_alone(const struct fts_crash_place *fault, struct finding *finding)
{
	struct buf words = { 0 };
	if (fault->flags & FTS_PLACE_FREED)
		buf_printf(&words,
			   "the address is in a block of %" PRIu64 " bytes that has been freed",
			   fault->size);
	else if (fault->flags & FTS_PLACE_STACK)
		buf_puts(&words, "the stack has overflown: the address is where the memory of the "
				 "thread's stack ends");
	else
		return;
	take(finding, NULL, &words);
}

/* It may have been given what the package has destroyed; or have a bug, for which nobody else is to blame. */
static void tell_ours(const struct participant *thread, struct finding *finding)
{
	static const char ours[] = "libftstress";
	const struct frame *frame = thread->stack.count ? &thread->stack.frames[0] : NULL;
	if (!frame || !frame->module || strncmp(frame->module, ours, sizeof ours - 1) != 0)
		return;
	struct buf words = { 0 };
	buf_printf(
		&words,
		"it crashed in ftstress's own library, in %s(): either memory was corrupt by "
		"then, or that is a bug of ftstress's; without other findings on the object please "
		"report it",
		frame->function);
	take(finding, NULL, &words);
}

void cause_tell(const struct trial *trial, const struct race_place *races, size_t count,
		struct finding *finding)
{
	const struct participant *thread = crashed(trial, finding);
	const struct fts_crash_place *fault = place_of(trial, FTS_PLACE_FAULT);
	const struct fts_crash_place *check = place_of(trial, FTS_PLACE_CHECK);
	if (thread)
		tell_ours(thread, finding);
	if (fault)
		tell_alone(fault, finding);
	if (fault && (fault->flags & FTS_PLACE_STACK))
		return;
	if (check) {
		struct buf words = { 0 };
		add_checked(&words, check);
		take(finding, NULL, &words);
	}
	if (trial->crashed &&
	    (tell_check(trial, races, count, finding) ||
	     tell_address(trial, races, count, finding) ||
	     (thread && tell_register(trial, races, count, &thread->stack, finding))))
		return;
	enum memory_act act = thread ? memory_act(&thread->stack) : MEMORY_USED;
	if (!trial->crashed || (act != MEMORY_USED && act != MEMORY_TRIED))
		tell_heap(trial, races, count, finding);
}

/* ---- threads that wait for ever ---- */

static const struct captured_thread *thread_of(const struct capture *capture, int tid)
{
	for (size_t i = 0; i < capture->count; i++)
		if (capture->threads[i].tid == tid)
			return &capture->threads[i];
	return NULL;
}

static bool holds(const struct captured_thread *thread, const struct race_place *race)
{
	for (size_t i = 0; i < thread->held_count; i++)
		if (thread->held[i] == race->start)
			return true;
	return false;
}

static const struct frame *python_line(const struct stack *stack)
{
	for (size_t i = 0; i < stack->count; i++)
		if (stack->frames[i].language == FRAME_PYTHON && !stack->frames[i].plumbing)
			return &stack->frames[i];
	return NULL;
}

static bool is_function(const struct frame *frame, const struct frame *other)
{
	return frame->language == other->language && !strcmp(frame->function, other->function) &&
	       (!frame->file || !other->file || !strcmp(frame->file, other->file));
}

/* Does Python code that is no plumbing stand further out? */
static bool is_called(const struct stack *stack, size_t at)
{
	for (size_t i = at + 1; i < stack->count; i++)
		if (stack->frames[i].language == FRAME_PYTHON && !stack->frames[i].plumbing)
			return true;
	return false;
}

/* Is it where the race's line is? A test itself has everything in hand: of that it has to be the very line. */
static bool is_at(const struct stack *stack, size_t at, const struct frame *line)
{
	return is_function(&stack->frames[at], line) &&
	       (is_called(stack, at) || stack->frames[at].line == line->line);
}

/* The frame of the stack whose function a side of the race was in, or NULL: C that Python called, or Python. */
static const struct frame *frame_of_side(const struct stack *stack, const struct finding *race)
{
	for (size_t i = 0, seen = 0; i < stack->count && seen < 5; i++) {
		const struct frame *frame = &stack->frames[i];
		for (size_t k = 0; k < race->participant_count; k++) {
			const struct stack *side = &race->participants[k].stack;
			const struct frame *site = site_of(side), *line = python_line(side);
			bool named = site && site->language != FRAME_PYTHON &&
				     !(site->module && plumbing_is_base_module(site->module));
			if ((named && is_function(frame, site)) || (line && is_at(stack, i, line)))
				return frame;
		}
		seen += frame->language == FRAME_PYTHON;
	}
	return NULL;
}

/* Is it about an object itself, which had been given to others by then? Of memory, or of Python code. */
static bool is_of_object(const struct trial *trial, const struct race_place *race)
{
	enum finding_rank rank = race->finding->rank;
	return race->pid == (uint32_t)trial->pid && race->type && !race->data &&
	       rank != RANK_UNPUBLISHED && rank != RANK_FREED;
}

void cause_tell_hang(const struct trial *trial, const struct capture *capture,
		     const struct race_place *races, size_t count, struct finding *finding)
{
	for (size_t k = 0; k < finding->participant_count; k++) {
		const struct participant *part = &finding->participants[k];
		const struct captured_thread *thread = thread_of(capture, part->tid);
		for (size_t i = 0; thread && i < count; i++) {
			const struct race_place *race = &races[i];
			if (!is_of_object(trial, race) || !holds(thread, race))
				continue;
			const struct frame *frame = frame_of_side(&part->stack, race->finding);
			if (!frame)
				continue;
			struct buf words = { 0 };
			buf_printf(
				&words,
				"a thread that does not go on is in %s, and has the %s in hand on "
				"which %s was reported before, in the same function",
				frame->function, race->type, race->finding->id);
			take(finding, race, &words);
			return;
		}
	}
}
