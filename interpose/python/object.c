/* object.c - see object.h. */
#include "interpose/python/object.h"

#include "interpose/base/raw.h"
#include "interpose/python/layout.h"
#include "interpose/python/release.h"

#include <stddef.h>
#include <sys/uio.h>

/* Include/internal/mimalloc/mimalloc/types.h, the same in all releases; probe.c looks. */
enum {
	SLICE_BYTES = 65536,
	HEAP_MEM = 0, /* mi_page_t.tag: _Py_MIMALLOC_HEAP_* */
	HEAP_GC_PRE = 3,
	GC_PRE_HEADER = 16, /* before objects with a __dict__ or weak references slot */
};
#define SEGMENT_BYTES OBJECT_SEGMENT

struct slice { /* the head of mi_page_t */
	uint32_t count;
	uint32_t offset; /* bytes back to the first slice of the page */
	uint8_t flags;   /* tag in bits 3..6 */
	uint8_t debug_offset;
	uint16_t capacity, reserved;
	uint8_t more[22];
	uint32_t block_size;
};
_Static_assert(offsetof(struct slice, block_size) == 36, "mi_page_t.xblock_size");

bool object_peek(uint64_t address, void *out, uint64_t length)
{
	struct iovec local = { out, length };
	struct iovec remote = { (void *)address, length };
	return raw_syscall6(SYS_process_vm_readv, raw_getpid(), (long)&local, 1, (long)&remote, 1,
			    0) == (long)length;
}

/* _mi_segment_page_start_from_slice */
static uint64_t first_block(uint64_t segment, uint64_t slice, uint64_t block)
{
	return segment +
	       (slice - segment - python_at.segment_slices) / python_at.slice_size * SLICE_BYTES +
	       (block <= 64    ? 3 * block
		: block <= 512 ? block
			       : 0);
}

static struct object_block block_in(const struct slice *slice)
{
	unsigned tag = slice->flags >> 3 & 15;
	return (struct object_block){ slice->block_size, tag == HEAP_GC_PRE ? GC_PRE_HEADER : 0,
				      tag == HEAP_MEM, tag % OBJECT_HEAPS };
}

typedef bool reader(uint64_t address, void *out, uint64_t length);

/* Of memory that is there. */
static bool copy(uint64_t address, void *out, uint64_t length)
{
	raw_copy(out, (const void *)address, length);
	return true;
}

static bool find_block(uint64_t address, reader *read, uint64_t *start, struct object_block *found)
{
	uint64_t segment = address & ~(SEGMENT_BYTES - 1);
	uint64_t index = (address - segment) / SLICE_BYTES;
	uint64_t at = segment + python_at.segment_slices + index * python_at.slice_size;
	uint64_t entries = 0;
	struct slice slice;
	if (!python_release || !read(segment + python_at.segment_slice_entries, &entries, 8) ||
	    index >= entries || entries > SEGMENT_BYTES / SLICE_BYTES ||
	    !read(at, &slice, sizeof slice))
		return false;
	if (slice.offset % python_at.slice_size != 0 || slice.offset / python_at.slice_size > index)
		return false;
	at -= slice.offset;
	if (!read(at, &slice, sizeof slice) || slice.offset != 0 || slice.count == 0 ||
	    slice.block_size < 8)
		return false;
	uint64_t block = slice.block_size;
	uint64_t first = first_block(segment, at, block);
	if (address < first || (address - first) / block >= slice.reserved)
		return false;
	*start = first + (address - first) / block * block;
	*found = block_in(&slice);
	return true;
}

static inline const struct slice *slice_of(const void *block)
{
	uint64_t segment = ((uint64_t)block - 1) & ~(SEGMENT_BYTES - 1);
	uint64_t index = ((uint64_t)block - segment) / SLICE_BYTES;
	const struct slice *slice = (const struct slice *)(segment + python_at.segment_slices +
							   index * python_at.slice_size);
	return (const struct slice *)((const char *)slice - slice->offset);
}

bool object_block_begins(const void *block)
{
	const struct slice *slice = slice_of(block);
	uint64_t segment = ((uint64_t)block - 1) & ~(SEGMENT_BYTES - 1);
	uint64_t first = first_block(segment, (uint64_t)slice, slice->block_size);
	return slice->block_size && ((uint64_t)block - first) % slice->block_size == 0;
}

struct object_block object_block(const void *block)
{
	return block_in(slice_of(block));
}

bool object_block_at(uint64_t address, uint64_t *start, struct object_block *block)
{
	return find_block(address, object_peek, start, block);
}

bool object_block_beside(uint64_t address, uint64_t *start, struct object_block *block)
{
	return find_block(address, copy, start, block);
}

/* A type is an object whose type has TYPE_SUBCLASS. */
bool object_type_name(uint64_t type, char *name, uint64_t room)
{
	uint64_t meta = 0, flags = 0, text = 0;
	if (!object_peek(type + OBJECT_TYPE, &meta, 8) ||
	    !object_peek(meta + python_at.type_flags, &flags, 8) || !(flags & TYPE_SUBCLASS) ||
	    !object_peek(type + python_at.type_name, &text, 8))
		return false;
	uint64_t length = 0;
	for (; length + 1 < room; length++)
		if (!object_peek(text + length, &name[length], 1) || name[length] < ' ')
			break;
	name[length] = '\0';
	return length > 0;
}

bool object_find(uint64_t address, struct object *object)
{
	uint64_t start, type = 0;
	struct object_block block;
	if (!object_block_at(address, &start, &block))
		return false;
	*object = (struct object){ .start = start, .size = block.size, .memory = block.memory };
	if (!block.memory && object_peek(start + block.header + OBJECT_TYPE, &type, 8) &&
	    object_type_name(type, object->type, sizeof object->type)) {
		object->start += block.header;
		object->size -= block.header;
	}
	return true;
}

bool object_in_malloc(uint64_t block, uint64_t size, struct object *object)
{
	uint64_t type = 0, basic = 0, item = 0;
	struct object found = { .start = block, .size = size };
	if (!python_release || size < OBJECT_TYPE + 8 ||
	    !object_peek(block + OBJECT_TYPE, &type, 8) ||
	    !object_type_name(type, found.type, sizeof found.type) ||
	    !object_peek(type + python_at.type_basicsize, &basic, 8) ||
	    !object_peek(type + python_at.type_itemsize, &item, 8))
		return false;
	if (size < basic || (size > basic && (item == 0 || (size - basic) % item != 0)))
		return false;
	*object = found;
	return true;
}

bool object_pages(uint64_t segment, bool (*look)(const struct object_page *page, void *context),
		  void *context)
{
	uint64_t entries = 0;
	struct slice slice;
	if (!python_release ||
	    !object_peek(segment + python_at.segment_slice_entries, &entries, 8) ||
	    entries > SEGMENT_BYTES / SLICE_BYTES)
		return false;
	for (uint64_t i = 0; i < entries; i += slice.count) {
		uint64_t at = segment + python_at.segment_slices + i * python_at.slice_size;
		if (!object_peek(at, &slice, sizeof slice) || slice.count == 0)
			return false;
		unsigned tag = slice.flags >> 3 & 15;
		if (slice.offset != 0 || slice.block_size < 8 || tag == HEAP_MEM)
			continue;
		struct object_page page = { first_block(segment, at, slice.block_size),
					    (uint64_t)slice.capacity * slice.block_size,
					    slice.block_size,
					    tag == HEAP_GC_PRE ? GC_PRE_HEADER : 0 };
		if (look(&page, context))
			return true;
	}
	return false;
}
