/* arena.c - see arena.h. */
#include "runner/records/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ftstress/record.h"
#include "runner/base/util.h"

int arena_open(struct arena *arena)
{
	*arena = (struct arena){ .fd = memfd_create("ftstress-arena", MFD_CLOEXEC) };
	if (arena->fd < 0)
		return fail(EXIT_INTERNAL, "memfd_create: %s", strerror(errno));
	if (ftruncate(arena->fd, (off_t)sizeof(struct fts_arena)) == 0)
		arena->shared = mmap(NULL, sizeof(struct fts_arena), PROT_READ | PROT_WRITE,
				     MAP_SHARED, arena->fd, 0);
	if (!arena->shared || arena->shared == MAP_FAILED) {
		int error = errno;
		arena->shared = NULL;
		arena_close(arena);
		return fail(EXIT_INTERNAL, "no memory for the records of a worker: %s",
			    strerror(error));
	}
	arena->copy = xmalloc(FTS_RING_BYTES);
	arena->shared->magic = FTS_ARENA_MAGIC;
	arena->shared->version = FTS_ARENA_VERSION;
	arena->shared->ring_count = FTS_RING_COUNT;
	arena->shared->ring_bytes = FTS_RING_BYTES;
	arena->shared->current_test = FTS_NO_TEST;
	return 0;
}

void arena_close(struct arena *arena)
{
	if (arena->shared)
		munmap(arena->shared, sizeof(struct fts_arena));
	if (arena->fd >= 0)
		close(arena->fd);
	free(arena->copy);
	arena->copy = NULL;
	arena->shared = NULL;
	arena->fd = -1;
}

/* The length of the record or padding at `at`; `room` bytes follow there. 0 = it is nonsense. */
static size_t record_length(const uint8_t *at, size_t room, uint16_t *type)
{
	uint32_t length;
	if (room < 8)
		return 0;
	memcpy(&length, at + offsetof(struct fts_record, length), sizeof length);
	memcpy(type, at + offsetof(struct fts_record, type), sizeof *type);
	if (length < 8 || length % 8 || length > room)
		return 0;
	if (*type != FTS_REC_PAD && (length < sizeof(struct fts_record) || length > FTS_RECORD_MAX))
		return 0;
	return length;
}

/* Copy the bytes of the ring from `tail` on to the same places in `copy`. */
static void copy_ring(const struct fts_ring *ring, uint64_t tail, uint64_t length, uint8_t *copy)
{
	size_t offset = tail & (FTS_RING_BYTES - 1), first = FTS_RING_BYTES - offset;
	if (first > length)
		first = (size_t)length;
	memcpy(copy + offset, ring->data + offset, first);
	memcpy(copy, ring->data, (size_t)length - first);
}

/* Returns false if the ring holds nonsense. */
static bool drain_ring(struct fts_ring *ring, uint8_t *copy, arena_take *take, void *arg)
{
	uint64_t tail = ring->tail;
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
	bool sane = head >= tail && head - tail <= FTS_RING_BYTES && tail % 8 == 0;
	if (sane)
		copy_ring(ring, tail, head - tail, copy);
	while (sane && tail < head) {
		size_t offset = tail & (FTS_RING_BYTES - 1);
		size_t room = FTS_RING_BYTES - offset;
		if (room > head - tail)
			room = (size_t)(head - tail);
		size_t whole = 0, padding = 0;
		while (whole < room) {
			uint16_t type;
			const uint8_t *at = copy + offset + whole;
			size_t length = record_length(at, room - whole, &type);
			sane = length > 0;
			if (sane && type == FTS_REC_PAD)
				padding = length;
			if (!sane || padding)
				break;
			whole += length;
		}
		if (whole)
			take(arg, copy + offset, whole);
		tail += whole + padding;
	}
	__atomic_store_n(&ring->tail, head, __ATOMIC_RELEASE);
	return sane;
}

/*
 * Add what the counters have gained since `told`. They begin at 0 again when their ring is freed.
 */
static void add_lost(struct arena_lost now, struct arena_lost *told, struct arena_lost *sum)
{
	if (now.records > told->records)
		sum->records += now.records - told->records;
	if (now.control > told->control)
		sum->control += now.control - told->control;
	*told = now;
}

struct arena_lost arena_drain(struct arena *arena, arena_take *take, void *arg)
{
	struct arena_lost lost = { 0, 0 };
	for (size_t i = 0; i < FTS_RING_COUNT; i++) {
		struct fts_ring *ring = &arena->shared->ring[i];
		if (ring->tail != ring->head && !drain_ring(ring, arena->copy, take, arg)) {
			lost.records++;
			lost.control++;
		}
		struct arena_lost now = {
			__atomic_load_n(&ring->lost, __ATOMIC_RELAXED),
			__atomic_load_n(&ring->lost_control, __ATOMIC_RELAXED),
		};
		add_lost(now, &arena->told[i], &lost);
	}
	struct arena_lost now = {
		__atomic_load_n(&arena->shared->lost, __ATOMIC_RELAXED),
		__atomic_load_n(&arena->shared->lost_control, __ATOMIC_RELAXED),
	};
	add_lost(now, &arena->told[FTS_RING_COUNT], &lost);
	return lost;
}

bool arena_limits(struct arena *arena, uint64_t counts[FTS_LIMIT_COUNT])
{
	bool any = false;
	for (size_t i = 0; i < FTS_LIMIT_COUNT; i++) {
		uint64_t now = __atomic_load_n(&arena->shared->limits[i], __ATOMIC_RELAXED);
		counts[i] = now > arena->limits[i] ? now - arena->limits[i] : 0;
		any = any || counts[i];
		arena->limits[i] = now;
	}
	return any;
}

void arena_recycle(struct arena *arena)
{
	for (size_t i = 0; i < FTS_RING_COUNT; i++) {
		struct fts_ring *ring = &arena->shared->ring[i];
		uint32_t owner = __atomic_load_n(&ring->owner, __ATOMIC_ACQUIRE);
		if (owner == 0 || (owner <= INT32_MAX && kill((pid_t)owner, 0) == 0))
			continue;
		ring->head = ring->tail = ring->lost = ring->gap = 0;
		ring->lost_control = ring->gap_types = 0;
		arena->told[i] = (struct arena_lost){ 0, 0 };
		off_t data = (off_t)((uint8_t *)ring->data - (uint8_t *)arena->shared);
		fallocate(arena->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, data,
			  FTS_RING_BYTES);
		__atomic_store_n(&ring->owner, 0, __ATOMIC_RELEASE);
	}
	arena->shared->current_test = FTS_NO_TEST;
	/* A process that held it may have been killed. */
	arena->shared->crash_lock = arena->shared->crash_tid = 0;
}
