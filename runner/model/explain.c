/* explain.c - see explain.h. */
#include "runner/model/explain.h"

#include <stdbool.h>
#include <string.h>

#include "runner/base/util.h"
#include "runner/model/kinds.h"
#include "runner/model/words.h"

/* The names of the report types of compiler-rt's tsan_debugging.cpp, for people. */
static const char *type_title(const char *what)
{
	static const char *const names[][2] = {
		{ "lock-order-inversion", "Lock order: a cycle that can deadlock" },
		{ "mutex-double-lock", "Lock misuse: locked twice by one thread" },
		{ "mutex-bad-unlock", "Lock misuse: unlocked without being locked by this thread" },
		{ "mutex-bad-read-lock", "Lock misuse: read-locked while write-locked" },
		{ "mutex-bad-read-unlock", "Lock misuse: read-unlocked while write-locked" },
		{ "mutex-invalid-access", "Lock misuse: a mutex that was destroyed or never made" },
		{ "locked-mutex-destroy", "Lock misuse: destroyed while locked" },
		{ "thread-leak", "Thread leak: a thread was neither joined nor detached" },
		{ "signal-unsafe-call", "Signal handler: a call that is not async-signal-safe" },
		{ "errno-in-signal-handler", "Signal handler: errno is overwritten" },
	};
	for (size_t i = 0; what && i < sizeof names / sizeof *names; i++) {
		if (!strcmp(what, names[i][0]))
			return names[i][1];
	}
	return NULL;
}

char *explain_title(const struct finding *finding, const char *what, const struct roots *roots)
{
	struct buf out = { 0 };
	const struct finding_kind_info *info = kind_info(finding->kind);
	const char *type = type_title(what);
	if (!type && info->title)
		info->title(&out, finding, roots);
	else
		words_add_single(&out, type ? type : info->heading, finding, roots);
	return buf_take(&out);
}

static void misuse_text(struct buf *out, const char *type)
{
	buf_printf(out,
		   "%s. ThreadSanitizer saw a call that its rules don't allow; the stack shows "
		   "where.",
		   type);
}

char *explain_text(const struct finding *finding, const char *what, const struct roots *roots)
{
	struct buf out = { 0 };
	const struct finding_kind_info *info = kind_info(finding->kind);
	const char *type = type_title(what);
	if (type && strncmp(type, "Lock order", 10) != 0) {
		misuse_text(&out, type);
	} else if (info->explain) {
		info->explain(&out, finding, roots);
	} else {
		if (finding->subject.description && info->text)
			buf_printf(&out, "About %s. ", finding->subject.description);
		buf_puts(&out, info->text ? info->text : info->meaning);
	}
	return buf_take(&out);
}
