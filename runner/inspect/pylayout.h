/* pylayout.h - how the Python of another process is laid out. */
#ifndef RUNNER_PYLAYOUT_H
#define RUNNER_PYLAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "ftstress/layout.h"
#include "runner/inspect/remote.h"

/*
 * Reads it: the file that the process was given (FTS_ENV_LAYOUT), or that of the release, and over it
 * what the process says itself.
 *
 * runtime  address of _PyRuntime
 */
bool pylayout_read(struct remote *remote, uint64_t runtime, unsigned major, unsigned minor,
		   struct fts_layout *layout);

#endif
