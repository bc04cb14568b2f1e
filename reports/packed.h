/*
 * packed.h - text that stands in a page in a tenth of its room: deflated (zlib's format, which a browser's
 * DecompressionStream("deflate") reads), then base64. Base64 has no "<", so nothing in it can end the
 * element that it stands in.
 */
#ifndef REPORTS_PACKED_H
#define REPORTS_PACKED_H

#include <stddef.h>
#include <stdio.h>

struct packed;

/* NULL: no memory for it. */
struct packed *packed_new(FILE *out);
/* Both return 0, or -1 if it can't be written. packed_end() releases it, whatever comes of it. */
int packed_add(struct packed *packed, const char *bytes, size_t length);
int packed_end(struct packed *packed);

#endif
