/*
 * assemble.h - a report record taken apart (FTS_REC_REPORT, see record.h), and put together again
 * as the participants and the subject of a finding.
 */
#ifndef RUNNER_ASSEMBLE_H
#define RUNNER_ASSEMBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ftstress/finding.h"
#include "ftstress/record.h"

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

/* Does the section tell what a thread did (and so belong to the fingerprint)? */
bool section_is_act(const struct report_view *report, const struct section_view *section);

/*
 * The address that both sides of a data race touched, whichever is told first, unless the report
 * says that it is no global variable's; else 0.
 */
uint64_t report_global_address(const struct report_view *report);

/* How a section's addresses become names. */
struct assembler {
	void *context;
	/* the frames of section number `index`; `out` is empty */
	void (*frames)(void *context, size_t index, struct stack *out);
	/* "_PyRuntime" and the offset in it, of an address; to be freed, or NULL */
	char *(*variable)(void *context, uint64_t address, uint64_t *offset);
};

/* Sets kind, subject and participants of the empty finding. */
void report_assemble(const struct report_view *report, const struct assembler *assembler,
		     struct finding *finding);

#endif
