/*
 * share.h - the threads of a test share the objects that it makes; see share.c. Called by the driver
 * (stress/ftstress_driver/sharing.py), attached to the interpreter.
 */
#ifndef INTERPOSE_SHARE_H
#define INTERPOSE_SHARE_H

#include "interpose/base/raw.h"

#include <stdint.h>

/* The function share(site, object), for Python; a new reference, or NULL with an exception. */
EXPORT void *ftstress_share_function(void);
/* Objects of these types are shared: addresses in ascending order, which are the caller's to keep. */
EXPORT void ftstress_share_types(const uintptr_t *types, uint32_t count);
/* The threads of a test are about to be started. */
EXPORT void ftstress_share_begin(void);
/* They have ended. Lets go of what they shared; returns how many objects more than one thread had. */
EXPORT uint32_t ftstress_share_end(void);

/* Set by variables.c: the same edge for what Python code does to variables. */
extern HIDDEN void (*share_order)(const void *address, bool gives);

#endif
