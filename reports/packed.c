/* packed.c - see packed.h. */
#include "reports/packed.h"

#include <stdbool.h>
#include <stdlib.h>
#include <zlib.h>

#include "runner/base/util.h"

struct packed {
	FILE *out;
	z_stream stream;
	unsigned char waiting[3]; /* bytes that are no three yet */
	size_t count;
};

struct packed *packed_new(FILE *out)
{
	struct packed *packed = xcalloc(1, sizeof *packed);
	packed->out = out;
	if (deflateInit(&packed->stream, Z_DEFAULT_COMPRESSION) == Z_OK)
		return packed;
	free(packed);
	return NULL;
}

/* What waits, as four letters; of less than three bytes the rest is "=". */
static bool put_waiting(struct packed *packed)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *of = packed->waiting;
	unsigned bits = (unsigned)of[0] << 16 | (unsigned)of[1] << 8 | of[2];
	char text[4];
	for (size_t i = 0; i < 4; i++)
		text[i] = i > packed->count ? '=' : letters[bits >> (18 - 6 * i) & 63];
	packed->count = 0;
	return fwrite(text, 1, sizeof text, packed->out) == sizeof text;
}

static bool put_bytes(struct packed *packed, const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		packed->waiting[packed->count++] = bytes[i];
		if (packed->count == sizeof packed->waiting && !put_waiting(packed))
			return false;
	}
	return true;
}

static int pack(struct packed *packed, int flush)
{
	unsigned char bytes[16384];
	int code;
	do {
		packed->stream.next_out = bytes;
		packed->stream.avail_out = sizeof bytes;
		code = deflate(&packed->stream, flush);
		if (code == Z_STREAM_ERROR ||
		    !put_bytes(packed, bytes, sizeof bytes - packed->stream.avail_out))
			return -1;
	} while (packed->stream.avail_out == 0);
	return 0;
}

int packed_add(struct packed *packed, const char *bytes, size_t length)
{
	packed->stream.next_in = (Bytef *)bytes;
	packed->stream.avail_in = (uInt)length; /* a piece of a report: far below 4 GiB */
	return pack(packed, Z_NO_FLUSH);
}

int packed_end(struct packed *packed)
{
	packed->stream.avail_in = 0;
	int result = pack(packed, Z_FINISH);
	for (size_t i = packed->count; i && i < sizeof packed->waiting; i++)
		packed->waiting[i] = 0;
	if (!result && packed->count && !put_waiting(packed))
		result = -1;
	deflateEnd(&packed->stream);
	free(packed);
	return result;
}
