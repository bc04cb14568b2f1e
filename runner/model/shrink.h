/*
 * shrink.h - the smallest part of a list that still does what the whole does: Zeller and Hildebrandt's ddmin ("Simplifying
 * and isolating failure-inducing input", 2002), of which only the complements are tried: what is left when a part is
 * taken away. That a part alone does it, is what the last steps find.
 *
 *     a b c d e f g h      take away a b c d? no. e f g h? yes ─► a b c d, take away a b? ...
 *
 * The caller asks what to try, tries it, and says whether it did.
 */
#ifndef RUNNER_SHRINK_H
#define RUNNER_SHRINK_H

#include <stdbool.h>
#include <stddef.h>

struct shrink;

/* `keep`: the item that is never taken away; it has to be one of them. */
struct shrink *shrink_new(const size_t *items, size_t count, size_t keep);
void shrink_free(struct shrink *shrink); /* may be NULL */

/* What to try next, in the order of the list; NULL: nothing, it is as small as it gets. Valid till the answer. */
const size_t *shrink_next(struct shrink *shrink, size_t *count);
void shrink_answer(struct shrink *shrink, bool does);

/* What is left by now. */
const size_t *shrink_items(const struct shrink *shrink, size_t *count);

#endif
