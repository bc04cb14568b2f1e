/* contended.c - see contended.h. */
#include "interpose/memory/contended.h"

#include "interpose/base/ring.h"
#include "interpose/base/section.h"
#include "interpose/memory/made.h"
#include "interpose/python/layout.h"
#include "interpose/python/object.h"
#include "interpose/python/walk.h"

#include <stddef.h>

enum {
	OBJECTS = 1 << 11,
	EACH = 4,       /* changes of a thread of which one is looked at */
	POINTS = 32,    /* that an object has at most */
	AGAIN = 64,     /* so often the line of Python is looked up again */
	TOLD_FROM = 64, /* hand-overs that were seen, of two threads at least */
	NAME = 128,
	BUFFER_BYTES = 1 << 10,
};

HIDDEN bool contended_on;

/* Written by all threads, without a lock: what two of them count at once is lost. */
static struct entry {
	uint64_t object;
	uint64_t last;    /* the thread that changed it last */
	uint64_t threads; /* a bit for each, by its number */
	uint64_t frames[2];
	uint64_t type; /* by then the object may be gone that it is told of */
	struct made made;
	uint32_t frame_count;
	uint32_t changes, handed_over;
	uint32_t points;
} entries[OBJECTS];
static __thread uint32_t passed __attribute__((tls_model("initial-exec")));
static _Alignas(8) uint8_t buffer[BUFFER_BYTES];
static uint64_t began; /* the test, by raw_now() */

/* The entry may be another object's by now, or no one's; the one at hand lives. */
static __attribute__((noinline)) void note_place(struct entry *entry, uint64_t object,
						 uintptr_t place)
{
	uint64_t position = python_pc(place);
	entry->frames[0] = place;
	entry->frames[1] = position;
	entry->frame_count = position == place ? 1 : 2;
	entry->type = load64((const void *)object, OBJECT_TYPE);
	if (!made_find(object, &entry->made))
		entry->made = (struct made){ .number = -1 };
}

void contended_count(uint64_t object, uintptr_t place)
{
	if (++passed % EACH)
		return;
	struct entry *entry = &entries[object / 16 * 0x9e3779b97f4a7c15ull >> 53];
	uint64_t me = (uint64_t)__builtin_thread_pointer();
	if (entry->object != object) {
		if (entry->points) {
			entry->points--;
			return;
		}
		*entry = (struct entry){ .object = object, .last = me };
	}
	if (entry->points < POINTS)
		entry->points++;
	if (entry->changes++ % AGAIN == 0)
		note_place(entry, object, place);
	if (entry->last == me)
		return;
	entry->last = me;
	entry->handed_over++;
	entry->threads |= 1ull << ((uint32_t)made_thread() % 64);
}

static void tell(const struct entry *entry, uint64_t ended)
{
	static const char no_text[] = "";
	char type[NAME] = "";
	if (!object_type_name(entry->type, type, sizeof type))
		return;
	uint32_t used = sizeof(struct fts_report);
	raw_zero(buffer, used);
	used += section_put(buffer + used, BUFFER_BYTES - used,
			    (struct fts_section){ .kind = FTS_SEC_OBJECT,
						  .frame_count = entry->made.count,
						  .tid = entry->made.number,
						  .address = entry->object,
						  .size = began,
						  .value = ended - began },
			    entry->made.frames, type);
	used += section_put(
		buffer + used, BUFFER_BYTES - used,
		(struct fts_section){ .kind = FTS_SEC_OTHER,
				      .frame_count = entry->frame_count,
				      .tid = -1,
				      .address = (uint64_t)entry->changes * EACH,
				      .size = (uint64_t)entry->handed_over * EACH,
				      .value = (uint64_t)__builtin_popcountll(entry->threads) },
		entry->frames, no_text);
	struct fts_report header = { .kind = FTS_REPORT_COUNT_PROFILE, .section_count = 2 };
	raw_copy(buffer, &header, sizeof header);
	struct ring_part part = { buffer, used };
	ring_write(FTS_REC_REPORT, &part, 1);
}

void contended_test(bool runs)
{
	uint64_t now = raw_now();
	contended_on = runs && made_is_on();
	if (runs) {
		began = now;
		return;
	}
	for (unsigned i = 0; i < OBJECTS; i++) {
		if (entries[i].handed_over >= TOLD_FROM &&
		    entries[i].threads & (entries[i].threads - 1) &&
		    ring_room() > FTS_RING_BYTES / 4)
			tell(&entries[i], now);
		if (entries[i].object)
			entries[i] = (struct entry){ 0 };
	}
}
