/*
 * classes.h - attributes of classes.
 *
 * CPython keeps what it has found in a class in caches, and reads no variable where it finds it there
 * again. So a class of which code that is looked at changes an attribute, while a test runs, is one that
 * CPython has no caches for, as it has none for a class that was changed a thousand times. What is read of
 * it, and of its subclasses, comes from their dicts, which sites.h knows.
 */
#ifndef INTERPOSE_CLASSES_H
#define INTERPOSE_CLASSES_H

#include "interpose/base/raw.h"

#include <stdbool.h>

/* False: this Python counts the versions of a class elsewhere. Attached, once at start. */
HIDDEN bool classes_start(void);

#endif
