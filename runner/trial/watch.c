/* watch.c - see watch.h. */
#include "runner/trial/watch.h"

#include <dirent.h>
#include <inttypes.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/base/util.h"

/* The first bytes of a file of /proc; false if it is gone. */
static bool read_small(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t got = read(fd, text, size - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	return got > 0;
}

uint64_t resident_of(pid_t pid)
{
	char path[64], text[256];
	uint64_t pages = 0;
	snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
	if (!read_small(path, text, sizeof text) || sscanf(text, "%*u %" SCNu64, &pages) != 1)
		return 0;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool in_group(pid_t pid, pid_t wanted)
{
	char path[64], text[512];
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	if (!read_small(path, text, sizeof text))
		return false;
	const char *rest = strrchr(text, ')');
	int parent, group;
	return rest && sscanf(rest, ") %*c %d %d", &parent, &group) == 2 && group == wanted;
}

uint64_t resident_of_followers(pid_t group)
{
	DIR *folder = opendir("/proc");
	uint64_t sum = 0;
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		pid_t pid = (pid_t)atoi(entry->d_name);
		if (pid > 0 && pid != group && in_group(pid, group))
			sum += resident_of(pid);
	}
	if (folder)
		closedir(folder);
	return sum;
}

double processor_of_group(pid_t group)
{
	DIR *folder = opendir("/proc");
	uint64_t ticks = 0;
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		char path[300], text[512];
		uint64_t user, system;
		int member;
		snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
		if (atoi(entry->d_name) <= 0 || !read_small(path, text, sizeof text))
			continue;
		const char *rest = strrchr(text, ')');
		if (rest &&
		    sscanf(rest,
			   ") %*c %*d %d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64,
			   &member, &user, &system) == 3 &&
		    member == group)
			ticks += user + system;
	}
	if (folder)
		closedir(folder);
	return (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

uint64_t memory_of_machine(void)
{
	uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	static const char *const limits[] = { "/sys/fs/cgroup/memory.max",
					      "/sys/fs/cgroup/memory/memory.limit_in_bytes" };
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		char text[64];
		uint64_t limit;
		if (read_small(limits[i], text, sizeof text) &&
		    sscanf(text, "%" SCNu64, &limit) == 1 && limit && limit < machine)
			return limit;
	}
	return machine;
}
