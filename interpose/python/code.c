/*
 * code.c - see code.h.
 *
 * Two levels: a cache of each thread, direct-mapped by the code object's address and checked
 * against the three pointers and the line that make its identity (addresses are reused), and one
 * table for all, open-addressed by a hash of the contents. Entries of the table are never changed
 * after they were published, so that look-ups take no lock; a table that is full is replaced by a
 * larger one and left to the readers it may still have.
 */
#include "interpose/python/code.h"

#include "interpose/python/layout.h"
#include "interpose/base/per_thread.h"
#include "interpose/base/private_heap.h"
#include "interpose/base/raw.h"
#include "interpose/base/ring.h"

#include <stdbool.h>
#include <stddef.h>

#define CACHE_SIZE 512u
#define RETRY_EVERY 256u
#define HASHES (1u << 20) /* of ids; those above have none */

struct cached {
	const void *code, *linetable, *qualname, *filename;
	int32_t first_line;
	uint32_t id; /* 0 = could not be told (full ring, no memory): tried again now and then */
	uint32_t misses;
};

struct table {
	uint32_t mask, used;
	struct {
		uint64_t hash;
		uint32_t id; /* 0 = empty; written last */
	} slot[];
};

static struct table *table;
static struct raw_lock table_lock;
static uint32_t last_id;
static uint64_t hashes[HASHES]; /* by id; pages that are not used take no memory */
static struct per_thread caches = { .size = CACHE_SIZE * sizeof(struct cached) };
static __thread struct cached *cache __attribute__((tls_model("initial-exec")));

void code_before_fork(void)
{
	per_thread_before_fork(&caches);
	raw_lock(&table_lock);
}

void code_after_fork(bool in_child)
{
	raw_unlock(&table_lock);
	per_thread_after_fork(&caches, cache, in_child);
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
	return hash ^ (hash >> 29);
}

static uint64_t hash_memory(uint64_t hash, const uint8_t *bytes, uint64_t length)
{
	uint64_t i = 0;
	for (; i + 8 <= length; i += 8)
		hash = mix(hash, *(const uint64_t *)(const void *)(bytes + i));
	uint64_t tail = 0;
	for (; i < length; i++)
		tail = tail << 8 | bytes[i];
	return mix(hash, tail ^ length << 56);
}

struct text {
	const uint8_t *data;
	uint64_t length; /* characters */
	unsigned kind;   /* bytes a character; 0 = cannot be read */
	bool ascii;
};

static struct text text_of(const void *str)
{
	struct text text = { 0 };
	if (!str)
		return text;
	/* From its lowest bit on: kind (3 bits), compact, ascii. */
	uint32_t state = (uint32_t)load32(str, python_at.str_state) >> python_at.str_kind;
	if (!(state >> 3 & 1))
		return text;
	text.kind = state & 7;
	text.ascii = state >> 4 & 1;
	text.length = load64(str, python_at.str_length);
	text.data = (const uint8_t *)str +
		    (text.ascii ? python_at.str_ascii_data : python_at.str_compact_data);
	return text;
}

static uint64_t hash_of(const void *code)
{
	struct text file = text_of(load_pointer(code, python_at.code_filename));
	struct text name = text_of(load_pointer(code, python_at.code_qualname));
	const void *lines = load_pointer(code, python_at.code_linetable);
	uint64_t hash = mix(0, (uint32_t)load32(code, python_at.code_first_line));
	hash = hash_memory(hash, file.data, file.length * file.kind);
	hash = hash_memory(hash, name.data, name.length * name.kind);
	if (lines)
		hash = hash_memory(hash, (const uint8_t *)lines + python_at.bytes_data,
				   load64(lines, python_at.size));
	return hash;
}

uint32_t code_utf8(const void *str, uint8_t *out, uint32_t room)
{
	struct text text = text_of(str);
	uint32_t used = 0;
	for (uint64_t i = 0; i < text.length && used + 4 <= room; i++) {
		uint32_t c = text.kind == 1   ? text.data[i]
			     : text.kind == 2 ? ((const uint16_t *)(const void *)text.data)[i]
			     : text.kind == 4 ? ((const uint32_t *)(const void *)text.data)[i]
					      : '?';
		if (c < 0x80) {
			out[used++] = (uint8_t)c;
		} else if (c < 0x800) {
			out[used++] = (uint8_t)(0xc0 | c >> 6);
			out[used++] = (uint8_t)(0x80 | (c & 0x3f));
		} else if (c < 0x10000) {
			out[used++] = (uint8_t)(0xe0 | c >> 12);
			out[used++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
			out[used++] = (uint8_t)(0x80 | (c & 0x3f));
		} else {
			out[used++] = (uint8_t)(0xf0 | c >> 18);
			out[used++] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
			out[used++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
			out[used++] = (uint8_t)(0x80 | (c & 0x3f));
		}
	}
	return used;
}

static bool announce(uint32_t id, const void *code)
{
	uint8_t name[1024], file[2048];
	const void *lines = load_pointer(code, python_at.code_linetable);
	uint64_t lines_length = lines ? load64(lines, python_at.size) : 0;
	uint32_t most = FTS_RECORD_MAX - 4096;
	if (lines_length > most)
		ring_limit(FTS_LIMIT_CODE_LINES);
	struct fts_code record = {
		.id = id,
		.first_line = load32(code, python_at.code_first_line),
		.qualname_length =
			code_utf8(load_pointer(code, python_at.code_qualname), name, sizeof name),
		.file_length =
			code_utf8(load_pointer(code, python_at.code_filename), file, sizeof file),
		.linetable_length = (uint32_t)(lines_length < most ? lines_length : most),
	};
	struct ring_part parts[] = {
		{ &record, sizeof record },
		{ name, record.qualname_length },
		{ file, record.file_length },
		{ lines ? (const uint8_t *)lines + python_at.bytes_data : NULL,
		  record.linetable_length },
	};
	return ring_write(FTS_REC_CODE, parts, lines ? 4 : 3);
}

static uint32_t find(const struct table *in, uint64_t hash)
{
	for (uint32_t i = (uint32_t)hash & in->mask;; i = (i + 1) & in->mask) {
		uint32_t id = __atomic_load_n(&in->slot[i].id, __ATOMIC_ACQUIRE);
		if (id == 0 || in->slot[i].hash == hash)
			return id;
	}
}

static void insert(struct table *into, uint64_t hash, uint32_t id)
{
	uint32_t i = (uint32_t)hash & into->mask;
	while (into->slot[i].id != 0)
		i = (i + 1) & into->mask;
	into->slot[i].hash = hash;
	__atomic_store_n(&into->slot[i].id, id, __ATOMIC_RELEASE);
	into->used++;
}

/* Called with the lock held. NULL without memory. */
static struct table *with_room(void)
{
	struct table *old = table;
	if (old && old->used * 2 < old->mask)
		return old;
	uint32_t size = old ? (old->mask + 1) * 2 : 8192;
	struct table *larger = heap_zalloc(sizeof *larger + size * sizeof larger->slot[0]);
	if (!larger)
		return NULL;
	larger->mask = size - 1;
	for (uint32_t i = 0; old && i <= old->mask; i++)
		if (old->slot[i].id != 0)
			insert(larger, old->slot[i].hash, old->slot[i].id);
	__atomic_store_n(&table, larger, __ATOMIC_RELEASE);
	return larger;
}

static uint32_t intern(const void *code)
{
	uint64_t hash = hash_of(code);
	const struct table *seen = __atomic_load_n(&table, __ATOMIC_ACQUIRE);
	uint32_t id = seen ? find(seen, hash) : 0;
	if (id)
		return id;
	raw_lock(&table_lock);
	struct table *into = with_room();
	id = into ? find(into, hash) : 0;
	if (into && !id && announce(last_id + 1, code)) {
		id = ++last_id;
		if (id < HASHES)
			__atomic_store_n(&hashes[id], hash, __ATOMIC_RELAXED);
		insert(into, hash, id);
	}
	raw_unlock(&table_lock);
	return id;
}

uint64_t code_hash(uint32_t id)
{
	return id < HASHES ? __atomic_load_n(&hashes[id], __ATOMIC_RELAXED) : 0;
}

uint32_t code_id(const void *code)
{
	if (UNLIKELY(!cache)) {
		cache = per_thread_claim(&caches);
		if (!cache)
			return intern(code);
	}
	struct cached *entry = &cache[((uintptr_t)code >> 5 ^ (uintptr_t)code >> 14) % CACHE_SIZE];
	const void *linetable = load_pointer(code, python_at.code_linetable);
	const void *qualname = load_pointer(code, python_at.code_qualname);
	const void *filename = load_pointer(code, python_at.code_filename);
	int32_t first_line = load32(code, python_at.code_first_line);
	if (LIKELY(entry->code == code && entry->linetable == linetable &&
		   entry->qualname == qualname && entry->filename == filename &&
		   entry->first_line == first_line) &&
	    LIKELY(entry->id || entry->misses++ % RETRY_EVERY))
		return entry->id;
	uint32_t id = intern(code);
	*entry = (struct cached){ code, linetable, qualname, filename, first_line, id, 1 };
	return id;
}
