/*
 * crash.c - see crash.h.
 *
 * The handler makes only system calls and ring_write(), because the program may have crashed while
 * it held any lock. Handlers are not set through TSan's sigaction(): that would put a trampoline in
 * front of ours which defers signals, and deadlocks on some. The system call sets them, and needs a
 * restorer of our own.
 */
#define _GNU_SOURCE
#include "interpose/wrap/crash.h"
#include "interpose/base/symbol.h"

#include "interpose/base/raw.h"
#include "interpose/memory/places.h"
#include "interpose/wrap/races.h"
#include "interpose/base/ring.h"

#include <asm/prctl.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <ucontext.h>

#define WAIT_NANOSECONDS 5000000000ull /* for the runner; before that, for another process's turn */
#define STACK_BYTES 32768 /* the kernel's frame takes up to 11 KiB where there is AMX */
#define SA_RESTORER_FLAG 0x04000000ul

/* What rt_sigaction takes (arch/x86/include/uapi/asm/signal.h). */
struct kernel_action {
	void (*handler)(int, siginfo_t *, void *);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

static const int fatal_signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
#define FATAL_SIGNALS (sizeof fatal_signals / sizeof fatal_signals[0])

static bool armed;        /* set once, while the process has one thread */
static uint32_t crashing; /* tid of the thread of this process that crashed first */
static __thread char alternate_stack[STACK_BYTES]
	__attribute__((tls_model("initial-exec"), aligned(16)));

/*
 * The restorer: what a handler returns to; it calls rt_sigreturn. Its unwind information says where
 * the interrupted registers are: on entry rsp points to the ucontext, whose gregs begin at 40
 * bytes. Unwinders look up a return address minus one, so there has to be a nop before the entry.
 */
__asm__(".text\n"
	".type crash_restorer, @function\n"
	".cfi_startproc\n"
	".cfi_signal_frame\n"
	".cfi_escape 0x0f, 0x04, 0x77, 0xa0, 0x01, 0x06\n" /* CFA = saved rsp, at rsp + 160 */
	".cfi_escape 0x10, 0x10, 0x03, 0x77, 0xa8, 0x01\n" /* rip at rsp + 168 */
	".cfi_escape 0x10, 0x06, 0x03, 0x77, 0xf8, 0x00\n" /* rbp at rsp + 120 */
	".cfi_escape 0x10, 0x03, 0x03, 0x77, 0x80, 0x01\n" /* rbx at rsp + 128 */
	".cfi_escape 0x10, 0x0c, 0x03, 0x77, 0xc8, 0x00\n" /* r12 at rsp + 72 */
	".cfi_escape 0x10, 0x0d, 0x03, 0x77, 0xd0, 0x00\n" /* r13 at rsp + 80 */
	".cfi_escape 0x10, 0x0e, 0x03, 0x77, 0xd8, 0x00\n" /* r14 at rsp + 88 */
	".cfi_escape 0x10, 0x0f, 0x03, 0x77, 0xe0, 0x00\n" /* r15 at rsp + 96 */
	"nop\n"
	"crash_restorer:\n"
	"movq $15, %rax\n"
	"syscall\n"
	".cfi_endproc\n"
	".size crash_restorer, . - crash_restorer\n");
extern void crash_restorer(void) HIDDEN;

/* A handler of NULL is SIG_DFL. */
static void set_action(int signal, void (*handler)(int, siginfo_t *, void *))
{
	struct kernel_action action = {
		.handler = handler,
		.flags = SA_SIGINFO | SA_ONSTACK | SA_RESTORER_FLAG,
		.restorer = crash_restorer,
		.mask = ~0ull, /* nothing runs on this stack while the thread is parked */
	};
	raw_syscall6(SYS_rt_sigaction, signal, (long)&action, 0, sizeof action.mask, 0, 0);
}

/*
 * Wait until *word is woken. Returns at once if it is not `value`, and after the time in any case.
 */
static void wait_on(uint32_t *word, uint32_t value, uint64_t nanoseconds)
{
	struct timespec time = { (time_t)(nanoseconds / 1000000000u),
				 (long)(nanoseconds % 1000000000u) };
	raw_syscall6(SYS_futex, (long)word, FUTEX_WAIT, value, (long)&time, 0, 0);
}

static void wake(uint32_t *word)
{
	raw_syscall6(SYS_futex, (long)word, FUTEX_WAKE, INT32_MAX, 0, 0, 0);
}

/* Acquires crash_lock: one process at a time uses the arena's words. False after 5 s. */
static bool take_turn(struct fts_arena *arena, uint32_t pid)
{
	uint64_t deadline = raw_now() + WAIT_NANOSECONDS;
	for (;;) {
		uint32_t holder = 0;
		if (__atomic_compare_exchange_n(&arena->crash_lock, &holder, pid, false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
		/* A process that was killed while it held the lock has left it locked. */
		if (raw_syscall3(SYS_kill, (long)holder, 0, 0) == -ESRCH &&
		    __atomic_compare_exchange_n(&arena->crash_lock, &holder, pid, false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
		if (raw_now() > deadline)
			return false;
		wait_on(&arena->crash_lock, holder, 20000000);
	}
}

static void report(const struct fts_crash *crash)
{
	struct fts_arena *arena = ring_arena();
	uint32_t pid = raw_getpid();
	struct fts_crash_place places[FTS_CRASH_PLACES];
	const struct ring_part parts[] = {
		{ crash, sizeof *crash },
		{ places, (uint32_t)(places_find(crash, places) * sizeof *places) },
	};
	if (!arena)
		return;
	bool turn = take_turn(arena, pid);
	if (turn)
		__atomic_store_n(&arena->crash_done, 0, __ATOMIC_RELAXED);
	ring_write(FTS_REC_CRASH, parts, 2);
	if (!turn)
		return;
	__atomic_store_n(&arena->crash_tid, raw_gettid(), __ATOMIC_RELEASE);
	wake(&arena->crash_tid);
	for (uint64_t now = raw_now(), end = now + WAIT_NANOSECONDS;
	     now < end && !__atomic_load_n(&arena->crash_done, __ATOMIC_ACQUIRE); now = raw_now())
		wait_on(&arena->crash_done, 0, end - now);
	__atomic_store_n(&arena->crash_tid, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&arena->crash_lock, 0, __ATOMIC_RELEASE);
	wake(&arena->crash_lock);
}

static void read_crash(struct fts_crash *crash, int signal, const siginfo_t *info,
		       const ucontext_t *context)
{
	crash->signal = signal;
	crash->code = info->si_code;
	crash->address = (uint64_t)info->si_addr;
	_Static_assert(sizeof crash->registers == sizeof context->uc_mcontext.gregs, "23 gregs");
	raw_copy(crash->registers, context->uc_mcontext.gregs, sizeof crash->registers);
	raw_syscall3(SYS_arch_prctl, ARCH_GET_FS, (long)&crash->fs_base, 0);
}

static void on_fatal(int signal, siginfo_t *info, void *context)
{
	uint32_t first = 0, tid = raw_gettid();
	if (!__atomic_compare_exchange_n(&crashing, &first, tid, false, __ATOMIC_RELAXED,
					 __ATOMIC_RELAXED))
		for (;;) /* the process is about to die */
			wait_on(&crashing, first, WAIT_NANOSECONDS);
	struct fts_crash crash;
	read_crash(&crash, signal, info, context);
	races_crash();
	report(&crash);
	/* Now die by the same signal, so that the wait status is right. A fault would come again by
	 * itself when this handler returns, a signal that somebody sent would not: so it is sent
	 * again in either case. It is blocked until this handler has returned. */
	set_action(signal, NULL);
	raw_syscall3(SYS_tgkill, (long)raw_getpid(), (long)tid, signal);
}

static bool is_fatal(int signal)
{
	for (unsigned i = 0; i < FATAL_SIGNALS; i++)
		if (fatal_signals[i] == signal)
			return true;
	return false;
}

/* What the program calls. TSan's wrappers of the same names are called next, in any case. */

typedef int sigaction_function(int, const struct sigaction *, struct sigaction *);
typedef sighandler_t signal_function(int, sighandler_t);

static sigaction_function *next_sigaction(void)
{
	static sigaction_function *next;
	sigaction_function *found = __atomic_load_n(&next, __ATOMIC_RELAXED);
	if (UNLIKELY(!found)) {
		found = (sigaction_function *)symbol_need("sigaction");
		__atomic_store_n(&next, found, __ATOMIC_RELAXED);
	}
	return found;
}

/*
 * ThreadSanitizer has all signals blocked while a handler runs. A fault there would end the process with no
 * handler called, so the fatal ones are let through.
 */
static void let_fatal_through(int signal)
{
	struct kernel_action action = { 0 };
	if (!armed ||
	    raw_syscall6(SYS_rt_sigaction, signal, 0, (long)&action, sizeof action.mask, 0, 0) ||
	    action.handler == NULL || (sighandler_t)(void *)action.handler == SIG_IGN)
		return;
	for (unsigned i = 0; i < FATAL_SIGNALS; i++)
		action.mask &= ~(1ull << (fatal_signals[i] - 1));
	raw_syscall6(SYS_rt_sigaction, signal, (long)&action, 0, sizeof action.mask, 0, 0);
}

EXPORT int sigaction(int signal, const struct sigaction *restrict action,
		     struct sigaction *restrict old)
{
	bool ours = armed && is_fatal(signal);
	bool to_default =
		action && !(action->sa_flags & SA_SIGINFO) && action->sa_handler == SIG_DFL;
	int result = next_sigaction()(signal, action, old);
	if (!result && action && !ours)
		let_fatal_through(signal);
	if (result || !ours)
		return result;
	if (old && old->sa_sigaction == on_fatal) {
		raw_zero(old, sizeof *old);
		old->sa_handler = SIG_DFL;
	}
	if (to_default)
		set_action(signal, on_fatal);
	return 0;
}

/* signal() with the semantics that it has in glibc: those of BSD. */
static sighandler_t set_signal(int signal, sighandler_t handler)
{
	struct sigaction action, old;
	raw_zero(&action, sizeof action);
	action.sa_handler = handler;
	action.sa_flags = SA_RESTART;
	return sigaction(signal, &action, &old) ? SIG_ERR : old.sa_handler;
}

EXPORT sighandler_t signal(int number, sighandler_t handler)
{
	static signal_function *next;
	if (armed && is_fatal(number))
		return set_signal(number, handler);
	signal_function *found = __atomic_load_n(&next, __ATOMIC_RELAXED);
	if (UNLIKELY(!found)) {
		found = (signal_function *)symbol_need("signal");
		__atomic_store_n(&next, found, __ATOMIC_RELAXED);
	}
	sighandler_t before = found(number, handler);
	if (before != SIG_ERR)
		let_fatal_through(number);
	return before;
}

HIDDEN void crash_thread_init(void)
{
	stack_t now, ours;
	raw_zero(&now, sizeof now);
	raw_zero(&ours, sizeof ours);
	raw_syscall3(SYS_sigaltstack, 0, (long)&now, 0);
	if (!(now.ss_flags & SS_DISABLE) && now.ss_size >= STACK_BYTES)
		return;
	ours.ss_sp = alternate_stack;
	ours.ss_size = sizeof alternate_stack;
	raw_syscall3(SYS_sigaltstack, (long)&ours, 0, 0);
}

/* If another action than the default one is set, the program wants the signal for itself. */
static bool is_default(int signal)
{
	struct sigaction now;
	return !next_sigaction()(signal, NULL, &now) && now.sa_handler == SIG_DFL;
}

static bool start(const char **why)
{
	if (!ring_arena()) {
		*why = "there is no arena to write to";
		return false;
	}
	crash_thread_init();
	for (unsigned i = 0; i < FATAL_SIGNALS; i++)
		if (is_default(fatal_signals[i]))
			set_action(fatal_signals[i], on_fatal);
	armed = true;
	return true;
}

static void after_fork(bool in_child)
{
	if (in_child)
		crashing = 0;
}

const struct concern concern_crash = {
	.name = "stacks of a crash",
	.start = start,
	.after_fork = after_fork,
};
