/*
 * report.c - puts together the record of a report; see report.h.
 */
#include "interpose/wrap/report.h"

#define BUFFER_BYTES (FTS_RECORD_MAX - 64u)

struct raw_lock report_lock;
static _Alignas(8) uint8_t buffer[BUFFER_BYTES];
void *trace[FRAMES_MAX + 1];

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
	section.text_length = text ? (uint32_t)raw_length(text) : 0;
	uint32_t text_room = (section.text_length + 7) & ~7u;
	uint8_t *at = room_for(out, (uint32_t)sizeof section + 8 * section.frame_count + text_room);
	if (!at) {
		ring_limit(FTS_LIMIT_REPORT);
		return;
	}
	raw_copy(at, &section, sizeof section);
	at += sizeof section;
	raw_copy(at, trace, 8 * section.frame_count);
	at += 8 * section.frame_count;
	raw_zero(at, text_room);
	raw_copy(at, text, section.text_length);
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
		struct fts_section section = {
			.kind = FTS_SEC_THREAD,
			.tid = tid,
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
