/* rank.c - see rank.h. */
#include "runner/collate/rank.h"

#include <stdbool.h>
#include <string.h>

#include "runner/model/fingerprint.h"
#include "runner/model/matrix.h"
#include "runner/model/memory.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A line of C or C++ with one of these sets or drops a pointer, a reference or the memory behind it.
 * The case of letters counts: names of macros are written large, those of functions are not. */
static const char *const structural[] = {
	"SETREF",  "CLEAR",  "NewRef", "INCREF",  "DECREF",    "= NULL",  "= nullptr",
	"ob_item", "_ptr",   "Free",   "FREE",    "free(",     "alloc(",  "Realloc",
	"REALLOC", "Resize", "RESIZE", "resize(", "Release",   "delete ", ".reset(",
	"swap(",   "move(",  "->next", "->prev",  "push_back", ".erase(", ".clear(",
};

/* ---- the operations of a pair ---- */

/* The function of the corpus that made the call; a type has a file. NULL = none. */
static const struct frame *corpus_frame(const struct participant *side)
{
	for (size_t i = 0; i < side->stack.count; i++) {
		const struct frame *frame = &side->stack.frames[i];
		if (frame->language == FRAME_PYTHON && !frame->plumbing && frame->file &&
		    strstr(frame->file, "/pairs/"))
			return frame;
	}
	return NULL;
}

/* __init__ or __setstate__ of a live object on one side, whatever the pair. */
static bool is_made_anew(const struct finding *finding)
{
	bool found = false;
	for (size_t i = 0; i < finding->participant_count; i++) {
		const struct frame *frame = corpus_frame(&finding->participants[i]);
		found = found ||
			(frame && matrix_remakes(frame->function, strlen(frame->function)));
	}
	for (size_t i = 0; i < finding->test_count; i++)
		found = found && matrix_pair_remakes(finding->tests[i]);
	return found && finding->test_count > 0;
}

/* Do the two sides use objects of different types? Then the memory of one is the other's by now. */
static bool is_used_again(const struct finding *finding)
{
	if (!matrix_type_of(finding) || finding->participant_count < 2)
		return false;
	const struct frame *one = corpus_frame(&finding->participants[0]);
	const struct frame *two = corpus_frame(&finding->participants[1]);
	return one && two && strcmp(one->file, two->file) != 0;
}

static bool is_of_malloc(const struct participant *side)
{
	return memory_c_act(&side->stack) != MEMORY_USED;
}

/* ---- lines ---- */

static bool line_is_structural(const struct source_line *line)
{
	for (size_t i = 0; i < COUNT(structural); i++)
		if (memmem(line->text, line->length, structural[i], strlen(structural[i])))
			return true;
	return false;
}

static bool frame_is_structural(const struct frame *frame, struct source_cache *sources)
{
	struct source_line line;
	return frame->language != FRAME_PYTHON && frame->file &&
	       source_get(sources, frame->file, frame->line, &line) && line_is_structural(&line);
}

/* The innermost line of the write, and the one that it is known by; helpers are inlined. */
static bool writes_structure(const struct participant *side, struct source_cache *sources)
{
	size_t site = site_frame(&side->stack);
	if (!side->write || !side->stack.count)
		return false;
	return frame_is_structural(&side->stack.frames[0], sources) ||
	       (site != SITE_NONE && frame_is_structural(&side->stack.frames[site], sources));
}

static bool any(const struct finding *finding, bool (*holds)(const struct participant *side))
{
	for (size_t i = 0; i < finding->participant_count; i++)
		if (holds(&finding->participants[i]))
			return true;
	return false;
}

static bool is_atomic(const struct participant *side)
{
	return side->atomic;
}

/* ---- ranks ---- */

enum finding_rank rank_of(const struct finding *finding, struct source_cache *sources)
{
	if (!finding_is_race(finding))
		return RANK_NONE;
	if (is_made_anew(finding))
		return RANK_INIT;
	if (memory_freed_in_use(finding) || is_used_again(finding) || any(finding, is_of_malloc))
		return RANK_FREED;
	if (any(finding, memory_is_making))
		return RANK_UNPUBLISHED;
	if (finding->subject.kind == SUBJECT_BUFFER)
		return RANK_DATA;
	for (size_t i = 0; i < finding->participant_count; i++)
		if (writes_structure(&finding->participants[i], sources))
			return RANK_STRUCTURE;
	return any(finding, is_atomic) ? RANK_ATOMIC : RANK_FIELD;
}

void rank_mark(struct finding *const *findings, size_t count)
{
	struct source_cache *sources = source_open();
	for (size_t i = 0; i < count; i++)
		if (!findings[i]->rank)
			findings[i]->rank = rank_of(findings[i], sources);
	source_close(sources);
}

int finding_gravity(const struct finding *finding)
{
	/* Memory that is freed in use is what its race does, and worse to look at than that. */
	if (finding->follows && finding->kind != FINDING_USE_AFTER_FREE)
		return 3;
	if (finding_is_alone(finding))
		return 2;
	if (finding->shows == EVIDENCE_CRASHES || finding->caused_crash)
		return 0;
	switch (finding->kind) {
	case FINDING_USE_AFTER_FREE:
	case FINDING_DOUBLE_FREE:
	case FINDING_BAD_FREE:
	case FINDING_REFERENCE_COUNT:
	case FINDING_CRASH:
		return 0;
	case FINDING_DEADLOCK:
	case FINDING_LIVELOCK:
	case FINDING_HANG:
	case FINDING_TEST_FAILURE:
		return 1;
	default:
		break;
	}
	bool seen = finding->shows == EVIDENCE_LOSES || finding->shows == EVIDENCE_RAISES ||
		    finding->shows == EVIDENCE_HANGS;
	return seen ? 1 : 2;
}
