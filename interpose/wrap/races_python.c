/*
 * races_python.c - ThreadSanitizer's reports of races on Python variables as records.
 *
 *     a report ─► understood ────────────────────────────────► a record
 *              └► not yet: kept ─► the test ends, or dies ─► a record, if it is understood now
 *     seen lost (confirm.h) ─► the test ends ─► a record
 *
 * Their stacks are Python's; of native frames there is one of our own at most.
 */
#include "interpose/wrap/races_python.h"

#include "interpose/base/private_heap.h"
#include "interpose/locks/locks.h"
#include "interpose/python/layout.h"
#include "interpose/variables/confirm.h"
#include "interpose/variables/patterns.h"
#include "interpose/variables/variables.h"
#include "interpose/wrap/races.h"
#include "interpose/wrap/report.h"

#include <stddef.h>

static bool take_side(void *report, int index, struct fts_section *section)
{
	int tid = -1, size = 0, write = 0, atomic = 0;
	void *address = NULL;
	clear_trace();
	__tsan_get_report_mop(report, (uptr)index, &tid, &address, &size, &write, &atomic, trace,
			      FRAMES_MAX);
	*section = (struct fts_section){
		.kind = FTS_SEC_ACCESS,
		.flags = write ? FTS_ACCESS_WRITE : 0,
		.tid = tid,
		.address = (uint64_t)address,
		.size = (uint64_t)size,
	};
	return python_frames();
}

bool is_variable_race(void *report, int accesses)
{
	struct fts_section section;
	if (accesses != 2)
		return false;
	take_side(report, 0, &section);
	return variables_own(section.address);
}

/* One that is told when the test ends, if it is understood then. */
struct late {
	struct late *next;
	struct variables_side sides[2];
	uint32_t sections, bytes, name_length;
	char name[VARIABLES_NAME];
	uint8_t data[]; /* the sections */
};
enum { LATE_MOST = 512 };
static struct late *late_reports;
static bool crashing; /* races_crash(): nothing is allocated or freed any more */
static unsigned late_count;

/* Adds a head with the pattern and the name, and the partners of both sides, and emits it. */
static void emit_variable_race(const char *pattern, struct late *late)
{
	uint32_t pattern_length = (uint32_t)raw_length(pattern);
	late->name_length = (uint32_t)raw_length(late->name);
	struct output out = report_begin(pattern, pattern_length, late->name, late->name_length);
	const char *text = (const char *)report_bytes() + sizeof(struct fts_report);
	if (!add_sections(&out, late->data, late->bytes, late->sections))
		return;
	if (!crashing)
		variables_direct(late->sides, text, pattern_length + late->name_length);
	for (unsigned i = 0; i < 2; i++) {
		clear_trace();
		trace[0] = (void *)late->sides[i].other;
		if (late->sides[i].other)
			add_section(
				&out,
				(struct fts_section){
					.kind = FTS_SEC_PARTNER,
					.flags = (late->sides[i].split ? FTS_PARTNER_SPLIT : 0) |
						 (late->sides[i].uses == USE_ITSELF
							  ? FTS_PARTNER_CHECK
							  : 0),
					.tid = -1,
					.value = i },
				NULL);
	}
	report_write(&out, FTS_REPORT_VARIABLE_RACE, pattern_length + late->name_length);
}

/* The object whose variable it is, and where it was made; of a global there is none to tell of. */
static void add_object(struct output *out, void *report, int threads)
{
	char type[VARIABLES_NAME];
	uint64_t start = variables_object(type);
	if (!start)
		return;
	int tid = add_made(report, threads, start);
	if (!trace[0])
		return;
	struct fts_section section = {
		.kind = FTS_SEC_OBJECT, .tid = tid, .address = start, .size = OBJECT_BODY
	};
	add_section(out, section, type);
}

/* The thread's number in the test; else TSan's number of its fiber. */
static int thread_of(int tid)
{
	int number = variables_thread_number(tid);
	return number >= 0 ? number : tid;
}

/* What there is of it now: the sections, without what only the pattern tells. */
static struct late *take_variable_race(void *report, int mutexes, int threads)
{
	struct output out = { 0 };
	struct late late = { 0 };
	for (int i = 0; i < 2; i++) {
		struct fts_section section;
		if (!take_side(report, i, &section))
			return NULL;
		late.sides[i] = (struct variables_side){
			.pc = (uint64_t)trace[0],
			.callers = { (uint64_t)trace[1], trace[1] ? (uint64_t)trace[2] : 0 },
			.address = section.address,
			.write = section.flags & FTS_ACCESS_WRITE,
		};
		const struct fts_section side = section;
		section.address = section.size = 0; /* a stand-in's say nothing */
		section.tid = thread_of(section.tid);
		if (standins_live())
			section.flags |= FTS_ACCESS_LOCKS;
		add_section(&out, section, NULL);
		add_locks_held(&out, report, i, 2, &side);
	}
	add_mutexes(&out, report, mutexes);
	if (!variables_name(late.name))
		return NULL;
	add_object(&out, report, threads);
	add_threads(&out, report, threads, true);
	struct late *taken = heap_alloc(sizeof late + out.used);
	if (!taken)
		return NULL;
	late.sections = out.sections;
	late.bytes = out.used;
	*taken = late;
	raw_copy(taken->data, report_bytes(), out.used);
	return taken;
}

void write_variable_race(void *report, int mutexes, int threads)
{
	struct late *taken = take_variable_race(report, mutexes, threads);
	if (!taken)
		return;
	const char *pattern = variables_pattern(taken->sides, taken->name, false);
	if (!pattern && late_count < LATE_MOST) {
		/* What a thread does with what it has read is not known before it does it. */
		taken->next = late_reports;
		late_reports = taken;
		late_count++;
		return;
	}
	if (pattern)
		emit_variable_race(pattern, taken);
	heap_free(taken);
}

static void add_frames(struct output *out, struct fts_section section, const uint64_t *frames,
		       unsigned count, const char *text)
{
	clear_trace();
	raw_copy(trace, frames, count * sizeof *frames);
	add_section(out, section, text);
}

static void add_step(struct output *out, unsigned side, uint16_t flags, uint64_t pc,
		     const char *raised)
{
	add_frames(out,
		   (struct fts_section){
			   .kind = FTS_SEC_STEP, .flags = flags, .tid = -1, .value = side },
		   &pc, 1, raised);
}

/* A race that was made to happen. */
static void emit_sight(const struct confirm_sight *sight)
{
	struct output out = report_begin(sight->text, sight->length, "", 0);
	for (unsigned i = 0; i < 2; i++)
		add_frames(&out,
			   (struct fts_section){ .kind = FTS_SEC_ACCESS,
						 .flags = i ? FTS_ACCESS_WRITE : 0,
						 .tid = -1 },
			   sight->stacks[i], sight->depths[i], NULL);
	if (FTS_PC_CODE(sight->write) != FTS_PC_CODE(sight->stacks[0][0]))
		add_frames(&out,
			   (struct fts_section){ .kind = FTS_SEC_PARTNER, .tid = -1, .value = 0 },
			   &sight->write, 1, NULL);
	add_step(&out, 0, 0, sight->stacks[0][0], NULL);
	add_step(&out, 1, FTS_ACCESS_WRITE, sight->stacks[1][0], NULL);
	add_step(&out, 0,
		 (sight->uses ? 0 : FTS_ACCESS_WRITE) | (sight->equal     ? FTS_STEP_EQUAL
							 : sight->unknown ? FTS_STEP_UNKNOWN
									  : 0),
		 sight->write, sight->raised);
	report_write(&out, FTS_REPORT_VARIABLE_LOST, sight->length);
}

static void emit_sights(void)
{
	struct confirm_sight *sight = confirm_sights();
	while (sight) {
		struct confirm_sight *next = sight->next;
		emit_sight(sight);
		heap_free(sight);
		sight = next;
	}
}

void races_test_ends(void)
{
	raw_lock(&report_lock);
	emit_sights();
	while (late_reports) {
		struct late *late = late_reports;
		const char *pattern = variables_pattern(late->sides, late->name, true);
		late_reports = late->next;
		if (pattern)
			emit_variable_race(pattern, late);
		heap_free(late);
	}
	late_count = 0;
	raw_unlock(&report_lock);
}

void races_crash(void)
{
	struct timespec pause = { .tv_nsec = 1000000 };
	bool locked = raw_trylock(&report_lock);
	/* Another thread's report takes microseconds; our own, in which we crashed, never ends. */
	for (unsigned i = 0; i < 20 && !locked; i++) {
		raw_syscall3(SYS_nanosleep, (long)&pause, 0, 0);
		locked = raw_trylock(&report_lock);
	}
	if (!locked)
		return;
	crashing = true;
	for (struct late *late = late_reports; late; late = late->next) {
		const char *pattern = variables_pattern(late->sides, late->name, true);
		if (pattern)
			emit_variable_race(pattern, late);
	}
	late_reports = NULL;
	raw_unlock(&report_lock);
}
