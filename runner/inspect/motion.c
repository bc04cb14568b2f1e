/* motion.c - see motion.h. Stops and reads the process in a thread of its own, as remote_stop() asks. */
#include "runner/inspect/motion.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runner/base/util.h"
#include "runner/inspect/holding.h"
#include "runner/inspect/pyframes.h"
#include "runner/inspect/remote.h"

#define SAMPLES_LEAST 20 /* fewer say nothing */
#define STOP_SECONDS 0.5
#define PAUSE_MS 4 /* and up to 7 more, so that no loop keeps step with it */
#define THREADS_MOST 64
#define FRAMES_MOST 64
#define NEAR                                                                                       \
	3 /* of so many frames, the innermost ones, the module's variables are looked at, too */
/* So often it has to come back: once may be chance. */
#define RETURNS_LEAST 3

struct track {
	pid_t tid;
	uint64_t numbers[MOTION_SAMPLES];
	size_t count;
	uint64_t codes[FRAMES_MOST]; /* of the frames at the first sample, the outermost first */
	size_t common;
};

struct look {
	pid_t pid;
	struct track tracks[THREADS_MOST];
	size_t count;
};

static struct track *track_of(struct look *look, pid_t tid)
{
	for (size_t i = 0; i < look->count; i++)
		if (look->tracks[i].tid == tid)
			return &look->tracks[i];
	if (look->count == THREADS_MOST)
		return NULL;
	struct track *track = &look->tracks[look->count++];
	track->tid = tid;
	return track;
}

/* How many of the outermost frames run the code that they ran at the first sample? */
static void compare_codes(struct track *track, const uint64_t *codes, size_t count)
{
	size_t same = 0;
	if (!track->count) {
		memcpy(track->codes, codes, count * sizeof *codes);
		track->common = count;
		return;
	}
	while (same < count && same < track->common && codes[same] == track->codes[same])
		same++;
	track->common = same;
}

static void take_thread(struct look *look, struct remote *remote, const struct python *python,
			const struct python_thread *thread)
{
	struct track *track = track_of(look, (pid_t)thread->native_id);
	if (!track || track->count == MOTION_SAMPLES || !thread->frame)
		return;
	struct python_frame *frames;
	size_t count = python_chain(remote, python, thread->frame, &frames), taken = 0;
	uint64_t number = 0, codes[FRAMES_MOST];
	for (size_t i = count; i-- > 0;) { /* the outermost comes last */
		if (frames[i].entry)
			continue;
		uint64_t code = holding_frame(remote, python, frames[i].address, i < NEAR, &number);
		if (taken < FRAMES_MOST)
			codes[taken++] = code;
	}
	free(frames);
	compare_codes(track, codes, taken);
	track->numbers[track->count++] = number;
}

static bool take_sample(struct look *look)
{
	struct remote_threads stopped;
	struct remote remote;
	struct python python;
	char *why = NULL;
	if (remote_stop(&stopped, look->pid, STOP_SECONDS, &why)) {
		free(why);
		return false;
	}
	bool taken = !remote_open(&remote, look->pid);
	if (taken) {
		struct python_thread *threads = NULL;
		size_t count = 0;
		if (python_find(&remote, &python, &why))
			count = python_threads(&remote, &python, &threads);
		for (size_t i = 0; i < count; i++)
			take_thread(look, &remote, &python, &threads[i]);
		taken = count > 0;
		free(threads);
		remote_close(&remote);
	}
	remote_resume(&stopped);
	free(why);
	return taken;
}

static void *take_samples(void *argument)
{
	struct look *look = argument;
	unsigned drawn = 1;
	for (size_t i = 0; i < MOTION_SAMPLES && take_sample(look); i++) {
		drawn = drawn * 1103515245u + 12345u;
		long milliseconds = PAUSE_MS + (long)(drawn >> 16) % 8;
		nanosleep(&(struct timespec){ 0, milliseconds * 1000000 }, NULL);
	}
	return NULL;
}

enum motion motion_judge(const uint64_t *numbers, size_t count)
{
	size_t returns = 0, changes = 0;
	for (size_t i = 1; i < count; i++) {
		if (numbers[i] == numbers[i - 1])
			continue;
		changes++;
		for (size_t k = 0; k + 1 < i; k++)
			if (numbers[k] == numbers[i]) {
				returns++;
				break;
			}
	}
	if (count < SAMPLES_LEAST)
		return MOTION_UNKNOWN;
	return !changes ? MOTION_STANDS : returns >= RETURNS_LEAST ? MOTION_ROUND : MOTION_ON;
}

void motion_look(pid_t pid, struct moving *out)
{
	struct look *look = xcalloc(1, sizeof *look);
	pthread_t thread;
	sigset_t all, old;
	*out = (struct moving){ 0 };
	look->pid = pid;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int error = pthread_create(&thread, NULL, take_samples, look);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!error)
		pthread_join(thread, NULL);
	out->threads = xcalloc(look->count, sizeof *out->threads);
	for (size_t i = 0; i < look->count; i++) {
		const struct track *track = &look->tracks[i];
		struct moving_thread *moving = &out->threads[out->count++];
		moving->tid = track->tid;
		moving->motion = motion_judge(track->numbers, track->count);
		moving->common = track->common;
		moving->number_count = track->count;
		memcpy(moving->numbers, track->numbers, sizeof track->numbers);
	}
	free(look);
}

void motion_clear(struct moving *moving)
{
	free(moving->threads);
	*moving = (struct moving){ 0 };
}

const struct moving_thread *motion_of(const struct moving *moving, pid_t tid)
{
	for (size_t i = 0; i < moving->count; i++)
		if (moving->threads[i].tid == tid)
			return &moving->threads[i];
	return NULL;
}

bool motion_returned(const struct moving *first, const struct moving *second, pid_t tid)
{
	const struct moving_thread *before = motion_of(first, tid), *now = motion_of(second, tid);
	for (size_t i = 0; before && now && i < now->number_count; i++)
		for (size_t k = 0; k < before->number_count; k++)
			if (now->numbers[i] == before->numbers[k])
				return true;
	return false;
}
