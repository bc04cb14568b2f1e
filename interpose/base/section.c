/* section.c - see section.h. */
#include "interpose/base/section.h"

uint32_t section_put(uint8_t *at, uint32_t room, struct fts_section section, const void *frames,
		     const char *text)
{
	section.text_length = text ? (uint32_t)raw_length(text) : 0;
	uint32_t stack = 8 * section.frame_count, padded = (section.text_length + 7) & ~7u;
	uint32_t need = (uint32_t)sizeof section + stack + padded;
	if (need > room)
		return 0;
	raw_copy(at, &section, sizeof section);
	raw_copy(at + sizeof section, frames, stack);
	at += sizeof section + stack;
	raw_zero(at, padded);
	raw_copy(at, text, section.text_length);
	return need;
}
