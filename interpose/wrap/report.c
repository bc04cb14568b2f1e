/*
 * report.c - puts together the record of a report; see report.h.
 */
#include "interpose/wrap/report.h"

#include "interpose/base/section.h"
#include "interpose/locks/locks.h"
#include "interpose/memory/made.h"
#include "interpose/variables/variables.h"

#define BUFFER_BYTES (FTS_RECORD_MAX - 64u)

struct raw_lock report_lock;
static _Alignas(8) uint8_t buffer[BUFFER_BYTES];
void *trace[FRAMES_MAX + 1];

/*
 * TSan's API does not give the locks that were held at an access, so they are read from TSan's own
 * structures: this is the layout of ReportDesc and ReportMop (tsan_report.h, llvm 22). Another
 * release of TSan may have another layout. So add_locks_held() first compares every field that the
 * API gives, too, and reads the locks only if all of them agree.
 */
struct tsan_vector {
	void **begin, **end, **limit;
};
struct tsan_held {
	int id;
	bool write;
};
struct tsan_access {
	int tid;
	uptr address;
	int size;
	bool write, atomic;
	uptr tag;
	struct tsan_held *held, *held_end, *held_limit;
};
struct tsan_report {
	int type;
	uptr tag;
	struct tsan_vector stacks, accesses;
};

static uint8_t *room_for(struct output *out, uint32_t length)
{
	if (out->used + length > BUFFER_BYTES)
		return NULL;
	uint8_t *at = buffer + out->used;
	out->used += length;
	return at;
}

static uint32_t frames_in_trace(void)
{
	uint32_t count = 0;
	while (count < FRAMES_MAX && trace[count])
		count++;
	return count;
}

void add_section(struct output *out, struct fts_section section, const char *text)
{
	section.frame_count = frames_in_trace();
	uint32_t took =
		section_put(buffer + out->used, BUFFER_BYTES - out->used, section, trace, text);
	if (!took) {
		ring_limit(FTS_LIMIT_REPORT);
		return;
	}
	out->used += took;
	out->sections++;
}

void clear_trace(void)
{
	raw_zero(trace, sizeof trace);
}

bool python_frames(void)
{
	uint32_t kept = 0, count = frames_in_trace();
	for (uint32_t i = 0; i < count; i++)
		if (FTS_PC_IS_PYTHON((uint64_t)trace[i]))
			trace[kept++] = trace[i];
	raw_zero(trace + kept, (FRAMES_MAX - kept) * sizeof *trace);
	return kept > 0;
}

struct output report_begin(const char *text, uint32_t length, const char *rest,
			   uint32_t rest_length)
{
	struct output out = { 0 };
	uint32_t room = (length + rest_length + 7) & ~7u;
	uint8_t *head = room_for(&out, (uint32_t)sizeof(struct fts_report) + room);
	raw_zero(head, sizeof(struct fts_report) + room);
	raw_copy(head + sizeof(struct fts_report), text, length);
	raw_copy(head + sizeof(struct fts_report) + length, rest, rest_length);
	return out;
}

bool add_sections(struct output *out, const void *sections, uint32_t bytes, uint32_t count)
{
	uint8_t *at = room_for(out, bytes);
	if (!at) {
		ring_limit(FTS_LIMIT_REPORT);
		return false;
	}
	raw_copy(at, sections, bytes);
	out->sections += count;
	return true;
}

const void *report_bytes(void)
{
	return buffer;
}

static const struct tsan_access *access_layout(void *report, int index, int count)
{
	const struct tsan_report *desc = report;
	if (desc->accesses.end - desc->accesses.begin != count)
		return NULL;
	return (const struct tsan_access *)desc->accesses.begin[index];
}

static void add_held(struct output *out, const struct tsan_access *access)
{
	clear_trace();
	for (const struct tsan_held *held = access->held; held < access->held_end; held++) {
		struct fts_section section = {
			.kind = FTS_SEC_HELD,
			.flags = held->write ? FTS_HELD_WRITE : 0,
			.tid = access->tid,
			.value = (uint64_t)held->id,
		};
		add_section(out, section, NULL);
	}
}

void add_locks_held(struct output *out, void *report, int index, int count,
		    const struct fts_section *side)
{
	const struct tsan_access *access = access_layout(report, index, count);
	if (access && access->tid == side->tid && access->address == side->address &&
	    access->size == (int)side->size &&
	    access->write == !!(side->flags & FTS_ACCESS_WRITE) &&
	    access->atomic == !!(side->flags & FTS_ACCESS_ATOMIC))
		add_held(out, access);
}

/* TSan's number for the thread, if the report has it, or -1. */
static int tid_of(void *report, int count, const struct made *made)
{
	for (int i = 0; i < count && !made->by_main; i++) {
		const char *name = NULL;
		uint64_t os_id = 0;
		int tid = -1, running = 0, parent = -1;
		__tsan_get_report_thread(report, (uptr)i, &tid, &os_id, &running, &name, &parent,
					 trace, FRAMES_MAX);
		if (os_id == made->thread)
			return tid;
	}
	return made->by_main ? 0 : -1;
}

int add_made(void *report, int threads, uint64_t start)
{
	struct made made;
	int tid = -1;
	clear_trace();
	if (!start || !made_find(start, &made))
		return -1;
	tid = tid_of(report, threads, &made);
	clear_trace();
	for (unsigned i = 0; i < made.count; i++)
		trace[i] = (void *)made.frames[i];
	return tid;
}

/* A mutex of TSan's that is a stand-in: which lock it stands for, and where such locks are made. */
static void add_standin(struct output *out, uint64_t id, const struct standin *standin)
{
	const uint64_t *birth;
	unsigned count = python_class_frames(standin->identity, &birth);
	clear_trace();
	for (unsigned i = 0; i < count && i < FRAMES_MAX; i++)
		trace[i] = (void *)birth[i];
	struct fts_section section = {
		.kind = FTS_SEC_MUTEX,
		.flags = standin->handed_over ? FTS_MUTEX_SIGNAL
			 : standin->kind      ? (uint16_t)(standin->kind << 8 | standin->flags)
					      : FTS_MUTEX_UNKNOWN,
		.tid = -1,
		.address = standin->address,
		.size = standin->identity,
		.value = id,
	};
	add_section(out, section, standin->type);
}

void add_mutexes(struct output *out, void *report, int count)
{
	for (int i = 0; i < count; i++) {
		uptr id = 0;
		void *address = NULL;
		int destroyed = 0;
		struct standin standin;
		clear_trace();
		__tsan_get_report_mutex(report, (uptr)i, &id, &address, &destroyed, trace,
					FRAMES_MAX);
		if (standin_find((uint64_t)address, &standin)) {
			add_standin(out, id, &standin);
			continue;
		}
		struct fts_section section = {
			.kind = FTS_SEC_MUTEX,
			.tid = -1,
			.address = (uint64_t)address,
			.value = id,
		};
		add_section(out, section, NULL);
	}
}

void add_threads(struct output *out, void *report, int count, bool python)
{
	for (int i = 0; i < count; i++) {
		const char *name = NULL;
		uint64_t os_id = 0;
		int tid = -1, running = 0, parent = -1;
		clear_trace();
		__tsan_get_report_thread(report, (uptr)i, &tid, &os_id, &running, &name, &parent,
					 trace, FRAMES_MAX);
		if (python)
			python_frames();
		int number = python ? variables_thread_number(tid) : -1;
		struct fts_section section = {
			.kind = FTS_SEC_THREAD,
			.tid = number >= 0 ? number : tid,
			.address = os_id,
			.value = (uint64_t)(int64_t)parent,
		};
		add_section(out, section, name);
	}
}

void report_write(const struct output *out, uint16_t kind, uint32_t text_length)
{
	struct fts_report header = {
		.kind = kind,
		.section_count = (uint16_t)out->sections,
		.text_length = (uint16_t)text_length,
	};
	raw_copy(buffer, &header, sizeof header);
	struct ring_part part = { buffer, out->used };
	ring_write(FTS_REC_REPORT, &part, 1);
}
