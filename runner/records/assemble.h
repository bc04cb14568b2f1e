/*
 * assemble.h - takes a report record apart (FTS_REC_REPORT, see record.h), and makes a finding's
 * participants and subject of it.
 */
#ifndef RUNNER_ASSEMBLE_H
#define RUNNER_ASSEMBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ftstress/finding.h"
#include "ftstress/record.h"
#include "runner/model/fingerprint.h"

/* Points into the record. */
struct section_view {
	struct fts_section head;
	const uint64_t *frames; /* head.frame_count */
	const char *text;       /* head.text_length bytes, without NUL */
};

struct report_view {
	unsigned kind; /* enum fts_report_kind */
	const char *text;
	size_t text_length;
	struct section_view *sections; /* own memory: free() */
	size_t count;
};

/* `payload` is what follows struct fts_record. False if it breaks the wire format. */
bool report_parse(const void *payload, size_t length, struct report_view *report);

enum finding_kind report_kind(const struct report_view *report);

/* Does the section say what a thread did? Then it becomes a participant, and counts for the
 * fingerprint. */
bool section_is_act(const struct report_view *report, const struct section_view *section);

/*
 * An address that both sides of a data race touched. 0 if the report says that it is not in a
 * global variable.
 */
uint64_t report_global_address(const struct report_view *report);

/* How a section's addresses become names. */
struct assembler {
	void *context;
	/* Puts the frames of section number `index` into `out`, which is empty. */
	void (*frames)(void *context, size_t index, struct stack *out);
	/*
	 * The global variable at an address ("_PyRuntime"), and the offset in it. To be freed; NULL
	 * if there is none.
	 */
	char *(*variable)(void *context, uint64_t address, uint64_t *offset);
	/* The member at an offset in an object of that type ("ob_item"). To be freed; NULL: not known. */
	char *(*member)(void *context, const char *type, uint64_t offset);
	struct roots roots; /* what paths in texts are relative to */
};

/* Sets kind, subject and participants of the finding, which is empty. */
void report_assemble(const struct report_view *report, const struct assembler *assembler,
		     struct finding *finding);

#endif
