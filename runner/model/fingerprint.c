/* fingerprint.c - see fingerprint.h. */
#include "runner/model/fingerprint.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "runner/model/abort.h"
#include "runner/model/kinds.h"
#include "runner/model/plumbing.h"
#include "runner/base/util.h"

enum { CRASH_FRAMES = 3 };

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static bool is_c(const struct frame *frame)
{
	return frame->language == FRAME_C || frame->language == FRAME_CXX ||
	       frame->language == FRAME_RUST || frame->language == FRAME_UNKNOWN;
}

/* Are both frames of one module, and `b` none of Python's? */
static bool same_segment(const struct frame *a, const struct frame *b)
{
	if (b->language == FRAME_PYTHON)
		return false;
	return a->module && b->module ? !strcmp(a->module, b->module) : a->module == b->module;
}

/* If frame `at` is Python's, or the eval loop: the Python frame that runs there. Else SITE_NONE. */
static size_t python_frame_of(const struct stack *stack, size_t at)
{
	const struct frame *frame = &stack->frames[at];
	if (frame->language == FRAME_PYTHON)
		return at;
	if (strcmp(frame->function, "_PyEval_EvalFrameDefault") != 0)
		return SITE_NONE;
	for (size_t i = at + 1; i < stack->count && i < at + 4; i++) {
		if (stack->frames[i].language == FRAME_PYTHON)
			return i;
	}
	return SITE_NONE;
}

/*
 * In the segment from..end: the innermost C function that is the module's own; else frame `from`.
 */
static size_t c_frame_of(const struct stack *stack, size_t from, size_t end)
{
	for (size_t i = from; i < end; i++) {
		const struct frame *frame = &stack->frames[i];
		if (is_c(frame) && !plumbing_is_borrowed(frame) &&
		    (i == from || (!plumbing_is_helper(frame) && !plumbing_is(frame))))
			return i;
	}
	return from;
}

size_t site_frame(const struct stack *stack)
{
	size_t from = 0;
	while (from < stack->count && plumbing_is_helper(&stack->frames[from]))
		from++;
	if (from == stack->count)
		return stack->count ? 0 : SITE_NONE;

	size_t python = python_frame_of(stack, from);
	if (python != SITE_NONE)
		return python;
	size_t end = from + 1;
	while (end < stack->count && same_segment(&stack->frames[from], &stack->frames[end]))
		end++;
	for (size_t i = from; i < end; i++) {
		if (stack->frames[i].language == FRAME_CYTHON)
			return i;
	}
	return c_frame_of(stack, from, end);
}

char *short_path(const char *file, const struct roots *roots)
{
	for (size_t i = 0; roots && i < roots->count; i++) {
		size_t length = strlen(roots->dirs[i]);
		while (length && roots->dirs[i][length - 1] == '/')
			length--;
		if (length && !strncmp(file, roots->dirs[i], length) && file[length] == '/')
			return xstrdup(file + length + 1);
	}
	if (*file != '/')
		return xstrdup(file);
	const char *tail = base_name(file);
	if (tail > file + 1) {
		tail--;
		while (tail > file && tail[-1] != '/')
			tail--;
	}
	return xstrdup(tail);
}

/*
 * The name of the Cython module, to be freed. The frame's file does not name it: for a line that
 * was included the file is a .pxd, and it depends on how many of the sources are at hand.
 */
static char *cython_stem(const struct frame *frame)
{
	const char *name = frame->module ? frame->module
			   : frame->file ? base_name(frame->file)
					 : NULL;
	return name ? xstrndup(name, strcspn(name, ".")) : xstrdup("?");
}

/* The length of the function's name without the generator expressions in it, which are its code. */
static int without_expressions(const char *function)
{
	const char *in = strstr(function, ".<locals>.<genexpr>");
	return in ? (int)(in - function) : (int)strlen(function);
}

char *frame_text(const struct frame *frame, const struct roots *roots)
{
	char *file = NULL, *text;
	switch (frame->language) {
	case FRAME_PYTHON:
		file = frame->file ? short_path(frame->file, roots) : xstrdup("?");
		text = xprintf("py:%.*s@%s", without_expressions(frame->function), frame->function,
			       file);
		break;
	case FRAME_CYTHON:
		file = cython_stem(frame);
		text = xprintf("cy:%s@%s", frame->function, file);
		break;
	default: {
		/* without what compilers add: ".isra.0", ".cold", " [clone .part.1]" */
		size_t length = frame->language == FRAME_C ? strcspn(frame->function, ". [")
							   : strlen(frame->function);
		const char *where = frame->file ? base_name(frame->file) : frame->module;
		text = xprintf("c:%.*s@%s", (int)length, frame->function, where ? where : "?");
	}
	}
	free(file);
	return text;
}

char *site_text(const struct stack *stack, const struct roots *roots)
{
	size_t at = site_frame(stack);
	return at == SITE_NONE ? xstrdup("?") : frame_text(&stack->frames[at], roots);
}

bool site_is_base(const struct stack *stack)
{
	size_t at = site_frame(stack);
	if (at == SITE_NONE)
		return false;
	const struct frame *frame = &stack->frames[at];
	return frame->language == FRAME_PYTHON ||
	       (frame->module && plumbing_is_base_module(frame->module));
}

/*
 * The length of the symbol without the last suffix that a compiler added; `length` if it has none.
 */
static size_t without_suffix(const char *symbol, size_t length)
{
	static const char *const words[] = { ".llvm", ".lto_priv", ".__uniq" };
	size_t from = length;
	while (from && isdigit((unsigned char)symbol[from - 1]))
		from--;
	if (from < 2 || from == length || symbol[from - 1] != '.')
		return length;
	from--;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t word = strlen(words[i]);
		if (from > word && !strncmp(symbol + from - word, words[i], word))
			return from - word;
	}
	return from;
}

/*
 * What compilers make of a variable's name:
 *
 *     calls.0                  a static variable of a function, by GCC
 *     run.calls, run.calls.1   the same, by clang
 *     limits.1                 a field of a struct that clang has split up
 *     calls.llvm.123           a variable that link-time optimisation has made global
 *     ns::calls (.llvm.123)    the same, demangled
 */
char *global_text(const char *symbol)
{
	const char *remark = strstr(symbol, " (.");
	size_t length = remark && remark > symbol ? (size_t)(remark - symbol) : strlen(symbol);
	for (size_t cut = 0; cut != length;) {
		cut = length;
		length = without_suffix(symbol, length);
	}
	return xstrndup(symbol, length);
}

char *test_without_parameters(const char *test)
{
	const char *bracket = strchr(test, '[');
	return bracket ? xstrndup(test, (size_t)(bracket - test)) : xstrdup(test);
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *fingerprint(enum finding_kind kind, const char *const *parts, size_t count)
{
	const char **sorted = xmalloc((count ? count : 1) * sizeof *sorted);
	if (count)
		memcpy(sorted, parts, count * sizeof *sorted);
	qsort(sorted, count, sizeof *sorted, compare_text);
	uint64_t hash = hash_string(0, finding_kind_name(kind));
	for (size_t i = 0; i < count; i++) {
		if (i && !strcmp(sorted[i], sorted[i - 1]))
			continue;
		hash = hash_bytes(hash, sorted[i], strlen(sorted[i]) + 1);
	}
	free(sorted);
	return xprintf("%s-%012llx", finding_kind_name(kind),
		       (unsigned long long)(splitmix64(&hash) >> 16));
}

const char *fingerprint_digits(const char *id)
{
	const char *dash = strrchr(id, '-');
	return dash ? dash + 1 : id;
}

/* ---- kinds whose fingerprint is not made of sites alone ---- */

static char *fingerprint_owned(enum finding_kind kind, char **parts, size_t count)
{
	char *id = fingerprint(kind, (const char *const *)parts, count);
	for (size_t i = 0; i < count; i++)
		free(parts[i]);
	free(parts);
	return id;
}

bool fingerprint_frame_tells(const struct frame *frame)
{
	return !frame->plumbing && !plumbing_is_helper(frame) && !abort_is_path(frame);
}

char *fingerprint_crash(const char *signal, const char *message, const struct stack *stack,
			const struct roots *roots)
{
	struct buf frames = { 0 };
	size_t taken = 0, most = CRASH_FRAMES;
	buf_puts(&frames, signal);
	if (message) {
		most = abort_is_assert(message) ? 1 : most; /* whoever calls that function */
		char *stable = abort_stable(message);
		buf_printf(&frames, "\nsaid:%s", stable);
		free(stable);
	}
	for (size_t i = 0; i < stack->count && taken < most; i++) {
		const struct frame *frame = &stack->frames[i];
		if (!fingerprint_frame_tells(frame))
			continue;
		char *text = frame_text(frame, roots);
		buf_printf(&frames, "\n%s", text);
		free(text);
		taken++;
	}
	char *joined = buf_take(&frames);
	char *id = fingerprint(FINDING_CRASH, (const char *const[]){ joined }, 1);
	free(joined);
	return id;
}

/* Is it a function by which a thread waits? It does not tell what the thread waits for. */
static bool is_wait(const struct frame *frame)
{
	static const char *const prefixes[] = {
		"_PySemaphore_",
		"_PyParkingLot_",
		"PyMutex_",
		"_PyMutex_",
		"PyThread_",
		"PyEvent_",
		"_PyEvent_",
		"_PyRWMutex_",
		"rwmutex_",
		"pthread_",
		"__pthread_",
		"sem_",
		"lock_acquire",
		"acquire_timed",
		"rlock_",
		"_PyRecursiveMutex_",
		"lock_PyThread_acquire_lock",
		"rlock_acquire",
		"__futex_",
		"futex_",
		"do_futex_",
		"syscall",
		"PyEval_RestoreThread",
		"_PyThreadState_",
		"take_gil",
		"_PyCriticalSection",
		"_thread_lock_",
		"_thread_RLock_",
		"tstate_",
		"_PyEval_StopTheWorld",
		"stop_the_world",
	};
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		if (is_c(frame) && !strncmp(frame->function, prefixes[i], strlen(prefixes[i])))
			return true;
	}
	return false;
}

static char *wait_text(const struct stack *stack, const struct roots *roots)
{
	for (size_t i = 0; i < stack->count; i++) {
		const struct frame *frame = &stack->frames[i];
		if (!frame->plumbing && !plumbing_is_helper(frame) && !is_wait(frame))
			return frame_text(frame, roots);
	}
	return xstrdup("?");
}

char *fingerprint_hang(enum finding_kind kind, const struct participant *participants, size_t count,
		       const struct roots *roots)
{
	char **parts = xcalloc(count, sizeof *parts);
	for (size_t i = 0; i < count; i++)
		parts[i] = wait_text(&participants[i].stack, roots);
	return fingerprint_owned(kind, parts, count);
}

char *fingerprint_test_failure(const char *test, const char *exception)
{
	char *bare = test_without_parameters(test);
	/* The blank stays: it is part of the ids in the stores that people have. */
	char *part = xprintf("%s\n %s", bare, exception ? exception : "");
	char *id = fingerprint(FINDING_TEST_FAILURE, (const char *const[]){ part }, 1);
	free(part);
	free(bare);
	return id;
}

char *fingerprint_out_of_memory(const char *test)
{
	char *bare = test_without_parameters(test);
	char *id = fingerprint(FINDING_OUT_OF_MEMORY, (const char *const[]){ bare }, 1);
	free(bare);
	return id;
}

char *fingerprint_waits(const struct finding *finding, const struct roots *roots)
{
	const char *test = finding->test_count ? finding->tests[0] : "";
	if (!finding->participant_count)
		return fingerprint(finding->kind, &test, 1);
	return fingerprint_hang(finding->kind, finding->participants, finding->participant_count,
				roots);
}

char *fingerprint_finding(const struct finding *finding, const struct roots *roots)
{
	const struct finding_kind_info *info = kind_info(finding->kind);
	const char *title = finding->title ? finding->title : "";
	if (info->fingerprint)
		return info->fingerprint(finding, roots);
	if (!finding->participant_count)
		return fingerprint(finding->kind, &title, 1);
	char **parts = xcalloc(finding->participant_count, sizeof *parts);
	for (size_t i = 0; i < finding->participant_count; i++)
		parts[i] = site_text(&finding->participants[i].stack, roots);
	return fingerprint_owned(finding->kind, parts, finding->participant_count);
}
