/*
 * private_heap.c - what the copy of jemalloc in this library calls in place of the C library.
 *
 * TSan's runtime intercepts many functions that jemalloc calls. The linker redirects these calls to
 * this file (--wrap, list in rules.mk): locks are futexes, mmap and its kin are system calls,
 * string functions are loops. Without that, a hook that allocates would order the threads that it
 * watches. Measured: a naive hook hid a race in 15 runs of 15, this one in none.
 */
#define _GNU_SOURCE
#include "interpose/base/private_heap.h"

#include "interpose/base/concern.h"

#include "interpose/base/raw.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <signal.h>
#include <time.h>

extern void *mallocx(size_t size, int flags);
extern void dallocx(void *block, int flags);
#define MALLOCX_ZERO 0x40

void *heap_alloc(size_t size)
{
	return mallocx(size ? size : 1, 0);
}

void *heap_zalloc(size_t size)
{
	return mallocx(size ? size : 1, MALLOCX_ZERO);
}

void heap_free(void *block)
{
	if (block)
		dallocx(block, 0);
}

static long with_errno(long result)
{
	if (result < 0 && result > -4096) {
		errno = (int)-result;
		return -1;
	}
	return result;
}

#pragma clang diagnostic ignored "-Wmissing-prototypes"
#pragma clang diagnostic ignored "-Wunused-parameter"

HIDDEN int __wrap_pthread_mutex_init(struct raw_lock *lock, void *attributes)
{
	lock->state = 0;
	return 0;
}

HIDDEN int __wrap_pthread_mutex_lock(struct raw_lock *lock)
{
	raw_lock(lock);
	return 0;
}

HIDDEN int __wrap_pthread_mutex_trylock(struct raw_lock *lock)
{
	return raw_trylock(lock) ? 0 : EBUSY;
}

HIDDEN int __wrap_pthread_mutex_unlock(struct raw_lock *lock)
{
	raw_unlock(lock);
	return 0;
}

HIDDEN int __wrap_pthread_mutexattr_init(void *attributes)
{
	return 0;
}

HIDDEN int __wrap_pthread_mutexattr_destroy(void *attributes)
{
	return 0;
}

HIDDEN int __wrap_pthread_mutexattr_settype(void *attributes, int type)
{
	return 0;
}

/* No background threads: the zygote must stay single-threaded. */
HIDDEN int __wrap_pthread_create(void *thread, void *attributes, void *start, void *argument)
{
	return EAGAIN;
}

HIDDEN void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, long at)
{
	return (void *)with_errno(
		raw_syscall6(SYS_mmap, (long)address, (long)length, protection, flags, fd, at));
}

HIDDEN int __wrap_munmap(void *address, size_t length)
{
	return (int)with_errno(raw_syscall3(SYS_munmap, (long)address, (long)length, 0));
}

HIDDEN int __wrap_madvise(void *address, size_t length, int advice)
{
	return (int)with_errno(raw_syscall3(SYS_madvise, (long)address, (long)length, advice));
}

HIDDEN int __wrap_mprotect(void *address, size_t length, int protection)
{
	return (int)with_errno(raw_syscall3(SYS_mprotect, (long)address, (long)length, protection));
}

HIDDEN int __wrap_open(const char *path, int flags, int mode)
{
	return (int)with_errno(raw_syscall3(SYS_open, (long)path, flags, mode));
}

HIDDEN int __wrap_creat(const char *path, int mode)
{
	return (int)with_errno(raw_syscall3(SYS_creat, (long)path, mode, 0));
}

HIDDEN int __wrap_close(int fd)
{
	return (int)with_errno(raw_syscall3(SYS_close, fd, 0, 0));
}

HIDDEN long __wrap_read(int fd, void *bytes, size_t length)
{
	return with_errno(raw_syscall3(SYS_read, fd, (long)bytes, (long)length));
}

HIDDEN long __wrap_write(int fd, const void *bytes, size_t length)
{
	return with_errno(raw_syscall3(SYS_write, fd, (long)bytes, (long)length));
}

HIDDEN long __wrap_readlink(const char *path, char *bytes, size_t length)
{
	return with_errno(raw_syscall3(SYS_readlink, (long)path, (long)bytes, (long)length));
}

HIDDEN int __wrap_pipe2(int *fds, int flags)
{
	return (int)with_errno(raw_syscall3(SYS_pipe2, (long)fds, flags, 0));
}

HIDDEN int __wrap_clock_gettime(int clock, struct timespec *now)
{
	return (int)with_errno(raw_syscall3(SYS_clock_gettime, clock, (long)now, 0));
}

HIDDEN int __wrap_sched_yield(void)
{
	return (int)raw_syscall3(SYS_sched_yield, 0, 0, 0);
}

HIDDEN int __wrap_sigprocmask(int how, const void *set, void *old)
{
	return (int)with_errno(
		raw_syscall6(SYS_rt_sigprocmask, how, (long)set, (long)old, 8, 0, 0));
}

HIDDEN int __wrap_pthread_sigmask(int how, const void *set, void *old)
{
	return __wrap_sigprocmask(how, set, old);
}

HIDDEN int __wrap_msync(void *address, size_t length, int flags)
{
	return (int)with_errno(raw_syscall3(SYS_msync, (long)address, (long)length, flags));
}

HIDDEN int __wrap_mincore(void *address, size_t length, void *vector)
{
	return (int)with_errno(
		raw_syscall3(SYS_mincore, (long)address, (long)length, (long)vector));
}

__attribute__((no_builtin)) HIDDEN void *__wrap_memcpy(void *to, const void *from, size_t length)
{
	raw_copy(to, from, length);
	return to;
}

__attribute__((no_builtin)) HIDDEN void *__wrap_memset(void *to, int byte, size_t length)
{
	void *result = to;
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(length) : "a"(byte) : "memory");
	return result;
}

__attribute__((no_builtin)) HIDDEN void *__wrap_memmove(void *to, const void *from, size_t length)
{
	char *t = to;
	const char *f = from;
	if (t <= f || t >= f + length)
		raw_copy(to, from, length);
	else
		while (length--)
			t[length] = f[length];
	return to;
}

__attribute__((no_builtin)) HIDDEN int __wrap_memcmp(const void *a, const void *b, size_t length)
{
	const unsigned char *x = a, *y = b;
	for (; length; length--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

__attribute__((no_builtin)) HIDDEN void *__wrap_memchr(const void *bytes, int byte, size_t length)
{
	for (const unsigned char *at = bytes; length; length--, at++)
		if (*at == (unsigned char)byte)
			return (void *)at;
	return NULL;
}

__attribute__((no_builtin)) HIDDEN size_t __wrap_strlen(const char *text)
{
	return raw_length(text);
}

typedef int phdr_callback(struct dl_phdr_info *, size_t, void *);

/* Not TSan's interceptor of the same name: that one acquires a lock of TSan's runtime. */
HIDDEN int __wrap_dl_iterate_phdr(phdr_callback *callback, void *data)
{
	static int (*real)(phdr_callback *, void *);
	if (!real) {
		void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
		real = (int (*)(phdr_callback *, void *))dlsym(libc, "dl_iterate_phdr");
	}
	return real(callback, data);
}

static bool start(const char **why)
{
	void *block = heap_alloc(64);
	if (!block)
		*why = "no memory for the hooks";
	heap_free(block);
	return block != NULL;
}

const struct concern concern_heap = { .name = "private heap", .start = start };
