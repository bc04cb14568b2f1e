/*
 * layout.h - how a build of CPython lays out its structures, read from its debug information
 * (ftstress/layout.h says what for, and has the file's format).
 */
#ifndef RUNNER_LAYOUT_H
#define RUNNER_LAYOUT_H

#include <stdbool.h>

#include "ftstress/layout.h"
#include "runner/base/util.h"

/*
 * Reads it from the file that has the interpreter's code, libpython or the executable, and writes it
 * as text. Takes a second or two. False: that has no debug information about CPython's structures.
 *
 * version  "3.14.6"; stands in the text
 */
bool layout_read(const char *library, const char *version, struct buf *out);

/*
 * The file with the layout of this build, made if it is not there yet: in the folder `layout` of the
 * cache. To be freed; NULL if it can't be read or written.
 */
char *layout_file(const char *cache, const char *library, const char *version);

/* Takes a text apart; false if it is none. */
bool layout_parse(struct fts_layout *layout, const char *text, size_t length);

/*
 * The layout of the release that is nearest to the version, as ftstress's own build has it; false if
 * ftstress does not know the release.
 */
bool layout_of_release(struct fts_layout *layout, unsigned major, unsigned minor);

/* Which release that is: "3.14.6". NULL if there is none. */
char *layout_release(unsigned major, unsigned minor);

#endif
