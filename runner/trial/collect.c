/* collect.c - see collect.h. */
#include "runner/trial/collect.h"

#include "runner/base/util.h"

struct collecting {
	struct worker *worker;
	struct trial *trial;
};

static void take(void *arg, const uint8_t *records, size_t length)
{
	struct collecting *collecting = arg;
	if (collecting->trial)
		trial_take(collecting->trial, records, length);
	held_add(&collecting->worker->held, records, length);
}

bool worker_collect(struct worker *worker, struct trial *trial)
{
	struct collecting collecting = { worker, trial };
	if (held_full(&worker->held))
		return false;
	bool unknown = trial && trial->pid == 0;
	struct arena_lost lost = arena_drain(&worker->arena, take, &collecting);
	worker->held.lost.records += lost.records;
	worker->held.lost.control += lost.control;
	if (lost.control && trial)
		trial->uncertain = true;
	/* The trial knows its process from a record, which came before the zygote's "started". That
	 * number will be killed later: is it really a process of the worker's? */
	if (unknown && trial->pid && worker_disowns(worker, trial->pid))
		trial->pid = 0;
	if (unknown && trial->pid)
		trial->forked = trial->progressed = now_seconds();
	return true;
}
