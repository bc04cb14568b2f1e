/* locks_fork.c - see locks_fork.h. */
#include "interpose/locks/locks_fork.h"

#include "interpose/base/ring.h"
#include "interpose/base/section.h"
#include "interpose/python/layout.h"
#include "interpose/python/release.h"
#include "interpose/python/walk.h"

#include <stddef.h>

enum {
	INHERITED = 128,
	FORK_FRAMES = 48,
	FRAMES = 96,
	BUFFER_BYTES = 8 << 10,
	LOCK_NUMBER = 1, /* of the one mutex of a record */
	ENDS_WITH = 86,
};

extern HIDDEN uintptr_t locks_python_low, locks_python_size;

HIDDEN bool locks_inherited;
static struct inherited {
	struct fts_held held;
	uint32_t thread;
} inherited[INHERITED];
static unsigned inherited_count;
static struct walked stack[FRAMES];
static uint64_t frames[FRAMES], fork_frames[FORK_FRAMES];
static unsigned fork_depth;
static _Alignas(8) uint8_t buffer[BUFFER_BYTES];
static uint32_t used, sections;

static bool is_semaphore(uint32_t kind)
{
	return kind == FTS_LOCK_PYTHREAD || (kind == FTS_LOCK_RLOCK && python_release->semaphores);
}

/* Only who has it can give it back. Of the others, any thread may. */
static bool is_its_owners(uint32_t kind)
{
	return fts_lock_is(kind, FTS_TAKEN_WORD) || kind == FTS_LOCK_SPIN ||
	       kind == FTS_LOCK_MODULE;
}

/* By its own state: what is made new in the child, is free. importlib makes no lock of a module new. */
static bool is_taken(uint64_t address, uint32_t kind)
{
	if (is_semaphore(kind))
		return !python_is_free(address, kind);
	if (kind == FTS_LOCK_MODULE)
		return true;
	if (kind == FTS_LOCK_SPIN) /* glibc, for x86-64: 1 is free */
		return *(const volatile int32_t *)address <= 0;
	if (fts_lock_is(kind, FTS_TAKEN_BIT))
		return *(const volatile uint8_t *)address & 1;
	return fts_lock_is(kind, FTS_TAKEN_WORD) && *(const volatile uint32_t *)address != 0;
}

static bool is_held_by(const struct fts_lock_thread *list, uint64_t address)
{
	for (uint32_t i = 0; list && i < list->used && i < FTS_HELD_MAX; i++)
		if (list->held[i].address == address)
			return true;
	return false;
}

/*
 * A thread that waits for an import lock need not have it yet; and who waits for one that this thread has
 * may be told by importlib that it is a deadlock, and goes on.
 */
static bool waits_for_module(const struct fts_lock_thread *list)
{
	return list->wait_address && list->wait_kind == FTS_LOCK_MODULE;
}

static void inherit(const struct fts_lock_thread *list, const struct fts_lock_thread *own)
{
	for (uint32_t i = 0; i < list->used && i < FTS_HELD_MAX; i++) {
		const struct fts_held *held = &list->held[i];
		/* A thread enters a lock before it has it; one that is a signal guards nothing. */
		if (!held->address || is_held_by(own, held->address) ||
		    held->kind == FTS_LOCK_ATTACHED ||
		    (held->kind == FTS_LOCK_MODULE && waits_for_module(list)) ||
		    python_is_signal(held->address, held->kind) ||
		    !is_taken(held->address, held->kind) || inherited_count == INHERITED)
			continue;
		inherited[inherited_count++] = (struct inherited){ *held, list->number };
	}
}

/*
 * Where it was forked. Between us and who called fork() stands the C library, through which no chain of
 * frames leads: Python's frames are found without it.
 */
static void note_fork(void)
{
	fork_depth = walk_callers(python_frame(python_tstate()), fork_frames, FORK_FRAMES);
}

void locks_inherit(const struct fts_lock_thread *own)
{
	uint32_t count;
	struct fts_lock_thread *lists = locks_registry(&count);
	unsigned before = inherited_count;
	for (uint32_t i = 0; i < count; i++)
		if (lists[i].tid && &lists[i] != own)
			inherit(&lists[i], own);
	if (inherited_count == before)
		return;
	locks_inherited = true;
	note_fork();
}

static bool is_alone(void)
{
	uint32_t count, living = 0;
	const struct fts_lock_thread *lists = locks_registry(&count);
	for (uint32_t i = 0; i < count; i++)
		living += lists[i].tid && !raw_is_gone(lists[i].tid);
	return living <= 1;
}

static void put(struct fts_section section, const uint64_t *pcs, const char *text)
{
	uint32_t took = section_put(buffer + used, BUFFER_BYTES - used, section, pcs, text);
	used += took;
	sections += took != 0;
}

/* Leaves out how the interpreter takes its locks: `pcs` from the code on that called it. */
static const uint64_t *without_interpreter(const uint64_t *pcs, unsigned *count)
{
	unsigned from = 0;
	while (from < *count && pcs[from] - locks_python_low < locks_python_size)
		from++;
	if (from == *count)
		return pcs;
	*count -= from;
	return pcs + from;
}

static void put_act(const uint64_t *pcs, unsigned count, uint32_t thread, uint64_t address,
		    const char *act)
{
	pcs = without_interpreter(pcs, &count);
	put((struct fts_section){ .kind = FTS_SEC_OTHER,
				  .flags = FTS_ACCESS_LOCKS,
				  .frame_count = count,
				  .tid = (int32_t)thread,
				  .address = address },
	    pcs, act);
}

static void put_lock(const struct fts_held *held)
{
	struct standin standin;
	const uint64_t *birth = NULL;
	struct lock lock = { held->address, held->kind, held->flags };
	standin_describe(&standin, &lock, held->identity);
	unsigned count = python_class_frames(held->identity, &birth);
	put((struct fts_section){ .kind = FTS_SEC_MUTEX,
				  .flags = (uint16_t)(held->kind << 8 | standin.flags),
				  .frame_count = count < FRAMES ? count : FRAMES,
				  .tid = -1,
				  .address = held->address,
				  .size = held->identity,
				  .value = LOCK_NUMBER },
	    birth, standin.type);
}

static void tell(const struct inherited *from, uint32_t thread, const void *hook)
{
	static const char type[] = "fork-lock";
	uint64_t taken[2] = { from->held.pc, from->held.position };
	unsigned depth = walk_stack(hook, stack, FRAMES);
	for (unsigned i = 0; i < depth; i++)
		frames[i] = stack[i].pc;
	used = (uint32_t)sizeof(struct fts_report) + ((sizeof type + 6) & ~7u);
	raw_zero(buffer, used);
	raw_copy(buffer + sizeof(struct fts_report), type, sizeof type - 1);
	sections = 0;
	put_act(frames, depth, thread, from->held.address, "waits for it in the child, for ever");
	put_act(taken, from->held.position ? 2 : 1, from->thread, from->held.address,
		"held it when the process forked");
	put((struct fts_section){ .kind = FTS_SEC_HELD,
				  .flags = FTS_HELD_WRITE,
				  .tid = (int32_t)from->thread,
				  .value = LOCK_NUMBER },
	    NULL, NULL);
	put_act(fork_frames, fork_depth, thread, 0, "forked");
	put_lock(&from->held);
	struct fts_report header = { .kind = FTS_REPORT_OTHER,
				     .section_count = (uint16_t)sections,
				     .text_length = sizeof type - 1 };
	raw_copy(buffer, &header, sizeof header);
	struct ring_part part = { buffer, used };
	ring_write(FTS_REC_REPORT, &part, 1);
}

void locks_wait_inherited(const struct thread *thread, const struct lock *lock, const void *hook)
{
	const struct inherited *found = NULL;
	for (unsigned i = 0; i < inherited_count && !found; i++)
		if (inherited[i].held.address == lock->address)
			found = &inherited[i];
	if (!found || lock->flags & (FTS_HELD_TRIED | FTS_HELD_TIMED) ||
	    !is_taken(lock->address, found->held.kind) ||
	    (lock->flags & FTS_HELD_SHARED && found->held.flags & FTS_HELD_SHARED) ||
	    (!is_its_owners(found->held.kind) && !is_alone()))
		return;
	if (!ring_arena())
		return;
	tell(found, thread->shared->number, hook);
	raw_syscall3(SYS_exit_group, ENDS_WITH, 0, 0);
}
