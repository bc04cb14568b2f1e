/*
 * tables.h - which module and which code object the addresses and code ids of a process mean. There
 * are two levels:
 *
 *     zygote       what the zygote has emitted: holds until the zygote ends
 *       iteration  what other processes have emitted, for each process: dropped with the iteration
 *
 * An address of a process is looked up in its own entries, then in those of the iteration's other
 * processes (a forked child has inherited their modules), then in the zygote's. Not thread-safe.
 */
#ifndef RUNNER_TABLES_H
#define RUNNER_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runner/base/map.h"
#include "runner/symbols/symbolize.h"

struct range {
	uint64_t low, high, bias;
	uint32_t module; /* the symbolizer's number of the module */
};

struct process {
	uint32_t pid;
	struct range *ranges; /* sorted by low; none overlap */
	size_t count, capacity;
	struct map codes; /* id in the process -> code number of the symbolizer */
};

struct tables {
	struct process zygote;
	struct process *others;
	size_t count, capacity;
};

void tables_free(struct tables *tables);
void tables_drop_iteration(struct tables *tables);

/* Adds an entry. `pid` 0 is the zygote. A new range replaces those that it overlaps. */
void tables_module(struct tables *tables, uint32_t pid, struct range range);
void tables_code(struct tables *tables, uint32_t pid, uint32_t id, uint32_t code);

/* The position of an instruction of a process; for a return address, subtract one first. */
position tables_position(const struct tables *tables, uint32_t pid, uint64_t address);

/*
 * Puts the positions of a stack into `out`, innermost first, `count` at most; returns how many. All
 * program counters are return addresses; with `exact`, all but pcs[0]. A marker of the eval loop
 * (FTS_PC_MARKER in record.h) that only repeats the frame before it is left out.
 */
size_t tables_stack(const struct tables *tables, uint32_t pid, const uint64_t *pcs, size_t count,
		    bool exact, position *out);

#endif
