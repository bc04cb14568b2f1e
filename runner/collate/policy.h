/*
 * policy.h - what the documentation of a type promises to threads that share an object of it.
 *
 *     [policy]
 *     ; TYPE = safe, safe for readers or not shared ; where that is documented
 *     numpy.ndarray = safe for readers ; numpy.org/doc/stable/reference/thread_safety.html
 *     mine.Parser   = not shared
 *     mine.*        = safe
 *     iterators     = not shared
 *     made anew = not shared
 *
 * A type is named as in the ids of pairs, `*`, `?` and `[...]` as in file names; the rule is for
 * types made out of it, too. `iterators` are pairs of calls of which one takes items out of an
 * iterator, whatever its type; `made anew` those of which one is __init__ or __setstate__ of a living
 * object. The first rule that matches counts: the user's files come before ours.
 *
 *     safe               all that is found counts
 *     safe for readers   a race counts if neither call changes the object
 *     not shared         races don't count
 *
 * Only races, wrong counts and wrong results of pairs of operations are documented ones: what an ordinary test
 * does with an object of a type says nothing about who shares it. What crashes a plain interpreter
 * counts in any case. Not thread-safe.
 */
#ifndef RUNNER_POLICY_H
#define RUNNER_POLICY_H

#include "ftstress/finding.h"

struct policy;

struct policy *policy_new(void);
void policy_free(struct policy *policy);

/*
 * Adds the rules of a file behind those that are there. Returns 0, or EXIT_BAD_INPUT after a message
 * to the user for each bad line.
 */
int policy_load(struct policy *policy, const char *path);
/* The same for a text in memory; `path` is for messages. */
int policy_parse(struct policy *policy, const char *path, const char *text);
/* Adds the files NAME.ini of a folder, by name. */
int policy_load_folder(struct policy *policy, const char *folder);

/*
 * Learns from a corpus (stress/ftstress_driver/pairs/corpus.py) which operations change an object,
 * which types are iterators, and what a type is made out of. Without it, what an operation's name says
 * is known.
 */
void policy_learn(struct policy *policy, const char *folder);

/*
 * The rule that excludes what was found, "numpy.ndarray = safe for readers (numpy.ini:5)"; NULL: none
 * does. Borrowed from the policy.
 */
const char *policy_excludes(const struct policy *policy, const struct finding *finding);

#endif
