/*
 * channels.h - pipes, sockets and eventfds order Python code: what a thread did before it wrote to one
 * comes before what a thread does that has read from its other end.
 */
#ifndef INTERPOSE_CHANNELS_H
#define INTERPOSE_CHANNELS_H

#include "interpose/base/raw.h"

#include <stdbool.h>

/* Takes the place of the functions that read and write. False: some are not there. Attached, once. */
HIDDEN bool channels_start(void);

#endif
