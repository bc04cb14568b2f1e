/*
 * unwind.c - see unwind.h.
 *
 * For each thread of the stopped process (remote.h): the system call that it waits in, and its
 * native stack (native.h) merged with its Python frames (pyframes.h).
 */
#include "runner/inspect/unwind.h"

#include "runner/inspect/activity.h"
#include "runner/inspect/native.h"
#include "runner/inspect/pyframes.h"
#include "runner/inspect/holding.h"
#include "runner/inspect/remote.h"
#include "runner/base/util.h"

#include <errno.h>
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
#include <unistd.h>

#define STOP_SECONDS 1.0

struct walk {
	struct remote remote;
	struct python python;
	struct python_thread *python_threads;
	size_t python_thread_count;
	struct native *unwinder;
	struct user_regs_struct registers; /* of the thread that is being captured */
	const struct native_frame *native; /* its native frames */
	size_t native_count;
	struct capture *capture;
	size_t module_capacity;
};

/* Frames */

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
	/* A return address may lie behind the function: a call can be its last instruction. */
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
	const struct python_frame *python; /* one of the two is NULL */
	const struct native_frame *native;
};

struct merged {
	struct merged_item *items;
	size_t count, capacity;
};

static void push_item(struct merged *merged, const struct python_frame *python,
		      const struct native_frame *native)
{
	struct merged_item item = { python, native };
	ARRAY_PUSH(merged->items, merged->count, merged->capacity, item);
}

/*
 * See the drawing in unwind.h. An entry frame that lies between a native frame's sp and the next
 * one's makes it an eval loop. If the native stack is incomplete, Python frames are left over: they
 * come last.
 */
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
				push_item(merged, &python[next], NULL);
			next = ++entry;
			is_loop = true;
		}
		if (!is_loop)
			push_item(merged, NULL, &native[i]);
	}
	for (; next < python_count; next++)
		if (!python[next].entry)
			push_item(merged, &python[next], NULL);
}

/* A lock waits in some functions of the standard library; who calls these has what is waited for. */
#define FRAMES_HELD 5

static void fill_held(struct walk *walk, struct captured_thread *thread,
		      const struct merged *merged)
{
	thread->held = xcalloc(CAPTURE_HELD, sizeof *thread->held);
	for (size_t i = 0, seen = 0; i < merged->count && seen < FRAMES_HELD; i++) {
		const struct python_frame *python = merged->items[i].python;
		if (!python)
			continue;
		thread->held_count += holding_objects(&walk->remote, &walk->python, python->address,
						      thread->held + thread->held_count,
						      CAPTURE_HELD - thread->held_count);
		seen++;
	}
}

static void fill_frames(struct walk *walk, struct captured_thread *thread,
			const struct merged *merged)
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
					merged->items[i].python->address, &frame->qualname,
					&frame->file, &frame->line);
		} else {
			*frame = native_frame(walk, merged->items[i].native);
		}
	}
	thread->count = used;
}

/* Threads */

static const struct python_thread *find_python(const struct walk *walk,
					       const struct captured_thread *thread)
{
	/*
	 * native_id is another number if the process is in another PID namespace; thread_id is not.
	 */
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

/* Is it TSan's background thread? That one is in TSan's runtime and libc only. */
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

/* The kernel leaves one of these results in a system call that our stop has interrupted. */
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
	/* (In restart_syscall() these are still the arguments of the call that was interrupted.) */
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
	walk->native = NULL;
	walk->native_count = 0;
	if (thread->stopped && ptrace(PTRACE_GETREGS, thread->tid, NULL, &walk->registers))
		thread->stopped = false;
	if (thread->stopped) {
		if (crash)
			use_crash(&walk->registers, crash);
		read_syscall(thread, &walk->registers);
		thread->complete = native_unwind(walk->unwinder, &walk->registers, &walk->native,
						 &walk->native_count);
	}
	const struct python_thread *state = find_python(walk, thread);
	struct python_frame *python = NULL;
	size_t python_count = 0;
	if (state)
		python_count = python_chain(&walk->remote, &walk->python, state->frame, &python);
	thread->python = state != NULL;
	thread->attached = state && state->attached;
	struct merged merged = { 0 };
	merge(&merged, walk->native, walk->native_count, python, python_count);
	fill_frames(walk, thread, &merged);
	fill_held(walk, thread, &merged);
	free(merged.items);
	free(python);
	thread->sanitizer = is_sanitizer(thread);
}

/* The capture as a whole */

struct task {
	pid_t pid, crashed_tid;
	const struct fts_crash *crash;
	struct capture *out;
	char **why;
	int result;
};

static void take_activity(struct captured_thread *thread, const struct sampling *sampling)
{
	struct activity activity;
	if (!sampling_activity(sampling, thread->tid, &activity))
		return;
	thread->state = activity.state;
	thread->busy = activity.busy;
	thread->cpu = activity.cpu;
}

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
			take_activity(thread, sampling);
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
	walk.unwinder = native_open(&walk.remote);
	if (!walk.unwinder) {
		*task->why = xstrdup("libunwind cannot start");
		goto done;
	}
	python_find(&walk.remote, &walk.python, task->why);
	task->out->pid = task->pid;
	task->out->release = walk.python.release;
	walk.python_thread_count = python_threads(&walk.remote, &walk.python, &walk.python_threads);
	capture_threads(&walk, task, stopped, sampling);
	free(walk.python_threads);
	result = 0;
done:
	native_close(walk.unwinder);
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
		sampling_take(&sampling, task->pid);
	double start = now_seconds();
	if (!remote_stop(&stopped, task->pid, STOP_SECONDS, task->why)) {
		task->result = read_stopped(task, &stopped, &sampling);
		remote_resume(&stopped);
	}
	task->out->milliseconds = (now_seconds() - start) * 1e3;
	task->out->sampled = sampling.seconds;
	sampling_clear(&sampling);
	return NULL;
}

/*
 * Runs the task in a thread of its own. A thread of the process that did not stop stays traced
 * until the tracing thread ends. That thread blocks all signals, so that nothing holds it up.
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
		free(thread->held);
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
		free(why); /* it says that there is no Python in the child */
		why = NULL;
		capture_clear(&capture);
	}
	kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return why;
}
