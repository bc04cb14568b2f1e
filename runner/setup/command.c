/* command.c - see command.h. */
#include "runner/setup/command.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/base/util.h"

char *command_word(const char *text)
{
	if (*text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789_-+=.,/:@%")])
		return xstrdup(text);
	struct buf word = { 0 };
	buf_puts(&word, "'");
	for (; *text; text++)
		if (*text == '\'')
			buf_puts(&word, "'\\''");
		else
			buf_add(&word, text, 1);
	buf_puts(&word, "'");
	return buf_take(&word);
}

static void add_option(struct buf *command, const char *name, char *value)
{
	char *word = command_word(value);
	buf_printf(command, " --%s %s", name, word);
	free(word);
	free(value);
}

static void add_output(struct buf *command, const struct settings *now)
{
	if (strcmp(now->output, "reports") != 0)
		add_option(command, "output", xstrdup(now->output));
}

static bool differ(const char *a, const char *b)
{
	return a != b && (!a || !b || strcmp(a, b) != 0);
}

/* The path of the first program of that name in PATH, or NULL; to be freed. */
static char *find_program(const char *name)
{
	const char *path = getenv("PATH");
	char *copy = path ? xstrdup(path) : NULL, *rest = copy, *folder, *found = NULL;
	while (!found && (folder = strsep(&rest, ":"))) {
		found = xprintf("%s/%s", *folder ? folder : ".", name);
		if (access(found, X_OK) != 0) {
			free(found);
			found = NULL;
		}
	}
	free(copy);
	return found;
}

char *command_program(const char *called)
{
	static const char name[] = "ftstress";
	char *found = find_program(name);
	struct stat ours, theirs;
	bool same = found && stat("/proc/self/exe", &ours) == 0 && stat(found, &theirs) == 0 &&
		    ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
	free(found);
	return same || !called || !*called ? xstrdup(name) : command_word(called);
}

char *command_replay(const char *program, const struct settings *now, const struct settings *base)
{
	struct buf command = { 0 };
	buf_puts(&command, program);
	add_option(&command, "suite", xstrdup(now->suite));
	/* A token of pairs in an ordinary run says so itself, and its pair is added with it. */
	bool by_token = now->replay_given && now->replay.pairs;
	if (now->pairs && !by_token)
		buf_puts(&command, " --pairs");
	for (size_t i = 0; i < now->type_count; i++) {
		char *word = command_word(now->types[i]);
		buf_printf(&command, " %s", word);
		free(word);
	}
	if (now->explore) /* it stands for some of those below */
		buf_puts(&command, " --explore");
	if (now->share)
		buf_puts(&command, " --share");
	if (now->python_classes != base->python_classes)
		add_option(&command, "python-classes",
			   xstrdup(option_classes_text(now->python_classes)));
	if (now->leaks)
		buf_puts(&command, " --leaks");
	if (now->tests && !by_token && differ(now->tests, base->tests))
		add_option(&command, "tests", xstrdup(now->tests));
	if (now->threads_min != base->threads_min || now->threads_max != base->threads_max)
		add_option(&command, "threads", option_threads_text(now));
	if (now->interval_min < base->interval_min || now->interval_min > base->interval_min ||
	    now->interval_max < base->interval_max || now->interval_max > base->interval_max)
		add_option(&command, "switch-interval", option_interval_text(now));
	if (now->gil != base->gil && !now->explore)
		add_option(&command, "gil", xstrdup(option_gil_text(now->gil)));
	if (now->order != base->order)
		add_option(&command, "happens-before", xstrdup(option_order_text(now->order)));
	if (now->schedule != base->schedule && !now->explore)
		add_option(&command, "schedule", xstrdup(schedule_text(now->schedule)));
	if (now->locks != base->locks)
		add_option(&command, "locks", xstrdup(now->locks ? "on" : "off"));
	if (now->heap != base->heap)
		add_option(&command, "heap", xstrdup(option_heap_text(now->heap)));
	if (now->python_races != base->python_races &&
	    !(now->explore && now->python_races == (PYTHON_RACES_PACKAGE | PYTHON_RACES_TESTS)))
		add_option(&command, "python-races", option_python_races_text(now->python_races));
	if (!now->explore && now->python_races &&
	    settings_python_every(now) !=
		    (now->python_races != base->python_races ? 1 : settings_python_every(base)))
		add_option(&command, "python-races-every",
			   xprintf("%u", settings_python_every(now)));
	if (now->slice != base->slice && !now->explore)
		add_option(&command, "slice", xprintf("%u", now->slice));
	if (now->memory != base->memory)
		add_option(&command, "memory", xprintf("%" PRIu64, now->memory));
	if (now->timeout < base->timeout || now->timeout > base->timeout)
		add_option(&command, "timeout", xprintf("%gs", now->timeout));
	if (now->python)
		add_option(&command, "python", xstrdup(now->python));
	if (now->python_debug != base->python_debug)
		add_option(&command, "python-flavour",
			   xstrdup(option_flavour_text(now->python_debug)));
	add_output(&command, now);
	return buf_take(&command);
}

char *command_resume(const char *program, const struct settings *now)
{
	struct buf command = { 0 };
	buf_puts(&command, program);
	add_option(&command, "suite", xstrdup(now->suite));
	if (now->pairs) /* their runs have a store of their own */
		buf_puts(&command, " --pairs");
	add_output(&command, now);
	buf_puts(&command, " --resume");
	return buf_take(&command);
}

char *command_line(const char *program, int argc, char *const *argv)
{
	struct buf text = { 0 };
	buf_puts(&text, program);
	for (int i = 1; i < argc; i++) {
		char *word = command_word(argv[i]);
		buf_printf(&text, " %s", word);
		free(word);
	}
	return buf_take(&text);
}
