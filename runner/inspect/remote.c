/* remote.c - see remote.h. */
#include "runner/inspect/remote.h"

#include "runner/base/util.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u
#define PAGE_SLOTS 8192u /* a power of two; the cache is emptied when half full: at most 16 MiB */
#define NOTES_MAX 16384u /* longest note segment that is searched for a build id */
#define DYNAMIC_ENTRIES 512
#define CHAIN_LIMIT 4096 /* the memory may be overwritten: follow no chain for longer than this */

struct remote_page {
	uint64_t number;
	uint8_t *data; /* NULL: the slot is free */
	bool readable;
};

/* /proc */

static int compare_tids(const void *a, const void *b)
{
	pid_t first = *(const pid_t *)a, second = *(const pid_t *)b;
	return (first > second) - (first < second);
}

size_t remote_tasks(pid_t pid, pid_t **tids)
{
	char path[64];
	size_t count = 0, capacity = 0;
	*tids = NULL;
	snprintf(path, sizeof path, "/proc/%d/task", pid);
	DIR *dir = opendir(path);
	if (!dir)
		return 0;
	for (struct dirent *entry; (entry = readdir(dir));) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (tid > 0)
			ARRAY_PUSH(*tids, count, capacity, tid);
	}
	closedir(dir);
	if (count)
		qsort(*tids, count, sizeof **tids, compare_tids);
	return count;
}

long remote_status(pid_t pid, const char *key)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/status", pid);
	char *text = read_file(path, NULL);
	size_t length = strlen(key);
	long value = -1;
	for (char *line = text; line && *line;) {
		if (!strncmp(line, key, length) && line[length] == ':') {
			value = strtol(line + length + 1, NULL, 10);
			break;
		}
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	free(text);
	return value;
}

char remote_state(pid_t pid, pid_t tid, char **name)
{
	char path[64], state = '?';
	snprintf(path, sizeof path, "/proc/%d/task/%d/stat", pid, tid);
	char *text = read_file(path, NULL);
	/* "TID (name) S ...", where the name may hold anything, a parenthesis too */
	char *open = text ? strchr(text, '(') : NULL, *close = text ? strrchr(text, ')') : NULL;
	if (open && close > open && close[1] == ' ')
		state = close[2];
	if (name)
		*name = open && close > open ? xstrndup(open + 1, (size_t)(close - open - 1))
					     : xstrdup("");
	free(text);
	return state;
}

/* Stopping */

static char *explain_refusal(pid_t pid)
{
	long tracer = remote_status(pid, "TracerPid");
	if (tracer > 0)
		return xprintf("process %d is already traced by process %ld: no stacks can be read",
			       pid, tracer);
	char *scope = read_file("/proc/sys/kernel/yama/ptrace_scope", NULL);
	int level = scope ? atoi(scope) : 0;
	free(scope);
	if (level >= 2)
		return xprintf("not permitted to trace process %d: kernel.yama.ptrace_scope is %d; "
			       "1 or 0 is needed to read stacks of a hang or a crash",
			       pid, level);
	return xprintf("not permitted to trace process %d: the container's seccomp profile, a lack "
		       "of CAP_SYS_PTRACE or a changed user id forbids ptrace",
		       pid);
}

static void nap(double seconds)
{
	struct timespec time = { 0, (long)(seconds * 1e9) };
	nanosleep(&time, NULL);
}

/*
 * Takes note of a thread's stop. True if nothing more is to be waited for: it is stopped or gone.
 */
static bool take_stop(struct remote_threads *threads, struct remote_thread *thread)
{
	siginfo_t info = { 0 };
	if (waitid(P_PID, (id_t)thread->tid, &info,
		   WSTOPPED | WEXITED | WNOHANG | WNOWAIT | __WALL)) {
		if (errno == EINTR)
			return false;
		thread->seized = false;
		return true;
	}
	if (!info.si_pid)
		return false;
	bool exited = info.si_code == CLD_EXITED || info.si_code == CLD_KILLED ||
		      info.si_code == CLD_DUMPED;
	int status = 0;
	/* The exit of the runner's own child is left for the code that runs it. The exit of another
	 * process has to be taken here: before, its parent does not learn of it. */
	if (!exited || thread->tid != threads->pid || !threads->own_child)
		while (waitpid(thread->tid, &status, __WALL | WNOHANG) < 0 && errno == EINTR)
			;
	if (exited || !WIFSTOPPED(status)) {
		thread->seized = false;
		return true;
	}
	thread->stopped = true;
	if (status >> 16 == 0) /* not by our interrupt, but because a signal was about to come */
		thread->signal = WSTOPSIG(status);
	return true;
}

static bool all_stopped(struct remote_threads *threads)
{
	bool all = true;
	for (size_t i = 0; i < threads->count; i++) {
		struct remote_thread *thread = &threads->items[i];
		if (thread->seized && !thread->stopped && !take_stop(threads, thread))
			all = false;
	}
	return all;
}

static bool is_known(const struct remote_threads *threads, pid_t tid)
{
	for (size_t i = 0; i < threads->count; i++)
		if (threads->items[i].tid == tid)
			return true;
	return false;
}

/* Returns how many threads were new, -1 if tracing is refused. */
static int seize_new(struct remote_threads *threads)
{
	pid_t *tids;
	int fresh = 0;
	size_t count = remote_tasks(threads->pid, &tids);
	for (size_t i = 0; i < count && fresh >= 0; i++) {
		if (is_known(threads, tids[i]))
			continue;
		struct remote_thread thread = { .tid = tids[i] };
		if (!ptrace(PTRACE_SEIZE, tids[i], NULL, NULL)) {
			thread.seized = true;
			ptrace(PTRACE_INTERRUPT, tids[i], NULL, NULL);
			fresh++;
		} else if (errno != ESRCH &&
			   !strchr("ZX?", remote_state(threads->pid, tids[i], NULL))) {
			/* (EPERM is also what one gets for a thread that has ended already.) */
			fresh = -1;
			break;
		}
		ARRAY_PUSH(threads->items, threads->count, threads->capacity, thread);
	}
	free(tids);
	return fresh;
}

int remote_stop(struct remote_threads *threads, pid_t pid, double seconds, char **why)
{
	*threads = (struct remote_threads){
		.pid = pid,
		.own_child = remote_status(pid, "PPid") == (long)getpid(),
	};
	double deadline = now_seconds() + seconds;
	/* Threads that still run may start new ones. So list them again, until none is new. */
	for (int fresh; (fresh = seize_new(threads)) != 0;) {
		if (fresh < 0) {
			*why = explain_refusal(pid);
			remote_resume(threads);
			return -1;
		}
		for (double pause = 50e-6; !all_stopped(threads);
		     pause = pause < 2e-3 ? pause * 2 : pause) {
			if (now_seconds() > deadline)
				break;
			nap(pause);
		}
	}
	for (size_t i = 0; i < threads->count; i++)
		if (threads->items[i].seized)
			return 0;
	*why = xprintf("process %d is gone: no stacks can be read", pid);
	remote_resume(threads);
	return -1;
}

void remote_resume(struct remote_threads *threads)
{
	/* A thread that has stopped only now has to be let go, too. */
	all_stopped(threads);
	for (size_t i = 0; i < threads->count; i++)
		if (threads->items[i].seized)
			ptrace(PTRACE_DETACH, threads->items[i].tid, NULL,
			       (void *)(long)threads->items[i].signal);
	free(threads->items);
	threads->items = NULL;
	threads->count = threads->capacity = 0;
}

/* Memory */

static void drop_pages(struct remote *remote)
{
	for (size_t i = 0; i < PAGE_SLOTS; i++) {
		free(remote->pages[i].data);
		remote->pages[i].data = NULL;
	}
	remote->page_count = 0;
}

static bool fetch(struct remote *remote, uint64_t address, void *to)
{
	remote->calls++;
	if (remote->memory < 0) {
		struct iovec local = { to, PAGE };
		struct iovec there = { (void *)address, PAGE };
		if (process_vm_readv(remote->pid, &local, 1, &there, 1, 0) == PAGE)
			return true;
		if (errno != EPERM && errno != ENOSYS)
			return false;
		char path[64];
		snprintf(path, sizeof path, "/proc/%d/mem", remote->pid);
		remote->memory = open(path, O_RDONLY | O_CLOEXEC);
		if (remote->memory < 0)
			return false;
	}
	return pread(remote->memory, to, PAGE, (off_t)address) == PAGE;
}

static const uint8_t *page_at(struct remote *remote, uint64_t number)
{
	if (remote->page_count > PAGE_SLOTS / 2)
		drop_pages(remote);
	size_t slot = (size_t)((number * 0x9e3779b97f4a7c15ull) >> 40) & (PAGE_SLOTS - 1);
	struct remote_page *page = &remote->pages[slot];
	while (page->data && page->number != number) {
		slot = (slot + 1) & (PAGE_SLOTS - 1);
		page = &remote->pages[slot];
	}
	if (!page->data) {
		page->data = xmalloc(PAGE);
		page->number = number;
		page->readable = fetch(remote, number * PAGE, page->data);
		remote->page_count++;
	}
	return page->readable ? page->data : NULL;
}

bool remote_readable(struct remote *remote)
{
	uint8_t byte;
	for (size_t i = 0; i < remote->module_count; i++)
		if (remote_read(remote, remote->modules[i]->low, &byte, sizeof byte))
			return true;
	return false;
}

bool remote_read(struct remote *remote, uint64_t address, void *to, size_t length)
{
	uint8_t *out = to;
	while (length) {
		size_t offset = address % PAGE, part = PAGE - offset;
		const uint8_t *page = page_at(remote, address / PAGE);
		if (!page)
			return false;
		if (part > length)
			part = length;
		memcpy(out, page + offset, part);
		out += part;
		address += part;
		length -= part;
	}
	return true;
}

uint64_t remote_word(struct remote *remote, uint64_t address)
{
	uint64_t word = 0;
	return remote_read(remote, address, &word, sizeof word) ? word : 0;
}

/* Mappings and modules */

static struct remote_module *module_for(struct remote *remote, const char *path, uint64_t low,
					uint64_t offset)
{
	struct remote_module *last =
		remote->module_count ? remote->modules[remote->module_count - 1] : NULL;
	if (last && !strcmp(last->path, path))
		return last;
	if (offset != 0)
		return NULL; /* a part of a file that is mapped as data */
	struct remote_module *module = xcalloc(1, sizeof *module);
	module->path = xstrdup(path);
	module->low = low;
	ARRAY_PUSH(remote->modules, remote->module_count, remote->module_capacity, module);
	return module;
}

static void add_mapping(struct remote *remote, char *line)
{
	unsigned long low, high, offset;
	char rights[8];
	int path_at = 0;
	if (sscanf(line, "%lx-%lx %7s %lx %*s %*s %n", &low, &high, rights, &offset, &path_at) < 4)
		return;
	const char *path = path_at ? line + path_at : "";
	struct remote_mapping mapping = { .low = low,
					  .high = high,
					  .executable = rights[2] == 'x' };
	if (path[0] == '/' || !strcmp(path, "[vdso]"))
		mapping.module = module_for(remote, path, low, offset);
	if (mapping.module)
		mapping.module->high = high;
	ARRAY_PUSH(remote->mappings, remote->mapping_count, remote->mapping_capacity, mapping);
}

int remote_open(struct remote *remote, pid_t pid)
{
	char path[64];
	*remote = (struct remote){ .pid = pid, .memory = -1 };
	snprintf(path, sizeof path, "/proc/%d/maps", pid);
	char *text = read_file(path, NULL);
	if (!text || !*text) {
		free(text);
		return -1;
	}
	remote->pages = xcalloc(PAGE_SLOTS, sizeof *remote->pages);
	for (char *line = text, *end; *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		add_mapping(remote, line);
	}
	free(text);
	return 0;
}

void remote_close(struct remote *remote)
{
	if (remote->pages)
		drop_pages(remote);
	free(remote->pages);
	for (size_t i = 0; i < remote->module_count; i++) {
		free(remote->modules[i]->path);
		free(remote->modules[i]);
	}
	free(remote->modules);
	free(remote->mappings);
	if (remote->memory >= 0)
		close(remote->memory);
	*remote = (struct remote){ .memory = -1 };
}

const struct remote_mapping *remote_mapping_at(const struct remote *remote, uint64_t address)
{
	size_t low = 0, high = remote->mapping_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct remote_mapping *mapping = &remote->mappings[middle];
		if (address < mapping->low)
			high = middle;
		else if (address >= mapping->high)
			low = middle + 1;
		else
			return mapping;
	}
	return NULL;
}

bool remote_executable(const struct remote *remote, uint64_t address)
{
	const struct remote_mapping *mapping = remote_mapping_at(remote, address);
	return mapping && mapping->executable;
}

static void parse_notes(struct remote *remote, struct remote_module *module, uint64_t address,
			uint64_t size)
{
	Elf64_Nhdr note;
	if (size > NOTES_MAX)
		return;
	for (uint64_t end = address + size; address + sizeof note <= end;) {
		if (!remote_read(remote, address, &note, sizeof note))
			return;
		uint64_t text = address + sizeof note + ((note.n_namesz + 3u) & ~3u);
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    note.n_descsz <= sizeof module->build_id &&
		    remote_read(remote, text, module->build_id, note.n_descsz)) {
			module->build_id_length = (uint8_t)note.n_descsz;
			return;
		}
		address = text + ((note.n_descsz + 3u) & ~3u);
	}
}

/* In most modules the dynamic linker has replaced these addresses by absolute ones; not in all. */
static uint64_t absolute(const struct remote_module *module, uint64_t value)
{
	return value >= module->low && value < module->high ? value : value + module->bias;
}

static void parse_dynamic(struct remote *remote, struct remote_module *module, uint64_t address)
{
	Elf64_Dyn entry;
	for (unsigned i = 0; i < DYNAMIC_ENTRIES; i++) {
		if (!remote_read(remote, address + i * sizeof entry, &entry, sizeof entry) ||
		    entry.d_tag == DT_NULL)
			return;
		uint64_t value = absolute(module, entry.d_un.d_ptr);
		if (entry.d_tag == DT_SYMTAB)
			module->symbols = value;
		else if (entry.d_tag == DT_STRTAB)
			module->strings = value;
		else if (entry.d_tag == DT_GNU_HASH)
			module->gnu_hash = value;
	}
}

void remote_parse(struct remote *remote, struct remote_module *module)
{
	Elf64_Ehdr header;
	Elf64_Phdr program;
	if (module->parsed)
		return;
	module->parsed = true;
	if (!remote_read(remote, module->low, &header, sizeof header) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof program)
		return;
	module->elf = true;
	uint64_t table = module->low + header.e_phoff;
	for (unsigned i = 0; i < header.e_phnum; i++)
		if (remote_read(remote, table + i * sizeof program, &program, sizeof program) &&
		    program.p_type == PT_LOAD) {
			module->bias = module->low - (program.p_vaddr - program.p_offset);
			break;
		}
	for (unsigned i = 0; i < header.e_phnum; i++) {
		if (!remote_read(remote, table + i * sizeof program, &program, sizeof program))
			return;
		uint64_t address = module->bias + program.p_vaddr;
		if (program.p_type == PT_GNU_EH_FRAME)
			module->eh_frame_hdr = address;
		else if (program.p_type == PT_NOTE && !module->build_id_length)
			parse_notes(remote, module, address, program.p_memsz);
		else if (program.p_type == PT_DYNAMIC)
			parse_dynamic(remote, module, address);
	}
}

struct remote_module *remote_module_at(struct remote *remote, uint64_t address)
{
	const struct remote_mapping *mapping = remote_mapping_at(remote, address);
	if (!mapping || !mapping->module)
		return NULL;
	remote_parse(remote, mapping->module);
	return mapping->module;
}

static bool name_is(struct remote *remote, uint64_t address, const char *name)
{
	char text[128];
	size_t length = strlen(name) + 1;
	return length <= sizeof text && remote_read(remote, address, text, length) &&
	       !memcmp(text, name, length);
}

/*
 * Looks the name up in .gnu.hash ("ELF GNU hash section", binutils, 2006): a Bloom filter, then
 * buckets, then chains of hashes. The last hash of a chain has bit 0 set.
 */
uint64_t remote_symbol(struct remote *remote, struct remote_module *module, const char *name)
{
	uint32_t header[4], hash = 5381, bucket = 0, entry;
	remote_parse(remote, module);
	if (!module->gnu_hash || !module->symbols || !module->strings ||
	    !remote_read(remote, module->gnu_hash, header, sizeof header) || !header[0])
		return 0;
	for (const char *c = name; *c; c++)
		hash = hash * 33 + (uint8_t)*c;
	uint64_t buckets = module->gnu_hash + sizeof header + (uint64_t)header[2] * 8;
	uint64_t chains = buckets + (uint64_t)header[0] * 4;
	remote_read(remote, buckets + (uint64_t)(hash % header[0]) * 4, &bucket, sizeof bucket);
	if (bucket < header[1])
		return 0;
	for (uint64_t index = bucket; index < bucket + CHAIN_LIMIT; index++) {
		Elf64_Sym symbol;
		if (!remote_read(remote, chains + (index - header[1]) * 4, &entry, sizeof entry))
			return 0;
		if ((entry | 1) == (hash | 1) &&
		    remote_read(remote, module->symbols + index * sizeof symbol, &symbol,
				sizeof symbol) &&
		    symbol.st_shndx != SHN_UNDEF &&
		    name_is(remote, module->strings + symbol.st_name, name))
			return module->bias + symbol.st_value;
		if (entry & 1)
			return 0;
	}
	return 0;
}
