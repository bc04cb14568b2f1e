/* file.h - a file's bytes, by system calls that ThreadSanitizer does not see. Thread-safe. */
#ifndef INTERPOSE_FILE_H
#define INTERPOSE_FILE_H

#include "interpose/base/raw.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* Mapped for reading; to be given back with SYS_munmap. NULL: it can't be read, or is empty. */
static inline const char *file_map(const char *path, uint64_t *size)
{
	int fd = (int)raw_syscall3(SYS_open, (long)path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return NULL;
	struct stat status = { 0 }; /* the analyzer knows no raw call's result */
	long at = -1;
	if (raw_syscall3(SYS_fstat, fd, (long)&status, 0) == 0 && status.st_size > 0)
		at = raw_syscall6(SYS_mmap, 0, status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	raw_syscall3(SYS_close, fd, 0, 0);
	*size = (uint64_t)status.st_size;
	return at < 0 && at > -4096 ? NULL : (const char *)at;
}

#endif
