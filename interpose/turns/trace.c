/* trace.c - see trace.h. */
#define _GNU_SOURCE
#include "interpose/turns/trace.h"

#include "interpose/base/symbol.h"
#include "interpose/python/object.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>

enum {
	PART = 256 << 10, /* bytes of a part */
	PARTS = 8,        /* that may be read; a thread's oldest ones are used again */
	PAGE = 4096,
};

/* What a word says it is. */
enum { EXTENDED, RANGE, LOCKED, READ_LOCKED, UNLOCKED, TIME };
enum { IS_ACCESS = 1, IS_CALL = 2, PC_MASK = 0x7fff, PC_ZERO = 1 << 14 };
enum { RANGE_READS = 32, RANGE_SIZE_AT = 7, RANGE_SIZE_BITS = 13 };

/*
 * ThreadSanitizer's functions that allocate: each tells of the block as of a write of it, with a program
 * counter of its own. Any other write of a range is memset() or memcpy().
 */
static const char *const allocating[] = {
	"__interceptor_malloc",   "__interceptor_calloc",         "__interceptor_realloc",
	"__interceptor_memalign", "__interceptor_aligned_alloc",  "__interceptor_valloc",
	"__interceptor_pvalloc",  "__interceptor_posix_memalign", "__interceptor_reallocarray",
};
enum { ALLOCATING = sizeof allocating / sizeof allocating[0] };
static struct {
	uint64_t from, end;
} functions[ALLOCATING];

bool trace_start(void)
{
	for (unsigned i = 0; i < ALLOCATING; i++) {
		void *found = symbol_next(allocating[i]);
		Dl_info info;
		const ElfW(Sym) *symbol = NULL;
		if (!found || !dladdr1(found, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol)
			continue;
		functions[i].from = (uint64_t)found;
		functions[i].end = (uint64_t)found + symbol->st_size;
	}
	return functions[0].from;
}

bool trace_is_malloc(uint64_t pc)
{
	for (unsigned i = 0; i < ALLOCATING; i++)
		if (pc - functions[i].from < functions[i].end - functions[i].from)
			return true;
	return false;
}

/* A whole address again: heaps and libraries, the executable, what lies below it. */
static uint64_t restored(uint64_t address)
{
	uint64_t high = address >> 40;
	return high == 2 || high >= 8   ? address | 0x700000000000ull
	       : high == 5 || high == 6 ? address | 0x500000000000ull
					: address;
}

/* EventAccess, EventAccessExt: `how` begins with the bit that says whether it reads. */
static void read_access(const struct trace_reader *reader, uint64_t word, uint64_t how, uint64_t pc)
{
	enum trace_use use = (how & 1 ? TRACE_READ : TRACE_WRITE) + (how >> 1 & 1);
	uint64_t address = restored(word >> HISTORY_ADDRESS_AT);
	if (address && reader->access) /* without an address it fills a gap */
		reader->access(address, 1ull << (how >> 2 & 3), use, pc);
}

/* EventAccessRange. */
static void read_range(const struct trace_reader *reader, const uint64_t *at)
{
	uint64_t low = at[0] >> RANGE_SIZE_AT & ((1u << RANGE_SIZE_BITS) - 1);
	uint64_t high = at[1] >> HISTORY_ADDRESS_BITS;
	reader->range(restored(at[1] & TRACE_ADDRESS), high << RANGE_SIZE_BITS | low,
		      at[0] & RANGE_READS ? TRACE_READ : TRACE_WRITE,
		      restored(at[0] >> HISTORY_ADDRESS_AT));
}

static void read_part(const uint64_t *at, const uint64_t *end, const struct trace_reader *reader)
{
	uint64_t pc = 0;
	while (at < end) {
		uint64_t word = *at++;
		unsigned type = word >> 2 & 7;
		if (word & IS_ACCESS) {
			pc = pc ? pc + (word >> 5 & PC_MASK) - PC_ZERO : 0;
			read_access(reader, word, word >> 1, pc);
		} else if (!(word & IS_CALL) && type < UNLOCKED) {
			if (type == RANGE)
				read_range(reader, at - 1);
			else if (type == EXTENDED)
				read_access(reader, word, word >> 5, pc = *at);
			at++;
		}
	}
}

/*
 * The head of a part of a trace, which is PART bytes long and starts a page: TraceHeader. Its events
 * follow. The last words of a full part are of no meaning.
 */
struct part {
	uint64_t trace;
	uint64_t next, previous; /* the same two words of other parts */
	uint64_t recycle[2];
};
#define LINKS offsetof(struct part, next)

/* The part that follows that of `at`, and where that one ends; 0: it is the last one. */
static uint64_t part_behind(uint64_t at, uint64_t *end)
{
	struct part part, next;
	uint64_t page = at & ~(uint64_t)(PAGE - 1);
	for (uint64_t i = 0; i < PART / PAGE; i++, page -= PAGE) {
		if (!object_peek(page, &part, sizeof part))
			return 0;
		uint64_t found = part.next - LINKS;
		if (part.trace && part.next && found % PAGE == 0 &&
		    object_peek(found, &next, sizeof next) && next.trace == part.trace &&
		    next.previous == page + LINKS) {
			*end = page + PART;
			return found;
		}
	}
	return 0;
}

bool trace_read(const uint64_t *from, const uint64_t *to, const struct trace_reader *reader)
{
	for (unsigned i = 0; i < PARTS; i++) {
		uint64_t end, next = part_behind((uint64_t)from, &end);
		if (!next) {
			bool whole = from <= to && (uint64_t)to - (uint64_t)from <= PART;
			if (whole)
				read_part(from, to, reader);
			return whole;
		}
		read_part(from, (const uint64_t *)end, reader);
		from = (const uint64_t *)(next + sizeof(struct part));
	}
	return false;
}
