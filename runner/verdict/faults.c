/* faults.c - see faults.h. */
#include "runner/verdict/faults.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "runner/model/abort.h"
#include "runner/model/fingerprint.h"
#include "runner/model/plumbing.h"
#include "runner/model/traceback.h"
#include "runner/base/util.h"
#include "runner/verdict/waiting.h"

/* The last part of a test's id, without parameters, for a title. */
static char *short_name(const char *test)
{
	if (!test)
		return xstrdup("no test");
	size_t length = strcspn(test, "[");
	size_t start = length;
	while (start && test[start - 1] != ':' && test[start - 1] != '/')
		start--;
	return xstrndup(test + start, length - start);
}

static void add_test(struct finding *finding, const char *test)
{
	if (!test)
		return;
	finding->tests = xcalloc(1, sizeof *finding->tests);
	finding->tests[0] = xstrdup(test);
	finding->test_count = 1;
}

static struct frame python_frame(const struct captured_frame *frame)
{
	struct frame named = { .language = FRAME_PYTHON,
			       .function = xstrdup(frame->qualname),
			       .file = xstrdup(frame->file),
			       .line = frame->line };
	named.plumbing = plumbing_is(&named);
	return named;
}

static struct frame gap_frame(const struct captured_frame *frame)
{
	return (struct frame){ .language = FRAME_UNKNOWN,
			       .function = xprintf("... %" PRIu64 " frames left out ...",
						   frame->omitted) };
}

/*
 * Adds the native frames from `at` on, with names. Returns how many frames of the thread these
 * were.
 */
static size_t add_native(const struct fault *fault, const struct captured_thread *thread, size_t at,
			 struct stack *stack, size_t *capacity)
{
	size_t count = 0;
	while (at + count < thread->count && thread->frames[at + count].kind == CAPTURED_NATIVE &&
	       (count == 0 || !thread->frames[at + count].exact))
		count++;
	uint64_t *pcs = xcalloc(count, sizeof *pcs);
	for (size_t i = 0; i < count; i++)
		pcs[i] = thread->frames[at + i].pc;
	struct stack named = { 0 };
	collator_frames(fault->collator, fault->context, fault->trial->pid, pcs, count,
			thread->frames[at].exact, &named);
	for (size_t i = 0; i < named.count; i++)
		ARRAY_PUSH(stack->frames, stack->count, *capacity, named.frames[i]);
	free(named.frames);
	free(pcs);
	return count;
}

void fault_stack(const struct fault *fault, const struct captured_thread *thread,
		 struct stack *stack)
{
	size_t capacity = 0;
	for (size_t i = 0; i < thread->count;) {
		const struct captured_frame *frame = &thread->frames[i];
		if (frame->kind == CAPTURED_NATIVE) {
			i += add_native(fault, thread, i, stack, &capacity);
			continue;
		}
		struct frame named =
			frame->kind == CAPTURED_PYTHON ? python_frame(frame) : gap_frame(frame);
		ARRAY_PUSH(stack->frames, stack->count, capacity, named);
		i++;
	}
}

static char *thread_role(const struct captured_thread *thread)
{
	if (thread->crashed)
		return xstrdup("crashed here");
	if (!thread->stopped)
		return xstrdup("could not be stopped");
	const char *call = thread->syscall >= 0 ? capture_syscall_name(thread->syscall) : NULL;
	if (thread->busy)
		return xprintf("runs (%.0f %% of a core)", thread->cpu * 100);
	return call ? xprintf("waits in %s", call) : xstrdup("waits");
}

/* Frames that only carry out a wait are plumbing: the user's function that waits is to be seen. */
static void fold_wait(struct stack *stack)
{
	const struct frame *user = waiting_of(stack).user;
	for (size_t i = 0; user && &stack->frames[i] != user; i++)
		stack->frames[i].plumbing = true;
}

/* So are frames that only lead to abort(). */
static void fold_abort(struct stack *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		struct frame *frame = &stack->frames[i];
		if (abort_is_path(frame))
			frame->plumbing = true;
		else if (!frame->plumbing && !plumbing_is_helper(frame))
			break;
	}
}

static void add_threads(const struct fault *fault, struct finding *finding)
{
	const struct capture *capture = fault->capture;
	if (!capture)
		return;
	finding->participants = xcalloc(capture->count, sizeof *finding->participants);
	for (size_t i = 0; i < capture->count; i++) {
		const struct captured_thread *thread = &capture->threads[i];
		if (thread->sanitizer)
			continue;
		struct participant *part = &finding->participants[finding->participant_count++];
		part->role = thread_role(thread);
		part->tid = (int)thread->tid;
		part->thread = xprintf("%s (%d)", thread->name ? thread->name : "Thread",
				       (int)thread->tid);
		fault_stack(fault, thread, &part->stack);
		if (thread->crashed)
			fold_abort(&part->stack);
		else if (!thread->busy)
			fold_wait(&part->stack);
	}
}

/* Adds what was printed: its last lines, at most MOST bytes. */
static void put_output(struct buf *detail, const char *output)
{
	enum { MOST = 6000 };
	size_t length = output ? strlen(output) : 0;
	if (!length)
		return;
	const char *from = output;
	if (length > MOST) {
		from = output + length - MOST;
		const char *line = strchr(from, '\n');
		from = line ? line + 1 : from;
	}
	buf_printf(detail, "%sOutput%s:\n%s", detail->length ? "\n" : "",
		   from > output ? ", the last lines" : "", from);
	if (detail->data[detail->length - 1] != '\n')
		buf_puts(detail, "\n");
}

/*
 * Is it an empty line, or one of those with which faulthandler lists frames and modules, and
 * _PyObject_AssertFailed() its object?
 */
static bool is_dump(const char *line, size_t length)
{
	static const char *const starts[] = { "  File ",
					      "Thread 0x",
					      "Current thread 0x",
					      "Stack (most recent call first)",
					      "Extension modules:",
					      "<no Python frame>",
					      "Python runtime state:",
					      "Fatal Python error: _PyObject_AssertFailed",
					      "Enable tracemalloc ",
					      "object address  : ",
					      "object refcount : ",
					      "object type     : ",
					      "object type name: ",
					      "object repr     : " };
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
		size_t start = strlen(starts[i]);
		if (length >= start && !strncmp(line, starts[i], start))
			return true;
	}
	return length == strspn(line, " \t\r");
}

/*
 * "printed last: ", with the last line of the output that is_dump() is not. To be freed; or NULL.
 */
static char *last_words(const char *output)
{
	enum { SHOWN = 200 };
	size_t end = output ? strlen(output) : 0;
	while (end) {
		size_t start = end;
		while (start && output[start - 1] != '\n')
			start--;
		size_t length = end - start;
		if (length && !is_dump(output + start, length))
			return xprintf("printed last: %.*s%s",
				       (int)(length > SHOWN ? SHOWN : length), output + start,
				       length > SHOWN ? "..." : "");
		end = start ? start - 1 : 0;
	}
	return NULL;
}

static void put_crash(struct buf *detail, const struct fault *fault)
{
	static const char *const names[] = { "r8",  "r9",  "r10", "r11", "r12", "r13",
					     "r14", "r15", "rdi", "rsi", "rbp", "rbx",
					     "rdx", "rax", "rcx", "rsp", "rip" };
	const struct fts_crash *crash = &fault->trial->crash;
	buf_printf(detail, "Signal %d, code %d, address 0x%" PRIx64 "\n", crash->signal,
		   crash->code, crash->address);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		buf_printf(detail, "%-3s 0x%016" PRIx64 "%s", names[i], crash->registers[i],
			   i % 3 == 2 ? "\n" : "   ");
	buf_puts(detail, "\n");
}

/*
 * "SIGABRT (Aborted) in x.py"; or, with what the process printed, "SIGABRT in x.py: Fatal Python
 * error: ..."
 */
static char *crash_title(const char *signal, int number, const char *name, const char *message)
{
	enum { SHOWN = 160 };
	if (!message)
		return xprintf("%s (%s) in %s", signal, strsignal(number), name);
	char *shown = abort_shown(message);
	size_t length = strlen(shown);
	bool whole = length <= SHOWN;
	if (!whole)
		length = SHOWN - 3;
	while (!whole && ((unsigned char)shown[length] & 0xc0) == 0x80)
		length--;
	char *title =
		xprintf("%s in %s: %.*s%s", signal, name, (int)length, shown, whole ? "" : "...");
	free(shown);
	return title;
}

static void signalled(const struct fault *fault, const char *name, struct finding *finding)
{
	int number = WTERMSIG(fault->status);
	if (number == SIGKILL) {
		finding->kind = FINDING_OUT_OF_MEMORY;
		finding->title =
			xprintf("killed by the kernel, most likely out of memory, in %s", name);
		finding->explanation = xstrdup(
			"The process got SIGKILL, and ftstress did not send it. The kernel kills "
			"the process that it finds largest when the machine runs out of memory; "
			"its log (dmesg) says so.");
		return;
	}
	finding->kind = FINDING_CRASH;
	if (finding->participant_count)
		finding->message = abort_message(&finding->participants[0].stack, fault->output);
	finding->signal = signal_text(number);
	finding->title = crash_title(finding->signal, number, name, finding->message);
	if (finding->message) {
		finding->explanation = xstrdup(
			"The process aborted while this test ran in several threads, because a "
			"check of its own failed; the title has what it printed. If the test "
			"passes in one thread, then another thread changed what was checked.");
		return;
	}
	finding->explanation = xprintf(
		"The process died of a signal while this test ran in several threads. If the test "
		"passes in one thread, then memory was damaged or freed by another thread.");
}

static void exited(const struct fault *fault, const char *test, const char *name,
		   struct finding *finding)
{
	int status = WEXITSTATUS(fault->status);
	finding->kind = FINDING_CRASH;
	finding->title = test ? xprintf("%s calls os._exit(%d)", name, status)
			      : xprintf("process ended with status %d without finishing", status);
	finding->explanation = xprintf(
		"The process ended with status %d in the middle of its tests: something called "
		"os._exit(), or exit() in C, or the interpreter gave up. The tests that were left "
		"were run in a new process.",
		status);
}

bool fault_of_status(const struct fault *fault, struct finding *finding)
{
	*finding = (struct finding){ 0 };
	bool ended = WIFEXITED(fault->status);
	if (ended && (fault->trial->slice_end || fault->trial->uncertain))
		return false;
	/* Which test was running is known from records, too. */
	const char *test = fault->trial->uncertain ? NULL : trial_blamed(fault->trial);
	char *name = short_name(test);
	add_threads(fault, finding);
	if (WIFSIGNALED(fault->status))
		signalled(fault, name, finding);
	else
		exited(fault, test, name, finding);
	free(name);
	struct buf detail = { 0 };
	if (test)
		buf_printf(&detail, "Test: %s\n", test);
	if (fault->trial->crashed)
		put_crash(&detail, fault);
	put_output(&detail, fault->output);
	finding->detail = buf_take(&detail);
	finding->said = last_words(fault->output);
	add_test(finding, test);
	return true;
}

/* The innermost Python frame, or NULL. */
static const struct captured_frame *python_of(const struct captured_thread *thread)
{
	for (size_t i = 0; i < thread->count; i++)
		if (thread->frames[i].kind == CAPTURED_PYTHON)
			return &thread->frames[i];
	return NULL;
}

static bool same_function(const struct captured_frame *frame, const struct captured_thread *thread)
{
	for (size_t i = 0; i < thread->count; i++) {
		const struct captured_frame *other = &thread->frames[i];
		if (other->kind == CAPTURED_PYTHON && !strcmp(other->qualname, frame->qualname) &&
		    (other->file == frame->file ||
		     (other->file && frame->file && !strcmp(other->file, frame->file))))
			return true;
	}
	return false;
}

static bool was_there(const struct capture *before, pid_t tid, const struct captured_frame *frame)
{
	for (size_t i = 0; i < before->count; i++)
		if (before->threads[i].tid == tid && same_function(frame, &before->threads[i]))
			return true;
	return false;
}

char *fault_spinning(const struct capture *before, const struct capture *now)
{
	enum { THREADS = 6 };
	struct roots none = { NULL, 0 };
	struct buf text = { 0 };
	size_t told = 0, there = 0;
	for (size_t i = 0; now && i < now->count && told < THREADS; i++) {
		const struct captured_thread *thread = &now->threads[i];
		const struct captured_frame *frame = python_of(thread);
		if (!thread->busy || !frame)
			continue;
		char *path = frame->file ? short_path(frame->file, &none) : xstrdup("?");
		bool same = was_there(before, thread->tid, frame);
		buf_printf(&text, "%s%s in %s (%s:%d)%s", told ? "; " : "",
			   thread->name ? thread->name : "a thread", frame->qualname, path,
			   frame->line, same ? ", as before" : "");
		there += same;
		told++;
		free(path);
	}
	if (told && there == told)
		buf_puts(&text, ". All were there earlier too: a loop that waits for what never "
				"comes (a livelock), or one long call");
	return buf_take(&text);
}

void fault_of_hang(const struct fault *fault, struct finding *finding)
{
	*finding = (struct finding){ .kind = FINDING_HANG };
	const char *test = trial_blamed(fault->trial);
	char *name = short_name(test);
	finding->title = test ? xprintf("%s does not end", name)
			      : xstrdup("the process does not end after its tests");
	free(name);
	finding->explanation = xprintf(
		"There was no progress for %.0f seconds (--timeout), so the process was killed. "
		"The stacks show where each thread was then. Look for threads that wait for each "
		"other (a deadlock), or for something that never comes.",
		fault->timeout);
	struct buf detail = { 0 };
	if (test)
		buf_printf(&detail, "Test: %s\n", test);
	buf_printf(&detail, "Seconds without progress: %.1f\n", fault->still);
	put_output(&detail, fault->output);
	finding->detail = buf_take(&detail);
	add_test(finding, test);
	add_threads(fault, finding);
}

void fault_of_memory(const struct fault *fault, struct finding *finding)
{
	*finding = (struct finding){ .kind = FINDING_OUT_OF_MEMORY };
	const char *test = trial_blamed(fault->trial);
	char *name = short_name(test);
	uint64_t mebibyte = 1 << 20;
	finding->title =
		xprintf("%s takes more than %" PRIu64 " MiB", name, fault->memory / mebibyte);
	free(name);
	finding->explanation = xprintf(
		"The process had %" PRIu64 " MiB resident, more than --memory allows (%" PRIu64
		" MiB), and was killed. ThreadSanitizer alone takes about four times the memory of "
		"the program; several threads run the test at once.",
		fault->resident / mebibyte, fault->memory / mebibyte);
	struct buf detail = { 0 };
	if (test)
		buf_printf(&detail, "Test: %s\n", test);
	put_output(&detail, fault->output);
	finding->detail = buf_take(&detail);
	add_test(finding, test);
}

void fault_of_parent(const struct fault *fault, struct finding *finding)
{
	*finding = (struct finding){ .kind = FINDING_CRASH };
	const char *test = trial_blamed(fault->trial);
	char *name = short_name(test);
	char *text = WIFSIGNALED(fault->status) ? signal_text(WTERMSIG(fault->status)) : NULL;
	finding->title = text ? xprintf("%s ends its parent process (%s)", name, text)
			      : xprintf("%s ends its parent process", name);
	free(text);
	free(name);
	finding->explanation = xstrdup(
		"While the test ran, the parent of its process died, an idle process of ftstress. "
		"So the test, or what it called, sends signals to its parent or to its session. "
		"The tests that were left were run in a new process.");
	struct buf detail = { 0 };
	buf_printf(&detail, "Test: %s\n", test);
	put_output(&detail, fault->output);
	finding->detail = buf_take(&detail);
	add_test(finding, test);
}

/* Is it the test's own file? With pytest and scripts, a test's id begins with its path's end. */
static bool is_tests_own(const struct traceback_call *call, const char *test)
{
	size_t length = strcspn(test, ":");
	return length && call->file_length >= length &&
	       !strncmp(call->file + call->file_length - length, test, length);
}

/* Adds ", at x.py:12": the innermost line of the traceback in the test's file, else in any file. */
static void put_raised(struct buf *out, const char *test, const char *traceback)
{
	struct traceback_call own = { 0 }, any = { 0 }, now;
	while (traceback_next(&traceback, &now)) {
		any = now;
		if (is_tests_own(&now, test))
			own = now;
	}
	const struct traceback_call *where = own.file ? &own : &any;
	if (!where->file)
		return;
	struct roots none = { NULL, 0 };
	char *file = xstrndup(where->file, where->file_length), *path = short_path(file, &none);
	buf_printf(out, ", at %s:%d", path, where->line);
	free(path);
	free(file);
}

/*
 * "ValueError: negative count, at pkg/test_x.py:12", with the first line of the message. To be
 * freed.
 */
static char *failure_words(const char *test, const struct test_failure *failure)
{
	enum { SHOWN = 200 };
	struct buf words = { 0 };
	size_t length = strcspn(failure->message, "\n");
	bool cut = length > SHOWN;
	while (length > SHOWN || (cut && ((unsigned char)failure->message[length] & 0xc0) == 0x80))
		length--;
	buf_printf(&words, "%s%s%.*s%s", failure->type, length ? ": " : "", (int)length,
		   failure->message, cut ? "..." : "");
	put_raised(&words, test, failure->traceback);
	return buf_take(&words);
}

void fault_of_failures(const char *test, const struct test_failure *failures, size_t count,
		       struct finding *finding)
{
	*finding = (struct finding){ .kind = FINDING_TEST_FAILURE,
				     .exception = xstrdup(failures[0].type) };
	char *name = short_name(test);
	finding->title = xprintf("%s fails in threads: %s", name, failures[0].type);
	free(name);
	finding->explanation = xstrdup(
		"The test passes when its threads run it one after the other, and fails when they "
		"run it at the same time. Either the code under test is not thread-safe, or the "
		"test itself shares something between its threads (the name of a file, a variable "
		"of a module).");
	struct buf detail = { 0 };
	buf_printf(&detail, "Test: %s\n", test);
	for (size_t i = 0; i < count; i++) {
		buf_puts(&detail, "\n");
		if (failures[i].thread == UINT16_MAX)
			buf_puts(&detail, "Outside of the threads");
		else
			buf_printf(&detail, "Thread %u of %u", failures[i].thread + 1,
				   failures[i].threads);
		buf_printf(&detail, ": %s: %s\n%s", failures[i].type, failures[i].message,
			   failures[i].traceback);
	}
	finding->detail = buf_take(&detail);
	finding->said = failure_words(test, &failures[0]);
	add_test(finding, test);
}
