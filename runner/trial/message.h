/*
 * message.h - can a zygote's message be true at this moment? The protocol: docs/design.md.
 *
 * The runner later kills the process whose number is in a message, and makes a finding of a status.
 * So it must not believe everything. A zygote whose message can't be true is ended, and another one
 * is started.
 */
#ifndef RUNNER_MESSAGE_H
#define RUNNER_MESSAGE_H

#include <jansson.h>

#include "runner/trial/trial.h"
#include "runner/trial/worker.h"

#define PROTOCOL_VERSION 1

/*
 * What is wrong with the message, as a static text; NULL = nothing is. `trial`: what the worker
 * runs; NULL = nothing.
 */
const char *message_fault(const json_t *message, const struct worker *worker,
			  const struct trial *trial);

#endif
