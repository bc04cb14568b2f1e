/*
 * options.h - what the user asks for. One table has the options of the command line, the keys of a
 * suite's [run] section, and the text of --help. What stands further right here counts more:
 *
 *	defaults  <  [run] of the suite  <  command line
 *
 * The command line is read twice: first because it names the suite, and once more after the suite's
 * keys.
 */
#ifndef RUNNER_OPTIONS_H
#define RUNNER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "runner/plan/settings.h"

/* Sets the defaults. settings_clear() frees what is in the settings. */
void settings_init(struct settings *settings);
void settings_clear(struct settings *settings);

/* Sets what --pairs implies, in place of what the suite's [run] says. */
void settings_set_pairs(struct settings *settings);
/* The same of pairs of classes in Python: variables are looked at, if nobody has said otherwise. */
void settings_set_python_pairs(struct settings *settings);

/* Sets what the command line says. Returns 0, or EXIT_BAD_INPUT after a message to the user. */
int options_parse(struct settings *settings, int argc, char *const argv[]);

/*
 * Sets one key of a suite's [run]. Returns NULL, or what is wrong with it, to be freed: "expected
 * ..., not \"x\"". The caller adds file and line.
 */
char *options_set_key(struct settings *settings, const char *key, const char *value);

/* A word that an option takes as its value. */
struct option_word {
	const char *name, *help;
};

/* Prints --help. `formats`: the words that --format takes; the last one's name is NULL. */
void options_help(FILE *out, const struct option_word *formats);

/* "2-8" and the like, as the user would write them; to be freed. */
char *option_threads_text(const struct settings *settings);
char *option_interval_text(const struct settings *settings);
const char *option_gil_text(enum gil_choice gil);
const char *option_heap_text(enum heap_choice heap);
const char *option_flavour_text(bool debug);
const char *option_classes_text(enum classes_choice classes);
const char *option_order_text(enum order_level order);
/* "package,tests", or "off"; to be freed. */
char *option_python_races_text(unsigned races);

/* The seconds of "90", "45s", "30m" or "1h30m"; false if the text is no such time. */
bool parse_duration(const char *text, double *seconds);

#endif
