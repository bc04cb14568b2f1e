/* reference_count.c - a reference count that goes wrong (interpose/memory/counts.c). */
#include "runner/model/kinds.h"

#include <stdlib.h>
#include <string.h>

#include "runner/model/words.h"

static const char *const reports[] = { "reference-count", NULL };

/* "a list object: box_close drops a reference to an object that has none left (box.c:12)" */
static void title(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	words_add_object(out, &finding->subject);
	if (!finding->participant_count)
		return;
	const struct participant *side = &finding->participants[0];
	char *name = words_function(&side->stack);
	if (finding_is_low_count(finding)) {
		buf_printf(out, " made by %s", name);
		words_add_location(out, &side->stack, roots);
		buf_puts(out, ": too few references to it are counted");
		free(name);
		return;
	}
	buf_printf(out, ": %s %s", name, side->role);
	words_add_location(out, &side->stack, roots);
	free(name);
}

static const char *what_it_means(const struct finding *finding)
{
	if (finding->pattern && !strcmp(finding->pattern, "plain"))
		return "Without the GIL, each object has two counts: one that only the thread which "
		       "made it may change, and one of all other threads, which changes by atomic "
		       "operations. Code that writes to one of the fields by itself, or calls "
		       "Py_SET_REFCNT() for an object that others can have, too, loses what another "
		       "thread counts at that time: the object is freed in use, or never. Usual "
		       "fixes: Py_INCREF() and Py_DECREF() (Py_NewRef, Py_SETREF), which know whose "
		       "count it is; for an object that shall never be freed "
		       "PyUnstable_Object_EnableDeferredRefcount() or an immortal one.";
	if (finding_is_low_count(finding))
		return "Somebody dropped a reference that he had not taken, and nothing was freed yet, as "
		       "others have the object: it will be freed while they use it. What holds is all that "
		       "the garbage collector knows, asked when a test was over and its threads had ended. "
		       "`ftstress explain` with the id of this finding shows what was done to the count. "
		       "Usual causes: a Py_DECREF too many; a borrowed reference "
		       "(PyDict_GetItem, PyList_GetItem, an argument) that is dropped, returned, or given "
		       "to a function that takes it over (PyList_SetItem, PyTuple_SET_ITEM, "
		       "PyModule_AddObject); two threads that take one pointer out of a field and "
		       "both drop it; a tp_traverse that visits what its object does not own.";
	return "Here the count is seen to be wrong; the operation that took what it did not own may "
	       "be an earlier one on the same object: one that drops a reference twice, since two "
	       "threads take the same pointer out of a field before one of them has cleared it, or "
	       "one that uses a borrowed reference. Look at the races on the object, and on what "
	       "holds it. Usual fixes: take the pointer and clear the field under one lock "
	       "(Py_BEGIN_CRITICAL_SECTION), and take a reference of your own "
	       "(PyList_GetItemRef, Py_NewRef under the lock) to what others may let go.";
}

static void explain(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	const struct participant *side = finding->participants;
	if (finding->subject.description)
		buf_printf(out, "The object: %s. ", finding->subject.description);
	for (size_t i = 0; i < finding->participant_count; i++) {
		size_t at = site_frame(&side[i].stack);
		char *name = words_name(&side[i].stack, at);
		buf_printf(out, "%s, in %s", side[i].thread, name);
		words_add_location(out, &side[i].stack, roots);
		words_add_line(out, &side[i].stack, at, roots);
		buf_printf(out, ", %s. ", side[i].role);
		free(name);
	}
	buf_puts(out, what_it_means(finding));
}

const struct finding_kind_info kind_reference_count = {
	.name = "reference-count",
	.one = "wrong reference count",
	.many = "wrong reference counts",
	.meaning =
		"A reference was dropped or taken that there is not, or the count was written to "
		"behind other threads' backs: the object is freed while others have it, or used when "
		"it is gone.",
	.explain = explain,
	.title = title,
	.rule = RULE_RACE,
	.reports = reports,
};
