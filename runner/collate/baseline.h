/*
 * baseline.h - findings that somebody has looked at and lives with for now: a text file, made for a review.
 *
 *     ; comments, here and at the end of no line
 *     [data-race-0123456789ab]
 *     title = array_append writes while array_len reads (array.c:12)
 *     also = data-race-ba9876543210 use-after-free-00112233aabb
 *     reason = #123: to be mended with the new allocator
 *     expires = 2027-01-31
 *
 * A block is an entry of the report (reports/entries.h): its id, and `also` those of the other findings that
 * are told with it. Such a finding is known, not new. The day behind `expires` is the first on which it is new
 * again, also to a store that knows it. The title is for the reader. Not thread-safe.
 */
#ifndef RUNNER_BASELINE_H
#define RUNNER_BASELINE_H

#include <stddef.h>
#include <stdint.h>

#include "ftstress/finding.h"

struct baseline;

/* `today`: "2026-11-30". */
struct baseline *baseline_new(const char *today);
void baseline_free(struct baseline *baseline); /* may be NULL */

/*
 * Adds the blocks of a file. Returns 0, or EXIT_BAD_INPUT after a message to the user for each bad line.
 */
int baseline_load(struct baseline *baseline, const char *path);
/* The same for a text in memory; `path` is for messages. */
int baseline_parse(struct baseline *baseline, const char *path, const char *text);

enum baseline_match {
	BASELINE_HAS_NOT,
	BASELINE_HAS,
	BASELINE_EXPIRED,
};

/* Is the finding in it? *why: "baseline mine.ini:12: the reason"; valid as long as the baseline. */
enum baseline_match baseline_match(const struct baseline *baseline, const char *id,
				   const char **why);
/* A finding of the run that is in it. */
void baseline_seen(struct baseline *baseline, const char *id);

/*
 * What is to be told at the end of a run: blocks that have expired, and those of which nothing was seen. To be
 * freed: strings_free().
 */
char **baseline_notes(const struct baseline *baseline, size_t *count);

/* The blocks for the report, beside the suppressions: appended to `rules`. */
struct run_rule *baseline_add_rules(const struct baseline *baseline, struct run_rule *rules,
				    size_t *count);

/* An entry of the report that the file is to have. */
struct baseline_entry {
	const char *title;
	const char *const *ids; /* the first one is the entry's */
	size_t count;
};

/*
 * The text of the file with these entries: what is there stays as it is, with its comments; a block gets the ids
 * that it lacks; what is not there comes as a block behind it. `text` may be NULL: there is no file. *added,
 * *grown: how many blocks. To be freed.
 */
char *baseline_with(const char *text, const struct baseline_entry *entries, size_t count,
		    size_t *added, size_t *grown);

#endif
