/* borrowed_reference.c - what was borrowed from a container is let go by another thread. */
#include "runner/model/kinds.h"

#include <stdlib.h>
#include <string.h>

#include "runner/model/api_rules.h"
#include "runner/model/race_words.h"
#include "runner/model/words.h"

static const char *const reports[] = { "borrowed-reference", NULL };

/* The side that borrows and the one that lets go; false: one of the two is not known. */
static bool sides(const struct finding *finding, const struct participant **borrows,
		  const struct participant **drops)
{
	if (finding->participant_count < 2)
		return false;
	size_t at = finding->participants[0].write ? 1 : 0;
	*borrows = &finding->participants[at];
	*drops = &finding->participants[!at];
	return true;
}

static const char *function_of(const struct finding *finding)
{
	return finding->pattern && *finding->pattern ? finding->pattern : "a function of the C API";
}

/* "a dict"; what it is borrowed from. */
static void add_lender(struct buf *out, const struct finding *finding)
{
	const char *type = finding->variable && *finding->variable ? finding->variable : NULL;
	if (type)
		buf_printf(out, "%s %s", words_article(type), type);
	else
		buf_puts(out, "its container");
}

/* "a list that look_up borrows from a dict is dropped by store while it uses it (m.c:12)". */
static void title(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	const struct participant *borrows, *drops;
	if (!sides(finding, &borrows, &drops)) {
		words_add_single(out, "A borrowed reference is used after its owner let go",
				 finding, roots);
		return;
	}
	char *user = words_function(&borrows->stack), *dropper = words_function(&drops->stack);
	words_add_object(out, &finding->subject);
	buf_printf(out, " that %s borrows from ", user);
	add_lender(out, finding);
	buf_printf(out, " loses its last reference in %s", dropper);
	words_add_location(out, &borrows->stack, roots);
	free(user);
	free(dropper);
}

/* What to call in the place of the function that borrows; those without rules are named here. */
static const char *instead_of(const char *function)
{
	static const struct {
		const char *borrows, *instead;
	} known[] = {
		{ "_PyDict_GetItemStringWithError", "PyDict_GetItemStringRef" },
		{ "_PyDict_GetItemWithError", "PyDict_GetItemRef" },
		{ "_PyDict_GetItem_KnownHash", "PyDict_GetItemRef" },
		{ "PySys_GetObject", "PySys_GetAttr (3.15) or PyMapping_GetItemString" },
		{ "_PyType_Lookup", "PyObject_GetAttr of the type" },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcmp(function, known[i].borrows))
			return known[i].instead;
	return api_rule_instead(function);
}

static void add_fix(struct buf *out, const char *function)
{
	const char *instead = instead_of(function);
	buf_puts(out, " Usual fixes: ");
	if (instead)
		buf_printf(out, "call %s, which returns a reference of one's own, or ", instead);
	buf_printf(out,
		   "hold a critical section on the container (Py_BEGIN_CRITICAL_SECTION) from the "
		   "call of %s until a reference is taken (Py_NewRef) or the object is not needed "
		   "any more.",
		   function);
}

static void explain(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	const struct participant *borrows, *drops;
	if (!sides(finding, &borrows, &drops)) {
		buf_puts(out, "An object was borrowed from a container, and another thread took it "
			      "out; ThreadSanitizer kept only one of the stacks.");
		add_fix(out, function_of(finding));
		return;
	}
	char *user = words_function(&borrows->stack), *dropper = words_function(&drops->stack);
	buf_printf(out, "%s got the object from ", borrows->thread);
	add_lender(out, finding);
	buf_printf(out, " by %s, which returns no reference of its caller's own, and uses it in %s",
		   function_of(finding), user);
	words_add_location(out, &borrows->stack, roots);
	if (finding->subject.description)
		buf_printf(out, ": %s", finding->subject.description);
	buf_printf(out, ". %s dropped the only reference that there was, in %s", drops->thread,
		   dropper);
	words_add_location(out, &drops->stack, roots);
	words_add_line(out, &drops->stack, site_frame(&drops->stack), roots);
	buf_puts(
		out,
		", and nothing orders the two: no lock that both hold over it, and no start, join, "
		"event or queue between them. The lock that the container has of its own does not "
		"help: it is held during the calls only. In this run or another, the object is "
		"freed between the call and the use, and the memory is another object's.");
	race_words_locks(out, borrows, drops);
	race_words_mixed(out, borrows, drops);
	add_fix(out, function_of(finding));
	free(user);
	free(dropper);
}

const struct finding_kind_info kind_borrowed_reference = {
	.name = "borrowed-reference",
	.one = "borrowed reference",
	.many = "borrowed references",
	.meaning = "An extension used an object to which it had no reference of its own, while "
		   "another thread dropped the last one.",
	.explain = explain,
	.title = title,
	.rule = RULE_RACE,
	.reports = reports,
	.cell = CELL_RACE,
};
