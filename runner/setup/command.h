/*
 * command.h - command lines as text, for people to copy.
 */
#ifndef RUNNER_COMMAND_H
#define RUNNER_COMMAND_H

#include "runner/setup/options.h"

/*
 * What to type for this program: "ftstress" where PATH leads to it, else `called`, the argv[0] that
 * it was started with. As a shell takes it. The caller's.
 */
char *command_program(const char *called);

/*
 * The command that shows a finding again, without the token: what decides tests and draws, where it
 * isn't the suite's. `base` is what the suite alone says; `program` is of command_program(). The
 * caller's.
 */
char *command_replay(const char *program, const struct settings *now, const struct settings *base);

/* The command that goes on with a run that was cut off. The caller's. */
char *command_resume(const char *program, const struct settings *now);

/* The arguments as a shell takes them, with `program` for argv[0]. The caller's. */
char *command_line(const char *program, int argc, char *const *argv);

#endif
