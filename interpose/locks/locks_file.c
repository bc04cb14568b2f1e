/*
 * locks_file.c - SQLite's transactions, in what orders Python code.
 *
 * BEGIN IMMEDIATE returns with a lock that SQLite holds on the database till COMMIT, so that what Python
 * code does meanwhile is guarded by it. SQLite takes it on bytes of a file, by fcntl(). By itself such a
 * lock keeps threads of one process not apart, only processes: that SQLite adds. So the locks of other
 * callers are none.
 */
#define _GNU_SOURCE
#include "interpose/locks/locks.h"
#include "interpose/base/symbol.h"
#include "interpose/variables/variables.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>

/* The bytes of who writes: of a database, and of the index of a write-ahead log. */
static const uint64_t writers[] = { 0x40000001, 120 };

static bool is_sqlite(const void *caller)
{
	Dl_info info;
	return dladdr(caller, &info) && info.dli_fname && strstr(info.dli_fname, "sqlite");
}

/*
 * A word for who writes to the database: by its path, as the index of its log, PATH-shm, is another file
 * each time that somebody is the first one to open it. 0: it is not known.
 */
static uint64_t writer_of(int fd)
{
	static const char suffix[] = "-shm";
	char link[32] = "/proc/self/fd/", path[1024] = "";
	unsigned used = sizeof "/proc/self/fd/" - 1, digits = 1;
	for (int rest = fd; rest >= 10; rest /= 10)
		digits++;
	for (unsigned i = digits; i > 0; i--, fd /= 10)
		link[used + i - 1] = (char)('0' + fd % 10);
	link[used + digits] = '\0';
	long length = raw_syscall3(SYS_readlink, (long)link, (long)path, sizeof path);
	if (length <= (long)sizeof suffix)
		return 0;
	uint64_t bytes = (uint64_t)length, end = sizeof suffix - 1, hash = 0;
	if (raw_equal(path + bytes - end, suffix, end))
		bytes -= end;
	for (uint64_t i = 0; i < bytes; i++)
		hash = (hash ^ (uint8_t)path[i]) * 0x9e3779b97f4a7c15ull;
	return ((hash ^ hash >> 29) & ~15ull) | 1ull << 63;
}

static void note(int fd, const struct flock *range, bool taken)
{
	uint64_t start = (uint64_t)range->l_start, length = (uint64_t)range->l_len;
	for (unsigned i = 0; i < sizeof writers / sizeof *writers; i++) {
		if (writers[i] < start || (length && writers[i] >= start + length))
			continue;
		uint64_t lock = writer_of(fd);
		if (!taken)
			variables_extension_given(lock);
		else if (length == 1 && lock)
			variables_extension_taken(lock);
	}
}

#define CONTROL(name)                                                                              \
	EXPORT int name(int fd, int command, ...)                                                  \
	{                                                                                          \
		static __typeof__(fcntl) *real;                                                    \
		va_list arguments;                                                                 \
		va_start(arguments, command);                                                      \
		struct flock *range = va_arg(arguments, struct flock *);                           \
		va_end(arguments);                                                                 \
		if (UNLIKELY(!real))                                                               \
			real = (__typeof__(fcntl) *)symbol_need(#name);                            \
		bool locks = (command == F_SETLK || command == F_SETLKW) && variables_testing &&   \
			     is_sqlite(__builtin_return_address(0));                               \
		if (locks && range->l_type == F_UNLCK)                                             \
			note(fd, range, false);                                                    \
		int error = real(fd, command, range);                                              \
		if (locks && error == 0 && range->l_type == F_WRLCK)                               \
			note(fd, range, true);                                                     \
		return error;                                                                      \
	}

CONTROL(fcntl)
CONTROL(fcntl64)
