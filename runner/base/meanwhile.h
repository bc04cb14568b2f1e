/*
 * meanwhile.h - what has to be looked at is looked at, also while something takes long.
 *
 *   pool ── meanwhile_set(look) ──► symbolizing 10,000 reports:  report · report · report · ...
 *                                       meanwhile()                 │        │        │
 *                                         less than 50 ms since the last look: nothing
 *                                         else: look()  a crash, a stuck process, full rings
 *
 * There is one thread. Whoever works or waits for longer than some milliseconds calls meanwhile()
 * now and then, at a place where it does not matter what `look` does. In return, `look` asks
 * nothing of collator, symbolizer or store, since one of them may be in the middle of its work.
 */
#ifndef RUNNER_MEANWHILE_H
#define RUNNER_MEANWHILE_H

#define MEANWHILE_MS 50 /* between two looks, and how long a wait may last at most */

typedef void meanwhile_look(void *context);

/* `look` NULL = nobody has anything to look at. */
void meanwhile_set(meanwhile_look *look, void *context);

/* Costs a look at the clock, if it is not time yet. Within `look` it does nothing. */
void meanwhile(void);

#endif
