/* per_thread.c - see per_thread.h. */
#include "interpose/base/per_thread.h"

#include "interpose/base/private_heap.h"

#include <stddef.h>

#define LOOKS 64 /* how many blocks are searched for a free one, before a new one is allocated */

struct per_thread_block {
	struct per_thread_block *after;
	uint32_t owner; /* the kernel's number of the thread; 0 = free */
	uint32_t reserved;
	_Alignas(16) uint8_t data[];
};

/* Is there no such thread in the process any more? */
static bool is_gone(uint32_t pid, uint32_t tid)
{
	return raw_syscall3(SYS_tgkill, (long)pid, (long)tid, 0) == -3; /* -ESRCH */
}

/* A block that is free, or whose thread is gone. The caller holds the lock. */
static struct per_thread_block *find(struct per_thread *all)
{
	uint32_t pid = raw_getpid();
	struct per_thread_block *begin = all->next ? all->next : all->first, *block = begin;
	for (unsigned i = 0; block && i < LOOKS; i++) {
		uint32_t owner = __atomic_load_n(&block->owner, __ATOMIC_ACQUIRE);
		all->next = block->after;
		if (owner == 0 || is_gone(pid, owner))
			return block;
		block = all->next ? all->next : all->first;
		if (block == begin)
			break;
	}
	return NULL;
}

void *per_thread_claim(struct per_thread *all)
{
	raw_lock(&all->lock);
	struct per_thread_block *block = find(all);
	if (block) {
		raw_zero(block->data, all->size);
	} else {
		block = heap_zalloc(sizeof *block + all->size);
		if (block) {
			block->after = all->first;
			all->first = block;
		}
	}
	if (block)
		__atomic_store_n(&block->owner, raw_gettid(), __ATOMIC_RELAXED);
	raw_unlock(&all->lock);
	return block ? block->data : NULL;
}

static struct per_thread_block *block_of(void *data)
{
	return (struct per_thread_block *)((uint8_t *)data -
					   offsetof(struct per_thread_block, data));
}

void per_thread_release(void *block)
{
	__atomic_store_n(&block_of(block)->owner, 0, __ATOMIC_RELEASE);
}

void per_thread_before_fork(struct per_thread *all)
{
	raw_lock(&all->lock);
}

void per_thread_after_fork(struct per_thread *all, void *own, bool in_child)
{
	if (in_child && own)
		__atomic_store_n(&block_of(own)->owner, raw_gettid(), __ATOMIC_RELAXED);
	raw_unlock(&all->lock);
}
