/* owner.c - see owner.h. */
#include "interpose/python/owner.h"

#include "interpose/base/raw.h"
#include "interpose/python/layout.h"
#include "interpose/python/object.h"

#include <fcntl.h>

enum {
	SEARCHES = 256, /* of all objects, in a process */
	RECENT = 8,     /* pages that had one, and are looked at before: who makes one after the
			 * other gets them from there */
	OBJECT_LEAST =
		72, /* bytes of a block with one of these objects: bytearray and array 72 or */
	OBJECT_MOST = 512, /* 80, ndarray 96 and up to 16 before it; a subclass has more */
	BASES_MOST = 20,
	REF_SHARED_SHIFT = 2,
	NAME_ROOM = 32,
};

/*
 * Where the pointer to the data stands in the object; the same in all releases. Were it elsewhere, no
 * object would point into the block.
 */
static const struct kind {
	const char *type;
	uint32_t offset;
} kinds[] = {
	{ "bytearray", 48 },     /* ob_bytes */
	{ "array.array", 40 },   /* ob_item */
	{ "numpy.ndarray", 32 }, /* data */
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* Where mmap() places memory; below are the executable and TSan's shadow, above the vsyscall page. */
#define MAPPED_FROM 0x7e8000000000ull
#define MAPPED_TO 0x800000000000ull

static uint8_t page[1 << 16]; /* as long as mimalloc's, for blocks of these sizes */
static unsigned searches;
static struct object_page recent[RECENT];
static unsigned recent_next;

struct search {
	uint64_t block, size;
	struct owner *owner;
};

static uint64_t word(const uint8_t *at)
{
	uint64_t value;
	raw_copy(&value, at, sizeof value);
	return value;
}

static bool is_alive(const uint8_t *object)
{
	return (uint32_t)(word(object + OBJECT_COUNT_LOCAL - 4) >> 32) != 0 ||
	       (int64_t)word(object + OBJECT_COUNT_SHARED) >> REF_SHARED_SHIFT > 0;
}

static bool is_of(uint64_t type, const char *wanted)
{
	char name[NAME_ROOM];
	for (unsigned i = 0; i < BASES_MOST; i++) {
		if (!object_type_name(type, name, sizeof name))
			return false;
		if (raw_same(name, wanted))
			return true;
		if (!object_peek(type + python_at.type_base, &type, sizeof type))
			return false;
	}
	return false;
}

static bool is_owner(const uint8_t *object, const struct kind *kind, const struct search *s)
{
	uint64_t data = word(object + kind->offset);
	return data - s->block < s->size && is_alive(object) &&
	       is_of(word(object + OBJECT_TYPE), kind->type);
}

static bool look_at_page(const struct object_page *found, void *context)
{
	const struct search *s = context;
	uint64_t most = found->length < sizeof page ? found->length : sizeof page;
	if (found->block < OBJECT_LEAST || found->block > OBJECT_MOST ||
	    !object_peek(found->start, page, most))
		return false;
	for (uint64_t at = 0; at + found->block <= most; at += found->block)
		for (unsigned i = 0; i < KINDS; i++) {
			const uint8_t *object = page + at + found->header;
			if (!is_owner(object, &kinds[i], s))
				continue;
			uint64_t address = found->start + at + found->header;
			*s->owner = (struct owner){ word(object + kinds[i].offset), address,
						    kinds[i].type };
			return true;
		}
	return false;
}

static bool look_and_remember(const struct object_page *found, void *context)
{
	if (!look_at_page(found, context))
		return false;
	struct object_page *kept = &recent[recent_next++ % RECENT];
	*kept = *found;
	/* More of it may be used by then. */
	kept->length = (found->start / sizeof page + 1) * sizeof page - found->start;
	return true;
}

/* A page that has blocks of another size by now has no object where one is looked for. */
static bool look_at_recent(struct search *s)
{
	for (unsigned i = 0; i < RECENT; i++)
		if (recent[i].start && look_at_page(&recent[i], s))
			return true;
	return false;
}

/* Reads "7f00-7f80 rw..." lines; each byte is looked at once. */
struct maps {
	uint64_t from, to, now;
	unsigned field; /* 0: from, 1: to, 2: the rest of the line */
};

/* Has a line's range come to its end? Then it is in `maps`. */
static bool take_char(struct maps *maps, char c)
{
	uint64_t digit = c >= '0' && c <= '9'   ? (uint64_t)(c - '0')
			 : c >= 'a' && c <= 'f' ? (uint64_t)(c - 'a' + 10)
						: 16;
	if (c == '\n') {
		maps->field = 0;
		maps->now = 0;
	} else if (maps->field < 2 && digit < 16) {
		maps->now = maps->now << 4 | digit;
	} else if (maps->field == 0) {
		maps->from = maps->now;
		maps->now = 0;
		maps->field = 1;
	} else if (maps->field == 1) {
		maps->to = maps->now;
		maps->field = 2;
		return true;
	}
	return false;
}

static bool look_at_range(uint64_t from, uint64_t to, struct search *s)
{
	if (from < MAPPED_FROM || to > MAPPED_TO)
		return false;
	uint64_t segment = (from + OBJECT_SEGMENT - 1) & ~(OBJECT_SEGMENT - 1);
	for (; segment < to; segment += OBJECT_SEGMENT)
		if (object_pages(segment, look_and_remember, s))
			return true;
	return false;
}

bool owner_find(uint64_t block, uint64_t size, struct owner *owner)
{
	struct search s = { block, size, owner };
	struct maps maps = { 0 };
	char text[1024] = { 0 };
	bool found = false;
	long got = 0;
	if (look_at_recent(&s))
		return true;
	if (searches++ >= SEARCHES)
		return false;
	long fd = raw_syscall3(SYS_open, (long)"/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	while (!found && (got = raw_syscall3(SYS_read, fd, (long)text, sizeof text)) > 0)
		for (long i = 0; i < got && !found; i++)
			found = take_char(&maps, text[i]) && look_at_range(maps.from, maps.to, &s);
	raw_syscall3(SYS_close, fd, 0, 0);
	return found;
}
