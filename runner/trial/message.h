/*
 * message.h - is what a zygote says possible where it is said? The protocol: docs/design.md.
 *
 * A process number in a message is what is killed later, and a status becomes a finding; so a
 * zygote that says what can't be is ended, and another one is started.
 */
#ifndef RUNNER_MESSAGE_H
#define RUNNER_MESSAGE_H

#include <jansson.h>

#include "runner/trial/trial.h"
#include "runner/trial/worker.h"

#define PROTOCOL_VERSION 1

/* What is wrong with the message, a static text; NULL = nothing. `trial`: what the worker runs; NULL
 * = nothing. */
const char *message_fault(const json_t *message, const struct worker *worker,
			  const struct trial *trial);

#endif
