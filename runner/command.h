/*
 * command.h - command lines as text, for people to copy.
 */
#ifndef RUNNER_COMMAND_H
#define RUNNER_COMMAND_H

#include "runner/options.h"

/*
 * The command that shows a finding again, without the token: what decides tests and draws, where it
 * isn't the suite's. `base` is what the suite alone says. The caller's.
 */
char *command_replay(const struct settings *now, const struct settings *base);

/* The arguments as a shell takes them, with our name for argv[0]. The caller's. */
char *command_line(int argc, char *const *argv);

#endif
