/*
 * unwind.c - see unwind.h.
 *
 * libunwind does the unwinding, through accessors of our own (as in Linux perf's
 * util/unwind-libunwind-local.c): memory comes from the page cache of remote.c, and the unwind
 * table is found through the .eh_frame_hdr in the process's memory. libunwind's own _UPT_
 * accessors, which look into the file, lose the caller in modules that lld linked (clang's runtime
 * for one). The function that searches such a table is exported, but in no public header.
 */
#include "runner/unwind.h"

#include "runner/pyframes.h"
#include "runner/remote.h"
#include "runner/util.h"

#include <errno.h>
#include <libunwind-x86_64.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAMPLE_SECONDS 0.1
#define STOP_SECONDS 1.0
/* Frames that are unwound at most: what 8 MiB of stack can hold. 0.5 s, so not in every thread. */
#define NATIVE_MAX 1000000
#define NATIVE_MAX_OF_ALL 3000000
#define BUSY_SHARE 0.5

/* Encodings in an .eh_frame_hdr that has a binary search table (Linux Standard Base). */
#define PE_UDATA4 0x03
#define PE_DATAREL_SDATA4 0x3b

int _Ux86_64_dwarf_search_unwind_table(unw_addr_space_t space, unw_word_t ip, unw_dyn_info_t *table,
				       unw_proc_info_t *found, int need_info, void *argument);

struct native_frame {
	uint64_t pc, sp;
	bool exact;
};

struct walk {
	struct remote remote;
	struct python python;
	struct python_thread *python_threads;
	size_t python_thread_count;
	unw_addr_space_t space;
	struct user_regs_struct registers; /* where the thread that is being unwound stands */
	struct native_frame *native;       /* its frames; the array is used again for the next */
	size_t native_count, native_capacity;
	size_t native_total; /* of all threads so far */
	struct capture *capture;
	size_t module_capacity;
};

/* libunwind's accessors; `argument` is the struct walk */

static int access_memory(unw_addr_space_t space, unw_word_t address, unw_word_t *value, int write,
			 void *argument)
{
	struct walk *walk = argument;
	(void)space;
	if (write || !remote_read(&walk->remote, address, value, sizeof *value))
		return -UNW_EINVAL;
	return 0;
}

static int access_register(unw_addr_space_t space, unw_regnum_t number, unw_word_t *value,
			   int write, void *argument)
{
	const struct user_regs_struct *r = &((struct walk *)argument)->registers;
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

/* The header of the binary search table: version, encodings of frame pointer, count, table; then
 * frame pointer and count in 4 bytes each (Linux Standard Base, "The .eh_frame_hdr section"). */
static int find_proc_info(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *found,
			  int need_info, void *argument)
{
	struct walk *walk = argument;
	uint8_t header[12];
	uint32_t entries;
	const struct remote_module *module = remote_module_at(&walk->remote, ip);
	if (!module || !module->eh_frame_hdr ||
	    !remote_read(&walk->remote, module->eh_frame_hdr, header, sizeof header) ||
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
	(void)space, (void)info, (void)argument; /* libunwind keeps those of tables itself */
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

/* Native frames */

static void push_native(struct walk *walk, uint64_t pc, uint64_t sp, bool exact)
{
	struct native_frame frame = { pc, sp, exact };
	ARRAY_PUSH(walk->native, walk->native_count, walk->native_capacity, frame);
}

/*
 * A call through a bad pointer leaves a program counter without code, which has no unwind
 * information; but the caller's return address is still on top of the stack.
 */
static bool undo_wild_call(struct walk *walk)
{
	struct user_regs_struct *registers = &walk->registers;
	if (remote_executable(&walk->remote, registers->rip))
		return false;
	uint64_t caller = remote_word(&walk->remote, registers->rsp);
	if (!remote_executable(&walk->remote, caller))
		return false;
	push_native(walk, registers->rip, registers->rsp, true);
	registers->rip = caller;
	registers->rsp += 8;
	return true;
}

/* Fills walk->native from walk->registers. Returns whether it came to the thread's start. */
static bool unwind_native(struct walk *walk)
{
	unw_cursor_t cursor;
	walk->native_count = 0;
	bool exact = !undo_wild_call(walk);
	if (unw_init_remote(&cursor, walk->space, walk)) {
		push_native(walk, walk->registers.rip, walk->registers.rsp, exact);
		return false;
	}
	int step = 1;
	bool after_signal = exact;
	while (step > 0 && walk->native_count < NATIVE_MAX &&
	       walk->native_total < NATIVE_MAX_OF_ALL) {
		unw_word_t pc = 0, sp = 0;
		if (unw_get_reg(&cursor, UNW_REG_IP, &pc) ||
		    unw_get_reg(&cursor, UNW_REG_SP, &sp) || !pc)
			break;
		bool in_signal = unw_is_signal_frame(&cursor) > 0;
		push_native(walk, pc, sp, after_signal || in_signal);
		after_signal = in_signal;
		walk->native_total++;
		step = unw_step(&cursor);
	}
	return step == 0;
}

static struct captured_module *captured_module(struct walk *walk, struct remote_module *module)
{
	if (!module->user) {
		struct captured_module *copy = xcalloc(1, sizeof *copy);
		copy->path = xstrdup(module->path);
		copy->bias = module->bias;
		copy->low = module->low;
		copy->high = module->high;
		copy->build_id_length = module->build_id_length;
		memcpy(copy->build_id, module->build_id, sizeof copy->build_id);
		ARRAY_PUSH(walk->capture->modules, walk->capture->module_count,
			   walk->module_capacity, copy);
		module->user = copy;
	}
	return module->user;
}

static struct captured_frame native_frame(struct walk *walk, const struct native_frame *native)
{
	struct captured_frame frame = {
		.kind = CAPTURED_NATIVE,
		.pc = native->pc,
		.exact = native->exact,
		.offset = native->pc,
	};
	/* A function that never returns may end with its last call. */
	struct remote_module *module =
		remote_module_at(&walk->remote, native->exact ? native->pc : native->pc - 1);
	if (module) {
		frame.module = captured_module(walk, module);
		frame.offset = native->pc - module->bias;
	}
	return frame;
}

/* Merging */

struct merged_item {
	bool python;
	size_t index; /* in the native or the Python frames */
};

struct merged {
	struct merged_item *items;
	size_t count, capacity;
};

static void push_item(struct merged *merged, bool python, size_t index)
{
	struct merged_item item = { python, index };
	ARRAY_PUSH(merged->items, merged->count, merged->capacity, item);
}

/* See the figure in unwind.h. Python frames that no native frame claims come last: the native
 * stack is incomplete then. */
static void merge(struct merged *merged, const struct native_frame *native, size_t native_count,
		  const struct python_frame *python, size_t python_count)
{
	size_t next = 0, entry = 0;
	for (size_t i = 0; i < native_count; i++) {
		uint64_t low = native[i].sp, high = i + 1 < native_count ? native[i + 1].sp : low;
		bool is_loop = false;
		for (;;) {
			while (entry < python_count && !python[entry].entry)
				entry++;
			if (entry == python_count || python[entry].address < low ||
			    python[entry].address >= high)
				break;
			for (; next < entry; next++)
				push_item(merged, true, next);
			next = ++entry;
			is_loop = true;
		}
		if (!is_loop)
			push_item(merged, false, i);
	}
	for (; next < python_count; next++)
		if (!python[next].entry)
			push_item(merged, true, next);
}

static void fill_frames(struct walk *walk, struct captured_thread *thread,
			const struct merged *merged, const struct python_frame *python)
{
	size_t limit = CAPTURE_INNERMOST + CAPTURE_OUTERMOST, used = 0;
	bool cut = merged->count > limit;
	thread->frames = xcalloc(cut ? limit + 1 : merged->count, sizeof *thread->frames);
	for (size_t i = 0; i < merged->count; i++) {
		struct captured_frame *frame = &thread->frames[used++];
		if (cut && i == CAPTURE_INNERMOST) {
			frame->kind = CAPTURED_GAP;
			frame->omitted = merged->count - limit;
			i = merged->count - CAPTURE_OUTERMOST - 1;
		} else if (merged->items[i].python) {
			frame->kind = CAPTURED_PYTHON;
			python_describe(&walk->remote, &walk->python,
					python[merged->items[i].index].address, &frame->qualname,
					&frame->file, &frame->line);
		} else {
			*frame = native_frame(walk, &walk->native[merged->items[i].index]);
		}
	}
	thread->count = used;
}

/* Threads */

static const struct python_thread *find_python(const struct walk *walk,
					       const struct captured_thread *thread)
{
	/* In another PID namespace native_id is another number, thread_id is the same. */
	for (size_t i = 0; i < walk->python_thread_count; i++)
		if (thread->stopped ? walk->python_threads[i].thread_id == walk->registers.fs_base
				    : walk->python_threads[i].native_id == (uint64_t)thread->tid)
			return &walk->python_threads[i];
	return NULL;
}

static bool path_has(const struct captured_module *module, const char *text)
{
	const char *name = strrchr(module->path, '/');
	return name && strstr(name, text);
}

/* TSan's background thread runs in its runtime and libc only. */
static bool is_sanitizer(const struct captured_thread *thread)
{
	bool seen = false;
	for (size_t i = 0; i < thread->count; i++) {
		const struct captured_module *module = thread->frames[i].module;
		if (!module)
			return false;
		bool runtime = path_has(module, "clang_rt.tsan") || path_has(module, "libtsan");
		if (!runtime && !path_has(module, "libc.") && !path_has(module, "libc-") &&
		    !path_has(module, "libpthread"))
			return false;
		seen = seen || runtime;
	}
	return seen && !thread->python;
}

/* A system call that a stop interrupts has one of these results, until it is started again. */
static bool was_waiting(const struct user_regs_struct *registers)
{
	enum { RESTARTSYS = 512, RESTARTNOINTR = 513, RESTARTNOHAND = 514, RESTART_BLOCK = 516 };
	long result = -(long)registers->rax;
	return (long)registers->orig_rax >= 0 &&
	       (result == EINTR || result == RESTARTSYS || result == RESTARTNOINTR ||
		result == RESTARTNOHAND || result == RESTART_BLOCK);
}

static void read_syscall(struct captured_thread *thread, const struct user_regs_struct *r)
{
	thread->syscall = -1;
	if (!was_waiting(r))
		return;
	uint64_t arguments[6] = { r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 };
	thread->syscall = (long)r->orig_rax;
	/* In restart_syscall() the arguments are those of the call that goes on. */
	memcpy(thread->arguments, arguments, sizeof arguments);
}

static void use_crash(struct user_regs_struct *registers, const struct fts_crash *crash)
{
	const uint64_t *g = crash->registers;
	*registers = (struct user_regs_struct){
		.rax = g[REG_RAX],
		.rbx = g[REG_RBX],
		.rcx = g[REG_RCX],
		.rdx = g[REG_RDX],
		.rsi = g[REG_RSI],
		.rdi = g[REG_RDI],
		.rbp = g[REG_RBP],
		.rsp = g[REG_RSP],
		.r8 = g[REG_R8],
		.r9 = g[REG_R9],
		.r10 = g[REG_R10],
		.r11 = g[REG_R11],
		.r12 = g[REG_R12],
		.r13 = g[REG_R13],
		.r14 = g[REG_R14],
		.r15 = g[REG_R15],
		.rip = g[REG_RIP],
		.eflags = g[REG_EFL],
		.fs_base = crash->fs_base,
		.orig_rax = (unsigned long long)-1,
	};
}

static void capture_frames(struct walk *walk, struct captured_thread *thread,
			   const struct fts_crash *crash)
{
	walk->native_count = 0;
	if (thread->stopped && ptrace(PTRACE_GETREGS, thread->tid, NULL, &walk->registers))
		thread->stopped = false;
	if (thread->stopped) {
		if (crash)
			use_crash(&walk->registers, crash);
		read_syscall(thread, &walk->registers);
		/* unwind_native() changes the program counter after a wild call, nothing else */
		thread->complete = unwind_native(walk);
	}
	const struct python_thread *state = find_python(walk, thread);
	struct python_frame *python = NULL;
	size_t python_count = 0;
	if (state)
		python_count = python_chain(&walk->remote, &walk->python, state->frame, &python);
	thread->python = state != NULL;
	struct merged merged = { 0 };
	merge(&merged, walk->native, walk->native_count, python, python_count);
	fill_frames(walk, thread, &merged, python);
	free(merged.items);
	free(python);
	thread->sanitizer = is_sanitizer(thread);
}

/* CPU time, to tell threads that run from threads that wait */

struct sample {
	pid_t tid;
	char state;
	uint64_t running, runnable; /* nanoseconds on a processor, and waiting for one */
};

static size_t take_samples(pid_t pid, struct sample **samples)
{
	pid_t *tids;
	size_t count = remote_tasks(pid, &tids);
	*samples = xcalloc(count, sizeof **samples);
	for (size_t i = 0; i < count; i++) {
		struct sample *sample = &(*samples)[i];
		char path[64];
		snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", pid, tids[i]);
		char *text = read_file(path, NULL), *rest = NULL;
		if (text) {
			sample->running = strtoull(text, &rest, 10);
			sample->runnable = strtoull(rest, NULL, 10);
		}
		free(text);
		sample->tid = tids[i];
		sample->state = remote_state(pid, tids[i], NULL);
	}
	free(tids);
	return count;
}

struct sampling {
	struct sample *before, *after;
	size_t before_count, after_count;
	double seconds;
};

static void sample_process(struct sampling *sampling, pid_t pid)
{
	double start = now_seconds();
	sampling->before_count = take_samples(pid, &sampling->before);
	struct timespec pause = { 0, (long)(SAMPLE_SECONDS * 1e9) };
	nanosleep(&pause, NULL);
	sampling->after_count = take_samples(pid, &sampling->after);
	sampling->seconds = now_seconds() - start;
}

static const struct sample *sample_of(const struct sample *samples, size_t count, pid_t tid)
{
	for (size_t i = 0; i < count; i++)
		if (samples[i].tid == tid)
			return &samples[i];
	return NULL;
}

static void judge_activity(struct captured_thread *thread, const struct sampling *sampling)
{
	const struct sample *before =
		sample_of(sampling->before, sampling->before_count, thread->tid);
	const struct sample *after = sample_of(sampling->after, sampling->after_count, thread->tid);
	if (!after)
		return;
	thread->state = after->state;
	if (!before)
		return;
	double window = sampling->seconds * 1e9;
	double running = (double)(after->running - before->running) / window;
	double runnable = (double)(after->runnable - before->runnable) / window;
	thread->cpu = running < 1 ? running : 1;
	/* The counters of a thread that is on a processor right now lag behind. */
	thread->busy =
		running + runnable >= BUSY_SHARE || (before->state == 'R' && after->state == 'R');
}

/* The capture as a whole */

struct task {
	pid_t pid, crashed_tid;
	const struct fts_crash *crash;
	struct capture *out;
	char **why;
	int result;
};

static void capture_threads(struct walk *walk, const struct task *task,
			    const struct remote_threads *stopped, const struct sampling *sampling)
{
	struct capture *out = task->out;
	out->threads = xcalloc(stopped->count, sizeof *out->threads);
	for (int pass = 0; pass < 2; pass++) /* the crashed thread first */
		for (size_t i = 0; i < stopped->count; i++) {
			bool crashed = task->crash && stopped->items[i].tid == task->crashed_tid;
			if (crashed != (pass == 0) || !stopped->items[i].seized)
				continue;
			struct captured_thread *thread = &out->threads[out->count++];
			thread->tid = stopped->items[i].tid;
			thread->stopped = stopped->items[i].stopped;
			thread->crashed = crashed;
			thread->syscall = -1;
			thread->state = remote_state(task->pid, thread->tid, &thread->name);
			judge_activity(thread, sampling);
			capture_frames(walk, thread, crashed ? task->crash : NULL);
		}
}

static int compare_stopped(const void *a, const void *b)
{
	const struct remote_thread *first = a, *second = b;
	return (first->tid > second->tid) - (first->tid < second->tid);
}

static int read_stopped(const struct task *task, struct remote_threads *stopped,
			const struct sampling *sampling)
{
	struct walk walk = { .capture = task->out };
	int result = -1;
	qsort(stopped->items, stopped->count, sizeof *stopped->items, compare_stopped);
	if (remote_open(&walk.remote, task->pid)) {
		*task->why = xprintf("process %d is gone: no stacks can be read", task->pid);
		return -1;
	}
	if (!remote_readable(&walk.remote)) {
		*task->why = xprintf("not permitted to read the memory of process %d, neither by "
				     "process_vm_readv nor in /proc/%d/mem",
				     task->pid, task->pid);
		goto done;
	}
	walk.space = make_space();
	if (!walk.space) {
		*task->why = xstrdup("libunwind cannot start");
		goto done;
	}
	python_find(&walk.remote, &walk.python, task->why);
	task->out->pid = task->pid;
	task->out->python_version = walk.python.version;
	walk.python_thread_count = python_threads(&walk.remote, &walk.python, &walk.python_threads);
	capture_threads(&walk, task, stopped, sampling);
	free(walk.python_threads);
	unw_destroy_addr_space(walk.space);
	result = 0;
done:
	free(walk.native);
	remote_close(&walk.remote);
	return result;
}

static void *run_task(void *argument)
{
	struct task *task = argument;
	struct remote_threads stopped;
	struct sampling sampling = { 0 };
	task->result = -1;
	if (!task->crash)
		sample_process(&sampling, task->pid);
	double start = now_seconds();
	if (!remote_stop(&stopped, task->pid, STOP_SECONDS, task->why)) {
		task->result = read_stopped(task, &stopped, &sampling);
		remote_resume(&stopped);
	}
	task->out->milliseconds = (now_seconds() - start) * 1e3;
	task->out->sampled = sampling.seconds;
	free(sampling.before);
	free(sampling.after);
	return NULL;
}

/*
 * In a thread of its own: only its end makes the kernel let go of a thread that did not stop. It
 * takes no signals, so that it cannot be held up in the middle.
 */
static int run_in_thread(struct task *task)
{
	pthread_t thread;
	sigset_t all, old;
	*task->why = NULL;
	*task->out = (struct capture){ 0 };
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int error = pthread_create(&thread, NULL, run_task, task);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error) {
		*task->why = xprintf("cannot start a thread to read stacks: %s", strerror(error));
		return -1;
	}
	pthread_join(thread, NULL);
	if (task->result)
		capture_clear(task->out);
	return task->result;
}

int capture_process(pid_t pid, struct capture *out, char **why)
{
	struct task task = { .pid = pid, .out = out, .why = why };
	return run_in_thread(&task);
}

int capture_crashed(pid_t pid, pid_t crashed_tid, const struct fts_crash *crash,
		    struct capture *out, char **why)
{
	struct task task = {
		.pid = pid, .crashed_tid = crashed_tid, .crash = crash, .out = out, .why = why
	};
	return run_in_thread(&task);
}

void capture_clear(struct capture *capture)
{
	for (size_t i = 0; i < capture->count; i++) {
		struct captured_thread *thread = &capture->threads[i];
		for (size_t k = 0; k < thread->count; k++) {
			free(thread->frames[k].qualname);
			free(thread->frames[k].file);
		}
		free(thread->frames);
		free(thread->name);
	}
	for (size_t i = 0; i < capture->module_count; i++) {
		free(capture->modules[i]->path);
		free(capture->modules[i]);
	}
	free(capture->threads);
	free(capture->modules);
	*capture = (struct capture){ 0 };
}

const char *capture_syscall_name(long number)
{
	static const struct {
		long number;
		const char *name;
	} names[] = {
		{ SYS_futex, "futex" },
		{ SYS_restart_syscall, "restart_syscall" },
		{ SYS_nanosleep, "nanosleep" },
		{ SYS_clock_nanosleep, "clock_nanosleep" },
		{ SYS_read, "read" },
		{ SYS_readv, "readv" },
		{ SYS_write, "write" },
		{ SYS_writev, "writev" },
		{ SYS_poll, "poll" },
		{ SYS_ppoll, "ppoll" },
		{ SYS_select, "select" },
		{ SYS_pselect6, "pselect6" },
		{ SYS_epoll_wait, "epoll_wait" },
		{ SYS_epoll_pwait, "epoll_pwait" },
		{ SYS_accept, "accept" },
		{ SYS_accept4, "accept4" },
		{ SYS_connect, "connect" },
		{ SYS_recvfrom, "recvfrom" },
		{ SYS_recvmsg, "recvmsg" },
		{ SYS_sendto, "sendto" },
		{ SYS_sendmsg, "sendmsg" },
		{ SYS_wait4, "wait4" },
		{ SYS_waitid, "waitid" },
		{ SYS_pause, "pause" },
		{ SYS_rt_sigsuspend, "rt_sigsuspend" },
		{ SYS_rt_sigtimedwait, "rt_sigtimedwait" },
		{ SYS_flock, "flock" },
		{ SYS_fcntl, "fcntl" },
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].number == number)
			return names[i].name;
	return NULL;
}

char *capture_probe(void)
{
	struct capture capture;
	char *why = NULL;
	pid_t child = fork();
	if (child < 0)
		return xprintf("cannot fork: %s", strerror(errno));
	if (child == 0)
		for (;;)
			pause();
	struct fts_crash none = { .registers = { 0 } };
	int result = capture_crashed(child, 0, &none, &capture, &why);
	if (!result) {
		free(why); /* no Python in it, of course */
		why = NULL;
		capture_clear(&capture);
	}
	kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return why;
}
