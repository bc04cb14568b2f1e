/* countlog.c - see countlog.h. */
#include "runner/collate/countlog.h"

#include <stdlib.h>
#include <string.h>

#include "ftstress/record.h"
#include "runner/base/util.h"
#include "runner/model/plumbing.h"
#include "runner/model/words.h"

struct operation {
	const struct section_view *section;
	struct stack stack;
	char *function; /* that does it */
	int64_t left;
	unsigned takes, drops; /* how many, at once */
	bool makes;
};

/* How often a function took and dropped. */
struct balance {
	const char *function;
	unsigned taken, dropped;
	bool interpreters; /* it is the interpreter's own, or Python code */
};

static bool says(const struct section_view *section, const char *word)
{
	return section->head.text_length == strlen(word) &&
	       !memcmp(section->text, word, section->head.text_length);
}

static struct operation *collect(const struct report_view *view, countlog_stack *stack_of,
				 void *context, size_t *count)
{
	struct operation *operations = xcalloc(view->count + 1, sizeof *operations);
	*count = 0;
	for (size_t i = 0; i < view->count; i++) {
		const struct section_view *section = &view->sections[i];
		if (section->head.kind != FTS_SEC_COUNT)
			continue;
		struct operation *operation = &operations[(*count)++];
		unsigned many = section->head.size ? (unsigned)section->head.size : 1;
		*operation = (struct operation){ .section = section,
						 .left = (int64_t)section->head.value,
						 .makes = says(section, "made"),
						 .takes = says(section, "takes") ? many : 0,
						 .drops = says(section, "drops") ? many : 0 };
		stack_of(context, i, &operation->stack);
		operation->function = words_name(&operation->stack, site_frame(&operation->stack));
	}
	/* What both counts say while another thread changes them may be off by what that one does. */
	int64_t left = 1;
	for (size_t i = 0; i < *count && operations[0].makes; i++) {
		left += (int64_t)operations[i].takes - operations[i].drops;
		operations[i].left = left;
	}
	return operations;
}

static void add_thread(struct buf *out, int32_t tid)
{
	if (tid < 0)
		buf_puts(out, "a thread");
	else if (tid == 0)
		buf_puts(out, "the main thread");
	else
		buf_printf(out, "T%d", tid);
}

/* "  3. T5 drops one in box_close (box.c:12), at app.py:7 in close: 0 left". */
static void add_line(struct buf *out, size_t number, const struct operation *operation,
		     const struct roots *roots)
{
	size_t at = site_frame(&operation->stack);
	buf_printf(out, "%3zu. ", number);
	add_thread(out, operation->section->head.tid);
	if (operation->takes > 1 || operation->drops > 1)
		buf_printf(out, " %s %u", operation->takes ? "takes" : "drops",
			   operation->takes + operation->drops);
	else
		buf_puts(out, operation->makes   ? " makes it"
			      : operation->takes ? " takes one"
			      : operation->drops ? " drops one"
						 : " frees its memory");
	buf_printf(out, " in %s", operation->function);
	words_add_location(out, &operation->stack, roots);
	words_add_line(out, &operation->stack, at, roots);
	if (operation->makes || operation->takes || operation->drops)
		buf_printf(out, ": %lld", (long long)operation->left);
}

/* Has the object references of others, whatever was dropped? Then the sum need not go wrong. */
static bool is_held(const struct report_view *view)
{
	static const char held[] = "reference-count-held", falls[] = "reference-count-falls";
	return (view->text_length == sizeof held - 1 &&
		!memcmp(view->text, held, sizeof held - 1)) ||
	       (view->text_length == sizeof falls - 1 &&
		!memcmp(view->text, falls, sizeof falls - 1));
}

/* The first one that drops where none is left, or takes one of what is gone; count: there is none. */
static size_t first_wrong(const struct operation *operations, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct operation *one = &operations[i];
		if ((one->drops && one->left < 0) || (one->takes && i && one->left <= 1))
			return i;
	}
	return count;
}

/*
 * Two drops of one function in two threads, which has taken less than that: both had the same pointer. The
 * last ones up to where it is wrong; false: there are none.
 */
static bool same_pointer(const struct operation *operations, size_t wrong, size_t *first,
			 size_t *second)
{
	for (size_t b = wrong + 1; b-- > 1;)
		for (size_t a = b; operations[b].drops && a-- > 0;) {
			const struct operation *one = &operations[a], *two = &operations[b];
			if (!one->drops || strcmp(one->function, two->function) != 0 ||
			    one->section->head.tid == two->section->head.tid)
				continue;
			unsigned taken = 0;
			for (size_t i = 0; i < wrong; i++)
				if (!strcmp(operations[i].function, one->function))
					taken += operations[i].takes;
			*first = a;
			*second = b;
			if (taken < 2)
				return true;
		}
	return false;
}

static bool is_interpreters(const struct stack *stack)
{
	size_t at = site_frame(stack);
	const struct frame *frame = at < stack->count ? &stack->frames[at] : NULL;
	return !frame || frame->language == FRAME_PYTHON ||
	       (frame->module && plumbing_is_base_module(frame->module));
}

static size_t add_balance(struct balance *balances, size_t count, const struct operation *operation)
{
	size_t i = 0;
	while (i < count && strcmp(balances[i].function, operation->function) != 0)
		i++;
	if (i == count)
		balances[count++] = (struct balance){ operation->function, 0, 0,
						      is_interpreters(&operation->stack) };
	balances[i].taken += operation->takes + operation->makes;
	balances[i].dropped += operation->drops;
	return count;
}

/*
 * Whoever dropped what was not his has dropped more than he took. So has who was given some: the interpreter's
 * own functions, most often.
 */
static void add_suspects(struct buf *out, const struct operation *operations, size_t count)
{
	struct balance *balances = xcalloc(count + 1, sizeof *balances);
	const struct balance *foreign = NULL;
	size_t functions = 0, told = 0, others = 0;
	for (size_t i = 0; i < count; i++)
		functions = add_balance(balances, functions, &operations[i]);
	for (size_t i = 0; i < functions; i++) {
		const struct balance *balance = &balances[i];
		if (balance->dropped <= balance->taken)
			continue;
		buf_printf(out, "%s%s (%u dropped, %u taken)",
			   told++ ? ", " : "It is of a function that dropped more than it took: ",
			   balance->function, balance->dropped, balance->taken);
		if (balance->interpreters)
			continue;
		foreign = balance;
		others++;
	}
	if (told)
		buf_puts(out, ".\n");
	if (told > 1 && others == 1)
		buf_printf(out, "Of these only %s is not the interpreter's own.\n",
			   foreign->function);
	free(balances);
}

/* `wrong`: which is the first one that can't be; count: none. */
static void add_verdict(struct buf *out, const struct operation *operations, size_t count,
			size_t wrong, bool held)
{
	unsigned taken = 0, dropped = 0;
	for (size_t i = 0; i < count; i++) {
		taken += operations[i].takes;
		dropped += operations[i].drops;
	}
	if (operations[0].makes)
		buf_printf(out, "There was 1 when it was made, %u taken, %u dropped.\n", taken,
			   dropped);
	else
		buf_puts(out, "What came before is not in the log any more.\n");
	if (held)
		add_suspects(out, operations, count);
	if (wrong == count)
		return;
	if (operations[wrong].takes) {
		buf_printf(
			out,
			"Number %zu takes one of an object that is gone: it was only borrowed, and "
			"nobody kept it.\n",
			wrong + 1);
		return;
	}
	size_t first, second;
	if (same_pointer(operations, wrong, &first, &second)) {
		buf_printf(
			out,
			"Numbers %zu and %zu are both of %s, in two threads, and it did not take "
			"as many: most likely both had the same pointer, and one reference.\n",
			first + 1, second + 1, operations[first].function);
		return;
	}
	buf_printf(out,
		   "Number %zu drops one where none is left: that one was not owned, or one of the "
		   "drops before it was not.\n",
		   wrong + 1);
	add_suspects(out, operations, count);
}

char *countlog_text(const struct report_view *view, countlog_stack *stack_of, void *context,
		    const struct roots *roots)
{
	size_t count;
	struct operation *operations = collect(view, stack_of, context, &count);
	struct buf out = { 0 };
	if (count) {
		bool held = is_held(view);
		size_t wrong = held ? count : first_wrong(operations, count);
		buf_puts(&out, "What was done to its count, oldest first, and how many references "
			       "were left:\n");
		for (size_t i = 0; i < count; i++) {
			add_line(&out, i + 1, &operations[i], roots);
			buf_puts(&out, i == wrong ? "  <- there was none\n" : "\n");
		}
		add_verdict(&out, operations, count, wrong, held);
	}
	for (size_t i = 0; i < count; i++) {
		free(operations[i].function);
		stack_clear(&operations[i].stack);
	}
	free(operations);
	return count ? buf_take(&out) : NULL;
}
