/* option_table.h - the table of options: for options.c, which has it, and arguments.c. */
#ifndef RUNNER_OPTION_TABLE_H
#define RUNNER_OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "runner/plan/settings.h"

/*
 * Sets what one option says. `value` is NULL for an option without argument. Returns NULL or a
 * message to be freed.
 */
typedef char *parser(struct settings *settings, const char *value);

struct option {
	const char *name;     /* without the dashes */
	const char *argument; /* NULL: takes none */
	const char *help;     /* NULL: it is not listed */
	parser *parse;
	bool key; /* may stand in a suite's [run] */
};

extern const struct option option_table[];
extern const size_t option_count;
/* NULL: there is none of this name. */
const struct option *option_find(const char *name, size_t length);

struct command_word {
	const char *name, *argument;
	const char *help; /* NULL: another one's has it, too */
	enum command command;
};

extern const struct command_word command_words[];
extern const size_t command_word_count;

#endif
