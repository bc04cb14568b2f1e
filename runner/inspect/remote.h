/*
 * remote.h - another process: stopping it, reading its memory, what is mapped where.
 *
 * Everything is read from the process's own memory, ELF headers and symbol tables too, and no file
 * is opened: it works for deleted files, another mount namespace and the vdso alike.
 */
#ifndef RUNNER_REMOTE_H
#define RUNNER_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One thread of a process that remote_stop() stopped. */
struct remote_thread {
	pid_t tid;
	bool seized;
	bool stopped;
	int signal; /* was on its way to the thread: handed on when it goes on */
};

struct remote_threads {
	pid_t pid;
	bool own_child; /* its exit is for somebody else in the runner to wait for */
	struct remote_thread *items;
	size_t count, capacity;
};

/*
 * Stop all threads of a process, those too that start meanwhile. Threads that do not stop within
 * `seconds` in all (they wait in vfork() or uninterruptibly) stay behind with `stopped` false; the
 * kernel lets go of those only when the calling thread ends, so call it in a thread made for it.
 * Returns 0, or -1 with *why (the caller's) and everything let go.
 */
int remote_stop(struct remote_threads *threads, pid_t pid, double seconds, char **why);

/* Let all go on, and release the list. */
void remote_resume(struct remote_threads *threads);

struct remote_module {
	char *path;
	uint64_t low, high, bias;
	uint64_t eh_frame_hdr;               /* address of the unwind table's index, 0 = none */
	uint64_t symbols, strings, gnu_hash; /* addresses of .dynsym, .dynstr and .gnu.hash, or 0 */
	uint8_t build_id[20], build_id_length;
	bool parsed, elf;
	void *user; /* for the caller; NULL at first */
};

struct remote_mapping {
	uint64_t low, high;
	bool executable;
	struct remote_module *module; /* NULL: not of a file */
};

struct remote_page;

struct remote {
	pid_t pid;
	int memory; /* /proc/PID/mem, where process_vm_readv is refused; else -1 */
	struct remote_mapping *mappings; /* by address */
	size_t mapping_count, mapping_capacity;
	struct remote_module **modules;
	size_t module_count, module_capacity;
	struct remote_page *pages; /* what was read so far, a hash table */
	size_t page_count;
	uint64_t calls; /* to the kernel */
};

/* Read what is mapped. The process should stand still from here to remote_close(). 0 or -1. */
int remote_open(struct remote *remote, pid_t pid);
void remote_close(struct remote *remote);

/* Is reading its memory permitted at all? */
bool remote_readable(struct remote *remote);

/* Copy memory of the process. False if a part of it is not readable. */
bool remote_read(struct remote *remote, uint64_t address, void *to, size_t length);
uint64_t remote_word(struct remote *remote, uint64_t address); /* 0 if not readable */

const struct remote_mapping *remote_mapping_at(const struct remote *remote, uint64_t address);
bool remote_executable(const struct remote *remote, uint64_t address);

/* The module that holds an address, its ELF headers read; or NULL. */
struct remote_module *remote_module_at(struct remote *remote, uint64_t address);
void remote_parse(struct remote *remote, struct remote_module *module);

/* The address of a symbol that a module defines and exports, 0 = none. */
uint64_t remote_symbol(struct remote *remote, struct remote_module *module, const char *name);

/* The numbers under /proc/PID/task, ascending. Returns the count, the array is the caller's. */
size_t remote_tasks(pid_t pid, pid_t **tids);

/* A line of /proc/PID/status without the key, e.g. "TracerPid", as a number; -1 if none. */
long remote_status(pid_t pid, const char *key);

/* The state letter and, if not NULL, the name of a thread; '?' if it is gone. */
char remote_state(pid_t pid, pid_t tid, char **name);

#endif
