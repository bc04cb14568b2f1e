/*
 * unwind.h - captures the Python and native stacks of all threads of a process, from outside.
 *
 * The process is stopped with PTRACE_SEIZE and PTRACE_INTERRUPT, read, and let go. It need not do
 * anything for that, so this works on a process that hangs. Its frames come merged: the Python
 * frames that an eval loop was running replace the loop's native frame.
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
 * CPython keeps the entry frame of an eval loop on the C stack, that is, inside of the loop's
 * native frame. So the two are matched by address. No symbol is needed, and a thread that is just
 * entering or leaving the loop is matched right.
 *
 * Names of native functions are not looked up here: a frame has a module, and an offset in it.
 *
 * A stop arrives as a wait status. So all of a capture must happen in one thread, and meanwhile no
 * other thread of the runner may wait for "any child" (waitpid(-1), P_ALL). A capture never reaps a
 * child of the runner. Captures of different processes may run in different threads.
 */
#ifndef RUNNER_UNWIND_H
#define RUNNER_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ftstress/record.h"

/*
 * A longer stack is cut: so many innermost and outermost frames are kept, with a gap between them.
 */
#define CAPTURE_INNERMOST 200
#define CAPTURE_OUTERMOST 50
#define CAPTURE_HELD 128 /* so many objects are known of a thread */

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
	bool exact; /* pc is the instruction that runs or faulted; false: it is a return address,
		       and the call is at pc - 1 */
	const struct captured_module *module; /* one of the capture's; NULL: not in a mapped file */
	uint64_t offset; /* the ELF virtual address, pc - bias; without a module pc itself */

	/* CAPTURED_PYTHON; strings are the frame's */
	char *qualname; /* never NULL */
	char *file;     /* co_filename, or NULL */
	int line;       /* 0 = not known */

	uint64_t omitted; /* CAPTURED_GAP */
};

struct captured_thread {
	pid_t tid;
	char *name;   /* the kernel's, "python3.14t" or threading.Thread's name (3.14) */
	char state;   /* before the stop: R running, S waiting, D waiting in the kernel, ... */
	bool stopped; /* false: it did not stop in time (vfork, state D) and has no native frames */
	bool python;  /* has a Python thread state */
	bool attached;  /* to the interpreter; with the GIL on, it has the GIL */
	bool sanitizer; /* TSan's background thread */
	bool crashed;   /* the crash record is this thread's */
	/* As in activity.h, sampled before the stop; not for a crash: false and 0. */
	bool busy;
	double cpu;
	long syscall; /* number of the system call that it waits in, -1 = in none or not known */
	uint64_t arguments[6];         /* of that system call */
	struct captured_frame *frames; /* innermost first */
	size_t count;
	uint64_t *held; /* objects that its innermost Python functions have in hand (holding.h) */
	size_t held_count;
	bool complete; /* unwound to the thread's start */
};

struct capture {
	pid_t pid;
	struct captured_thread *threads; /* a crashed one first, then by tid */
	size_t count;
	struct captured_module **modules;
	size_t module_count;
	const struct python_release *release; /* pyframes.h; NULL: no Python was found */
	double milliseconds;                  /* for so long the process was stopped */
	double sampled;                       /* seconds between the samples of processor time */
};

/*
 * Capture all threads of `pid`. First their processor time is sampled, for about a tenth of a
 * second; then the process is stopped, for about 2 ms and never longer than some 1.5 s.
 *   out   filled in on success; cleared on failure
 *   why   set to NULL, or to a text that is the caller's to free: on failure the reason (not
 *         permitted, process gone), on success what is missing (no Python found)
 * Returns 0 or -1. The process goes on in either case.
 */
int capture_process(pid_t pid, struct capture *out, char **why);

/*
 * The same for a process in which thread `crashed_tid` waits in the crash handler
 * (interpose/wrap/crash.c). That thread's stack begins where it crashed, with the registers of the
 * crash record, and not in the handler. Nothing is sampled.
 */
int capture_crashed(pid_t pid, pid_t crashed_tid, const struct fts_crash *crash,
		    struct capture *out, char **why);

/* Free what the capture owns, and zero it. May be called for a zeroed capture. */
void capture_clear(struct capture *capture);

/* The name of a system call in which threads wait, such as "futex"; NULL for any other. */
const char *capture_syscall_name(long number);

/* Try on this machine: fork a child, stop it and read it. NULL, or why that fails (to be freed). */
char *capture_probe(void);

#endif
