/* waiting.c - see waiting.h. */
#include "runner/verdict/waiting.h"

#include <string.h>

/*
 * Functions of Python's library in which a thread waits: the end of the file's path; the name, or
 * its beginning where it ends in '.' or is empty; what for; and what another thread has to do. The
 * first one that fits counts. `what` is a part of ids in the stores that people have: it must not
 * change.
 */
struct kind {
	const char *file, *function, *what, *giver;
};

static const struct kind kinds[] = {
	{ "threading.py", "Event.wait", "an Event to be set", "sets the Event" },
	{ "threading.py", "Condition.wait", "a Condition to be notified",
	  "notifies the Condition" },
	{ "threading.py", "Condition.wait_for", "a Condition to be notified",
	  "notifies the Condition" },
	{ "threading.py", "Barrier.", "the other threads at a Barrier", "comes to the Barrier" },
	{ "threading.py", "Semaphore.acquire", "a Semaphore", "releases the Semaphore" },
	{ "threading.py", "Thread.join", "the end of a thread", NULL },
	{ "queue.py", "Queue.get", "an item in a Queue", "puts an item into the Queue" },
	{ "queue.py", "Queue.put", "room in a Queue", "takes an item out of the Queue" },
	{ "queue.py", "Queue.join", "a Queue whose items are all done", "calls its task_done()" },
	{ "futures/_base.py", "Future.", "the result of a Future", "completes the Future" },
	{ "futures/_base.py", "wait", "Futures to be done", "completes the Futures" },
	{ "futures/_base.py", "as_completed", "Futures to be done", "completes the Futures" },
	{ "futures/_base.py", "Executor.", "the results of Futures", "completes the Futures" },
	{ "futures/_base.py", "", "the results of Futures", "completes the Futures" },
	{ "futures/thread.py", "ThreadPoolExecutor.shutdown", "the threads of a ThreadPoolExecutor",
	  NULL },
	{ "futures/thread.py", "", "a job", "submits a job" },
	{ "threading.py", "", NULL, NULL },
	{ "queue.py", "", NULL, NULL },
};

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);
	return length >= tail && !strcmp(text + length - tail, end) &&
	       (length == tail || text[length - tail - 1] == '/');
}

static const struct kind *kind_of(const struct frame *frame)
{
	for (size_t i = 0; frame->file && i < sizeof kinds / sizeof *kinds; i++) {
		size_t length = strlen(kinds[i].function);
		bool prefix = !length || kinds[i].function[length - 1] == '.';
		if (ends_with(frame->file, kinds[i].file) &&
		    (prefix ? !strncmp(frame->function, kinds[i].function, length)
			    : !strcmp(frame->function, kinds[i].function)))
			return &kinds[i];
	}
	return NULL;
}

/* Is it the function in which a thread of a ThreadPoolExecutor calls what was submitted? */
static bool is_job(const struct frame *frame)
{
	return frame->file && ends_with(frame->file, "futures/thread.py") &&
	       strstr(frame->function, ".run");
}

/* The number of innermost frames that only carry out the wait. They also say what it is for. */
static size_t skip_library(const struct stack *stack, struct waiting *out)
{
	size_t i = 0;
	for (; i < stack->count; i++) {
		const struct frame *frame = &stack->frames[i];
		if (frame->language != FRAME_PYTHON) {
			if (strstr(frame->function, "SimpleQueue_get")) {
				out->what = "an item in a SimpleQueue";
				out->giver = "puts an item into the SimpleQueue";
			}
			continue;
		}
		const struct kind *kind = kind_of(frame);
		if (!kind || !strncmp(frame->function, "Thread.run", 10) ||
		    !strncmp(frame->function, "Thread._bootstrap", 17) || is_job(frame))
			break;
		out->condition |= !strncmp(frame->function, "Condition.wait", 14);
		out->future |= strstr(kind->file, "_base.py") != NULL;
		out->join |= !strcmp(frame->function, "Thread.join");
		out->idle |= !strcmp(frame->function, "_worker") && strstr(kind->file, "thread.py");
		if (kind->what) {
			out->what = kind->what;
			out->giver = kind->giver;
		}
	}
	return i;
}

struct waiting waiting_of(const struct stack *stack)
{
	struct waiting waiting = { 0 };
	size_t from = skip_library(stack, &waiting);
	for (size_t i = from; i < stack->count; i++) {
		const struct frame *frame = &stack->frames[i];
		if (frame->language != FRAME_PYTHON || !frame->file)
			continue;
		waiting.job |= is_job(frame);
		if (!waiting.user && !frame->plumbing && !kind_of(frame) &&
		    !strstr(frame->file, "/ftstress_driver/"))
			waiting.user = frame;
	}
	/*
	 * Is it the driver's own code that waits? Then its frame is the first one behind the wait.
	 */
	for (size_t i = from; i < stack->count && !waiting.driver; i++) {
		const struct frame *frame = &stack->frames[i];
		if (frame->language != FRAME_PYTHON)
			continue;
		waiting.driver = frame->file && strstr(frame->file, "/ftstress_driver/threads.py");
		break;
	}
	return waiting;
}
