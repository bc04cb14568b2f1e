#define _GNU_SOURCE
#include "interpose/base/symbol.h"

#include <dlfcn.h>
#include <link.h>

#include "interpose/base/raw.h"

void *symbol_next(const char *symbol)
{
	return dlsym(RTLD_NEXT, symbol);
}

void *symbol_need(const char *symbol)
{
	void *found = dlsym(RTLD_NEXT, symbol);
	if (found)
		return found;
	static const char text[] = "libftstress.so: this process has no shared ThreadSanitizer "
				   "runtime; missing symbol: ";
	raw_syscall3(SYS_write, 2, (long)text, sizeof text - 1);
	raw_syscall3(SYS_write, 2, (long)symbol, (long)raw_length(symbol));
	raw_syscall3(SYS_write, 2, (long)"\n", 1);
	raw_syscall3(SYS_exit_group, 3, 0, 0);
	__builtin_unreachable();
}

struct search {
	uintptr_t code;
	struct symbol_variables *variables;
};

static int look(struct dl_phdr_info *info, size_t size, void *context)
{
	const struct search *search = context;
	uint64_t bytes = 0;
	bool is_it = false;
	(void)size;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t at = search->code - info->dlpi_addr;
		if (segment->p_type == PT_TLS)
			bytes = segment->p_memsz;
		if (segment->p_type == PT_LOAD && at - segment->p_vaddr < segment->p_memsz)
			is_it = true;
	}
	if (!is_it)
		return 0;
	search->variables->low = info->dlpi_tls_data;
	search->variables->size = search->variables->low ? bytes : 0;
	return 1;
}

void symbol_variables(const void *code, struct symbol_variables *variables)
{
	struct search search = { (uintptr_t)code, variables };
	*variables = (struct symbol_variables){ 0 };
	dl_iterate_phdr(look, &search);
}
