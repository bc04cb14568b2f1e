/*
 * remote.h - another process: stop it, read its memory, find out what is mapped where.
 *
 * Everything is read from the process's own memory, ELF headers and symbol tables, too. No module's
 * file is opened. So this works for files that were deleted, in another mount namespace, and for
 * the vdso.
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
	bool seized; /* ptrace() has it */
	bool stopped;
	int signal; /* one that was about to come when it stopped: it gets it when it goes on */
};

struct remote_threads {
	pid_t pid;
	bool own_child; /* it is a child of the runner, which waits for its exit elsewhere */
	struct remote_thread *items;
	size_t count, capacity;
};

/*
 * Stop all threads of a process, also those that start meanwhile. A thread may not stop within
 * `seconds`, because it waits in vfork() or uninterruptibly: it is left with `stopped` false, and
 * stays traced until the calling thread ends. So call this in a thread made for it. Returns 0; or
 * -1 and *why, which is the caller's to free, and then no thread is stopped.
 */
int remote_stop(struct remote_threads *threads, pid_t pid, double seconds, char **why);

/* Let all threads go on, and free the list. */
void remote_resume(struct remote_threads *threads);

struct remote_module {
	char *path;
	uint64_t low, high, bias; /* mapped range; address = bias + ELF virtual address */
	uint64_t eh_frame_hdr;    /* address of the unwind table's index, 0 = none */
	uint64_t symbols, strings, gnu_hash; /* addresses of .dynsym, .dynstr and .gnu.hash, or 0 */
	uint8_t build_id[20], build_id_length;
	bool parsed, elf;
	void *user; /* for the caller; NULL at first */
};

struct remote_mapping {
	uint64_t low, high;
	bool executable;
	struct remote_module *module; /* NULL: no file is mapped there */
};

struct remote_page;

struct remote {
	pid_t pid;
	int memory; /* /proc/PID/mem, opened if process_vm_readv() is not permitted; else -1 */
	struct remote_mapping *mappings; /* sorted by address */
	size_t mapping_count, mapping_capacity;
	struct remote_module **modules;
	size_t module_count, module_capacity;
	struct remote_page *pages; /* cache of the pages that were read, a hash table */
	size_t page_count;
	uint64_t calls; /* reads that went to the kernel */
};

/*
 * Read what is mapped where. The process should be stopped from here to remote_close(). 0, or -1 if
 * it is gone.
 */
int remote_open(struct remote *remote, pid_t pid);
void remote_close(struct remote *remote);

/* May its memory be read at all? */
bool remote_readable(struct remote *remote);

/* Copy memory of the process. False if a part of it is not readable. */
bool remote_read(struct remote *remote, uint64_t address, void *to, size_t length);
uint64_t remote_word(struct remote *remote, uint64_t address); /* 0 if not readable */

const struct remote_mapping *remote_mapping_at(const struct remote *remote, uint64_t address);
bool remote_executable(const struct remote *remote, uint64_t address);

/* The module that is mapped at an address, with its ELF headers read; or NULL. */
struct remote_module *remote_module_at(struct remote *remote, uint64_t address);
/* Read the module's ELF headers, if that was not done. */
void remote_parse(struct remote *remote, struct remote_module *module);

/* The address of a symbol that a module defines and exports, 0 = none. */
uint64_t remote_symbol(struct remote *remote, struct remote_module *module, const char *name);

/* The numbers under /proc/PID/task, ascending. Returns the count, the array is the caller's. */
size_t remote_tasks(pid_t pid, pid_t **tids);

/* The number in the line of /proc/PID/status that begins with the key ("TracerPid"); -1 if none. */
long remote_status(pid_t pid, const char *key);

/* A thread's state letter; '?' if it is gone. *name, if not NULL: its name, to be freed. */
char remote_state(pid_t pid, pid_t tid, char **name);

#endif
