/*
 * race_words.h - sentences on the two sides of a race, of use in the texts of several kinds.
 */
#ifndef RUNNER_RACE_WORDS_H
#define RUNNER_RACE_WORDS_H

#include "ftstress/finding.h"
#include "runner/base/util.h"
#include "runner/model/fingerprint.h"

/* "reads" or "writes"; a static string. */
const char *race_words_verb(const struct participant *participant);
/* Adds "Thread T1 wrote 8 bytes in f (file:12)", "Thread T2 freed the memory in g". */
void race_words_act(struct buf *out, const struct participant *participant,
		    const struct roots *roots);
/*
 * Of an access that belongs together with another one of its thread, the end of its role: both are made
 * under a lock, which is given back between them.
 */
#define RACE_WORDS_SPLIT ", the lock given back in between"
/* Is one of the two such a one, and do both hold a lock of one name? */
bool race_words_split(const struct participant *a, const struct participant *b);

/* Adds one sentence on the locks of both sides, with a blank before it. */
void race_words_locks(struct buf *out, const struct participant *a, const struct participant *b);
/* Adds one on stacks that greenlet mixes, if it does. */
void race_words_mixed(struct buf *out, const struct participant *a, const struct participant *b);

#endif
