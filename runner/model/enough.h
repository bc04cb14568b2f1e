/*
 * enough.h - has a test had enough turns without a finding, to say that the finding is gone?
 *
 * A finding came in `seen` of the `before` turns up to the last run that saw it, and in none of `after` turns since.
 * If nothing had changed, each way to spread the seen ones over all turns would be equally likely: that all of
 * them lie in front has the chance C(before, seen) / C(before + after, seen), which is Fisher's exact test. Below
 * 5 % we say at 95 % that something has changed.
 *
 *     seen of before    turns needed since
 *        1 of 2                38
 *        2 of 2                 5
 *       10 of 100              34
 *      100 of 100               1
 */
#ifndef RUNNER_ENOUGH_H
#define RUNNER_ENOUGH_H

#include <stdbool.h>
#include <stdint.h>

/* The chance of what was seen if nothing has changed. 1 if `seen` is 0. */
double enough_chance(uint64_t seen, uint64_t before, uint64_t after);

/* How many turns since are needed, at the least, for a chance of at most 5 %; 0 if it can't be said. */
uint64_t enough_turns(uint64_t seen, uint64_t before);

#endif
