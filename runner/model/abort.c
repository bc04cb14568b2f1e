/* abort.c - see abort.h. */
#include "runner/model/abort.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "runner/model/plumbing.h"
#include "runner/base/util.h"

/*
 * One way to abort: the functions that it goes through, and how to find what it prints. If several
 * ways fit a stack, the first one whose text is in the output counts.
 */
struct way {
	const char *frames[14]; /* names of functions; one that ends in '*' is a prefix */
	bool interpreters;      /* only functions of the interpreter count */
	/*
	 * Adds to `message` what stands in `output` at `at`, where `marker` was found. False if
	 * that is no such message.
	 */
	const char *marker;
	bool (*take)(const char *output, const char *at, struct buf *message);
};

static const char *line_start(const char *output, const char *at)
{
	while (at > output && at[-1] != '\n')
		at--;
	return at;
}

static size_t line_length(const char *line)
{
	return strcspn(line, "\r\n");
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

static void add_line(struct buf *message, const char *line)
{
	buf_add(message, line, line_length(line));
}

/* "Fatal Python error: f: text". */
static bool take_rest(const char *output, const char *at, struct buf *message)
{
	(void)output;
	add_line(message, at);
	return true;
}

/* Of ThreadSanitizer, whose functions have no names: "ThreadSanitizer: CHECK failed: ...". */
static bool take_sanitizer(const char *output, const char *at, struct buf *message)
{
	return take_rest(output, at, message);
}

/*
 * The C library's "python: src/pool.c:12: take: Assertion `n > 0' failed." without the program's
 * name; CPython's "src/pool.c:12: take: Assertion "n > 0" failed: text".
 */
static bool take_assertion(const char *output, const char *at, struct buf *message)
{
	const char *line = line_start(output, at), *colon = line;
	while (colon < at && !(colon[0] == ':' && isdigit((unsigned char)colon[1])))
		colon++;
	for (const char *c = colon; c > line && colon < at; c--) {
		if (c[-1] == ' ') {
			line = c;
			break;
		}
	}
	add_line(message, line);
	return true;
}

/* mimalloc: "mimalloc: assertion failed: at "page.c":12, f", then "  assertion: "n > 0""; or one line. */
static bool take_mimalloc(const char *output, const char *at, struct buf *message)
{
	static const char expression[] = "assertion: ";
	(void)output;
	add_line(message, at);
	const char *next = next_line(at);
	next += strspn(next, " ");
	if (!strncmp(next, expression, sizeof expression - 1)) {
		buf_puts(message, ", ");
		add_line(message, next);
	}
	return true;
}

/* If others printed it as well: the length of what the text is a repetition of, some times. */
static size_t once(const char *text, size_t length, bool others)
{
	for (size_t part = 1; others && part <= length / 2; part++)
		if (length % part == 0 && !memcmp(text, text + part, length - part))
			return part;
	return length;
}

/* Is the line nothing but types' ends, "X'"? */
static bool is_rest_of_type(const char *line, const char *type, size_t length)
{
	const char *end = line + line_length(line);
	if (!*end)
		return false;
	while (line < end) {
		if (*line == '\'')
			line++;
		else if ((size_t)(end - line) >= length && length && !memcmp(line, type, length))
			line += length;
		else
			return false;
	}
	return true;
}

/*
 * libstdc++: "terminate called after throwing an instance of 'X'", then "  what():  text". It prints that in
 * pieces. Two threads that terminate at once print theirs among each other's: "instance of 'terminate called after
 * throwing an instance of 'XX'", a line "X'" or "'", "what():    what():  texttext".
 */
static bool take_exception(const char *output, const char *at, struct buf *message)
{
	static const char pure[] = "pure virtual method called\n";
	size_t before = sizeof pure - 1;
	if ((size_t)(at - output) >= before && !memcmp(at - before, pure, before)) {
		add_line(message, at - before);
		return true;
	}
	bool others = strstr(output, "terminate called after ") < at;
	const char *type = at + strcspn(at, "'\n");
	if (*type++ != '\'') { /* "without an active exception" */
		add_line(message, at);
		return true;
	}
	size_t length = once(type, strcspn(type, "'\n"), others);
	buf_add(message, at, (size_t)(type - at));
	buf_add(message, type, length);
	buf_puts(message, "'");
	const char *what = next_line(at);
	while (is_rest_of_type(what, type, length))
		what = next_line(what);
	what += strspn(what, " ");
	if (!strncmp(what, "what():", 7)) {
		while (!strncmp(what, "what():", 7))
			what += 7 + strspn(what + 7, " ");
		buf_puts(message, ": ");
		const char *again = others ? strstr(what, "  what():") : NULL;
		size_t most = line_length(what);
		if (again && again < what + most)
			most = (size_t)(again - what);
		buf_add(message, what, once(what, most, others));
	}
	return true;
}

/*
 * "thread 'x' (12) panicked at src/lib.rs:3:5:", then the text; up to Rust 1.72 "thread 'x'
 * panicked at 'text', src/lib.rs:3:5". Rust's library prints a second message when a panic can't
 * unwind: that one names no bug and is left out.
 */
static bool take_panic(const char *output, const char *at, struct buf *message)
{
	(void)output;
	size_t length = line_length(at);
	const char *text = next_line(at), *own = strstr(at, "panicking.rs");
	if (!strncmp(text, "panic in a ", 11) || (own && own < at + length))
		return false;
	add_line(message, at);
	if (length && at[length - 1] == ':' && *text) {
		buf_puts(message, " ");
		add_line(message, text);
	}
	return true;
}

/* clang-format off */
static const struct way ways[] = {
	{ { "_PyObject_AssertFailed", "_Py_NegativeRefcount" }, true,
	  ": Assertion ", take_assertion },
	{ { "_Py_FatalError*", "Py_FatalError", "_Py_FatalRefcountErrorFunc", "fatal_error*",
	    "Py_ExitStatusException" }, true,
	  "Fatal Python error: ", take_rest },
	{ { "mi_error_default", "_mi_error_message" }, true, "mimalloc: error: ", take_mimalloc },
	{ { "_mi_assert_fail" }, true, "mimalloc: assertion failed: ", take_mimalloc },
	{ { "__assert_fail*", "__assert_perror_fail", "__assert" }, false,
	  ": Assertion `", take_assertion },
	{ { "__assert_perror_fail" }, false, ": Unexpected error: ", take_assertion },
	{ { "rust_panic*", "rust_begin_unwind", "__rustc::*", "core::panicking::*",
	    "std::panicking::*", "core::option::unwrap_failed", "core::option::expect_failed",
	    "core::result::unwrap_failed", "core::cell::panic_*", "core::slice::index::*",
	    "std::process::abort", "std::sys::*", "__rust_*" }, false,
	  "panicked at ", take_panic },
	{ { "std::terminate*", "std::unexpected*", "__cxxabiv1::*", "__cxa_*", "_Unwind_*",
	    "__gnu_cxx::__verbose_terminate_handler*", "__gxx_personality_*", "std::__terminate*",
	    "std::__throw_*", "__clang_call_terminate", "demangling_terminate_handler*",
	    "abort_message" }, false,
	  "terminate called ", take_exception },
	{ { "std::terminate*", "std::__terminate*" }, false, "libc++abi: ", take_rest },
	{ { "__stack_chk_fail*", "__fortify_fail*", "__chk_fail", "__libc_message*",
	    "malloc_printerr*" }, false,
	  "*** ", take_rest },
	{ { "__libc_message*", "__libc_fatal" }, false, "Fatal glibc error: ", take_rest },
	{ { "malloc_printerr*" }, false, "free(): ", take_rest },
	{ { "malloc_printerr*" }, false, "malloc(): ", take_rest },
	{ { "malloc_printerr*" }, false, "double free or corruption", take_rest },
	{ { "malloc_printerr*" }, false, "corrupted ", take_rest },
	{ { NULL }, false, "ThreadSanitizer: ", take_sanitizer },
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof *(array))

/*
 * Any function of these modules is on the way of a C++ exception: most of them are not exported,
 * and so have no names.
 */
static bool is_cxx_runtime(const char *module)
{
	static const char *const modules[] = { "libstdc++.so*", "libc++abi.so*", "libgcc_s.so*" };
	for (size_t i = 0; module && i < COUNT(modules); i++) {
		if (plumbing_name_matches(modules[i], module))
			return true;
	}
	return false;
}

static bool is_on_way(const struct way *way, const struct frame *frame)
{
	if (frame->language == FRAME_PYTHON || frame->language == FRAME_CYTHON)
		return false;
	if (way->interpreters && !(frame->module && plumbing_is_base_module(frame->module)))
		return false;
	if (way->take == take_exception && is_cxx_runtime(frame->module))
		return true;
	if (way->take == take_sanitizer && frame->module &&
	    plumbing_name_matches("libclang_rt.tsan*", frame->module))
		return true;
	for (size_t i = 0; i < COUNT(way->frames) && way->frames[i]; i++) {
		if (plumbing_name_matches(way->frames[i], frame->function))
			return true;
	}
	return false;
}

bool abort_is_path(const struct frame *frame)
{
	for (size_t i = 0; i < COUNT(ways); i++) {
		if (is_on_way(&ways[i], frame))
			return true;
	}
	return false;
}

/*
 * Did the stack abort in this way? Then only helpers and plumbing stand above the way's function.
 */
static bool went(const struct way *way, const struct stack *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		const struct frame *frame = &stack->frames[i];
		if (is_on_way(way, frame))
			return true;
		if (!frame->plumbing && !plumbing_is_helper(frame) && !abort_is_path(frame))
			return false;
	}
	return false;
}

/*
 * If two threads terminate at once, the second one's message comes in the middle of the first
 * one's. It is cut out here. To be freed.
 */
static char *without_second_threads(const char *output)
{
	static const char second[] = "terminate called recursively\n";
	struct buf rest = { 0 };
	for (const char *at; (at = strstr(output, second)); output = at + sizeof second - 1)
		buf_add(&rest, output, (size_t)(at - output));
	buf_puts(&rest, output);
	return buf_take(&rest);
}

/* The last message in the output that this way prints; NULL if there is none. */
static char *last_message(const struct way *way, const char *output)
{
	struct buf last = { 0 };
	for (const char *at = output; (at = strstr(at, way->marker)); at++) {
		struct buf message = { 0 };
		if (!way->take(output, at, &message))
			continue;
		buf_free(&last);
		last = message;
	}
	return last.length ? buf_take(&last) : NULL;
}

char *abort_message(const struct stack *stack, const char *output)
{
	char *message = NULL, *text = output ? without_second_threads(output) : xstrdup("");
	for (size_t i = 0; !message && i < COUNT(ways); i++) {
		if (went(&ways[i], stack))
			message = last_message(&ways[i], text);
	}
	free(text);
	return message;
}

/* ---- a message without what varies ---- */

/* If an assertion's expression begins at `at`: its end. Else NULL. */
static const char *quoted_end(const char *at)
{
	static const char word[] = "Assertion ";
	if (strncmp(at, word, sizeof word - 1) != 0)
		return NULL;
	const char *end = strstr(at, " failed");
	return end ? end : at + strlen(at);
}

/* Does a folder of a path with a line number begin here, as in "a/b/pool.c:12"? */
static bool is_folder(const char *at)
{
	size_t length = strcspn(at, "/ \t'\"(),;");
	if (at[length] != '/')
		return false;
	size_t whole = strcspn(at, " \t'\"(),;:");
	return at[whole] == ':' && isdigit((unsigned char)at[whole + 1]);
}

static bool in_word(const char *text, const char *at)
{
	return at > text && (isalnum((unsigned char)at[-1]) || at[-1] == '_');
}

bool abort_is_assert(const char *message)
{
	return strstr(message, ": Assertion `") != NULL;
}

/* `numbers`: these and addresses become "#", too. */
static char *without_folders(const char *message, bool numbers)
{
	struct buf out = { 0 };
	const char *at = message;
	while (*at) {
		const char *end = quoted_end(at);
		if (end) {
			buf_add(&out, at, (size_t)(end - at));
			at = end;
		} else if (!in_word(message, at) && is_folder(at)) {
			at += strcspn(at, "/") + 1;
		} else if (numbers && !in_word(message, at) && at[0] == '0' &&
			   (at[1] | 32) == 'x') {
			buf_puts(&out, "#");
			at += 2;
			while (isxdigit((unsigned char)*at))
				at++;
		} else if (numbers && !in_word(message, at) && isdigit((unsigned char)*at)) {
			buf_puts(&out, "#");
			while (isdigit((unsigned char)*at))
				at++;
		} else {
			buf_add(&out, at++, 1);
		}
	}
	return buf_take(&out);
}

char *abort_stable(const char *message)
{
	return without_folders(message, true);
}

char *abort_shown(const char *message)
{
	return without_folders(message, false);
}
