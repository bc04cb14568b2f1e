/*
 * resolve.h - TSan's reports become findings.
 *
 *     report ─► stacks by number ─► signature ─┬─► seen before: the finding is known, count it
 *                                              └─► sites ─► fingerprint ─► a finding: merge,
 *                                                           and keep the better example
 *
 * Not thread-safe.
 */
#ifndef RUNNER_RESOLVE_H
#define RUNNER_RESOLVE_H

#include <stddef.h>
#include <stdint.h>

#include "runner/collate/collate.h"
#include "runner/collate/ledger.h"
#include "runner/symbols/stacks.h"
#include "runner/symbols/tables.h"

/* All borrowed. */
struct resolver_parts {
	struct symbolizer *symbolizer;
	struct stacks *stacks;
	struct ledger *ledger;
	const struct suppressions *suppressions; /* NULL = none */
	struct roots places;                     /* cut off file names in titles */
};

struct resolver;

struct resolver *resolver_new(const struct resolver_parts *parts);
void resolver_free(struct resolver *resolver);

struct resolved {
	size_t reports;
	size_t broken; /* against the wire format: skipped */
};

/*
 * Takes FTS_REC_REPORT records, one after the other, of a zygote and its iteration, whose `tables`
 * tell what their addresses mean.
 */
struct resolved resolver_take(struct resolver *resolver, const struct iteration_context *context,
			      const struct tables *tables, const void *records, size_t length);

#endif
