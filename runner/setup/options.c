/*
 * options.c - see options.h. A new option is one parser and one line in the table.
 */
#include "runner/setup/options.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ftstress/pythons.h"
#include "ftstress/record.h"
#include "runner/base/closest.h"
#include "runner/base/util.h"
#include "runner/setup/option_table.h"

static char *expected(const char *what, const char *value)
{
	return xprintf("expected %s, not \"%s\"", what, value);
}

static char *take_whole(const char *value, uint64_t low, uint64_t high, uint64_t *number)
{
	uint64_t parsed;
	if (whole_number(value, 10, &parsed) && parsed >= low && parsed <= high) {
		*number = parsed;
		return NULL;
	}
	return xprintf("expected a number from %" PRIu64 " to %" PRIu64 ", not \"%s\"", low, high,
		       value);
}

static char *take_unsigned(const char *value, unsigned low, unsigned high, unsigned *number)
{
	uint64_t whole = 0;
	char *error = take_whole(value, low, high, &whole);
	if (!error)
		*number = (unsigned)whole;
	return error;
}

static void replace(char **slot, const char *value)
{
	free(*slot);
	*slot = xstrdup(value);
}

static bool parse_real(const char *text, size_t length, double *number)
{
	char copy[64];
	if (length == 0 || length >= sizeof copy || isspace((unsigned char)text[0]))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	char *end;
	*number = strtod(copy, &end);
	return *end == '\0' && isfinite(*number);
}

bool parse_duration(const char *text, double *seconds)
{
	double sum = 0;
	const char *at = text;
	if (!*at)
		return false;
	while (*at) {
		size_t digits = strspn(at, "0123456789.");
		double number;
		if (!parse_real(at, digits, &number))
			return false;
		at += digits;
		static const char units[] = "smhd";
		static const double factors[] = { 1, 60, 3600, 86400 };
		const char *unit = *at ? strchr(units, *at) : units;
		if (!unit)
			return false;
		sum += number * factors[unit - units];
		at += *at != '\0';
	}
	*seconds = sum;
	return true;
}

static char *take_seconds(const char *value, double low, double *seconds)
{
	double parsed;
	if (!parse_duration(value, &parsed) || parsed < low || parsed > 1e8)
		return xprintf(
			"expected a time such as 45s, 30m or 1h30m, at least %gs, not \"%s\"", low,
			value);
	*seconds = parsed;
	return NULL;
}

static char *parse_suite(struct settings *settings, const char *value)
{
	replace(&settings->suite, value);
	return NULL;
}

static char *parse_iterations(struct settings *settings, const char *value)
{
	settings->iterations_given = true;
	return take_whole(value, 1, 1000000000, &settings->iterations);
}

static char *parse_threads(struct settings *settings, const char *value)
{
	const char *dash = strchr(value, '-');
	char *first = dash ? xstrndup(value, (size_t)(dash - value)) : xstrdup(value);
	uint64_t low = 0, high = 0;
	bool good =
		whole_number(first, 10, &low) && whole_number(dash ? dash + 1 : value, 10, &high);
	free(first);
	if (!good || low < 1 || high < low || high > FTS_THREADS_MAX)
		return expected("a number of threads such as 4 or a range such as 2-8 (1 to 64)",
				value);
	settings->threads_min = (unsigned)low;
	settings->threads_max = (unsigned)high;
	return NULL;
}

static char *parse_interval(struct settings *settings, const char *value)
{
	const char *dots = strstr(value, "..");
	size_t length = dots ? (size_t)(dots - value) : strlen(value);
	const char *last = dots ? dots + 2 : value;
	double low, high;
	if (!parse_real(value, length, &low) || !parse_real(last, strlen(last), &high) ||
	    low < 1e-9 || high < low || high > 10)
		return expected("seconds such as 1e-5 or a range such as 1e-6..5e-3 (1e-9 to 10)",
				value);
	settings->interval_min = low;
	settings->interval_max = high;
	return NULL;
}

static const char *const gil_names[] = { [GIL_OFF] = "off",
					 [GIL_ON] = "on",
					 [GIL_MIXED] = "mixed" };

const char *option_gil_text(enum gil_choice gil)
{
	return gil_names[gil];
}

static const char *const order_names[] = { [ORDER_AS_WRITTEN] = "as-written",
					   [ORDER_MEANT] = "meant" };

const char *option_order_text(enum order_level order)
{
	return order_names[order];
}

static char *parse_order(struct settings *settings, const char *value)
{
	for (size_t i = 0; i < sizeof order_names / sizeof *order_names; i++) {
		if (strcmp(value, order_names[i]) == 0) {
			settings->order = (enum order_level)i;
			return NULL;
		}
	}
	return expected("as-written or meant", value);
}

static char *parse_schedule(struct settings *settings, const char *value)
{
	for (size_t i = 0; i <= SCHEDULE_MIXED; i++) {
		if (strcmp(value, schedule_text((enum schedule_choice)i)) == 0) {
			settings->schedule = (enum schedule_choice)i;
			return NULL;
		}
	}
	return expected("turns, whole-turns, overlap or mixed", value);
}

/* set_gate has done the rest, before all other options. */
static char *parse_gate(struct settings *settings, const char *value)
{
	(void)value;
	settings->gate = true;
	return NULL;
}

static char *parse_count_log(struct settings *settings, const char *value)
{
	(void)value;
	settings->count_log = true;
	return NULL;
}

static char *parse_locks(struct settings *settings, const char *value)
{
	if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
		return expected("on or off", value);
	settings->locks = value[1] == 'n';
	return NULL;
}

static const char *const heap_names[] = { [HEAP_OFF] = "off",
					  [HEAP_ON] = "on",
					  [HEAP_DEEP] = "deep" };

const char *option_heap_text(enum heap_choice heap)
{
	return heap_names[heap];
}

static char *parse_heap(struct settings *settings, const char *value)
{
	for (size_t i = 0; i < sizeof heap_names / sizeof *heap_names; i++)
		if (!strcmp(value, heap_names[i])) {
			settings->heap = (enum heap_choice)i;
			return NULL;
		}
	return expected("on, off or deep", value);
}

static const char *const classes_names[] = { [CLASSES_AUTO] = "auto",
					     [CLASSES_ON] = "on",
					     [CLASSES_OFF] = "off" };

const char *option_classes_text(enum classes_choice classes)
{
	return classes_names[classes];
}

static char *parse_classes(struct settings *settings, const char *value)
{
	for (size_t i = 0; i < sizeof classes_names / sizeof *classes_names; i++)
		if (!strcmp(value, classes_names[i])) {
			settings->python_classes = (enum classes_choice)i;
			return NULL;
		}
	return expected("on, off or auto", value);
}

static const char *const python_races_names[] = { "package", "tests", "stdlib" };
#define PYTHON_RACES_NAMES (sizeof python_races_names / sizeof *python_races_names)

char *option_python_races_text(unsigned races)
{
	struct buf text = { 0 };
	for (size_t i = 0; i < PYTHON_RACES_NAMES; i++)
		if (races >> i & 1)
			buf_printf(&text, "%s%s", text.length ? "," : "", python_races_names[i]);
	return text.length ? buf_take(&text) : xstrdup("off");
}

/* Adds one word's bit. False: it is none. */
static bool take_python_races(unsigned *races, const char *word, size_t length)
{
	for (size_t i = 0; i < PYTHON_RACES_NAMES; i++) {
		if (strlen(python_races_names[i]) != length ||
		    memcmp(python_races_names[i], word, length) != 0)
			continue;
		*races |= 1u << i;
		return true;
	}
	return false;
}

static char *parse_python_races(struct settings *settings, const char *value)
{
	static const char separators[] = ", \t\n";
	unsigned races = 0;
	bool good = strcmp(value, "off") != 0;
	for (const char *at = value; good && *at;) {
		size_t length = strcspn(at, separators);
		good = take_python_races(&races, at, length);
		at += length + strspn(at + length, separators);
	}
	if (strcmp(value, "off") != 0 && (!good || !races))
		return expected("off, or of package, tests, stdlib those to look at, with commas",
				value);
	settings->python_races = races;
	settings->python_races_given = true;
	return NULL;
}

static char *parse_python_races_every(struct settings *settings, const char *value)
{
	uint64_t every = 0;
	if (!whole_number(value, 10, &every) || !every || every > 1000)
		return expected("a number from 1 to 1000", value);
	settings->python_races_every = (unsigned)every;
	return NULL;
}

static char *parse_pairs_every(struct settings *settings, const char *value)
{
	uint64_t every = 0;
	if (strcmp(value, "off") != 0 &&
	    (!whole_number(value, 10, &every) || every < 2 || every > 1000))
		return expected("off or a number from 2 to 1000", value);
	settings->pairs_every = (unsigned)every;
	return NULL;
}

static char *parse_gil(struct settings *settings, const char *value)
{
	for (size_t i = 0; i < sizeof gil_names / sizeof *gil_names; i++) {
		if (strcmp(value, gil_names[i]) == 0) {
			settings->gil = (enum gil_choice)i;
			return NULL;
		}
	}
	return expected("off, on or mixed", value);
}

static char *parse_tests(struct settings *settings, const char *value)
{
	replace(&settings->tests, value);
	return NULL;
}

static char *parse_seed(struct settings *settings, const char *value)
{
	const char *digits = strncmp(value, "0x", 2) == 0 ? value + 2 : value;
	if (strlen(digits) > 16 || !whole_number(digits, 16, &settings->seed))
		return expected("up to 16 hexadecimal digits", value);
	settings->seed_given = true;
	return NULL;
}

static char *parse_jobs(struct settings *settings, const char *value)
{
	return take_unsigned(value, 1, 1024, &settings->jobs);
}

static char *parse_duration_option(struct settings *settings, const char *value)
{
	settings->duration_given = true;
	return take_seconds(value, 1, &settings->duration);
}

static char *parse_slice(struct settings *settings, const char *value)
{
	return take_unsigned(value, 1, 10000, &settings->slice);
}

static char *parse_budget(struct settings *settings, const char *value)
{
	settings->budget_given = true;
	return take_seconds(value, 0.1, &settings->budget);
}

static char *parse_timeout(struct settings *settings, const char *value)
{
	return take_seconds(value, 1, &settings->timeout);
}

static char *parse_memory(struct settings *settings, const char *value)
{
	if (!strcmp(value, heap_names[HEAP_DEEP]))
		return parse_heap(settings, value);
	char *wrong = take_whole(value, 64, 1ull << 30, &settings->memory);
	if (!wrong)
		return NULL;
	free(wrong);
	return expected("a whole number from 64 to 1073741824, or deep", value);
}

#define AND_SO_ON(major, minor) #major "." #minor ", "
#define PYTHONS FTS_PYTHONS(AND_SO_ON)

static char *parse_python(struct settings *settings, const char *value)
{
	bool known = strchr(value, '/');
#define IS_IT(major, minor) known |= strcmp(value, #major "." #minor) == 0;
	FTS_PYTHONS(IS_IT)
#undef IS_IT
	if (!known)
		return expected(PYTHONS "or the path of an interpreter (with a /)", value);
	replace(&settings->python, value);
	return NULL;
}

static const char *const flavours[] = { "release", "debug" };

const char *option_flavour_text(bool debug)
{
	return flavours[debug];
}

static char *parse_python_flavour(struct settings *settings, const char *value)
{
	settings->python_debug = !strcmp(value, flavours[true]);
	if (settings->python_debug || !strcmp(value, flavours[false]))
		return NULL;
	return expected("release or debug", value);
}

static char *parse_output(struct settings *settings, const char *value)
{
	if (!*value)
		return expected("a folder", value);
	replace(&settings->output, value);
	return NULL;
}

static char *parse_format(struct settings *settings, const char *value)
{
	replace(&settings->formats, value);
	return NULL;
}

static char *parse_suppressions(struct settings *settings, const char *value)
{
	ARRAY_PUSH(settings->suppressions, settings->suppression_count,
		   settings->suppression_capacity, xstrdup(value));
	return NULL;
}

static char *parse_baseline(struct settings *settings, const char *value)
{
	if (!*value)
		return expected("a file", value);
	ARRAY_PUSH(settings->baselines, settings->baseline_count, settings->baseline_capacity,
		   xstrdup(value));
	return NULL;
}

static char *parse_replay(struct settings *settings, const char *value)
{
	if (!replay_token_parse(value, &settings->replay))
		return expected("a token from a report, such as 1f3a.12.40", value);
	settings->replay_given = true;
	return NULL;
}

static char *parse_package(struct settings *settings, const char *value)
{
	const char *from = strstr(value, "=="), *to = from ? strstr(from, "..") : NULL;
	if (!from || from == value || !to || to == from + 2 || !to[2])
		return expected("a package and two of its versions, such as numpy==2.3.0..2.4.6",
				value);
	replace(&settings->package, value);
	return NULL;
}

static char *parse_times(struct settings *settings, const char *value)
{
	return take_unsigned(value, 1, 1000000, &settings->times);
}

#define FLAG(name)                                                                                 \
	static char *parse_##name(struct settings *settings, const char *value)                    \
	{                                                                                          \
		(void)value;                                                                       \
		settings->name = true;                                                             \
		return NULL;                                                                       \
	}
FLAG(pairs)
FLAG(explore)
FLAG(results)
FLAG(share)
FLAG(leaks)
FLAG(resume)
FLAG(list)
FLAG(plan)
FLAG(quiet)
FLAG(verbose)

static char *parse_help(struct settings *settings, const char *value)
{
	(void)value;
	settings->command = COMMAND_HELP;
	return NULL;
}

static char *parse_version(struct settings *settings, const char *value)
{
	(void)value;
	settings->command = COMMAND_VERSION;
	return NULL;
}

const struct option option_table[] = {
	{ "suite", "NAME|FILE", "what to test: a suite's name or your own suite file", parse_suite,
	  false },
	{ "tests", "EXPR", "as pytest's -k (\"test_a.py or Foo\"), or an id (FILE::CLASS)",
	  parse_tests, false },
	{ "iterations", "N", "how many iterations (100; no end with --duration alone)",
	  parse_iterations, true },
	{ "duration", "TIME", "stop after 45s, 30m, 1h30m", parse_duration_option, true },
	{ "threads", "N-M", "threads that run each test (2-8)", parse_threads, true },
	{ "happens-before", "LEVEL",
	  "meant: also races of threads that did not meet; or as-written", parse_order, true },
	{ "schedule", "MODE", "turns, whole-turns or overlap of the threads, or mixed (mixed)",
	  parse_schedule, true },
	{ "explore", NULL, "a test's threads in all orders with at most two switches",
	  parse_explore, false },
	{ "gate", NULL, "each test once, taking turns: the same result every time", parse_gate,
	  false },
	{ "pairs", NULL, "each two operations of a type on one object (--pairs [TYPE...])",
	  parse_pairs, false },
	{ "pairs-every", "N|off", "else one iteration in N is of such pairs (4)", parse_pairs_every,
	  true },
	{ "share", NULL, "a test's threads share what it makes of the package's types", parse_share,
	  false },
	{ "python-classes", "WHEN",
	  "pairs and --share also of its classes in Python: on, off (auto)", parse_classes, true },
	{ "leaks", NULL, "each test again and again: what grows with each round", parse_leaks,
	  false },
	{ "count-log", NULL, NULL, parse_count_log, false }, /* of `ftstress explain` */
	{ "results", NULL, "with --pairs, also results that no order of two calls explains",
	  parse_results, false },
	{ "locks", "on|off", "look for lock orders that can deadlock (on)", parse_locks, true },
	{ "heap", "on|off|deep", "note what is made and freed (on); deep: and all uses later",
	  parse_heap, true },
	{ "python-races", "WHERE", "lost updates in package,tests,stdlib; or off (package,tests)",
	  parse_python_races, true },
	{ "python-races-every", "N", "look for them in one iteration in N (4; 1 if WHERE is given)",
	  parse_python_races_every, true },
	{ "gil", "MODE", "off, on or mixed: one iteration in eight with the GIL (mixed)", parse_gil,
	  true },
	{ "switch-interval", "A..B", "seconds between thread switches with the GIL (1e-6..5e-3)",
	  parse_interval, true },
	{ "seed", "HEX", "same seed, same plan (drawn at random)", parse_seed, false },
	{ "replay", "TOKEN", "repeat the iteration that a report names (5 times)", parse_replay,
	  false },
	{ "package", "NAME==A..B", NULL, parse_package, false }, /* of `ftstress bisect` */
	{ "times", "N", NULL, parse_times, false },              /* of `ftstress repro` */
	{ "resume", NULL, "go on with the suite's run that was cut off", parse_resume, false },
	{ "jobs", "N", "workers side by side (half the cores)", parse_jobs, true },
	{ "slice", "N", "tests in an iteration (20 to 100: so that all get a turn)", parse_slice,
	  true },
	{ "budget", "TIME", "for an iteration's tests; the rest waits (20s)", parse_budget, true },
	{ "timeout", "TIME", "without progress until a test counts as stuck (60s)", parse_timeout,
	  true },
	{ "memory", "MIB|deep", "an iteration's memory (60 % of the machine); deep: --heap deep",
	  parse_memory, true },
	{ "python", "WHICH", PYTHONS "or the path of a TSan Python (the suite's)", parse_python,
	  false },
	{ "python-flavour", "F", "debug: a CPython that checks itself, too (release)",
	  parse_python_flavour, true },
	{ "suppressions", "FILE", "findings to leave out, in TSan's format; may be repeated",
	  parse_suppressions, false },
	{ "baseline", "FILE", "findings that are known, not new; may be repeated", parse_baseline,
	  false },
	{ "output", "DIR", "where reports go (reports)", parse_output, false },
	{ "format", "LIST", "what the report is written as, with commas (html,json)", parse_format,
	  true },
	{ "list", NULL, "list the tests and stop", parse_list, false },
	{ "plan", NULL, "print the plan and stop", parse_plan, false },
	{ "quiet", NULL, "no progress, only the summary", parse_quiet, false },
	{ "verbose", NULL, "tell what the workers do", parse_verbose, false },
	{ "version", NULL, "print the version", parse_version, false },
	{ "help", NULL, NULL, parse_help, false }, /* who reads the list has found it */
};
const size_t option_count = sizeof option_table / sizeof *option_table;

void settings_init(struct settings *settings)
{
	*settings = (struct settings){
		.iterations = 100,
		.threads_min = 2,
		.threads_max = 8,
		.interval_min = 1e-6,
		.interval_max = 5e-3,
		.order = ORDER_MEANT,
		.locks = true,
		.heap = HEAP_ON,
		.gil = GIL_MIXED,
		.schedule = SCHEDULE_MIXED,
		.pairs_every = PAIRS_EVERY,
		.python_races = PYTHON_RACES_PACKAGE | PYTHON_RACES_TESTS,
		.budget = 20,
		.timeout = 60,
		.output = xstrdup("reports"),
		.formats = xstrdup("html,json"),
	};
}

void settings_clear(struct settings *settings)
{
	free(settings->suite);
	free(settings->finding);
	free(settings->package);
	free(settings->runs[0]);
	free(settings->runs[1]);
	free(settings->tests);
	for (size_t i = 0; i < settings->type_count; i++)
		free(settings->types[i]);
	free(settings->types);
	free(settings->python);
	free(settings->output);
	free(settings->formats);
	for (size_t i = 0; i < settings->suppression_count; i++)
		free(settings->suppressions[i]);
	free(settings->suppressions);
	for (size_t i = 0; i < settings->baseline_count; i++)
		free(settings->baselines[i]);
	free(settings->baselines);
	*settings = (struct settings){ 0 };
}

const struct option *option_find(const char *name, size_t length)
{
	for (size_t i = 0; i < option_count; i++)
		if (strlen(option_table[i].name) == length &&
		    memcmp(option_table[i].name, name, length) == 0)
			return &option_table[i];
	return NULL;
}

char *options_set_key(struct settings *settings, const char *key, const char *value)
{
	const struct option *option = option_find(key, strlen(key));
	if (option && option->key)
		return option->parse(settings, value);
	struct closest closest = { 0 };
	for (size_t i = 0; i < option_count; i++)
		if (option_table[i].key)
			closest_offer(&closest, key, option_table[i].name);
	char *hint = closest_hint(&closest);
	char *error = xprintf("[run] has no key \"%s\"%s", key, hint);
	free(hint);
	return error;
}

char *option_threads_text(const struct settings *settings)
{
	return settings->threads_min == settings->threads_max
		       ? xprintf("%u", settings->threads_min)
		       : xprintf("%u-%u", settings->threads_min, settings->threads_max);
}

char *option_interval_text(const struct settings *settings)
{
	return settings->interval_min == settings->interval_max
		       ? xprintf("%g", settings->interval_min)
		       : xprintf("%g..%g", settings->interval_min, settings->interval_max);
}
