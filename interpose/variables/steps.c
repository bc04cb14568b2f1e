/* steps.c - see steps.h. */
#define _GNU_SOURCE
#include "interpose/variables/steps.h"

#include "interpose/python/layout.h"
#include "interpose/variables/accesses.h"
#include "interpose/variables/granules.h"
#include "interpose/variables/methods.h"
#include "interpose/variables/variables.h"

#include <dlfcn.h>
#include <stddef.h>

HIDDEN __thread const void *steps_counts __attribute__((tls_model("initial-exec")));
static const void *list_type;

/* METH_FASTCALL, with keywords or without */
typedef void *function(void *self, void *const *arguments, int64_t count, void *names);

static void look_for_place(const void *list)
{
	uintptr_t size = (uintptr_t)list + python_at.size;
	if (variables_testing && load_pointer(list, OBJECT_TYPE) == list_type &&
	    !granule_is_mine(granule_of(size)))
		accesses_note_whole(size, SITE_LIST, WHOLE_PLACED);
}

static function *real_index;

static void *look_up(void *list, void *const *arguments, int64_t count, void *names)
{
	look_for_place(list);
	JUMP real_index(list, arguments, count, names);
}

/* clang-format off */
static struct search {
	const char *name;
	bool inserts;
	function *was;
} searches[] = {
	{ "bisect_left", false, NULL },
	{ "bisect_right", false, NULL },
	{ "insort_left", true, NULL },
	{ "insort_right", true, NULL },
};
/* clang-format on */
#define SEARCHES (sizeof searches / sizeof *searches)

static void *search(unsigned number, void *module, void *const *arguments, int64_t count,
		    void *names)
{
	const struct search *of = &searches[number];
	const void *outer = accesses_within; /* of an item, to whose comparison this one belongs */
	if (of->inserts)
		accesses_within = innermost_frame();
	if (count)
		look_for_place(arguments[0]);
	void *result = of->was(module, arguments, count, names);
	accesses_within = outer;
	return result;
}

#define SEARCHED(number)                                                                           \
	static void *searched_##number(void *module, void *const *arguments, int64_t count,        \
				       void *names)                                                \
	{                                                                                          \
		return search(number, module, arguments, count, names);                            \
	}
SEARCHED(0)
SEARCHED(1)
SEARCHED(2)
SEARCHED(3)
static function *const searched[] = { searched_0, searched_1, searched_2, searched_3 };
_Static_assert(sizeof searched / sizeof *searched == SEARCHES, "one for each");

static function *real_count;

static void *count_elements(void *module, void *const *arguments, int64_t count, void *names)
{
	const void *outer = accesses_within, *outer_counts = steps_counts;
	if (variables_testing && count) {
		accesses_within = innermost_frame();
		steps_counts = arguments[0];
	}
	void *result = real_count(module, arguments, count, names);
	accesses_within = outer;
	steps_counts = outer_counts;
	return result;
}

static void *(*real_send)(void *generator, void *value);
static function *real_throw;

static void look_at_generator(const void *generator)
{
	if (variables_testing && !granule_is_mine(granule_of((uintptr_t)generator)))
		accesses_note_next((uintptr_t)generator);
}

static void *send(void *generator, void *value)
{
	look_at_generator(generator);
	JUMP real_send(generator, value);
}

static void *throw(void *generator, void *const *arguments, int64_t count, void *names)
{
	look_at_generator(generator);
	JUMP real_throw(generator, arguments, count, names);
}

bool steps_start(void)
{
	list_type = dlsym(RTLD_DEFAULT, "PyList_Type");
	real_index = (function *)methods_replace("builtins", "list", "index", (void *)look_up);
	real_count = (function *)methods_replace("_collections", NULL, "_count_elements",
						 (void *)count_elements);
	real_send = (void *(*)(void *, void *))methods_replace("types", "GeneratorType", "send",
							       (void *)send);
	real_throw = (function *)methods_replace("types", "GeneratorType", "throw", (void *)throw);
	for (unsigned i = 0; i < SEARCHES; i++) {
		searches[i].was = (function *)methods_replace("_bisect", NULL, searches[i].name,
							      (void *)searched[i]);
		if (!searches[i].was)
			return false;
	}
	return list_type && real_index && real_count && real_send && real_throw;
}
