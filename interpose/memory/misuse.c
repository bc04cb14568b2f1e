/* misuse.c - see misuse.h. */
#include "interpose/memory/misuse.h"

#include "interpose/base/ring.h"
#include "interpose/base/section.h"
#include "interpose/memory/countlog.h"
#include "interpose/python/layout.h"
#include "interpose/python/object.h"
#include "interpose/python/walk.h"

#include <stddef.h>

enum {
	FRAMES = 96,
	BUFFER_BYTES = 16 << 10,
	PLACES = 4096, /* by their hash: how often each was told */
	TIMES = 4,     /* that a place is told */
	LOGGED = 60,
};

static struct raw_lock lock; /* guards all that is below */
static _Alignas(8) uint8_t buffer[BUFFER_BYTES];
static uint32_t used, sections;
static struct walked stack[FRAMES];
static uint64_t frames[FRAMES];
static uint8_t times[PLACES];

static void put_section(struct fts_section section, const char *text)
{
	uint32_t took = section_put(buffer + used, BUFFER_BYTES - used, section, frames, text);
	if (!took) {
		ring_limit(FTS_LIMIT_REPORT);
		return;
	}
	used += took;
	sections++;
}

static void put_made(struct fts_section section, const struct made *made, const char *text)
{
	section.frame_count = made->count;
	section.tid = made->number;
	raw_copy(frames, made->frames, 8ull * made->count);
	put_section(section, text);
}

static uint8_t *times_of(uint64_t place)
{
	return &times[place * 0x9e3779b97f4a7c15ull >> 52];
}

bool misuse_is_told(uint64_t place)
{
	return __atomic_load_n(times_of(place), __ATOMIC_RELAXED) >= TIMES;
}

/* The same; if it has not, this is once more. */
static bool is_told(uint64_t place)
{
	if (misuse_is_told(place))
		return true;
	__atomic_store_n(times_of(place), *times_of(place) + 1, __ATOMIC_RELAXED);
	return false;
}

static void put_object(const struct misuse *misuse)
{
	struct object object = { .start = misuse->object };
	struct made made = { .number = -1 };
	uint64_t type = 0;
	bool known = object_find(misuse->object, &object);
	if (!misuse->object)
		return;
	/* In static storage, or in memory of an extension's own. */
	if (!known && object_peek(misuse->object + OBJECT_TYPE, &type, 8))
		known = object_type_name(type, object.type, sizeof object.type);
	if (!made_find(misuse->object, &made) && !known)
		return;
	put_made((struct fts_section){ .kind = FTS_SEC_OBJECT,
				       .address = object.start,
				       .size = object.size,
				       .value = misuse->address - object.start },
		 &made, object.type);
}

/* So far as there is a log of it. */
static void put_countlog(uint64_t object)
{
	static const char *const words[] = { [COUNTLOG_MADE] = "made",
					     [COUNTLOG_TAKES] = "takes",
					     [COUNTLOG_DROPS] = "drops",
					     [COUNTLOG_FREED] = "freed" };
	static struct countlog_entry seen[LOGGED];
	bool whole;
	unsigned count = countlog_of(object, seen, LOGGED, &whole);
	for (unsigned i = 0; i < count; i++) {
		frames[0] = seen[i].place;
		frames[1] = seen[i].position;
		put_section((struct fts_section){ .kind = FTS_SEC_COUNT,
						  .frame_count =
							  1 + (seen[i].place != seen[i].position),
						  .tid = seen[i].thread,
						  .address = object,
						  .size = seen[i].many,
						  .value = (uint64_t)(int64_t)seen[i].left },
			    words[seen[i].operation]);
	}
}

/* frames[] are those of the act, by thread number `thread`. */
static void tell(const struct misuse *misuse, unsigned depth, int32_t thread)
{
	struct made ended;
	uint32_t length = (uint32_t)raw_length(misuse->type), room = (length + 7) & ~7u;
	used = (uint32_t)sizeof(struct fts_report) + room;
	raw_zero(buffer, used);
	raw_copy(buffer + sizeof(struct fts_report), misuse->type, length);
	sections = 0;
	put_section((struct fts_section){ .kind = FTS_SEC_OTHER,
					  .frame_count = depth,
					  .tid = thread,
					  .address = misuse->address,
					  .size = 1 },
		    misuse->act);
	if (misuse->before && made_end_find(misuse->object, &ended))
		put_made((struct fts_section){ .kind = FTS_SEC_OTHER }, &ended, misuse->before);
	put_object(misuse);
	if (countlog_on && misuse->object)
		put_countlog(misuse->object);
	struct fts_report header = { .kind = FTS_REPORT_OTHER,
				     .section_count = (uint16_t)sections,
				     .text_length = (uint16_t)length };
	raw_copy(buffer, &header, sizeof header);
	struct ring_part part = { buffer, used };
	ring_write(FTS_REC_REPORT, &part, 1);
}

__attribute__((noinline)) void misuse_tell(const struct misuse *misuse)
{
	raw_lock(&lock);
	if (!misuse->place || !is_told(misuse->place)) {
		unsigned depth = walk_stack(__builtin_frame_address(0), stack, FRAMES);
		for (unsigned i = 0; i < depth; i++)
			frames[i] = stack[i].pc;
		/* Who calls the function that is hooked by the C library, only the stack says. */
		if (misuse->place || depth < 2 || !is_told(frames[0] ^ frames[1] << 16))
			tell(misuse, depth, made_thread());
	}
	raw_unlock(&lock);
}

void misuse_tell_made(const struct misuse *misuse, const struct made *made)
{
	raw_lock(&lock);
	if (!is_told(misuse->place)) {
		raw_copy(frames, made->frames, 8ull * made->count);
		tell(misuse, made->count, made->number);
	}
	raw_unlock(&lock);
}

void misuse_before_fork(void)
{
	raw_lock(&lock);
}

void misuse_after_fork(void)
{
	raw_unlock(&lock);
}
