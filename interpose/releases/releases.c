/* releases.c - the list of releases, made of include/ftstress/pythons.h. */
#include "interpose/python/release.h"

#include "ftstress/pythons.h"

#include <stddef.h>

#define DECLARE(major, minor) extern const struct python_release release_##major##minor;
FTS_PYTHONS(DECLARE)

const struct python_release *const python_releases[] = {
#define ENTRY(major, minor) &release_##major##minor,
	FTS_PYTHONS(ENTRY) NULL
};
