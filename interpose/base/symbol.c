#define _GNU_SOURCE
#include "interpose/base/symbol.h"

#include <dlfcn.h>

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
