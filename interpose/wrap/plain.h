/*
 * plain.h - writes of extensions, with no atomic operation, to the fields in which objects are counted.
 *
 *     ob->ob_ref_local++;         as with the GIL one could
 *     Py_SET_REFCNT(ob, 2);       of an object that other threads have, too
 *
 * ThreadSanitizer reports them only if another thread changes the count of the same object at that
 * time, where it looks: not at what the eval loop does with a count. Here the write itself is looked at
 * (counts.h), at what ThreadSanitizer's functions are given by the modules that come with dlopen(). The
 * interpreter's own writes pass as before, and cost nothing.
 */
#ifndef INTERPOSE_PLAIN_H
#define INTERPOSE_PLAIN_H

#include "interpose/base/raw.h"

struct dl_phdr_info;

/* To be called with each module that has just been mapped, before its code runs. */
HIDDEN void plain_watch(const struct dl_phdr_info *info);

#endif
