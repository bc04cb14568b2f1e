/*
 * resolve.h - makes findings of TSan's reports.
 *
 *     report ─► numbers of its stacks ─► signature ─┬─► seen before: count its finding
 *                                                   └─► new: sites ─► fingerprint ─► its finding;
 *                                                       merge, and keep the better example
 *
 * Not thread-safe.
 */
#ifndef RUNNER_RESOLVE_H
#define RUNNER_RESOLVE_H

#include <stddef.h>
#include <stdint.h>

#include "runner/collate/collate.h"
#include "runner/collate/ledger.h"
#include "runner/collate/raced.h"
#include "runner/symbols/operations.h"
#include "runner/symbols/stacks.h"
#include "runner/symbols/tables.h"

/* What the resolver works with. All of it is the caller's. */
struct resolver_parts {
	struct symbolizer *symbolizer;
	struct stacks *stacks;
	struct ledger *ledger;
	const struct suppressions *suppressions; /* NULL = none */
	struct roots places;                     /* cut off file names in titles */
	struct operations *operations;           /* NULL = none is known */
};

struct resolver;

struct resolver *resolver_new(const struct resolver_parts *parts);
void resolver_free(struct resolver *resolver);

struct resolved {
	size_t reports;
	size_t broken; /* reports that break the wire format, and were skipped */
};

/*
 * Takes FTS_REC_REPORT records of an iteration and its zygote, one after the other. `tables` say
 * what their addresses mean.
 */
struct resolved resolver_take(struct resolver *resolver, const struct iteration_context *context,
			      const struct tables *tables, const void *records, size_t length);

/* Where races were, until raced_forget(). */
struct raced *resolver_raced(struct resolver *resolver);

/* What is to be said of races that are not told (unseen.h), to be freed; or NULL. */
char *resolver_unseen(const struct resolver *resolver);

#endif
