/*
 * races.c - ThreadSanitizer's reports as records.
 *
 * For each report TSan calls the weak function __tsan::OnReport; if that returns true, TSan prints
 * nothing. TSan holds its runtime's locks during the call, so this file may call nothing that is
 * instrumented, nothing that TSan intercepts and nothing of CPython. It need not look up Python
 * frames: they stand in the stacks as ids (stacks.h).
 *
 * TSan drops a report whose pair of stacks it has reported before in this process. The runner
 * merges the reports of different processes.
 */
#include "interpose/wrap/races.h"

#include "interpose/wrap/meet.h"

#include "interpose/base/concern.h"
#include "interpose/locks/locks.h"
#include "interpose/memory/borrowed.h"
#include "interpose/memory/freed.h"
#include "interpose/memory/made.h"
#include "interpose/memory/marks.h"
#include "interpose/memory/quarantine.h"
#include "interpose/python/object.h"
#include "interpose/python/owner.h"
#include "interpose/base/raw.h"
#include "interpose/base/ring.h"
#include "interpose/wrap/races_python.h"
#include "interpose/wrap/report.h"

#include <stddef.h>

TSAN_API void *__tsan_create_fiber(unsigned flags);
TSAN_API void __tsan_destroy_fiber(void *fiber);
TSAN_API void __tsan_switch_to_fiber(void *fiber, unsigned flags);
TSAN_API void *__tsan_get_current_fiber(void);
TSAN_API void __tsan_write8_pc(void *address, void *pc);

static uint64_t self_test_word; /* raced on by self_test() */
static bool self_test_seen;

/* Is the stack in the trace that of a free (freed.h)? Then its top becomes the function that frees. */
static bool take_mark(void)
{
	uint64_t function = freed_by((uint64_t)trace[0]);
	if (function)
		trace[0] = (void *)function;
	return function != 0;
}

/* Is the first of two accesses, which came last, one in a block that is kept since the second freed it? */
static bool is_late(void *report, int count)
{
	int tid = -1, size = 0, write = 0, atomic = 0;
	void *address = NULL;
	struct object object;
	if (!quarantine_on || count != 2)
		return false;
	__tsan_get_report_mop(report, 1, &tid, &address, &size, &write, &atomic, trace, FRAMES_MAX);
	if (!freed_by((uint64_t)trace[0]))
		return false;
	__tsan_get_report_mop(report, 0, &tid, &address, &size, &write, &atomic, trace, FRAMES_MAX);
	return object_find((uint64_t)address, &object) && made_is_freed(object.start);
}

/* Returns whether one of them is a free. */
static bool add_accesses(struct output *out, void *report, int count)
{
	bool any_frees = false, late = is_late(report, count);
	for (int i = 0; i < count; i++) {
		int tid = -1, size = 0, write = 0, atomic = 0;
		void *address = NULL;
		clear_trace();
		__tsan_get_report_mop(report, (uptr)i, &tid, &address, &size, &write, &atomic,
				      trace, FRAMES_MAX);
		bool frees = take_mark();
		any_frees = any_frees || frees;
		struct fts_section section = {
			.kind = FTS_SEC_ACCESS,
			.flags = (uint16_t)((write ? FTS_ACCESS_WRITE : 0) |
					    (frees ? FTS_ACCESS_FREES : 0) |
					    (late && i == 0 ? FTS_ACCESS_LATE : 0) |
					    (atomic ? FTS_ACCESS_ATOMIC : 0) |
					    (standins_live() ? FTS_ACCESS_LOCKS : 0)),
			.tid = tid,
			.address = (uint64_t)address,
			.size = (uint64_t)size,
		};
		if (write && !atomic && size == 8 && !frees &&
		    !FTS_PC_IS_PYTHON((uint64_t)trace[0]))
			meet_add((uint64_t)trace[0]);
		add_section(out, section, NULL);
		marks_note(section.address);
		if ((uintptr_t)address == (uintptr_t)&self_test_word)
			self_test_seen = true;
		add_locks_held(out, report, i, count, &section);
	}
	return any_frees;
}

static uint16_t location_kind(const char *type)
{
	if (type && raw_same(type, "heap"))
		return FTS_SEC_HEAP;
	if (type && raw_same(type, "global"))
		return FTS_SEC_GLOBAL;
	if (type && (raw_same(type, "stack") || raw_same(type, "tls")))
		return FTS_SEC_STACK;
	return FTS_SEC_OTHER;
}

static void add_locations(struct output *out, void *report, int count)
{
	for (int i = 0; i < count; i++) {
		const char *type = NULL;
		void *address = NULL;
		uptr start = 0, size = 0;
		int tid = -1, fd = 0, suppressable = 0;
		clear_trace();
		__tsan_get_report_loc(report, (uptr)i, &type, &address, &start, &size, &tid, &fd,
				      &suppressable, trace, FRAMES_MAX);
		struct fts_section section = {
			.kind = location_kind(type),
			.tid = tid,
			.address = start ? start : (uint64_t)address,
			.size = size,
		};
		add_section(out, section, type);
	}
}

/* The block of malloc() that the access is in, if the report names one. */
static bool heap_block(void *report, int count, uint64_t *block, uint64_t *size)
{
	for (int i = 0; i < count; i++) {
		const char *type = NULL;
		void *address = NULL;
		uptr start = 0, length = 0;
		int tid = -1, fd = 0, suppressable = 0;
		__tsan_get_report_loc(report, (uptr)i, &type, &address, &start, &length, &tid, &fd,
				      &suppressable, trace, FRAMES_MAX);
		if (location_kind(type) != FTS_SEC_HEAP || !start)
			continue;
		*block = start;
		*size = length;
		return true;
	}
	return false;
}

/* In bytes, too: since 3.15 a bytearray keeps its data in such an object. */
static bool may_be_data(const struct object *object)
{
	return !object->type[0] || raw_same(object->type, "bytes");
}

/*
 * What TSan cannot know of the accessed address. It lies in a Python object, or in a block of
 * PyMem_Malloc(), or in the data of a Python object whose data is a block of its own (bytearray).
 * An object may be a block of malloc(), too: its type decides where it takes them from. Of memory
 * that was freed, and that somebody else has got since, it is not told what it holds now.
 */
static void add_object(struct output *out, void *report, int locations, int threads, bool frees)
{
	int tid, size, write, atomic;
	void *address = NULL;
	struct object object = { 0 };
	struct owner owner;
	__tsan_get_report_mop(report, 0, &tid, &address, &size, &write, &atomic, trace, FRAMES_MAX);
	bool found = object_find((uint64_t)address, &object);
	if (!found && !heap_block(report, locations, &object.start, &object.size)) {
		clear_trace();
		return;
	}
	clear_trace();
	found = found || object_in_malloc(object.start, object.size, &object);
	bool again = frees && found && !made_is_freed(object.start);
	if (again)
		object.type[0] = '\0';
	bool data = !again && may_be_data(&object) &&
		    owner_find(object.start, object.size, &owner) &&
		    (uint64_t)address >= owner.data;
	if (!found && !data)
		return;
	uint64_t start = data ? owner.data : object.start;
	bool known = object.type[0] || (object.memory && !again);
	struct fts_section section = {
		.kind = FTS_SEC_OBJECT,
		.flags = data ? FTS_OBJECT_DATA : 0,
		.tid = add_made(report, threads,
				data    ? owner.object
				: known ? object.start
					: 0),
		.address = start,
		.size = object.size,
		.value = (uint64_t)address - start,
	};
	add_section(out, section, data ? owner.type : object.type);
}

/* What was borrowed while another thread dropped the last reference to it, if the report is of that. */
static bool is_borrowed(void *report, int accesses, struct borrowed *borrowed)
{
	int tid = -1, size = 0, write = 0, atomic = 0;
	void *address = NULL;
	if (accesses != 2)
		return false;
	__tsan_get_report_mop(report, 0, &tid, &address, &size, &write, &atomic, trace, FRAMES_MAX);
	clear_trace();
	return borrowed_find((uint64_t)address, borrowed);
}

/* Leaves of the stack what begins in the extension's code: there it shows what is used. */
static void strip_python(void)
{
	unsigned from = 0, count = 0;
	while (trace[from] && borrowed_in(borrowed_python, (uintptr_t)trace[from]))
		from++;
	if (!trace[from] || FTS_PC_IS_PYTHON((uint64_t)trace[from]))
		return;
	for (; trace[from + count]; count++)
		trace[count] = trace[from + count];
	for (; trace[count]; count++)
		trace[count] = NULL;
}

/* The text: "borrowed-reference", the function that borrowed, the type of the container, tabs between. */
static void write_borrowed(void *report, int accesses, int mutexes, int threads,
			   const struct borrowed *borrowed)
{
	static const char kind[] = "borrowed-reference\t";
	char rest[128];
	uint32_t by = (uint32_t)raw_length(borrowed->by), used = by + 1;
	uint32_t container = (uint32_t)raw_length(borrowed->container);
	if (used + container > sizeof rest)
		return;
	raw_copy(rest, borrowed->by, by);
	rest[by] = '\t';
	raw_copy(rest + used, borrowed->container, container);
	used += container;
	struct output out = report_begin(kind, sizeof kind - 1, rest, used);
	for (int i = 0; i < accesses; i++) {
		int tid = -1, size = 0, write = 0, atomic = 0;
		void *address = NULL;
		clear_trace();
		__tsan_get_report_mop(report, (uptr)i, &tid, &address, &size, &write, &atomic,
				      trace, FRAMES_MAX);
		if (!write)
			strip_python();
		struct fts_section section = {
			.kind = FTS_SEC_ACCESS,
			.flags = (uint16_t)((write ? FTS_ACCESS_WRITE : 0) |
					    (standins_live() ? FTS_ACCESS_LOCKS : 0)),
			.tid = tid,
			.address = borrowed->object,
			.size = 8,
		};
		const struct fts_section side = { .address = (uint64_t)address,
						  .size = (uint64_t)size,
						  .flags = section.flags,
						  .tid = tid };
		add_section(&out, section,
			    write ? "drops the last reference" : "uses what it has borrowed");
		marks_note((uint64_t)address);
		add_locks_held(&out, report, i, accesses, &side);
	}
	struct object object = { .start = borrowed->object };
	clear_trace();
	bool known = object_find(borrowed->object, &object);
	clear_trace();
	int tid = add_made(report, threads, borrowed->object);
	if (known)
		add_section(&out,
			    (struct fts_section){ .kind = FTS_SEC_OBJECT,
						  .tid = tid,
						  .address = object.start,
						  .size = object.size },
			    object.type);
	add_mutexes(&out, report, mutexes);
	add_threads(&out, report, threads, false);
	report_write(&out, FTS_REPORT_OTHER, (uint32_t)sizeof kind - 1 + used);
}

/* Reports that are no data races have stacks of which TSan does not say whose they are. */
static void add_stacks(struct output *out, void *report, int count)
{
	for (int i = 0; i < count; i++) {
		clear_trace();
		__tsan_get_report_stack(report, (uptr)i, trace, FRAMES_MAX);
		add_section(out, (struct fts_section){ .kind = FTS_SEC_OTHER, .tid = -1 }, NULL);
	}
}

static void write_report(void *report)
{
	const char *type = NULL;
	int count = 0, stacks = 0, accesses = 0, locations = 0, mutexes = 0, threads = 0,
	    unique = 0;
	clear_trace();
	__tsan_get_report_data(report, &type, &count, &stacks, &accesses, &locations, &mutexes,
			       &threads, &unique, trace, FRAMES_MAX);
	bool race = type && raw_same(type, "data-race");
	if (race && is_variable_race(report, accesses)) {
		write_variable_race(report, mutexes, threads);
		return;
	}
	struct borrowed borrowed;
	if (race && is_borrowed(report, accesses, &borrowed)) {
		write_borrowed(report, accesses, mutexes, threads, &borrowed);
		return;
	}
	uint32_t text_length = type && !race ? (uint32_t)raw_length(type) : 0;
	struct output out = report_begin(type, text_length, "", 0);
	bool frees = add_accesses(&out, report, accesses);
	if (!race)
		add_stacks(&out, report, stacks);
	add_locations(&out, report, locations);
	if (accesses > 0)
		add_object(&out, report, locations, threads, frees);
	add_mutexes(&out, report, mutexes);
	add_threads(&out, report, threads, false);
	if (!self_test_seen)
		report_write(&out, race ? FTS_REPORT_DATA_RACE : FTS_REPORT_OTHER, text_length);
}

/* bool __tsan::OnReport(const ReportDesc *, bool suppressed) */
EXPORT bool on_report(void *report,
		      bool suppressed) __asm__("_ZN6__tsan8OnReportEPKNS_10ReportDescEb");
bool on_report(void *report, bool suppressed)
{
	if (!ring_arena())
		return suppressed;
	raw_lock(&report_lock);
	write_report(report);
	self_test_seen = self_test_seen && !__atomic_load_n(&self_test_word, __ATOMIC_RELAXED);
	raw_unlock(&report_lock);
	return true;
}

/*
 * Do TSan's reports really arrive here? Two fibers race on a word of ours, on purpose, and
 * on_report() has to see that race.
 */
static bool self_test(void)
{
	void *here = __tsan_get_current_fiber();
	void *other = __tsan_create_fiber(0);
	self_test_seen = false;
	__tsan_write8_pc(&self_test_word, (void *)self_test);
	__tsan_switch_to_fiber(other, 1); /* 1: without synchronisation */
	__tsan_write8_pc(&self_test_word, (void *)self_test);
	__tsan_switch_to_fiber(here, 1);
	__tsan_destroy_fiber(other);
	bool seen = self_test_seen;
	self_test_seen = false;
	return seen;
}

static bool start(const char **why)
{
	if (!__tsan_get_report_data || !__tsan_create_fiber) {
		*why = "no ThreadSanitizer runtime: no data races are found";
		return false;
	}
	if (!self_test()) {
		*why = "a planted race was not reported to this library: no data races are found";
		return false;
	}
	marks_try((uint64_t)&self_test_word);
	return true;
}

/*
 * Needs no fork handlers: TSan holds its report lock while it forks, so nobody is in on_report().
 */
const struct concern concern_races = {
	.name = "data races",
	.start = start,
};
