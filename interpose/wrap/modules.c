/*
 * modules.c - emits where each shared object is mapped, so that the runner can turn program
 * counters into names. At the start all of them are emitted, after each dlopen() those that came
 * with it.
 */
#define _GNU_SOURCE
#include "interpose/wrap/modules.h"

#include "interpose/base/concern.h"
#include "interpose/wrap/fences.h"
#include "interpose/wrap/plain.h"
#include "interpose/base/symbol.h"
#include "interpose/base/raw.h"
#include "interpose/base/ring.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#define MODULES_MAX 4096u

static struct raw_lock lock;
static uintptr_t emitted[MODULES_MAX]; /* lowest address of each module emitted; a set, unsorted */
static unsigned emitted_count;
static int (*real_iterate)(int (*)(struct dl_phdr_info *, size_t, void *), void *);
static bool started;

static void build_id(const struct dl_phdr_info *info, struct fts_module *module)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		if (header->p_type != PT_NOTE)
			continue;
		const char *at = (const char *)(info->dlpi_addr + header->p_vaddr);
		const char *end = at + header->p_memsz;
		while (at + sizeof(ElfW(Nhdr)) <= end) {
			const ElfW(Nhdr) *note = (const void *)at;
			const char *name = at + sizeof *note;
			const char *bytes = name + ((note->n_namesz + 3) & ~3u);
			if (note->n_type == NT_GNU_BUILD_ID && note->n_descsz <= 20) {
				module->build_id_length = (uint8_t)note->n_descsz;
				raw_copy(module->build_id, bytes, note->n_descsz);
				return;
			}
			at = bytes + ((note->n_descsz + 3) & ~3u);
		}
	}
}

static void extent(const struct dl_phdr_info *info, struct fts_module *module)
{
	module->low = UINT64_MAX;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		if (header->p_type != PT_LOAD)
			continue;
		uint64_t low = info->dlpi_addr + header->p_vaddr;
		if (low < module->low)
			module->low = low;
		if (low + header->p_memsz > module->high)
			module->high = low + header->p_memsz;
	}
}

static bool was_emitted(uintptr_t low)
{
	for (unsigned i = 0; i < emitted_count; i++)
		if (emitted[i] == low)
			return true;
	return false;
}

/* The path of the module, or of the program, which has none. `room`: 4096 bytes. */
static const char *path_of(const struct dl_phdr_info *info, char *room, uint64_t *length)
{
	*length = info->dlpi_name ? raw_length(info->dlpi_name) : 0;
	if (*length)
		return info->dlpi_name;
	long got = raw_syscall3(SYS_readlink, (long)"/proc/self/exe", (long)room, 4096);
	*length = got > 0 ? (uint64_t)got : 0;
	return room;
}

static int emit(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)size, (void)unused;
	struct fts_module module = { .bias = info->dlpi_addr };
	extent(info, &module);
	if (module.low == UINT64_MAX || was_emitted(module.low))
		return 0;
	fences_look_at(info, module.low, module.high);
	if (started)
		plain_watch(info);
	char self[4096];
	uint64_t length;
	const char *path = path_of(info, self, &length);
	module.path_length = (uint16_t)length;
	build_id(info, &module);
	struct ring_part parts[] = { { &module, sizeof module }, { path, (uint32_t)length } };
	if (!ring_write(FTS_REC_MODULE, parts, 2))
		return 0; /* the next dlopen tries again */
	if (emitted_count < MODULES_MAX)
		emitted[emitted_count++] = module.low;
	else
		ring_limit(FTS_LIMIT_MODULES); /* each dlopen() from now on emits it again */
	return 0;
}

struct search {
	uintptr_t address;
	struct module_place *found;
};

static int match(struct dl_phdr_info *info, size_t size, void *argument)
{
	(void)size;
	struct search *search = argument;
	struct fts_module module = { 0 };
	extent(info, &module);
	if (search->address < module.low || search->address >= module.high)
		return 0;
	char self[4096];
	uint64_t length;
	const char *path = path_of(info, self, &length);
	if (length >= sizeof search->found->path)
		return -1;
	raw_copy(search->found->path, path, length);
	search->found->path[length] = 0;
	search->found->bias = info->dlpi_addr;
	return 1;
}

bool modules_find(const void *address, struct module_place *found)
{
	struct search search = { (uintptr_t)address, found };
	return real_iterate && real_iterate(match, &search) == 1;
}

static void emit_all(void)
{
	raw_lock(&lock);
	real_iterate(emit, NULL);
	raw_unlock(&lock);
}

EXPORT void *dlopen(const char *path, int flags)
{
	static void *(*real)(const char *, int);
	if (UNLIKELY(!real))
		real = (void *(*)(const char *, int))symbol_need("dlopen");
	void *handle = real(path, flags);
	if (handle && started)
		emit_all();
	return handle;
}

static bool start(const char **why)
{
	/* Not TSan's interceptor of the same name: that one acquires a lock of TSan's runtime. */
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	real_iterate = (int (*)(int (*)(struct dl_phdr_info *, size_t, void *), void *))(
		libc ? dlsym(libc, "dl_iterate_phdr") : NULL);
	if (!real_iterate) {
		*why = "no dl_iterate_phdr in libc.so.6: frames stay addresses";
		return false;
	}
	emit_all();
	started = true;
	return true;
}

static void before_fork(void)
{
	raw_lock(&lock);
}

static void after_fork(bool in_child)
{
	(void)in_child;
	raw_unlock(&lock);
}

const struct concern concern_modules = {
	.name = "modules",
	.start = start,
	.before_fork = before_fork,
	.after_fork = after_fork,
};
