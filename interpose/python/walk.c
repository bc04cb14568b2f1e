/* walk.c - see walk.h. */
#define _GNU_SOURCE
#include "interpose/python/walk.h"

#include "ftstress/record.h"
#include "interpose/python/code.h"
#include "interpose/python/layout.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>

static struct walk_range own, eval_loop;
static void *code_type;

const char *walk_code(const void *frame)
{
	/* From 3.14 on it is a _PyStackRef: a pointer with a tag of two bits. */
	return (const char *)(load64(frame, python_at.frame_executable) & ~3ull);
}

bool walk_is_entry(const void *frame)
{
	return *((const uint8_t *)frame + python_at.frame_owner) == python_at.frame_entry;
}

bool walk_is_code(const char *code)
{
	return code && load_pointer(code, OBJECT_TYPE) == code_type;
}

uint64_t walk_position(const void *frame, uint64_t instruction)
{
	const char *code = walk_code(frame);
	if (!walk_is_code(code))
		return 0;
	uint32_t id = code_id(code);
	uint64_t offset = (instruction - python_bytecode(code, frame)) / 2;
	if (offset >= FTS_PC_MARKER)
		offset = FTS_PC_MARKER;
	return id ? FTS_PC_PYTHON | (uint64_t)id << 16 | offset : 0;
}

unsigned walk_callers(const void *frame, uint64_t *positions, unsigned room)
{
	unsigned count = 0;
	for (; frame && count < room; frame = load_pointer(frame, python_at.frame_previous)) {
		uint64_t at =
			walk_is_entry(frame)
				? 0
				: walk_position(frame, load64(frame, python_at.frame_instr_ptr));
		if (at)
			positions[count++] = at;
	}
	return count;
}

/*
 * Put the Python frames that one eval loop runs into `out`. *frame moves on to the frame that
 * called into this loop. `fp` is the frame pointer of the loop's C function.
 */
static unsigned walk_python(const void **frame, uint64_t fp, struct walked *out, unsigned room)
{
	unsigned count = 0;
	while (*frame && !walk_is_entry(*frame)) {
		uint64_t pc = walk_position(*frame, load64(*frame, python_at.frame_instr_ptr));
		if (pc && count < room)
			out[count++] = (struct walked){ pc, fp, (uint64_t)*frame };
		*frame = load_pointer(*frame, python_at.frame_previous);
	}
	if (*frame)
		*frame = load_pointer(*frame, python_at.frame_previous);
	return count;
}

/* Where the thread's stack ends; `fp` if that is not known: then no frame is read. */
static uint64_t stack_end(uint64_t fp)
{
	static __thread uint64_t end __attribute__((tls_model("initial-exec")));
	if (end)
		return end;
	uint64_t top; /* the thread's control block, just above its stack */
	__asm__("movq %%fs:16, %0" : "=r"(top));
	void **main_end = dlsym(RTLD_DEFAULT, "__libc_stack_end");
	if (main_end && (uint64_t)*main_end > fp && (uint64_t)*main_end - fp < 1ull << 30)
		top = (uint64_t)*main_end;
	if (top < fp || top - fp > 1ull << 30)
		top = fp;
	return end = top;
}

unsigned walk_stack(const void *hook, struct walked *out, unsigned room)
{
	uint64_t fp = (uint64_t)hook, end = stack_end(fp);
	const void *tstate = python_running();
	const void *frame = tstate ? load_pointer(tstate, python_at.tstate_current_frame) : NULL;
	unsigned count = 0;
	while (count < room && fp % 8 == 0 && fp + 16 <= end) {
		uint64_t next = load64((const void *)fp, 0), pc = load64((const void *)fp, 8);
		if (pc < 4096 || pc - fp < end - fp) /* no code */
			break;
		if (pc - eval_loop.low < eval_loop.size && frame)
			count += walk_python(&frame, next, out + count, room - count);
		else if (pc - own.low >= own.size)
			out[count++] = (struct walked){ pc, next, 0 };
		if (next <= fp)
			break;
		fp = next;
	}
	/* Code without frame pointers stands in between, as libffi below ctypes: Python's frames at least. */
	while (frame && count < room)
		count += walk_python(&frame, fp, out + count, room - count);
	return count;
}

static int find_range(struct dl_phdr_info *info, size_t size, void *argument)
{
	struct walk_range *range = argument;
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		uintptr_t low = info->dlpi_addr + header->p_vaddr;
		if (header->p_type != PT_LOAD || !(header->p_flags & PF_X) ||
		    range->at - low >= header->p_memsz)
			continue;
		range->low = low;
		range->size = header->p_memsz;
		return 1;
	}
	return 0;
}

struct walk_range walk_range_of(uintptr_t at)
{
	struct walk_range range = { .at = at };
	dl_iterate_phdr(find_range, &range);
	return range;
}

void walk_start(uintptr_t eval_low, uintptr_t eval_size)
{
	code_type = dlsym(RTLD_DEFAULT, "PyCode_Type");
	own = walk_range_of((uintptr_t)walk_start);
	eval_loop = (struct walk_range){ .low = eval_low, .size = eval_size };
}
