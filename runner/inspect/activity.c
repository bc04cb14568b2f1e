/* activity.c - see activity.h. The kernel's scheduler counts, in /proc/PID/task/TID/schedstat. */
#include "runner/inspect/activity.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "runner/inspect/remote.h"
#include "runner/base/util.h"

#define SAMPLE_SECONDS 0.1
#define BUSY_SHARE 0.5

struct sample {
	pid_t tid;
	char state;
	uint64_t running, runnable; /* nanoseconds on a processor, and waiting for one */
};

static size_t take_samples(pid_t pid, struct sample **samples)
{
	pid_t *tids;
	size_t count = remote_tasks(pid, &tids);
	*samples = xcalloc(count, sizeof **samples);
	for (size_t i = 0; i < count; i++) {
		struct sample *sample = &(*samples)[i];
		char path[64];
		snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", pid, tids[i]);
		char *text = read_file(path, NULL), *rest = NULL;
		if (text) {
			sample->running = strtoull(text, &rest, 10);
			sample->runnable = strtoull(rest, NULL, 10);
		}
		free(text);
		sample->tid = tids[i];
		sample->state = remote_state(pid, tids[i], NULL);
	}
	free(tids);
	return count;
}

void sampling_take(struct sampling *sampling, pid_t pid)
{
	double start = now_seconds();
	sampling->before_count = take_samples(pid, &sampling->before);
	struct timespec pause = { 0, (long)(SAMPLE_SECONDS * 1e9) };
	nanosleep(&pause, NULL);
	sampling->after_count = take_samples(pid, &sampling->after);
	sampling->seconds = now_seconds() - start;
}

static const struct sample *sample_of(const struct sample *samples, size_t count, pid_t tid)
{
	for (size_t i = 0; i < count; i++)
		if (samples[i].tid == tid)
			return &samples[i];
	return NULL;
}

void sampling_clear(struct sampling *sampling)
{
	free(sampling->before);
	free(sampling->after);
	*sampling = (struct sampling){ 0 };
}

bool sampling_activity(const struct sampling *sampling, pid_t tid, struct activity *activity)
{
	const struct sample *before = sample_of(sampling->before, sampling->before_count, tid);
	const struct sample *after = sample_of(sampling->after, sampling->after_count, tid);
	if (!after)
		return false;
	*activity = (struct activity){ .state = after->state };
	if (!before)
		return true;
	double window = sampling->seconds * 1e9;
	double running = (double)(after->running - before->running) / window;
	double runnable = (double)(after->runnable - before->runnable) / window;
	activity->cpu = running < 1 ? running : 1;
	/* The counters lag behind while the thread is on a processor: so its state counts, too. */
	activity->busy =
		running + runnable >= BUSY_SHARE || (before->state == 'R' && after->state == 'R');
	return true;
}
