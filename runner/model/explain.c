/* explain.c - see explain.h. */
#include "runner/model/explain.h"

#include <stdbool.h>
#include <string.h>

#include "runner/base/util.h"
#include "runner/model/kinds.h"
#include "runner/model/words.h"

/* What people are told for the type of a report of TSan (compiler-rt: tsan_debugging.cpp). */
struct report_type {
	const char *what, *title;
	bool order; /* the kind has an explanation of its own */
};

static const struct report_type *type_of(const char *what)
{
	static const struct report_type types[] = {
		{ "lock-order-inversion", "Lock order: a cycle that can deadlock", true },
		{ "mutex-double-lock", "Lock misuse: locked twice by one thread", false },
		{ "mutex-bad-unlock", "Lock misuse: unlocked without being locked by this thread",
		  false },
		{ "mutex-bad-read-lock", "Lock misuse: read-locked while write-locked", false },
		{ "mutex-bad-read-unlock", "Lock misuse: read-unlocked while write-locked", false },
		{ "mutex-invalid-access", "Lock misuse: a mutex that was destroyed or never made",
		  false },
		{ "locked-mutex-destroy", "Lock misuse: destroyed while locked", false },
		{ "thread-leak", "Thread leak: a thread was neither joined nor detached", false },
		{ "signal-unsafe-call", "Signal handler: a call that is not async-signal-safe",
		  false },
		{ "errno-in-signal-handler", "Signal handler: errno is overwritten", false },
	};
	for (size_t i = 0; what && i < sizeof types / sizeof *types; i++) {
		if (!strcmp(what, types[i].what))
			return &types[i];
	}
	return NULL;
}

char *explain_title(const struct finding *finding, const char *what, const struct roots *roots)
{
	struct buf out = { 0 };
	const struct finding_kind_info *info = kind_info(finding->kind);
	const struct report_type *type = type_of(what);
	if (!type && info->title)
		info->title(&out, finding, roots);
	else
		words_add_single(&out, type ? type->title : info->heading, finding, roots);
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
	const struct report_type *type = type_of(what);
	if (type && !type->order) {
		misuse_text(&out, type->title);
	} else if (info->explain) {
		info->explain(&out, finding, roots);
	} else {
		if (finding->subject.description && info->text)
			buf_printf(&out, "About %s. ", finding->subject.description);
		buf_puts(&out, info->text ? info->text : info->meaning);
	}
	return buf_take(&out);
}
