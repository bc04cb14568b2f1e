/* pyline.c - see pyline.h. */
#include "runner/symbols/pyline.h"

enum { ENTRY = 0x80, ONE_LINE_FIRST = 10, NO_COLUMNS = 13, LONG = 14, NONE = 15 };

/* The svarint at `at`. Stops at the end of the entry or of the table. */
static int64_t svarint(const uint8_t *table, size_t length, size_t at)
{
	uint64_t value = 0;
	for (unsigned shift = 0; at < length && shift < 60 && !(table[at] & ENTRY); shift += 6) {
		uint8_t byte = table[at++];
		value |= (uint64_t)(byte & 0x3f) << shift;
		if (!(byte & 0x40))
			break;
	}
	int64_t magnitude = (int64_t)(value >> 1);
	return value & 1 ? -magnitude : magnitude;
}

int pyline(const uint8_t *table, size_t length, int first_line, uint32_t instruction)
{
	int64_t line = first_line;
	uint64_t reached = 0;

	for (size_t at = 0; at < length;) {
		unsigned code = (table[at] >> 3) & 15;
		reached += (table[at] & 7u) + 1;
		at++;
		if (code == NO_COLUMNS || code == LONG)
			line += svarint(table, length, at);
		else if (code >= ONE_LINE_FIRST && code < NO_COLUMNS)
			line += code - ONE_LINE_FIRST;
		if (instruction < reached)
			return code == NONE || line < 1 || line > INT32_MAX ? 0 : (int)line;
		while (at < length && !(table[at] & ENTRY))
			at++;
	}
	return 0;
}
