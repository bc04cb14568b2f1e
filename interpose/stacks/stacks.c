/*
 * stacks.c - see stacks.h. Entry points of TSan that the compiler calls, and the eval hook.
 *
 * The reads and writes are in stacks_entry.S: a hot path must reach TSan's function with a jump and
 * its own return address in place.
 */
#include "interpose/stacks/stacks.h"

#include "interpose/stacks/bytes.h"
#include "interpose/python/code.h"
#include "interpose/python/layout.h"
#include "interpose/python/release.h"
#include "interpose/python/walk.h"
#include "interpose/base/concern.h"
#include "interpose/base/history.h"
#include "interpose/base/symbol.h"
#include "interpose/base/raw.h"

#define _GNU_SOURCE
#define __USE_GNU
#include <dlfcn.h>
#include <elf.h>
#include <link.h>

HIDDEN uintptr_t stacks_eval_low, stacks_eval_size;
HIDDEN uintptr_t stacks_eval_return = 1; /* matches no return address until it is known */
HIDDEN tsan_access_pc *stacks_read_pc[5], *stacks_write_pc[5];
HIDDEN void *(*stacks_eval_default)(void *tstate, void *frame, int throw_flag);

/* Used by stacks_entry.S, in the order 1, 2, 4, 8, 16 bytes. */
HIDDEN tsan_access_pc *stacks_named_read[5], *stacks_named_write[5];

static const char *const read_names[] = { "__tsan_read1", "__tsan_read2", "__tsan_read4",
					  "__tsan_read8", "__tsan_read16" };
static const char *const write_names[] = { "__tsan_write1", "__tsan_write2", "__tsan_write4",
					   "__tsan_write8", "__tsan_write16" };
static const char *const read_pc_names[] = { "__tsan_read1_pc", "__tsan_read2_pc",
					     "__tsan_read4_pc", "__tsan_read8_pc",
					     "__tsan_read16_pc" };
static const char *const write_pc_names[] = { "__tsan_write1_pc", "__tsan_write2_pc",
					      "__tsan_write4_pc", "__tsan_write8_pc",
					      "__tsan_write16_pc" };

/* Called by stacks_entry.S when an access comes before anything was resolved. */
HIDDEN void stacks_resolve(void);
HIDDEN void stacks_resolve(void)
{
	stacks_real_func_entry = (void (*)(void *))symbol_need("__tsan_func_entry");
	for (int i = 0; i < 5; i++) {
		stacks_read_pc[i] = (tsan_access_pc *)symbol_need(read_pc_names[i]);
		stacks_write_pc[i] = (tsan_access_pc *)symbol_need(write_pc_names[i]);
		stacks_real_read[i] = (tsan_access *)symbol_need(read_names[i]);
		stacks_real_write[i] = (tsan_access *)symbol_need(write_names[i]);
	}
	bytes_resolve();
	stacks_real_write[0] = bytes_write;
}

/*
 * So many calls of the eval loop, and what they enter, fit into a thread's history more than twice: it has at least 9
 * parts of 32,768 entries (runner/setup/environment.c), and a call has 5 to 50.
 */
#define CALLS_AT_ONCE 2048

/* Called by stacks_entry.S for a function that the eval loop calls, and for the loop itself. */
HIDDEN void stacks_named_entry(void *pc);
void stacks_named_entry(void *pc)
{
	static __thread uint32_t calls __attribute__((tls_model("initial-exec")));
	if (UNLIKELY(++calls % CALLS_AT_ONCE == 0))
		history_anew();
	stacks_real_func_entry((void *)python_pc((uint64_t)pc));
}

static void *note_return(void *tstate, void *frame, int throw_flag)
{
	(void)tstate, (void)frame, (void)throw_flag;
	stacks_eval_return = (uintptr_t)__builtin_return_address(0);
	return NULL;
}

static bool find_eval_loop(const char **why)
{
	void *loop = dlsym(RTLD_DEFAULT, "_PyEval_EvalFrameDefault");
	Dl_info info;
	ElfW(Sym) *symbol = NULL;
	if (!loop || !dladdr1(loop, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol) {
		*why = "_PyEval_EvalFrameDefault is not exported: no Python frames in stacks";
		return false;
	}
	stacks_eval_default = (void *(*)(void *, void *, int))loop;
	stacks_eval_low = (uintptr_t)loop;
	stacks_eval_size = symbol->st_size;
	walk_start(stacks_eval_low, stacks_eval_size);
	return true;
}

static bool set_eval_hook(const char **why)
{
	void *(*interpreter)(void) =
		(void *(*)(void))dlsym(RTLD_DEFAULT, "PyInterpreterState_Main");
	void (*set)(void *, void *) = (void (*)(void *, void *))dlsym(
		RTLD_DEFAULT, "_PyInterpreterState_SetEvalFrameFunc");
	if (!interpreter || !set) {
		*why = "PEP 523 is not exported: no Python frames in stacks";
		return false;
	}
	set(interpreter(), (void *)stacks_evaluate);
	return true;
}

static bool start(const char **why)
{
	if (!python_known(why))
		return false;
	if (python_at.tstate_datastack_limit != python_at.tstate_datastack_chunk + 16) {
		*why = "the data stack of this Python's thread states looks different";
		return false;
	}
	if (!stacks_read_pc[0])
		stacks_resolve();
	stacks_eval_default = note_return;
	stacks_call_eval(NULL, NULL, 0);
	for (int i = 0; i < 5; i++) {
		stacks_named_read[i] = stacks_loop_read[i];
		stacks_named_write[i] = stacks_loop_write[i];
	}
	return find_eval_loop(why) && set_eval_hook(why);
}

const struct concern concern_stacks = {
	.name = "Python frames in stacks",
	.start = start,
	.before_fork = code_before_fork,
	.after_fork = code_after_fork,
};
