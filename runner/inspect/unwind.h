/*
 * unwind.h - the Python and native stacks of every thread of a process, taken from outside.
 *
 * The process is stopped with PTRACE_SEIZE and PTRACE_INTERRUPT, read, and let go; it needs no
 * cooperation, so this works on a hung one. Its frames come merged: the native frame of the
 * evaluation loop is replaced by the Python frames that it was running.
 *
 *     native stack            Python frames of the thread         merged
 *     futex wait                                                  futex wait
 *     lock_acquire                                                lock_acquire
 *     eval loop [sp, cfa)     b (line 7)                          b (line 7)
 *                             a (line 3)                          a (line 3)
 *                             entry frame, at an address          list_sort
 *     list_sort               in [sp, cfa)                        main (line 12)
 *     eval loop               main (line 12), entry frame         ...
 *
 * CPython keeps the entry frame of an evaluation loop on the C stack, so it lies inside that loop's
 * native frame: no symbol is needed to match the two, and a thread that is just entering or
 * leaving the loop is matched right.
 *
 * Names of native functions are not looked up here: a frame has a module and an offset in it.
 *
 * A stop is a wait status: all of a capture must happen in one thread, and no other thread of the
 * runner may wait for "any child" (waitpid(-1), P_ALL) meanwhile. The exit of an own child is never
 * reaped by a capture. Captures of different processes may run in different threads.
 */
#ifndef RUNNER_UNWIND_H
#define RUNNER_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ftstress/record.h"

/* A stack longer than the sum keeps its innermost and outermost frames, and a gap between them. */
#define CAPTURE_INNERMOST 200
#define CAPTURE_OUTERMOST 50

struct captured_module {
	char *path;         /* as in /proc/PID/maps; "[vdso]" */
	uint64_t bias;      /* address = bias + ELF virtual address */
	uint64_t low, high; /* mapped range */
	uint8_t build_id[20];
	uint8_t build_id_length; /* 0 = has none */
};

enum captured_kind {
	CAPTURED_NATIVE,
	CAPTURED_PYTHON,
	CAPTURED_GAP, /* `omitted` frames are left out here */
};

struct captured_frame {
	enum captured_kind kind;

	/* CAPTURED_NATIVE */
	uint64_t pc;
	bool exact; /* the instruction that runs or faulted; else a return address: look up - 1 */
	const struct captured_module *module; /* of the capture; NULL: not in a mapped file */
	uint64_t offset; /* pc - bias: the ELF virtual address; pc itself without a module */

	/* CAPTURED_PYTHON; strings are the frame's */
	char *qualname; /* never NULL */
	char *file;     /* co_filename, or NULL */
	int line;       /* 0 = not known */

	uint64_t omitted; /* CAPTURED_GAP */
};

struct captured_thread {
	pid_t tid;
	char *name;     /* the kernel's, "python3.14t" or threading.Thread's name (3.14) */
	char state;     /* before the stop: R running, S waiting, D waiting in the kernel, ... */
	bool stopped;   /* false: did not stop in time (vfork, state D): no native frames */
	bool python;    /* has a Python thread state */
	bool attached;  /* to the interpreter; with the GIL on, it has the GIL */
	bool sanitizer; /* TSan's background thread */
	bool crashed;   /* the thread of the crash record */
	/* It was runnable, or used CPU time, all through the sampling before the stop. */
	bool busy;
	double cpu; /* share of a core used during the sampling, 0..1; 0 for a crash: not sampled */
	long syscall; /* number of the system call that it waits in, -1 = in none or not known */
	uint64_t arguments[6];         /* of that system call */
	struct captured_frame *frames; /* innermost first */
	size_t count;
	bool complete; /* unwound to the thread's start */
};

struct capture {
	pid_t pid;
	struct captured_thread *threads; /* a crashed one first, then by tid */
	size_t count;
	struct captured_module **modules;
	size_t module_count;
	const struct python_release *release; /* pyframes.h; NULL: no Python was found */
	double milliseconds;                  /* how long the process stood still */
	double sampled;                       /* seconds between the two samples of CPU time */
};

/*
 * Capture all threads of `pid`. The CPU time is sampled first, for about a tenth of a second; then
 * the process is stopped, for about 2 ms and never longer than some 1.5 s.
 *   out   filled in on success; cleared on failure
 *   why   set to NULL, or to a text that is the caller's to free: on failure the reason (not
 *         permitted, process gone), on success what is missing (no Python found)
 * Returns 0 or -1. The process runs on in either case.
 */
int capture_process(pid_t pid, struct capture *out, char **why);

/*
 * The same for a process in which `crashed_tid` is parked in the crash handler (interpose/wrap/crash.c):
 * its stack starts at the registers of the crash record, not in the handler. Nothing is sampled.
 */
int capture_crashed(pid_t pid, pid_t crashed_tid, const struct fts_crash *crash,
		    struct capture *out, char **why);

/* Release what the capture owns; it is zeroed. A zeroed capture is fine. */
void capture_clear(struct capture *capture);

/* "futex", ...; NULL for a number that is not in the short list of waiting system calls. */
const char *capture_syscall_name(long number);

/* Can this machine do it: stops and reads a forked child. NULL, or why not (the caller's). */
char *capture_probe(void);

#endif
