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

static bool is_init(const struct operation_name *name)
{
	return name->length == 4 && memcmp(name->text, "init", 4) == 0;
}

/* __init__ on a live object, and nothing else. */
static bool is_of_init(const struct finding *finding)
{
	struct operation_name both[2];
	for (size_t i = 0; i < finding->test_count; i++)
		if (!matrix_operations(finding->tests[i], both) || !is_init(&both[0]) ||
		    !is_init(&both[1]))
			return false;
	return finding->test_count > 0;
}

/* The file of the corpus whose function made the call: one a type. */
static const char *corpus_file(const struct participant *side)
{
	for (size_t i = 0; i < side->stack.count; i++) {
		const struct frame *frame = &side->stack.frames[i];
		const char *slash = frame->file ? strrchr(frame->file, '/') : NULL;
		if (frame->language == FRAME_PYTHON && !frame->plumbing && slash &&
		    strstr(frame->file, "/pairs/"))
			return slash;
	}
	return NULL;
}

/* Do the two sides use objects of different types? Then the memory of one is the other's by now. */
static bool is_used_again(const struct finding *finding)
{
	if (!matrix_type_of(finding) || finding->participant_count < 2)
		return false;
	const char *one = corpus_file(&finding->participants[0]);
	const char *two = corpus_file(&finding->participants[1]);
	return one && two && strcmp(one, two) != 0;
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
	if (finding->kind != FINDING_DATA_RACE)
		return RANK_NONE;
	if (is_of_init(finding))
		return RANK_INIT;
	if (memory_freed_in_use(finding) || is_used_again(finding))
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
