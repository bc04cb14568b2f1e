/*
 * modules.h - which shared object an address lies in.
 */
#ifndef INTERPOSE_MODULES_H
#define INTERPOSE_MODULES_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

struct module_place {
	uintptr_t bias; /* address in memory minus address in the file */
	char path[1012];
};

/*
 * False: none, or its path is longer than that. Takes the dynamic linker's lock, which a constructor
 * of a module may do. To be called after concern_modules has started.
 */
HIDDEN bool modules_find(const void *address, struct module_place *found);

#endif
