/* edge_trace.c: preloaded between libftstress.so and TSan: logs each acquire and release as TSan is
 * told it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <pthread.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
struct ev {
	u64 addr, pc, pc2;
	u32 tid;
	u8 kind, mo, sz, pad;
};
#define MAXE (1u << 21)
static struct ev *ring;
static u32 n;
static __thread u32 tid __attribute__((tls_model("initial-exec")));
static int on;
static void lg(const volatile void *a, void *pc, void *pc2, int kind, int mo, int sz)
{
	if (!on || mo == 0)
		return;
	if (!tid)
		tid = (u32)syscall(SYS_gettid);
	u32 i = __atomic_fetch_add(&n, 1, __ATOMIC_RELAXED);
	if (i < MAXE)
		ring[i] =
			(struct ev){ (u64)a, (u64)pc, (u64)pc2, tid, (u8)kind, (u8)mo, (u8)sz, 0 };
}
#define PC __builtin_return_address(0)
#define UP                                                                                         \
	(*(void **)((char *)__builtin_frame_address(0) + 8) == 0 ? 0                               \
								 : up(__builtin_frame_address(0)))
static void *up(void *fp)
{
	void **f = *(void ***)fp;
	return ((u64)f > (u64)fp && (u64)f < (u64)fp + 65536) ? f[1] : 0;
}
#define G(T, S)                                                                                    \
	static T (*rl##S)(const volatile T *, int);                                                \
	static void (*rs##S)(volatile T *, T, int);                                                \
	static T (*rx##S)(volatile T *, T, int);                                                   \
	static T (*ra##S)(volatile T *, T, int);                                                   \
	static T (*rb##S)(volatile T *, T, int);                                                   \
	static T (*ro##S)(volatile T *, T, int);                                                   \
	static T (*rn##S)(volatile T *, T, int);                                                   \
	static T (*rc##S)(volatile T *, T, T, int, int);                                           \
	static void in##S(void)                                                                    \
	{                                                                                          \
		rl##S = dlsym(RTLD_NEXT, "__tsan_atomic" #S "_load");                              \
		rs##S = dlsym(RTLD_NEXT, "__tsan_atomic" #S "_store");                             \
		rx##S = dlsym(RTLD_NEXT, "__tsan_atomic" #S "_exchange");                          \
		ra##S = dlsym(RTLD_NEXT, "__tsan_atomic" #S "_fetch_add");                         \
		rb##S = dlsym(RTLD_NEXT, "__tsan_atomic" #S "_fetch_sub");                         \
		ro##S = dlsym(RTLD_NEXT, "__tsan_atomic" #S "_fetch_or");                          \
		rn##S = dlsym(RTLD_NEXT, "__tsan_atomic" #S "_fetch_and");                         \
		rc##S = dlsym(RTLD_NEXT, "__tsan_atomic" #S "_compare_exchange_val");              \
	}                                                                                          \
	T __tsan_atomic##S##_load(const volatile T *a, int mo)                                     \
	{                                                                                          \
		if (!rl##S)                                                                        \
			in##S();                                                                   \
		T v = rl##S(a, mo);                                                                \
		lg(a, PC, UP, 0, mo, S);                                                           \
		return v;                                                                          \
	}                                                                                          \
	void __tsan_atomic##S##_store(volatile T *a, T v, int mo)                                  \
	{                                                                                          \
		if (!rs##S)                                                                        \
			in##S();                                                                   \
		lg(a, PC, UP, 1, mo, S);                                                           \
		rs##S(a, v, mo);                                                                   \
	}                                                                                          \
	T __tsan_atomic##S##_exchange(volatile T *a, T v, int mo)                                  \
	{                                                                                          \
		if (!rx##S)                                                                        \
			in##S();                                                                   \
		lg(a, PC, UP, 2, mo, S);                                                           \
		return rx##S(a, v, mo);                                                            \
	}                                                                                          \
	T __tsan_atomic##S##_fetch_add(volatile T *a, T v, int mo)                                 \
	{                                                                                          \
		if (!ra##S)                                                                        \
			in##S();                                                                   \
		lg(a, PC, UP, 2, mo, S);                                                           \
		return ra##S(a, v, mo);                                                            \
	}                                                                                          \
	T __tsan_atomic##S##_fetch_sub(volatile T *a, T v, int mo)                                 \
	{                                                                                          \
		if (!rb##S)                                                                        \
			in##S();                                                                   \
		lg(a, PC, UP, 2, mo, S);                                                           \
		return rb##S(a, v, mo);                                                            \
	}                                                                                          \
	T __tsan_atomic##S##_fetch_or(volatile T *a, T v, int mo)                                  \
	{                                                                                          \
		if (!ro##S)                                                                        \
			in##S();                                                                   \
		lg(a, PC, UP, 2, mo, S);                                                           \
		return ro##S(a, v, mo);                                                            \
	}                                                                                          \
	T __tsan_atomic##S##_fetch_and(volatile T *a, T v, int mo)                                 \
	{                                                                                          \
		if (!rn##S)                                                                        \
			in##S();                                                                   \
		lg(a, PC, UP, 2, mo, S);                                                           \
		return rn##S(a, v, mo);                                                            \
	}                                                                                          \
	T __tsan_atomic##S##_compare_exchange_val(volatile T *a, T c, T v, int mo, int fmo)        \
	{                                                                                          \
		if (!rc##S)                                                                        \
			in##S();                                                                   \
		T r = rc##S(a, c, v, mo, fmo);                                                     \
		lg(a, PC, UP, r == c ? 2 : 0, r == c ? mo : fmo, S);                               \
		return r;                                                                          \
	}
G(u8, 8)
G(u16, 16)
G(u32, 32)
G(u64, 64)
#define LOCKS(F, K, A)                                                                             \
	int F(A *m)                                                                                \
	{                                                                                          \
		static int (*r)(A *);                                                              \
		if (!r)                                                                            \
			r = dlsym(RTLD_NEXT, #F);                                                  \
		int x;                                                                             \
		if (K == 1) {                                                                      \
			lg(m, PC, UP, 1, 3, 1);                                                    \
			x = r(m);                                                                  \
		} else {                                                                           \
			x = r(m);                                                                  \
			lg(m, PC, UP, 0, 2, 1);                                                    \
		}                                                                                  \
		return x;                                                                          \
	}
#include <semaphore.h>
LOCKS(pthread_mutex_lock, 0, pthread_mutex_t)
LOCKS(pthread_mutex_unlock, 1, pthread_mutex_t)
LOCKS(sem_wait, 0, sem_t)
LOCKS(sem_post, 1, sem_t)

#define ANNOTATION(F, K, MO)                                                                       \
	void F(void *a)                                                                            \
	{                                                                                          \
		static void (*r)(void *);                                                          \
		if (!r)                                                                            \
			r = dlsym(RTLD_NEXT, #F);                                                  \
		lg(a, PC, UP, K, MO, 1);                                                           \
		r(a);                                                                              \
	}
ANNOTATION(__tsan_acquire, 0, 2)
ANNOTATION(__tsan_release, 1, 3)

/* Called by the script: 1 = A begins its work, 2 = it ended, 3 and 4 = B. */
void edge_mark(int what);
void edge_mark(int what)
{
	on = 1;
	lg((void *)(u64)what, 0, 0, 9, 1, 0);
}
void edge_start(void);
void edge_start(void)
{
	ring = calloc(MAXE, sizeof *ring);
	on = 1;
}
/* Writes what was logged since the last time to the open file `fd`, and logs no more for now. */
unsigned edge_take(int fd);
unsigned edge_take(int fd)
{
	on = 0;
	u32 k = n < MAXE ? n : MAXE;
	n = 0;
	char *at = (char *)ring;
	for (size_t left = k * sizeof *ring; left;) {
		ssize_t done = write(fd, at, left);
		if (done <= 0)
			return 0;
		at += done;
		left -= (size_t)done;
	}
	return k;
}
void edge_save(const char *p);
void edge_save(const char *p)
{
	on = 0;
	FILE *f = fopen(p, "w");
	u32 k = n < MAXE ? n : MAXE;
	fwrite(ring, sizeof *ring, k, f);
	fclose(f);
	char c[256];
	snprintf(c, sizeof c, "cp /proc/%d/maps %s.maps", getpid(), p);
	if (system(c)) {
	}
}
#include <time.h>
int sem_clockwait(sem_t *s, clockid_t c, const struct timespec *t)
{
	static int (*r)(sem_t *, clockid_t, const struct timespec *);
	if (!r)
		r = dlsym(RTLD_NEXT, "sem_clockwait");
	int x = r(s, c, t);
	lg(s, PC, UP, 0, 2, 1);
	return x;
}
int sem_timedwait(sem_t *s, const struct timespec *t)
{
	static int (*r)(sem_t *, const struct timespec *);
	if (!r)
		r = dlsym(RTLD_NEXT, "sem_timedwait");
	int x = r(s, t);
	lg(s, PC, UP, 0, 2, 1);
	return x;
}
int sem_trywait(sem_t *s)
{
	static int (*r)(sem_t *);
	if (!r)
		r = dlsym(RTLD_NEXT, "sem_trywait");
	int x = r(s);
	lg(s, PC, UP, 0, 2, 1);
	return x;
}
int sem_destroy(sem_t *s)
{
	static int (*r)(sem_t *);
	if (!r)
		r = dlsym(RTLD_NEXT, "sem_destroy");
	lg(s, PC, UP, 1, 3, 1);
	return r(s);
}
LOCKS(pthread_mutex_trylock, 0, pthread_mutex_t)
LOCKS(pthread_cond_signal, 1, pthread_cond_t)
