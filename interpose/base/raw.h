/*
 * raw.h - system calls and a lock that ThreadSanitizer does not see.
 *
 * libc's wrappers are intercepted by TSan's runtime: calling them from a hook would add
 * happens-before edges to the program under test, or deadlock inside a report. Everything in
 * interpose/ that needs the kernel or a lock comes here. Async-signal-safe, thread-safe.
 */
#ifndef INTERPOSE_RAW_H
#define INTERPOSE_RAW_H

#include <linux/futex.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>

#define HIDDEN __attribute__((visibility("hidden")))
#define EXPORT __attribute__((visibility("default")))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
/*
 * Before a call makes it a jump: our caller's return address stays where it is, and reports show
 * our caller instead of us.
 */
#define JUMP __attribute__((musttail)) return

/* Returns what the kernel returns: -errno on failure. */
static inline long raw_syscall6(long number, long a, long b, long c, long d, long e, long f)
{
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static inline long raw_syscall3(long number, long a, long b, long c)
{
	return raw_syscall6(number, a, b, c, 0, 0, 0);
}

static inline uint32_t raw_gettid(void)
{
	return (uint32_t)raw_syscall3(SYS_gettid, 0, 0, 0);
}

/* Has this thread of the process ended? */
static inline bool raw_is_gone(uint32_t tid)
{
	return raw_syscall3(SYS_tkill, (long)tid, 0, 0) == -3; /* -ESRCH */
}

static inline uint32_t raw_getpid(void)
{
	return (uint32_t)raw_syscall3(SYS_getpid, 0, 0, 0);
}

/* CLOCK_MONOTONIC in nanoseconds. */
static inline uint64_t raw_now(void)
{
	struct timespec now = { 0, 0 };
	raw_syscall3(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now, 0);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/*
 * A futex lock: 0 free, 1 held, 2 held and waited for (Drepper, "Futexes Are Tricky", mutex2).
 * Not recursive. Hold it briefly and never across a call into the program.
 */
struct raw_lock {
	uint32_t state;
};

static inline bool raw_trylock(struct raw_lock *lock)
{
	uint32_t expected = 0;
	return __atomic_compare_exchange_n(&lock->state, &expected, 1, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static inline void raw_lock(struct raw_lock *lock)
{
	if (LIKELY(raw_trylock(lock)))
		return;
	while (__atomic_exchange_n(&lock->state, 2, __ATOMIC_ACQUIRE) != 0)
		raw_syscall6(SYS_futex, (long)&lock->state, FUTEX_WAIT_PRIVATE, 2, 0, 0, 0);
}

static inline void raw_unlock(struct raw_lock *lock)
{
	if (__atomic_exchange_n(&lock->state, 0, __ATOMIC_RELEASE) == 2)
		raw_syscall6(SYS_futex, (long)&lock->state, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
}

/* TSan intercepts libc's memcpy() and its kin, too; these are plain instructions. */
static inline void raw_copy(void *to, const void *from, uint64_t length)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory");
}

static inline void raw_zero(void *to, uint64_t length)
{
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(length) : "a"(0) : "memory");
}

static inline bool raw_begins(const char *text, const char *with)
{
	while (*with && *text == *with)
		text++, with++;
	return *with == '\0';
}

static inline bool raw_same(const char *left, const char *right)
{
	while (*left && *left == *right)
		left++, right++;
	return *left == *right;
}

static inline bool raw_equal(const void *left, const void *right, uint64_t length)
{
	const uint8_t *a = left, *b = right;
	while (length && *a == *b)
		a++, b++, length--;
	return length == 0;
}

static inline uint64_t raw_length(const char *text)
{
	uint64_t length = 0;
	while (text[length])
		length++;
	return length;
}

/* Copies the text with its end; returns where it ends. */
static inline char *raw_put(char *at, const char *text)
{
	uint64_t length = raw_length(text);
	raw_copy(at, text, length + 1);
	return at + length;
}

/* The same of a number. */
static inline char *raw_put_number(char *at, uint64_t number)
{
	char digits[24], *first = digits + sizeof digits;
	*--first = '\0';
	do
		*--first = (char)('0' + number % 10);
	while (number /= 10);
	return raw_put(at, first);
}

#endif
