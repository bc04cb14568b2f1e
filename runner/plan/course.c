/* course.c - see course.h. */
#include "runner/plan/course.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"

void course_settle(struct course *course, struct settings *settings, const struct plan_test *tests,
		   size_t test_count, uint64_t deck_tests)
{
	if (settings->slice == 0)
		settings->slice = plan_slice_for(test_count, settings->iterations);
	*course = (struct course){ .tests = tests,
				   .test_count = test_count,
				   .plan = plan_new(tests, test_count, settings->slice) };
	if (settings->gate ||
	    (settings->pairs && !settings->iterations && !settings->duration_given))
		settings->iterations = plan_slices(course->plan);
	if (!settings->gate && !settings->explore)
		course->deck = deck_tests / settings->slice;
}

static int by_id(const void *key, const void *item)
{
	return strcmp(key, ((const struct plan_test *)item)->id);
}

int course_take_leftovers(struct course *course, const struct settings *settings,
			  struct store *store)
{
	char **ids = NULL;
	size_t count = 0, known = 0;
	if (settings->gate || settings->replay_given || settings->resume || settings->explore)
		return 0;
	int code = store_leftovers(store, &ids, &count);
	size_t *tests = xcalloc(count, sizeof *tests);
	for (size_t i = 0; i < count; i++) {
		const struct plan_test *test =
			bsearch(ids[i], course->tests, course->test_count, sizeof *test, by_id);
		if (test)
			tests[known++] = (size_t)(test - course->tests);
		free(ids[i]);
	}
	course->leftover_found =
		plan_leftovers(course->plan, course->deck, tests, known, &course->leftovers);
	free(tests);
	free(ids);
	uint64_t most = (settings->iterations + 1) / 2;
	course->leftover_count =
		most && course->leftover_found > most ? (size_t)most : course->leftover_found;
	return code;
}

struct plan_start course_start(const struct course *course, const struct settings *settings)
{
	/* No underflow: the leftovers are of different slices, all of them before `deck`. */
	return (struct plan_start){ settings->seed, course->deck - course->leftover_count,
				    course->leftovers, course->leftover_count };
}

void course_print(const struct course *course, const struct settings *settings)
{
	size_t slices = plan_slices(course->plan);
	uint64_t count = settings->replay_given ? 1
			 : settings->iterations ? settings->iterations
						: slices;
	struct plan_start start = course_start(course, settings);
	printf("# seed %016" PRIx64 ", %zu tests, %zu slices in a deck\n"
	       "# token threads switch-interval gil schedule seed tests\n",
	       settings->seed, course->test_count, slices);
	for (uint64_t n = 0; n < count; n++) {
		struct trial_plan trial;
		struct replay_token token =
			plan_iteration(course->plan, settings, &start, n, &trial);
		char *text = replay_token_text(token);
		printf("%s %u %g %s %s %" PRIu32 " %zu\n", text, trial.threads,
		       trial.switch_interval, trial.gil ? "on" : "off",
		       schedule_text(trial.schedule), trial.seed, trial.test_count);
		for (size_t i = 0; i < trial.test_count; i++)
			printf("  %s\n", course->tests[trial.tests[i]].id);
		free(text);
		trial_plan_clear(&trial);
	}
}

void course_clear(struct course *course)
{
	leftovers_clear(course->leftovers, course->leftover_found);
	plan_free(course->plan);
	*course = (struct course){ 0 };
}
