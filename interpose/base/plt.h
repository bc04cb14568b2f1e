/*
 * plt.h - takes the place of a function for the calls of one shared object alone.
 *
 * Exporting a function of the same name takes all calls of the process, and costs each of them a
 * few instructions even where the concern is off. What is put here costs nothing until then, and
 * no other object sees it.
 */
#ifndef INTERPOSE_PLT_H
#define INTERPOSE_PLT_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

struct dl_phdr_info;
struct link_map;

/*
 * From now on the object's calls of `symbol` come to `function`. Returns what they came to before;
 * NULL, and nothing is changed, if it does not call it through its PLT. Single-threaded.
 */
HIDDEN void *plt_replace(const struct link_map *object, const char *symbol, void *function);

/*
 * Where the object has the address of the function that it calls as `symbol`, for who changes it often:
 * can be written from now on. NULL if it does not call it through its PLT. Single-threaded.
 */
HIDDEN void **plt_slot(const struct link_map *object, const char *symbol);

/*
 * The same for an object that the dynamic linker is being asked about, whose code has not run yet.
 * `function` has to know itself what it stands for. False: nothing is changed.
 */
HIDDEN bool plt_replace_in(const struct dl_phdr_info *object, const char *symbol, void *function);

#endif
