/* leaks.c - see leaks.h. */
#include "interpose/memory/leaks.h"

#include "interpose/base/ring.h"
#include "interpose/base/section.h"
#include "interpose/memory/made.h"
#include "interpose/memory/misuse.h"
#include "interpose/memory/references.h"
#include "interpose/python/layout.h"
#include "interpose/python/object.h"

#include <stddef.h>
#include <sys/mman.h>

enum {
	BUFFER_BYTES = 4 << 10,
	TOLD_MOST = 32, /* of a test */
	REFERENCES_MOST = 8,
	WORDS = 160,
	TEXT = 192,
};

/* Of a place where memory is made, in threads and alone. */
struct growth {
	uint32_t first, last, now; /* how many live: at round 0, at the last round; being counted */
	uint32_t grew;             /* rounds in a row, since round 0 */
};
struct place {
	struct growth in[2];
	uint64_t example; /* the last one of them that was seen */
};
static struct place *places; /* MADE_SITES of them */
static _Alignas(8) uint8_t buffer[BUFFER_BYTES];
static uint32_t used, sections;

static bool have_places(void)
{
	long at;
	if (places)
		return true;
	at = raw_syscall6(SYS_mmap, 0, MADE_SITES * sizeof *places, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at < 0 && at > -4096)
		return false;
	places = (struct place *)at;
	return true;
}

static void count(uint32_t site, uint64_t address, void *alone)
{
	places[site].in[*(const uint32_t *)alone].now++;
	places[site].example = address;
}

void ftstress_leaks_round(uint32_t alone, uint32_t number)
{
	alone = alone != 0;
	if (!made_is_on() || !have_places())
		return;
	for (uint32_t i = 0; i < MADE_SITES; i++)
		places[i].in[alone].now = 0;
	made_each(count, &alone);
	references_round(alone, number);
	for (uint32_t i = 0; i < MADE_SITES; i++) {
		struct growth *growth = &places[i].in[alone];
		if (!number) {
			growth->first = growth->now;
			growth->grew = 0;
		} else {
			growth->grew = growth->now > growth->last ? growth->grew + 1 : 0;
		}
		growth->last = growth->now;
	}
}

/* "12", "2.5". */
static char *put_number(char *at, uint64_t tenths)
{
	at = raw_put_number(at, tenths / 10);
	if (tenths % 10) {
		*at++ = '.';
		*at++ = (char)('0' + tenths % 10);
	}
	return at;
}

static uint64_t tenths_of(const struct growth *growth, uint32_t rounds)
{
	return rounds && growth->grew == rounds ? (growth->last - growth->first) * 10ull / rounds
						: 0;
}

/* "4\t0\t8\t5": more a round in threads, alone; how many threads, rounds. */
static void put_growth(const uint64_t tenths[2], uint32_t threads, uint32_t rounds)
{
	char words[WORDS], *at = words;
	at = put_number(at, tenths[0]);
	*at++ = '\t';
	at = put_number(at, tenths[1]);
	*at++ = '\t';
	at = put_number(at, threads * 10ull);
	*at++ = '\t';
	at = put_number(at, rounds * 10ull);
	*at = '\0';
	used += section_put(buffer + used, BUFFER_BYTES - used,
			    (struct fts_section){ .kind = FTS_SEC_OTHER, .tid = -1 }, NULL, words);
	sections++;
}

/* Is the object a type? Then the text gets its name: "reference-growth\tarray.array". */
static void add_type_name(const struct object *object, char *text, uint32_t room)
{
	uint64_t type = 0, flags = 0;
	uint64_t length = raw_length(text);
	if (object_peek(object->start + OBJECT_TYPE, &type, 8) &&
	    object_peek(type + python_at.type_flags, &flags, 8) && flags & TYPE_SUBCLASS &&
	    object_type_name(object->start, text + length + 1, room - length - 1))
		text[length] = '\t';
}

/* A report of this text, about the object or block that was made so. */
static bool put_report(const char *text, const struct object *object, const struct made *made,
		       const uint64_t tenths[2], uint32_t threads, uint32_t rounds)
{
	uint32_t length = (uint32_t)raw_length(text);
	used = (uint32_t)sizeof(struct fts_report) + ((length + 7) & ~7u);
	raw_zero(buffer, used);
	raw_copy(buffer + sizeof(struct fts_report), text, length);
	sections = 0;
	used += section_put(buffer + used, BUFFER_BYTES - used,
			    (struct fts_section){ .kind = FTS_SEC_OBJECT,
						  .frame_count = made->count,
						  .tid = made->number,
						  .address = object->start,
						  .size = object->size },
			    made->frames, object->type);
	sections++;
	put_growth(tenths, threads, rounds);
	struct fts_report header = { .kind = FTS_REPORT_OTHER,
				     .section_count = (uint16_t)sections,
				     .text_length = (uint16_t)length };
	raw_copy(buffer, &header, sizeof header);
	struct ring_part part = { buffer, used };
	return ring_write(FTS_REC_REPORT, &part, 1);
}

static bool tell_place(uint64_t example, const uint64_t tenths[2], uint32_t threads,
		       uint32_t rounds)
{
	struct object object = { .start = example };
	struct made made = { .number = -1 };
	/* A place that no line of Python belongs to is one for all that is made there, by anybody. */
	if (!made_find(example, &made) || made.count < 2)
		return false;
	object_find(example, &object);
	return put_report("object-leak", &object, &made, tenths, threads, rounds);
}

/* It is one object, known by the line of Python that made it, and not by the function in C. */
static bool tell_object(uint64_t start, const uint64_t tenths[2], uint32_t threads, uint32_t rounds)
{
	char text[TEXT] = "reference-growth";
	struct object object;
	struct made made;
	if (!made_find(start, &made) || !object_find(start, &object) || object.start != start ||
	    !object.type[0])
		return false;
	if (made.count == 2) {
		made.frames[0] = made.frames[1];
		made.count = 1;
	}
	add_type_name(&object, text, sizeof text);
	return put_report(text, &object, &made, tenths, threads, rounds);
}

/*
 * "makes it; there are 4 references fewer with each round of the test in 4 threads, and 1 fewer in one". Each of
 * the rounds dropped what it had not taken.
 */
static bool tell_fewer(uint64_t start, const uint64_t tenths[2], uint32_t threads)
{
	char act[TEXT], *at = act;
	struct object object;
	struct made made;
	if (!made_is_whole(start) || !made_find(start, &made) || !object_find(start, &object) ||
	    object.start != start || !object.type[0])
		return false;
	at = raw_put(at, "makes it; with each round of the test there are ");
	at = put_number(at, tenths[0]);
	at = raw_put(at, " references fewer in ");
	at = put_number(at, threads * 10ull);
	at = raw_put(at, " threads, and ");
	at = put_number(at, tenths[1]);
	raw_put(at, " fewer in one");
	if (made.count == 2) {
		made.frames[0] = made.frames[1];
		made.count = 1;
	}
	misuse_tell_made(&(struct misuse){ .type = "reference-count-falls",
					   .act = act,
					   .place = made.frames[0],
					   .address = start,
					   .object = start },
			 &made);
	return true;
}

/* `sign` 1: how many more, -1: how many fewer, in tenths; 0: it is not so. */
static uint64_t a_round(int64_t grew, int sign, uint32_t rounds)
{
	return rounds && grew * sign > 0 ? (uint64_t)(grew * sign) * 10 / rounds : 0;
}

/* `grows`: memory does; then what is in it has references. */
static uint32_t tell_references(uint32_t threads, uint32_t rounds, uint32_t alone, bool grows)
{
	struct references found = { 0 };
	uint32_t told = 0;
	references_settle();
	while (told < REFERENCES_MOST && references_next(found.object, &found)) {
		uint64_t more[] = { a_round(found.grew[0], 1, rounds),
				    a_round(found.grew[1], 1, alone) };
		uint64_t fewer[] = { a_round(found.grew[0], -1, rounds),
				     a_round(found.grew[1], -1, alone) };
		if (fewer[0] || fewer[1])
			told += tell_fewer(found.object, fewer, threads);
		else if (!grows && (more[0] || more[1]))
			told += tell_object(found.object, more, threads, rounds);
	}
	return told;
}

uint32_t ftstress_leaks_tell(uint32_t threads, uint32_t rounds, uint32_t alone)
{
	uint32_t told = 0;
	bool grows = false;
	for (uint32_t i = 0; places && i < MADE_SITES && told < TOLD_MOST; i++) {
		uint64_t tenths[] = { tenths_of(&places[i].in[0], rounds),
				      tenths_of(&places[i].in[1], alone) };
		if (!tenths[0] && !tenths[1])
			continue;
		grows = true;
		told += tell_place(places[i].example, tenths, threads, rounds);
	}
	return told + tell_references(threads, rounds, alone, grows);
}
