/*
 * section.h - puts a section of a record (struct fts_section) together: its head, its frames, its text,
 * which is padded to whole words. No lock, no call but to raw.h.
 */
#ifndef INTERPOSE_SECTION_H
#define INTERPOSE_SECTION_H

#include "ftstress/record.h"
#include "interpose/base/raw.h"

/*
 * `at` has `room` bytes. frames: section.frame_count of them; text: NULL = none, its length is set here.
 * Returns how many bytes the section takes; 0: it does not fit, and nothing is written.
 */
HIDDEN uint32_t section_put(uint8_t *at, uint32_t room, struct fts_section section,
			    const void *frames, const char *text);

#endif
