/*
 * native.c - see native.h.
 *
 * libunwind unwinds; it reads the process through accessors of ours (Linux perf does the same:
 * util/unwind-libunwind-local.c). They give it memory from the page cache of remote.c, and find the
 * unwind table through the .eh_frame_hdr in the process's memory. libunwind's own accessors
 * (_UPT_...) would look into the file instead, and lose the caller in modules that lld has linked,
 * such as clang's runtime. libunwind exports the function that searches such a table, but declares
 * it in no public header.
 */
#include "runner/inspect/native.h"

#include <libunwind-x86_64.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"

/*
 * Frames that are unwound at most, in one thread: what 8 MiB of stack can hold. This takes 0.5 s,
 */
#define NATIVE_MAX 1000000
/* so there is a limit for all threads together, too. */
#define NATIVE_MAX_OF_ALL 3000000

/* Encodings in an .eh_frame_hdr that has a binary search table (Linux Standard Base). */
#define PE_UDATA4 0x03
#define PE_DATAREL_SDATA4 0x3b

int _Ux86_64_dwarf_search_unwind_table(unw_addr_space_t space, unw_word_t ip, unw_dyn_info_t *table,
				       unw_proc_info_t *found, int need_info, void *argument);

struct native {
	struct remote *remote;
	unw_addr_space_t space;
	struct user_regs_struct registers; /* of the thread that is being unwound */
	struct native_frame *frames;       /* of one thread; used again for the next */
	size_t count, capacity;
	size_t total; /* frames of all threads so far */
};

/* libunwind's accessors; `argument` is the struct native */

static int access_memory(unw_addr_space_t space, unw_word_t address, unw_word_t *value, int write,
			 void *argument)
{
	struct native *native = argument;
	(void)space;
	if (write || !remote_read(native->remote, address, value, sizeof *value))
		return -UNW_EINVAL;
	return 0;
}

static int access_register(unw_addr_space_t space, unw_regnum_t number, unw_word_t *value,
			   int write, void *argument)
{
	const struct user_regs_struct *r = &((struct native *)argument)->registers;
	const unsigned long long by_number[] = {
		[UNW_X86_64_RAX] = r->rax, [UNW_X86_64_RDX] = r->rdx, [UNW_X86_64_RCX] = r->rcx,
		[UNW_X86_64_RBX] = r->rbx, [UNW_X86_64_RSI] = r->rsi, [UNW_X86_64_RDI] = r->rdi,
		[UNW_X86_64_RBP] = r->rbp, [UNW_X86_64_RSP] = r->rsp, [UNW_X86_64_R8] = r->r8,
		[UNW_X86_64_R9] = r->r9,   [UNW_X86_64_R10] = r->r10, [UNW_X86_64_R11] = r->r11,
		[UNW_X86_64_R12] = r->r12, [UNW_X86_64_R13] = r->r13, [UNW_X86_64_R14] = r->r14,
		[UNW_X86_64_R15] = r->r15, [UNW_X86_64_RIP] = r->rip,
	};
	(void)space;
	if (write || number < 0 || (size_t)number >= sizeof by_number / sizeof *by_number)
		return -UNW_EBADREG;
	*value = by_number[number];
	return 0;
}

/*
 * Finds the unwind information of the function at `ip` in its module's .eh_frame_hdr (Linux
 * Standard Base, "The .eh_frame_hdr section"). That begins with 12 bytes: the version; how the
 * pointer to .eh_frame, the count and the table are encoded; then the pointer and the count, in 4
 * bytes each. A sorted table follows.
 */
static int find_proc_info(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *found,
			  int need_info, void *argument)
{
	struct native *native = argument;
	uint8_t header[12];
	uint32_t entries;
	const struct remote_module *module = remote_module_at(native->remote, ip);
	if (!module || !module->eh_frame_hdr ||
	    !remote_read(native->remote, module->eh_frame_hdr, header, sizeof header) ||
	    header[0] != 1 || header[2] != PE_UDATA4 || header[3] != PE_DATAREL_SDATA4)
		return -UNW_ENOINFO;
	memcpy(&entries, header + 8, sizeof entries);
	unw_dyn_info_t table = {
		.start_ip = module->low,
		.end_ip = module->high,
		.format = UNW_INFO_FORMAT_REMOTE_TABLE,
		.u.rti.segbase = module->eh_frame_hdr,
		.u.rti.table_len = (unw_word_t)entries * 8 / sizeof(unw_word_t),
		.u.rti.table_data = module->eh_frame_hdr + sizeof header,
	};
	return _Ux86_64_dwarf_search_unwind_table(space, ip, &table, found, need_info, argument);
}

static void put_unwind_info(unw_addr_space_t space, unw_proc_info_t *info, void *argument)
{
	(void)space, (void)info,
		(void)argument; /* libunwind frees what it found in a table itself */
}

static int get_dynamic_list(unw_addr_space_t space, unw_word_t *address, void *argument)
{
	(void)space, (void)address, (void)argument;
	return -UNW_ENOINFO;
}

static int access_float(unw_addr_space_t space, unw_regnum_t number, unw_fpreg_t *value, int write,
			void *argument)
{
	(void)space, (void)number, (void)value, (void)write, (void)argument;
	return -UNW_EBADREG;
}

static int resume(unw_addr_space_t space, unw_cursor_t *cursor, void *argument)
{
	(void)space, (void)cursor, (void)argument;
	return -UNW_EINVAL;
}

static int get_name(unw_addr_space_t space, unw_word_t ip, char *name, size_t size,
		    unw_word_t *offset, void *argument)
{
	(void)space, (void)ip, (void)name, (void)size, (void)offset, (void)argument;
	return -UNW_ENOINFO;
}

static unw_addr_space_t make_space(void)
{
	unw_accessors_t accessors = {
		.find_proc_info = find_proc_info,
		.put_unwind_info = put_unwind_info,
		.get_dyn_info_list_addr = get_dynamic_list,
		.access_mem = access_memory,
		.access_reg = access_register,
		.access_fpreg = access_float,
		.resume = resume,
		.get_proc_name = get_name,
	};
	unw_addr_space_t space = unw_create_addr_space(&accessors, 0);
	if (space)
		unw_set_caching_policy(space, UNW_CACHE_GLOBAL);
	return space;
}

static void push_frame(struct native *native, uint64_t pc, uint64_t sp, bool exact)
{
	struct native_frame frame = { pc, sp, exact };
	ARRAY_PUSH(native->frames, native->count, native->capacity, frame);
}

/*
 * After a call through a bad pointer there is no code at the program counter, and so no unwind
 * information. But the return address is still on top of the stack: begin with the caller.
 */
static bool undo_wild_call(struct native *native)
{
	struct user_regs_struct *registers = &native->registers;
	if (remote_executable(native->remote, registers->rip))
		return false;
	uint64_t caller = remote_word(native->remote, registers->rsp);
	if (!remote_executable(native->remote, caller))
		return false;
	push_frame(native, registers->rip, registers->rsp, true);
	registers->rip = caller;
	registers->rsp += 8;
	return true;
}

/* Fills native->frames, from native->registers on. True if it came to the thread's start. */
static bool unwind(struct native *native)
{
	unw_cursor_t cursor;
	native->count = 0;
	bool exact = !undo_wild_call(native);
	if (unw_init_remote(&cursor, native->space, native)) {
		push_frame(native, native->registers.rip, native->registers.rsp, exact);
		return false;
	}
	int step = 1;
	bool after_signal = exact;
	while (step > 0 && native->count < NATIVE_MAX && native->total < NATIVE_MAX_OF_ALL) {
		unw_word_t pc = 0, sp = 0;
		if (unw_get_reg(&cursor, UNW_REG_IP, &pc) ||
		    unw_get_reg(&cursor, UNW_REG_SP, &sp) || !pc)
			break;
		bool in_signal = unw_is_signal_frame(&cursor) > 0;
		push_frame(native, pc, sp, after_signal || in_signal);
		after_signal = in_signal;
		native->total++;
		step = unw_step(&cursor);
	}
	return step == 0;
}

bool native_unwind(struct native *native, const struct user_regs_struct *registers,
		   const struct native_frame **frames, size_t *count)
{
	native->registers = *registers;
	bool complete = unwind(native);
	*frames = native->frames;
	*count = native->count;
	return complete;
}

struct native *native_open(struct remote *remote)
{
	unw_addr_space_t space = make_space();
	if (!space)
		return NULL;
	struct native *native = xcalloc(1, sizeof *native);
	native->remote = remote;
	native->space = space;
	return native;
}

void native_close(struct native *native)
{
	if (!native)
		return;
	unw_destroy_addr_space(native->space);
	free(native->frames);
	free(native);
}
