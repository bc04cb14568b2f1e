/* bytes.c - see bytes.h. */
#include "interpose/stacks/bytes.h"

#include "interpose/base/symbol.h"
#include "interpose/base/raw.h"

typedef void write1(void *byte);
typedef void write1_pc(void *byte, void *pc);

static write1 *tsan_write1;
static write1_pc *tsan_write1_pc;

enum { MOST_WRITES = 3 }; /* between two events of our own; a power of two less one */

/* Eight, used one after another: a write that TSan still remembers makes no event. */
static __thread uint8_t own[8] __attribute__((aligned(8), tls_model("initial-exec")));
static __thread uint32_t writes_left __attribute__((tls_model("initial-exec")));
static __thread uint32_t random __attribute__((tls_model("initial-exec")));

void bytes_resolve(void)
{
	tsan_write1 = (write1 *)symbol_need("__tsan_write1");
	tsan_write1_pc = (write1_pc *)symbol_need("__tsan_write1_pc");
}

static __attribute__((noinline)) void break_step(void *byte)
{
	/* Knuth's congruential generator: the low three bits take all their values in turn. */
	random = random * 1664525u + 1013904223u;
	writes_left = random >> 24 & MOST_WRITES;
	tsan_write1_pc(&own[random % sizeof own], __builtin_return_address(0));
	JUMP tsan_write1(byte);
}

void bytes_write(void *byte)
{
	if (UNLIKELY(writes_left-- == 0))
		JUMP break_step(byte);
	JUMP tsan_write1(byte);
}
