/* plt.c - see plt.h. */
#define _GNU_SOURCE
#include "interpose/base/plt.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <sys/mman.h>

enum { PAGE = 4096 };

/* A shared object, as far as it is needed here. */
struct shared_object {
	uintptr_t bias;
	const ElfW(Dyn) * entries;
};

/* An address among them is relocated, but where the object's dynamic section can't be written. */
static uint64_t dynamic(const struct shared_object *object, ElfW(Sxword) tag, bool address)
{
	for (const ElfW(Dyn) *entry = object->entries; entry && entry->d_tag != DT_NULL; entry++)
		if (entry->d_tag == tag)
			return entry->d_un.d_ptr +
			       (address && entry->d_un.d_ptr < object->bias ? object->bias : 0);
	return 0;
}

/* Where the object has the address of the function. */
static void **slot_of(const struct shared_object *object, const char *symbol)
{
	const ElfW(Sym) *symbols = (const ElfW(Sym) *)dynamic(object, DT_SYMTAB, true);
	const char *names = (const char *)dynamic(object, DT_STRTAB, true);
	const ElfW(Rela) *entry = (const ElfW(Rela) *)dynamic(object, DT_JMPREL, true);
	uint64_t count = dynamic(object, DT_PLTRELSZ, false) / sizeof *entry;
	for (; symbols && names && entry && count > 0; count--, entry++)
		if (raw_same(names + symbols[ELF64_R_SYM(entry->r_info)].st_name, symbol))
			return (void **)(object->bias + entry->r_offset);
	return NULL;
}

static bool make_writable(void **slot)
{
	uintptr_t page = (uintptr_t)slot & ~(uintptr_t)(PAGE - 1);
	return raw_syscall3(SYS_mprotect, (long)page, PAGE, PROT_READ | PROT_WRITE) == 0;
}

void **plt_slot(const struct link_map *object, const char *symbol)
{
	void **slot = slot_of(&(struct shared_object){ object->l_addr, object->l_ld }, symbol);
	return slot && make_writable(slot) ? slot : NULL;
}

void *plt_replace(const struct link_map *object, const char *symbol, void *function)
{
	void **slot = plt_slot(object, symbol);
	if (!slot)
		return NULL;
	/*
	 * Before the first call the slot leads to the dynamic linker, which would write into it: what
	 * it would find is looked up here.
	 */
	void *was = dlsym(RTLD_DEFAULT, symbol);
	__atomic_store_n(slot, function, __ATOMIC_RELEASE);
	return was;
}

bool plt_replace_in(const struct dl_phdr_info *object, const char *symbol, void *function)
{
	struct shared_object found = { .bias = object->dlpi_addr };
	for (int i = 0; i < object->dlpi_phnum; i++)
		if (object->dlpi_phdr[i].p_type == PT_DYNAMIC)
			found.entries =
				(const void *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
	void **slot = slot_of(&found, symbol);
	if (!slot || !make_writable(slot))
		return false;
	__atomic_store_n(slot, function, __ATOMIC_RELEASE);
	return true;
}
