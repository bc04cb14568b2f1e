/* ring.c - see ring.h and include/ftstress/arena.h. */
#include "interpose/base/ring.h"

#include "interpose/base/raw.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

#define PATIENCE_NANOSECONDS 60000000000ull /* for so long a control record waits for the reader */
#define WAIT_NANOSECONDS 1000000            /* until the writer looks again whether there is room */
#define CLAIM_NANOSECONDS 100000000ull      /* until a thread without a ring looks for one again */
#define BORROW_NANOSECONDS 20000            /* until the shared ring is tried again */
#define BORROW_TRIES 250

struct writer {
	struct fts_ring *ring; /* NULL = none yet */
	uint32_t tid, pid;
	bool busy;            /* in the middle of a write into its own ring */
	bool borrows;         /* the same of the shared one */
	uint64_t claim_again; /* no ring was free: the time to look for one again */
};

static struct fts_arena *arena;
static uint32_t
	unread; /* 1: a writer has waited in vain. Then no writer waits until one succeeds. */
static __thread struct writer writer __attribute__((tls_model("initial-exec")));

struct fts_arena *ring_arena(void)
{
	return arena;
}

static int parse_fd(const char *text)
{
	int fd = 0;
	if (!*text)
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || fd > 100000)
			return -1;
		fd = fd * 10 + (*text - '0');
	}
	return fd;
}

bool ring_init(const char **why)
{
	const char *name = getenv(FTS_ENV_ARENA);
	if (!name) {
		*why = "not started by ftstress: no " FTS_ENV_ARENA;
		return false;
	}
	int fd = parse_fd(name);
	long address = raw_syscall6(SYS_mmap, 0, sizeof(struct fts_arena), PROT_READ | PROT_WRITE,
				    MAP_SHARED, fd, 0);
	if (address < 0 && address > -4096) {
		*why = "the arena cannot be mapped";
		return false;
	}
	struct fts_arena *mapped = (struct fts_arena *)address;
	if (mapped->magic != FTS_ARENA_MAGIC || mapped->version != FTS_ARENA_VERSION ||
	    mapped->ring_count != FTS_RING_COUNT || mapped->ring_bytes != FTS_RING_BYTES) {
		raw_syscall3(SYS_munmap, address, sizeof(struct fts_arena), 0);
		*why = "the runner speaks another version of the arena";
		return false;
	}
	arena = mapped;
	return true;
}

void ring_forked(void)
{
	writer = (struct writer){ 0 };
}

static bool claim_one(struct fts_ring *ring, bool dead_ones, uint32_t tid)
{
	uint32_t owner = __atomic_load_n(&ring->owner, __ATOMIC_RELAXED);
	/* An owner with our number is an ended thread, whose number we got. */
	if (owner != 0 && owner != tid && !(dead_ones && raw_is_gone(owner)))
		return false;
	return __atomic_compare_exchange_n(&ring->owner, &owner, tid, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

/* Looks for a ring in two rounds: first for a free one, then for one whose thread has ended. */
static __attribute__((noinline)) void claim(uint64_t now)
{
	if (now < writer.claim_again)
		return;
	uint32_t start = __atomic_load_n(&arena->claim_hint, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < 2 * FTS_RING_SHARED; i++) {
		uint32_t index = (start + i) % FTS_RING_SHARED;
		if (!claim_one(&arena->ring[index], i >= FTS_RING_SHARED, writer.tid))
			continue;
		__atomic_store_n(&arena->claim_hint, (index + 1) % FTS_RING_SHARED,
				 __ATOMIC_RELAXED);
		writer.ring = &arena->ring[index];
		return;
	}
	ring_limit(FTS_LIMIT_RINGS);
	writer.claim_again = now + CLAIM_NANOSECONDS;
}

static void sleep_a_bit(long nanoseconds)
{
	static uint32_t nothing;
	struct timespec time = { 0, nanoseconds };
	raw_syscall6(SYS_futex, (long)&nothing, FUTEX_WAIT_PRIVATE, 0, (long)&time, 0, 0);
}

/* Become the owner of the shared ring. NULL: others have it for longer than we try. */
static struct fts_ring *borrow(void)
{
	struct fts_ring *ring = &arena->ring[FTS_RING_SHARED];
	for (int i = 0; i < BORROW_TRIES; i++) {
		if (claim_one(ring, true, writer.tid))
			return ring;
		sleep_a_bit(BORROW_NANOSECONDS);
	}
	return NULL;
}

/*
 * A ring into which the calling thread may write one record; give_back() has to follow. It is the
 * thread's own, or the shared one if the thread has none or a signal handler has interrupted it in
 * the middle of its own. NULL: neither can be had now.
 */
static struct fts_ring *take(uint64_t now)
{
	if (UNLIKELY(!writer.tid)) {
		writer.tid = raw_gettid();
		writer.pid = raw_getpid();
	}
	if (!writer.busy && UNLIKELY(!writer.ring))
		claim(now);
	if (LIKELY(!writer.busy && writer.ring)) {
		writer.busy = true;
		return writer.ring;
	}
	if (writer.borrows)
		return NULL;
	writer.borrows = true;
	struct fts_ring *ring = borrow();
	writer.borrows = ring != NULL;
	return ring;
}

static void give_back(struct fts_ring *ring)
{
	if (LIKELY(ring == writer.ring)) {
		writer.busy = false;
		return;
	}
	__atomic_store_n(&ring->owner, 0, __ATOMIC_RELEASE);
	writer.borrows = false;
}

/*
 * Copy a record to *head, and move *head on. The reader does not see it before ring->head is
 * stored. False: there is no room.
 */
static bool append(struct fts_ring *ring, uint64_t *head, const struct fts_record *header,
		   const struct ring_part *parts, unsigned count)
{
	uint64_t room =
		fts_is_bulk(header->type) ? FTS_RING_BYTES - FTS_RING_RESERVE : FTS_RING_BYTES;
	uint64_t to_end = FTS_RING_BYTES - (*head & (FTS_RING_BYTES - 1));
	uint64_t skip = to_end < header->length ? to_end : 0;
	uint64_t used = *head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
	if (used + skip + header->length > room)
		return false;
	if (skip) {
		struct fts_record pad = { .length = (uint32_t)skip, .type = FTS_REC_PAD };
		/* The rest may be shorter than a header: length and type always fit (8 bytes). */
		raw_copy(ring->data + (*head & (FTS_RING_BYTES - 1)), &pad,
			 skip < sizeof pad ? skip : sizeof pad);
		*head += skip;
	}
	uint8_t *at = ring->data + (*head & (FTS_RING_BYTES - 1));
	raw_copy(at, header, sizeof *header);
	at += sizeof *header;
	for (unsigned i = 0; i < count; i++) {
		raw_copy(at, parts[i].bytes, parts[i].length);
		at += parts[i].length;
	}
	/* What the ring held here before must not be taken for a part of this record. */
	for (unsigned i = 0; i < header->padding; i++)
		at[i] = 0;
	*head += header->length;
	return true;
}

/* Write the record; if records were dropped before it, a LOST record goes in front of it. */
static bool write_record(struct fts_ring *ring, const struct fts_record *header,
			 const struct ring_part *parts, unsigned count)
{
	uint64_t head = ring->head;
	if (UNLIKELY(ring->gap)) {
		struct fts_lost lost = { .count = ring->gap, .types = ring->gap_types };
		struct ring_part part = { &lost, sizeof lost };
		struct fts_record before = *header;
		before.type = FTS_REC_LOST;
		before.length = sizeof before + sizeof lost;
		before.padding = 0;
		if (!append(ring, &head, &before, &part, 1))
			return false;
	}
	if (!append(ring, &head, header, parts, count))
		return false;
	ring->gap = 0;
	ring->gap_types = 0;
	__atomic_store_n(&ring->head, head, __ATOMIC_RELEASE);
	return true;
}

static void lose(uint32_t type, uint64_t now)
{
	struct fts_ring *ring = take(now);
	bool control = !fts_is_bulk(type);
	if (!ring) {
		__atomic_fetch_add(&arena->lost_control, control, __ATOMIC_RELAXED);
		__atomic_fetch_add(&arena->lost, 1, __ATOMIC_RELAXED);
		return;
	}
	ring->gap++;
	ring->gap_types |= 1u << (type & 31);
	__atomic_store_n(&ring->lost_control, ring->lost_control + control, __ATOMIC_RELAXED);
	__atomic_store_n(&ring->lost, ring->lost + 1, __ATOMIC_RELAXED);
	give_back(ring);
}

bool ring_write(uint32_t type, const struct ring_part *parts, unsigned count)
{
	if (!arena)
		return false;
	uint32_t length = sizeof(struct fts_record);
	for (unsigned i = 0; i < count; i++)
		length += parts[i].length;
	uint32_t padding = -length & (FTS_RECORD_ALIGN - 1);
	length += padding;
	uint64_t now = raw_now(), end = fts_is_bulk(type) ? now : now + PATIENCE_NANOSECONDS;
	bool fits = length <= FTS_RECORD_MAX, written = false;
	for (;;) {
		/*
		 * This is a signal handler that interrupted its own thread in the middle of the
		 * shared ring: waiting for that would be waiting for itself.
		 */
		bool hopeless = writer.borrows;
		struct fts_ring *ring = fits && !hopeless ? take(now) : NULL;
		if (LIKELY(ring)) {
			struct fts_record header = {
				.length = length,
				.type = (uint16_t)type,
				.padding = (uint16_t)padding,
				.pid = writer.pid,
				.tid = writer.tid,
				.test = __atomic_load_n(&arena->current_test, __ATOMIC_RELAXED),
				.nanoseconds = now,
			};
			written = write_record(ring, &header, parts, count);
			give_back(ring);
		}
		if (LIKELY(written) || !fits || hopeless || now >= end ||
		    __atomic_load_n(&unread, __ATOMIC_RELAXED))
			break;
		sleep_a_bit(WAIT_NANOSECONDS);
		now = raw_now();
	}
	if (UNLIKELY(!written)) {
		if (!fts_is_bulk(type) && now >= end)
			__atomic_store_n(&unread, 1, __ATOMIC_RELAXED);
		lose(type, now);
	} else if (UNLIKELY(__atomic_load_n(&unread, __ATOMIC_RELAXED))) {
		__atomic_store_n(&unread, 0, __ATOMIC_RELAXED);
	}
	return written;
}

uint32_t ring_room(void)
{
	struct fts_ring *ring = arena ? take(raw_now()) : NULL;
	if (!ring)
		return 0;
	uint64_t used = ring->head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
	give_back(ring);
	return (uint32_t)(FTS_RING_BYTES - used);
}

void ring_limit(enum fts_limit limit)
{
	if (arena)
		__atomic_fetch_add(&arena->limits[limit], 1, __ATOMIC_RELAXED);
}

void ring_set_test(uint32_t index)
{
	if (arena)
		__atomic_store_n(&arena->current_test, index, __ATOMIC_RELAXED);
}
