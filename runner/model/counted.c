/* counted.c - what helps where many threads write one object's reference count. */
#include <stdbool.h>
#include <string.h>

#include "ftstress/finding.h"

double run_count_rate(const struct run_count *count)
{
	return count->seconds > 0 ? (double)count->changes / count->seconds : 0;
}

static bool is_one_of(const char *type, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(type, *names))
			return true;
	return false;
}

/* Is the object made by a line of Python? Else by C, or it is a variable of C, or nobody knows. */
static bool is_made_in_python(const char *made)
{
	const char *dot = made ? strrchr(made, '.') : NULL;
	return dot && !strncmp(dot, ".py:", 4);
}

const char *run_count_remedy(const struct run_count *count)
{
	/* CPython 3.14 gives these a count that is spread, or deferred, where they last long. */
	static const char *const lasting[] = { "function",    "type",         "module",   "code",
					       "classmethod", "staticmethod", "property", NULL };
	static const char *const bound[] = { "method", "builtin_function_or_method",
					     "method-wrapper", NULL };
	if (is_one_of(count->type, lasting))
		return "deferred: PyUnstable_Object_EnableDeferredRefcount(), or make it where it lives "
		       "as long as its module; what is made anew again and again is counted";
	if (is_one_of(count->type, bound))
		return "per thread: let each thread look it up on its object, which binds one of its own";
	if (!strcmp(count->type, "str"))
		return "immortal: sys.intern()";
	if (is_made_in_python(count->made))
		return "per thread: one for each (a copy, threading.local()), or one reference taken before "
		       "the loop";
	if (!count->made)
		return "per thread: one reference for each, taken before the loop";
	return "immortal or deferred: a static object, PyUnstable_Object_EnableDeferredRefcount() (3.14) or "
	       "PyUnstable_SetImmortal() (3.15), if it lives as long as its module; else one for each thread";
}
