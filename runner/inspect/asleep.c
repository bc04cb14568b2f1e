/* asleep.c - see asleep.h. */
#include "runner/inspect/asleep.h"

#include <dirent.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "runner/base/util.h"

struct process {
	const char *proc;
	pid_t pid;
	char *maps; /* the text of /proc/PID/maps; NULL until it is needed */
};

/* The system call that a thread waits in. */
struct call {
	long number;
	uint64_t arguments[6], stack, pc;
};

static char *read_of(const struct process *p, pid_t tid, const char *name)
{
	char *path = tid ? xprintf("%s/%d/task/%d/%s", p->proc, (int)p->pid, (int)tid, name)
			 : xprintf("%s/%d/%s", p->proc, (int)p->pid, name);
	char *text = read_file(path, NULL);
	free(path);
	return text;
}

/* ---- what is mapped where ---- */

struct mapping {
	bool shared, sanitizer;
};

static bool find_mapping(struct process *p, uint64_t address, struct mapping *out)
{
	if (!p->maps)
		p->maps = read_of(p, 0, "maps");
	for (const char *line = p->maps; line && *line;) {
		uint64_t low, high;
		char mode[5];
		const char *end = strchrnul(line, '\n');
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &low, &high, mode) == 3 &&
		    address >= low && address < high) {
			char *text = xstrndup(line, (size_t)(end - line));
			out->shared = mode[3] != 'p';
			out->sanitizer =
				strstr(text, "libclang_rt.tsan") || strstr(text, "libtsan");
			free(text);
			return true;
		}
		line = *end ? end + 1 : end;
	}
	return false;
}

/* ---- one thread ---- */

static bool parse_call(const char *text, struct call *call)
{
	uint64_t *a = call->arguments;
	return sscanf(text,
		      "%ld %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64
		      " %" SCNx64 " %" SCNx64,
		      &call->number, &a[0], &a[1], &a[2], &a[3], &a[4], &a[5], &call->stack,
		      &call->pc) == 9;
}

/* Does the thread wait, without a time limit, for a futex that only this process can see? */
static bool is_endless(struct process *p, const struct call *call)
{
	struct mapping mapping;
	if (call->number != SYS_futex)
		return false;
	int operation = (int)call->arguments[1];
	int command = operation & FUTEX_CMD_MASK;
	if (command != FUTEX_WAIT && command != FUTEX_WAIT_BITSET && command != FUTEX_LOCK_PI &&
	    command != FUTEX_LOCK_PI2)
		return false;
	if (call->arguments[3] != 0)
		return false;
	return (operation & FUTEX_PRIVATE_FLAG) ||
	       (find_mapping(p, call->arguments[0], &mapping) && !mapping.shared);
}

/* Is it ThreadSanitizer's own thread? That one sleeps in a system call of the runtime. */
static bool is_sanitizer(struct process *p, const struct call *call)
{
	struct mapping mapping;
	return (call->number == SYS_nanosleep || call->number == SYS_clock_nanosleep) &&
	       find_mapping(p, call->pc, &mapping) && mapping.sanitizer;
}

static uint64_t number_after(const char *text, const char *key, int base)
{
	const char *at = strstr(text, key);
	return at ? strtoull(at + strlen(key), NULL, base) : 0;
}

static char state_in(const char *status)
{
	const char *at = strstr(status, "\nState:");
	return at ? at[strcspn(at + 1, "\t ") + 2] : '?';
}

enum look { AWAKE, ASLEEP, LEFT_OUT };

static enum look look_at(struct process *p, pid_t tid, struct asleep_thread *out)
{
	char *status = read_of(p, tid, "status"), *line = read_of(p, tid, "syscall");
	struct call call;
	enum look look = AWAKE;
	char state = status ? state_in(status) : 'Z';
	if (state == 'Z' || state == 'X') {
		look = LEFT_OUT;
	} else if (state == 'S' && line && parse_call(line, &call)) {
		if (is_sanitizer(p, &call))
			look = LEFT_OUT;
		else if (is_endless(p, &call))
			look = ASLEEP;
		*out = (struct asleep_thread){
			.tid = tid,
			.switches = number_after(status, "\nvoluntary_ctxt_switches:", 10) +
				    number_after(status, "\nnonvoluntary_ctxt_switches:", 10),
			.word = call.arguments[0],
		};
	}
	free(status);
	free(line);
	return look;
}

/* ---- the process ---- */

/*
 * May a signal wake a thread? So it seems if the program has a handler for any signal, other than
 * those that report errors or end a program.
 */
static bool waits_for_signals(const struct process *p)
{
	static const int without[] = { SIGHUP, SIGINT, SIGQUIT, SIGILL,  SIGTRAP, SIGABRT,
				       SIGBUS, SIGFPE, SIGSEGV, SIGPIPE, SIGTERM, SIGSYS };
	char *status = read_of(p, 0, "status");
	uint64_t caught = status ? number_after(status, "\nSigCgt:", 16) : UINT64_MAX;
	for (size_t i = 0; i < sizeof without / sizeof *without; i++)
		caught &= ~(1ull << (without[i] - 1));
	caught &= ~(3ull << 31); /* the two signals that the C library itself uses */
	free(status);
	return caught != 0;
}

/* Does another process of its group live, or a child of it? */
static bool has_company(const struct process *p)
{
	DIR *folder = opendir(p->proc);
	bool found = false;
	for (struct dirent *entry; folder && !found && (entry = readdir(folder));) {
		char state;
		int parent, group, pid = atoi(entry->d_name);
		if (pid <= 0 || pid == p->pid)
			continue;
		char *path = xprintf("%s/%d/stat", p->proc, pid), *text = read_file(path, NULL);
		const char *rest = text ? strrchr(text, ')') : NULL;
		found = rest && sscanf(rest, ") %c %d %d", &state, &parent, &group) == 3 &&
			state != 'Z' && state != 'X' && (parent == p->pid || group == p->pid);
		free(text);
		free(path);
	}
	if (folder)
		closedir(folder);
	return found || !folder;
}

static int by_tid(const void *left, const void *right)
{
	const struct asleep_thread *a = left, *b = right;
	return (a->tid > b->tid) - (a->tid < b->tid);
}

static bool is_among(const pid_t *tids, size_t count, pid_t tid)
{
	while (count && tids[count - 1] != tid)
		count--;
	return count > 0;
}

bool asleep_look(const char *proc, pid_t pid, const pid_t *without, size_t without_count,
		 struct asleep *out)
{
	struct process p = { .proc = proc, .pid = pid };
	size_t capacity = 0;
	bool all = true;
	*out = (struct asleep){ 0 };
	char *path = xprintf("%s/%d/task", proc, (int)pid);
	DIR *folder = opendir(path);
	for (struct dirent *entry; folder && all && (entry = readdir(folder));) {
		struct asleep_thread thread = { 0 };
		pid_t tid = (pid_t)atoi(entry->d_name);
		bool looked_at = tid > 0 && !is_among(without, without_count, tid);
		enum look look = looked_at ? look_at(&p, tid, &thread) : LEFT_OUT;
		if (look == ASLEEP)
			ARRAY_PUSH(out->threads, out->count, capacity, thread);
		all = look != AWAKE;
	}
	if (folder)
		closedir(folder);
	free(path);
	all = all && out->count && !waits_for_signals(&p) && !has_company(&p);
	free(p.maps);
	if (all)
		qsort(out->threads, out->count, sizeof *out->threads, by_tid);
	else
		asleep_clear(out);
	return all;
}

bool asleep_same(const struct asleep *before, const struct asleep *now)
{
	if (!before->count || before->count != now->count)
		return false;
	for (size_t i = 0; i < now->count; i++) {
		const struct asleep_thread *a = &before->threads[i], *b = &now->threads[i];
		if (a->tid != b->tid || a->switches != b->switches || a->word != b->word)
			return false;
	}
	return true;
}

void asleep_clear(struct asleep *asleep)
{
	free(asleep->threads);
	*asleep = (struct asleep){ 0 };
}
