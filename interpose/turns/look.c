/* look.c - see look.h. */
#define _GNU_SOURCE
#include "interpose/turns/look.h"

#include <fcntl.h>
#include <time.h>

enum { LOOK_BYTES = 2048 }; /* of /proc/self/task/TID/status */

/* What follows the label at the beginning of a line. */
static const char *after(const char *text, const char *label)
{
	for (; *text; text++) {
		const char *at = text, *want = label;
		while (*want && *at == *want)
			at++, want++;
		if (!*want)
			return at;
	}
	return text;
}

static uint64_t number(const char *text)
{
	uint64_t value = 0;
	for (; *text >= '0' && *text <= '9'; text++)
		value = value * 10 + (uint64_t)(*text - '0');
	return value;
}

static void read_status(uint32_t tid, char *text)
{
	char path[48] = "/proc/self/task/", digits[12];
	unsigned at = 16, count = 0;
	do
		digits[count++] = (char)('0' + tid % 10);
	while ((tid /= 10));
	while (count)
		path[at++] = digits[--count];
	raw_copy(path + at, "/status", 8);
	long fd = raw_syscall3(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC);
	long length = fd < 0 ? 0 : raw_syscall3(SYS_read, fd, (long)text, LOOK_BYTES - 1);
	if (fd >= 0)
		raw_syscall3(SYS_close, fd, 0, 0);
	text[length > 0 ? length : 0] = '\0';
}

/* Nanoseconds of processor time that the thread has used. */
uint64_t look_computed(uint32_t tid)
{
	enum { SCHEDULER_CLOCK = 2, OF_THREAD = 4 }; /* linux: include/uapi/linux/time.h */
	struct timespec time = { 0 };
	raw_syscall3(SYS_clock_gettime, (long)(int)(~tid << 3 | SCHEDULER_CLOCK | OF_THREAD),
		     (long)&time, 0);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

bool look_asleep(uint32_t tid, uint64_t *switches)
{
	char text[LOOK_BYTES];
	read_status(tid, text); /* empty where no file can be opened: then it is awake */
	*switches = number(after(text, "\nvoluntary_ctxt_switches:\t")) + 1;
	return *after(text, "\nState:\t") == 'S';
}
