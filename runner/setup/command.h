/*
 * command.h - command lines as text, for the user to copy. All results are to be freed.
 */
#ifndef RUNNER_COMMAND_H
#define RUNNER_COMMAND_H

#include "runner/setup/options.h"

/*
 * What to type for this program: "ftstress" if PATH leads to it, else `called`, the argv[0] that it
 * was started with; quoted for a shell.
 */
char *command_program(const char *called);

/*
 * The command that shows a finding again, without "--replay TOKEN". It has the options on which the
 * plan depends, as far as they differ from `base`, the settings that the suite alone makes.
 * `program` comes from command_program().
 */
char *command_replay(const char *program, const struct settings *now, const struct settings *base);

/* Quoted for a shell, if it has to be. */
char *command_word(const char *text);

/* The command that goes on with a run that was cut off. */
char *command_resume(const char *program, const struct settings *now);

/* The whole command line, quoted for a shell, with `program` in place of argv[0]. */
char *command_line(const char *program, int argc, char *const *argv);

#endif
