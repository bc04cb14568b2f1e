/*
 * pythons.h - the releases of CPython that ftstress knows, the first is the one to use where
 * nobody says which.
 *
 * A release is a line here, a file interpose/releases/release_3MINOR.c, a file
 * runner/inspect/release_3MINOR.c, and a line in stress/toolchain/cpython-sources.txt, which pins
 * its source. docs/adding.md shows them.
 */
#ifndef FTSTRESS_PYTHONS_H
#define FTSTRESS_PYTHONS_H

/* release(major, minor) */
/* clang-format off */
#define FTS_PYTHONS(release) \
	release(3, 14) \
	release(3, 13) \
	release(3, 15)
/* clang-format on */

#endif
