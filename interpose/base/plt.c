/* plt.c - see plt.h. */
#define _GNU_SOURCE
#include "interpose/base/plt.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <sys/mman.h>

enum { PAGE = 4096 };

static uint64_t dynamic(const struct link_map *object, ElfW(Sxword) tag)
{
	for (const ElfW(Dyn) *entry = object->l_ld; entry->d_tag != DT_NULL; entry++)
		if (entry->d_tag == tag)
			return entry->d_un.d_ptr;
	return 0;
}

/* Where the object has the address of the function. */
static void **slot_of(const struct link_map *object, const char *symbol)
{
	const ElfW(Sym) *symbols = (const ElfW(Sym) *)dynamic(object, DT_SYMTAB);
	const char *names = (const char *)dynamic(object, DT_STRTAB);
	const ElfW(Rela) *entry = (const ElfW(Rela) *)dynamic(object, DT_JMPREL);
	uint64_t count = dynamic(object, DT_PLTRELSZ) / sizeof *entry;
	for (; symbols && names && entry && count > 0; count--, entry++)
		if (raw_same(names + symbols[ELF64_R_SYM(entry->r_info)].st_name, symbol))
			return (void **)(object->l_addr + entry->r_offset);
	return NULL;
}

void *plt_replace(const struct link_map *object, const char *symbol, void *function)
{
	void **slot = slot_of(object, symbol);
	if (!slot)
		return NULL;
	uintptr_t page = (uintptr_t)slot & ~(uintptr_t)(PAGE - 1);
	if (raw_syscall3(SYS_mprotect, (long)page, PAGE, PROT_READ | PROT_WRITE) != 0)
		return NULL;
	/*
	 * Before the first call the slot leads to the dynamic linker, which would write into it: what
	 * it would find is looked up here.
	 */
	void *was = dlsym(RTLD_DEFAULT, symbol);
	__atomic_store_n(slot, function, __ATOMIC_RELEASE);
	return was;
}
