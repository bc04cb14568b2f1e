/*
 * options.h - what the user asks for: one table makes the command line, the keys of a suite's
 * [run] section and --help.
 *
 *	defaults  <  [run] of the suite  <  command line
 *
 * The command line is read first, because it names the suite, and once more over the suite's keys.
 */
#ifndef RUNNER_OPTIONS_H
#define RUNNER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "runner/plan/settings.h"

/* Sets the defaults; release with settings_clear. */
void settings_init(struct settings *settings);
void settings_clear(struct settings *settings);

/* What --pairs stands for, over the suite's [run]. */
void settings_set_pairs(struct settings *settings);

/* Reads the command line over `settings`. Returns 0 or EXIT_BAD_INPUT, having told the user. */
int options_parse(struct settings *settings, int argc, char *const argv[]);

/*
 * Sets one [run] key of a suite. Returns NULL, or what is wrong with it, to be freed: "expected
 * ..., not \"x\"", without the place.
 */
char *options_set_key(struct settings *settings, const char *key, const char *value);

/* A word that an option takes. */
struct option_word {
	const char *name, *help;
};

/* `formats`: those of --format; ends with name NULL. */
void options_help(FILE *out, const struct option_word *formats);

/* "2-8" and the like, as the user would write them; to be freed. */
char *option_threads_text(const struct settings *settings);
char *option_interval_text(const struct settings *settings);
const char *option_gil_text(enum gil_choice gil);
const char *option_order_text(enum order_level order);

/* "90", "45s", "30m", "1h30m" in seconds; false if it is none. */
bool parse_duration(const char *text, double *seconds);

#endif
