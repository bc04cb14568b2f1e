/* extensions.c - see extensions.h. */
#include "interpose/variables/extensions.h"

#include "interpose/variables/fibers.h"
#include "interpose/variables/variables.h"

#include <stdbool.h>
#include <stddef.h>

enum { HELD = 16 };

#define THREAD_LOCAL static __thread __attribute__((tls_model("initial-exec")))
THREAD_LOCAL struct held {
	uint64_t lock;
	bool orders;
} held[HELD];
HIDDEN __thread uint32_t variables_extensions __attribute__((tls_model("initial-exec")));
HIDDEN __thread uint32_t extensions_new __attribute__((tls_model("initial-exec")));

void variables_extension_taken(uint64_t lock)
{
	if (!variables_testing || fibers_busy || variables_extensions == HELD)
		return;
	held[variables_extensions++] = (struct held){ lock, false };
	extensions_new++;
}

void variables_extension_forget(uint64_t lock)
{
	uint32_t at = variables_extensions;
	while (at > 0 && held[at - 1].lock != lock)
		at--;
	if (!at || fibers_busy)
		return;
	bool orders = held[at - 1].orders;
	for (; at < variables_extensions; at++)
		held[at - 1] = held[at];
	variables_extensions--;
	if (!orders)
		extensions_new--;
	else
		variables_release((const void *)lock);
}

void extensions_acquire(void)
{
	extensions_new = 0;
	for (uint32_t i = 0; i < variables_extensions; i++)
		if (!held[i].orders) {
			held[i].orders = true;
			variables_acquire((const void *)held[i].lock);
		}
}
