/*
 * layouts.h - the layouts of the releases as ftstress's own builds have them (layout.h), for builds
 * that have no debug information. docs/adding.md says how they are made.
 */
#ifndef FTSTRESS_LAYOUTS_H
#define FTSTRESS_LAYOUTS_H

#include "ftstress/layout.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"

static const char fts_layout_314[] = {
#embed "stress/toolchain/layouts/3.14.txt"
};
static const char fts_layout_313[] = {
#embed "stress/toolchain/layouts/3.13.txt"
};
static const char fts_layout_315[] = {
#embed "stress/toolchain/layouts/3.15.txt"
};

#pragma clang diagnostic pop

static const struct fts_layout_text {
	unsigned major, minor;
	const char *text;
	size_t length;
} fts_layout_texts[] = {
	{ 3, 14, fts_layout_314, sizeof fts_layout_314 },
	{ 3, 13, fts_layout_313, sizeof fts_layout_313 },
	{ 3, 15, fts_layout_315, sizeof fts_layout_315 },
};

#endif
