/*
 * arguments.c - see options.h. The words of the command line: options of the table, the command,
 * and what --gate and --pairs stand for.
 */
#include "runner/setup/options.h"

#include <stdlib.h>
#include <string.h>

#include "runner/base/closest.h"
#include "runner/base/util.h"
#include "runner/setup/option_table.h"

static int unknown_option(const char *name, size_t length)
{
	char *wanted = xstrndup(name, length);
	struct closest closest = { 0 };
	for (size_t i = 0; i < option_count; i++)
		closest_offer(&closest, wanted, option_table[i].name);
	int code = closest.name
			   ? fail(EXIT_BAD_INPUT, "no option --%s; did you mean --%s?", wanted,
				  closest.name)
			   : fail(EXIT_BAD_INPUT, "no option --%s; see ftstress --help", wanted);
	free(wanted);
	return code;
}

/* One "--name[=value]"; *index is moved over a value that stands by itself. */
static int parse_long(struct settings *settings, int argc, char *const argv[], int *index)
{
	const char *name = argv[*index] + 2;
	size_t length = strcspn(name, "=");
	const struct option *option = option_find(name, length);
	if (!option)
		return unknown_option(name, length);
	const char *value = name[length] == '=' ? name + length + 1 : NULL;
	if (!option->argument && value)
		return fail(EXIT_BAD_INPUT, "--%s takes no value", option->name);
	if (option->argument && !value) {
		if (*index + 1 >= argc)
			return fail(EXIT_BAD_INPUT, "--%s needs a value: --%s %s%s%s%s",
				    option->name, option->name, option->argument,
				    option->help ? " (" : "", option->help ? option->help : "",
				    option->help ? ")" : "");
		value = argv[++*index];
	}
	char *error = option->parse(settings, value);
	if (!error)
		return 0;
	int code = fail(EXIT_BAD_INPUT, "--%s: %s", option->name, error);
	free(error);
	return code;
}

static bool wants_id(enum command command)
{
	return command == COMMAND_EXPLAIN || command == COMMAND_SHOW ||
	       command == COMMAND_HISTORY || command == COMMAND_REPRO ||
	       command == COMMAND_VERIFY || command == COMMAND_MINIMISE ||
	       command == COMMAND_BISECT;
}

/* A word that is no option: the command, or the suite of a command. */
static int parse_word(struct settings *settings, const char *word, bool first)
{
	struct closest closest = { 0 };
	for (size_t i = 0; first && i < command_word_count; i++) {
		if (strcmp(word, command_words[i].name) == 0) {
			settings->command = command_words[i].command;
			settings->run_word = settings->command == COMMAND_RUN;
			return 0;
		}
		closest_offer(&closest, word, command_words[i].name);
	}
	bool wants_suite =
		settings->command == COMMAND_PREPARE || settings->command == COMMAND_REPORT ||
		settings->command == COMMAND_LIST || settings->command == COMMAND_TRY ||
		(settings->command == COMMAND_BASELINE && settings->update) || settings->run_word;
	if (settings->command == COMMAND_BASELINE && !settings->update) {
		settings->update = strcmp(word, "update") == 0;
		return settings->update ? 0
					: fail(EXIT_BAD_INPUT,
					       "ftstress baseline update SUITE: not \"%s\"", word);
	}
	if (wants_id(settings->command) && !settings->finding) {
		settings->finding = xstrdup(word);
		return 0;
	}
	if (settings->command == COMMAND_COMPARE && !settings->runs[1]) {
		settings->runs[settings->runs[0] != NULL] = xstrdup(word);
		return 0;
	}
	if (wants_suite && !settings->suite) {
		settings->suite = xstrdup(word);
		return 0;
	}
	if (settings->pairs) {
		ARRAY_PUSH(settings->types, settings->type_count, settings->type_capacity,
			   xstrdup(word));
		return 0;
	}
	char *hint = closest_hint(&closest);
	int code = fail(EXIT_BAD_INPUT, "unexpected \"%s\"%s%s", word, hint,
			*hint ? "" : "; a suite is given with --suite, see ftstress --help");
	free(hint);
	return code;
}

static bool asks_for(const char *option, int argc, char *const argv[])
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], option) == 0)
			return true;
	return false;
}

void settings_set_pairs(struct settings *settings)
{
	settings->schedule = SCHEDULE_WHOLE_TURNS;
	settings->gil = GIL_OFF;
	settings->threads_min = settings->threads_max = 2;
	settings->slice = PAIRS_SLICE;
	settings->timeout = PAIRS_TIMEOUT;
	settings->budget = BUDGET_ALL; /* what is left out would not come before the next deck */
	settings->iterations = 0;
	if (!settings->python_races_given)
		settings->python_races = 0;
}

void settings_set_python_pairs(struct settings *settings)
{
	if (settings->python_races_given)
		return;
	settings->python_races = PYTHON_RACES_PACKAGE;
	settings->python_races_given = true;
	settings->python_races_every = 1;
}

/* What the gate stands for, over the suite's [run]. */
static void set_gate(struct settings *settings)
{
	settings->schedule = SCHEDULE_WHOLE_TURNS;
	settings->order = ORDER_MEANT;
	settings->gil = GIL_OFF;
	settings->threads_min = settings->threads_max = GATE_THREADS;
	settings->slice = GATE_SLICE;
	settings->budget = BUDGET_ALL;
	settings->duration = 0;
	settings->iterations = 0;
	settings->seed = GATE_SEED;
	settings->seed_given = true;
}

/* What --explore stands for, over the suite's [run]. */
static void set_explore(struct settings *settings)
{
	settings->schedule = SCHEDULE_WHOLE_TURNS;
	settings->order = ORDER_MEANT;
	settings->gil = GIL_OFF;
	settings->slice = 1;
	settings->pairs_every = 0;
	settings->iterations = 0;
	settings->duration = EXPLORE_SECONDS;
	if (!settings->python_races)
		settings->python_races = PYTHON_RACES_PACKAGE | PYTHON_RACES_TESTS;
	settings->python_races_given = true;
	settings->python_races_every = 1;
}

/*
 * What --leaks stands for: in turns, the driver itself makes something with each round, and where orders
 * are told as meant, the type cache keeps names (interpose/order/type_cache.c).
 */
static void set_leaks(struct settings *settings)
{
	settings->schedule = SCHEDULE_OVERLAP;
	settings->order = ORDER_AS_WRITTEN;
	settings->gil = GIL_OFF;
	settings->pairs_every = 0;
}

static int check_leaks(const struct settings *settings)
{
	const char *other = settings->gate                   ? "--gate"
			    : settings->pairs                ? "--pairs"
			    : settings->explore              ? "--explore"
			    : settings->heap == HEAP_OFF     ? "--heap=off"
			    : settings->order == ORDER_MEANT ? "--happens-before=meant"
			    : settings->schedule != SCHEDULE_OVERLAP
				    ? "another schedule than overlap"
				    : NULL;
	if (!other)
		return 0;
	return fail(EXIT_BAD_INPUT,
		    "--leaks and %s don't go together: it runs each test several times in threads "
		    "that overlap, and counts what Python's heap has more after each time",
		    other);
}

/* What would take away what it explores, or run something else. */
static int check_explore(const struct settings *settings)
{
	const char *other =
		settings->gate     ? "--gate"
		: settings->pairs  ? "--pairs"
		: settings->resume ? "--resume"
		: settings->schedule != SCHEDULE_WHOLE_TURNS || settings->order != ORDER_MEANT
			? "another schedule"
		: settings->gil != GIL_OFF ? "the GIL"
		: settings->slice != 1     ? "--slice"
		: !settings->python_races  ? "--python-races off"
					   : NULL;
	if (!other)
		return 0;
	return fail(EXIT_BAD_INPUT,
		    "--explore and %s don't go together: it runs one test at a time, whose threads "
		    "take turns, and passes these on where they use the same variables",
		    other);
}

/* What would make the gate depend on chance or on the clock, or leave tests out. */
static int check_gate(const struct settings *settings)
{
	const char *length = settings->replay_given       ? "replay"
			     : settings->resume           ? "resume"
			     : settings->duration_given   ? "duration"
			     : settings->iterations_given ? "iterations"
			     : settings->budget_given     ? "budget"
							  : NULL;
	if (length)
		return fail(EXIT_BAD_INPUT,
			    "--gate and --%s don't go together: the gate runs each test once",
			    length);
	const char *fixed = settings->schedule > SCHEDULE_WHOLE_TURNS ? "--schedule=turns"
			    : settings->gil != GIL_OFF                ? "--gil=off"
			    : settings->order != ORDER_MEANT          ? "--happens-before=meant"
								      : NULL;
	if (fixed)
		return fail(EXIT_BAD_INPUT,
			    "--gate stands for %s, for its result is to be the same every time; "
			    "leave one of them out",
			    fixed);
	return 0;
}

/* Types that are named replace the first `count`, those of the options before. */
static void drop_types(struct settings *settings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(settings->types[i]);
	settings->type_count -= count;
	memmove(settings->types, settings->types + count,
		settings->type_count * sizeof *settings->types);
}

int options_parse(struct settings *settings, int argc, char *const argv[])
{
	bool first = true, gate = asks_for("--gate", argc, argv),
	     explore = asks_for("--explore", argc, argv);
	/* On the second reading the suite of a command would look like one word too many. */
	free(settings->suite);
	settings->suite = NULL;
	free(settings->finding);
	settings->finding = NULL;
	for (size_t i = 0; i < 2; i++) {
		free(settings->runs[i]);
		settings->runs[i] = NULL;
	}
	settings->update = false;
	settings->iterations_given = settings->duration_given = settings->budget_given = false;
	/* Of a run that is resumed they are there by now, with what its own options changed of them. */
	if (asks_for("--pairs", argc, argv) && !settings->pairs)
		settings_set_pairs(settings);
	if (gate)
		set_gate(settings);
	if (explore)
		set_explore(settings);
	if (asks_for("--leaks", argc, argv))
		set_leaks(settings);
	size_t types_before = settings->type_count;
	for (int i = 1; i < argc; i++) {
		int code = 0;
		if (strcmp(argv[i], "-h") == 0) {
			settings->command = COMMAND_HELP;
		} else if (strncmp(argv[i], "--", 2) == 0 && argv[i][2]) {
			code = parse_long(settings, argc, argv, &i);
		} else if (argv[i][0] == '-') {
			code = fail(EXIT_BAD_INPUT, "no option %s; see ftstress --help", argv[i]);
		} else {
			code = parse_word(settings, argv[i], first);
			first = false;
			if (settings->command == COMMAND_CACHE)
				break; /* the rest is another program's */
		}
		if (code)
			return code;
	}
	if (settings->type_count > types_before)
		drop_types(settings, types_before);
	if (settings->duration_given && !settings->iterations_given)
		settings->iterations = 0;
	if (settings->replay_given && !settings->iterations_given)
		settings->iterations = 5;
	/* The test that showed the finding may have come late in its slice. */
	if (settings->replay_given && !settings->budget_given)
		settings->budget = BUDGET_ALL;
	/* A gate that was cut off is taken up again by --resume alone: it is in the stored options.
	 */
	if (explore && settings->iterations_given && !settings->duration_given)
		settings->duration = 0;
	if (settings->heap == HEAP_DEEP && settings->python_debug)
		return fail(
			EXIT_BAD_INPUT,
			"--memory=deep and --python-flavour=debug don't go together: the debug "
			"build checks its lists of free memory itself, and deep keeps memory out of "
			"them");
	return settings->leaks ? check_leaks(settings)
	       : gate          ? check_gate(settings)
	       : explore       ? check_explore(settings)
			       : 0;
}
