/* leaks.c - see leaks.h. */
#include "interpose/memory/leaks.h"

#include "interpose/base/ring.h"
#include "interpose/base/section.h"
#include "interpose/memory/made.h"
#include "interpose/python/object.h"

#include <stddef.h>
#include <sys/mman.h>

enum {
	BUFFER_BYTES = 4 << 10,
	TOLD_MOST = 32, /* of a test */
	WORDS = 160,
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
	char digits[24];
	unsigned used_digits = 0;
	uint64_t whole = tenths / 10;
	do
		digits[used_digits++] = (char)('0' + whole % 10);
	while (whole /= 10);
	while (used_digits)
		*at++ = digits[--used_digits];
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
static void put_growth(const struct place *place, uint32_t threads, uint32_t rounds, uint32_t alone)
{
	char words[WORDS], *at = words;
	at = put_number(at, tenths_of(&place->in[0], rounds));
	*at++ = '\t';
	at = put_number(at, tenths_of(&place->in[1], alone));
	*at++ = '\t';
	at = put_number(at, threads * 10ull);
	*at++ = '\t';
	at = put_number(at, rounds * 10ull);
	*at = '\0';
	used += section_put(buffer + used, BUFFER_BYTES - used,
			    (struct fts_section){ .kind = FTS_SEC_OTHER, .tid = -1 }, NULL, words);
	sections++;
}

static bool tell(const struct place *place, uint32_t threads, uint32_t rounds, uint32_t alone)
{
	static const char type[] = "object-leak";
	struct object object = { .start = place->example };
	struct made made = { .number = -1 };
	/* A place that no line of Python belongs to is one for all that is made there, by anybody. */
	if (!made_find(place->example, &made) || made.count < 2)
		return false;
	object_find(place->example, &object);
	used = (uint32_t)sizeof(struct fts_report) + ((sizeof type + 6) & ~7u);
	raw_zero(buffer, used);
	raw_copy(buffer + sizeof(struct fts_report), type, sizeof type - 1);
	sections = 0;
	used += section_put(buffer + used, BUFFER_BYTES - used,
			    (struct fts_section){ .kind = FTS_SEC_OBJECT,
						  .frame_count = made.count,
						  .tid = made.number,
						  .address = object.start,
						  .size = object.size },
			    made.frames, object.type);
	sections++;
	put_growth(place, threads, rounds, alone);
	struct fts_report header = { .kind = FTS_REPORT_OTHER,
				     .section_count = (uint16_t)sections,
				     .text_length = sizeof type - 1 };
	raw_copy(buffer, &header, sizeof header);
	struct ring_part part = { buffer, used };
	return ring_write(FTS_REC_REPORT, &part, 1);
}

uint32_t ftstress_leaks_tell(uint32_t threads, uint32_t rounds, uint32_t alone)
{
	uint32_t told = 0;
	for (uint32_t i = 0; places && i < MADE_SITES && told < TOLD_MOST; i++) {
		bool grows =
			tenths_of(&places[i].in[0], rounds) || tenths_of(&places[i].in[1], alone);
		if (!grows)
			continue;
		told += tell(&places[i], threads, rounds, alone);
	}
	return told;
}
