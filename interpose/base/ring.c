/* ring.c - see ring.h and include/ftstress/arena.h. */
#include "interpose/base/ring.h"

#include "interpose/base/raw.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

struct writer {
	struct fts_ring *ring;
	uint32_t tid, pid;
	bool busy;
};

static struct fts_arena *arena;
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

static bool thread_is_gone(uint32_t tid)
{
	return raw_syscall3(SYS_tkill, (long)tid, 0, 0) == -3; /* -ESRCH */
}

static bool claim_one(struct fts_ring *ring, bool dead_ones, uint32_t tid)
{
	uint32_t owner = __atomic_load_n(&ring->owner, __ATOMIC_RELAXED);
	if (owner != 0 && !(dead_ones && thread_is_gone(owner)))
		return false;
	return __atomic_compare_exchange_n(&ring->owner, &owner, tid, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

/* Two rounds: free rings first, then those whose thread ended. */
static __attribute__((noinline)) bool claim(void)
{
	uint32_t tid = raw_gettid();
	uint32_t start = __atomic_load_n(&arena->claim_hint, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < 2 * FTS_RING_COUNT; i++) {
		uint32_t index = (start + i) % FTS_RING_COUNT;
		if (!claim_one(&arena->ring[index], i >= FTS_RING_COUNT, tid))
			continue;
		__atomic_store_n(&arena->claim_hint, (index + 1) % FTS_RING_COUNT,
				 __ATOMIC_RELAXED);
		writer.tid = tid;
		writer.pid = raw_getpid();
		writer.ring = &arena->ring[index];
		return true;
	}
	return false;
}

static void put(struct fts_ring *ring, uint64_t position, const struct fts_record *header,
		const struct ring_part *parts, unsigned count)
{
	uint8_t *at = ring->data + (position & (FTS_RING_BYTES - 1));
	raw_copy(at, header, sizeof *header);
	at += sizeof *header;
	for (unsigned i = 0; i < count; i++) {
		raw_copy(at, parts[i].bytes, parts[i].length);
		at += parts[i].length;
	}
	/* Else a reader of the padding would see what the ring held before. */
	for (unsigned i = 0; i < header->padding; i++)
		at[i] = 0;
}

static bool write_record(struct fts_ring *ring, struct fts_record *header,
			 const struct ring_part *parts, unsigned count)
{
	uint64_t head = ring->head;
	uint64_t to_end = FTS_RING_BYTES - (head & (FTS_RING_BYTES - 1));
	uint64_t skip = to_end < header->length ? to_end : 0;
	uint64_t used = head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
	if (used + skip + header->length > FTS_RING_BYTES)
		return false;
	if (skip) {
		struct fts_record pad = { .length = (uint32_t)skip, .type = FTS_REC_PAD };
		/* The rest may be shorter than a header: length and type always fit (8 bytes). */
		raw_copy(ring->data + (head & (FTS_RING_BYTES - 1)), &pad,
			 skip < sizeof pad ? skip : sizeof pad);
		head += skip;
	}
	put(ring, head, header, parts, count);
	__atomic_store_n(&ring->head, head + header->length, __ATOMIC_RELEASE);
	return true;
}

bool ring_write(uint32_t type, const struct ring_part *parts, unsigned count)
{
	if (!arena || writer.busy || (!writer.ring && !claim()))
		return false;
	uint32_t length = sizeof(struct fts_record);
	for (unsigned i = 0; i < count; i++)
		length += parts[i].length;
	uint32_t padding = -length & (FTS_RECORD_ALIGN - 1);
	length += padding;
	struct fts_record header = {
		.length = length,
		.type = (uint16_t)type,
		.padding = (uint16_t)padding,
		.pid = writer.pid,
		.tid = writer.tid,
		.test = __atomic_load_n(&arena->current_test, __ATOMIC_RELAXED),
		.nanoseconds = raw_now(),
	};
	writer.busy = true;
	bool written = length <= FTS_RECORD_MAX && write_record(writer.ring, &header, parts, count);
	if (!written)
		__atomic_store_n(&writer.ring->lost, writer.ring->lost + 1, __ATOMIC_RELAXED);
	writer.busy = false;
	return written;
}

uint32_t ring_room(void)
{
	if (!arena || writer.busy || (!writer.ring && !claim()))
		return 0;
	uint64_t used = writer.ring->head - __atomic_load_n(&writer.ring->tail, __ATOMIC_ACQUIRE);
	return (uint32_t)(FTS_RING_BYTES - used);
}

void ring_set_test(uint32_t index)
{
	if (arena)
		__atomic_store_n(&arena->current_test, index, __ATOMIC_RELAXED);
}
