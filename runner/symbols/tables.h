/*
 * tables.h - what a process's addresses and code ids mean: modules and code objects, in two levels.
 *
 *     zygote level      what the zygote's pid told: holds until the zygote ends
 *       iteration level what other pids told, kept apart by pid: dropped with the iteration
 *
 * A pid is looked up in its own entries, then in those of the iteration's other processes (a child
 * of the iteration inherits them), then in the zygote's. Not thread-safe.
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
	uint32_t module; /* of the symbolizer */
};

struct process {
	uint32_t pid;
	struct range *ranges; /* by low, none overlap */
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

/* `pid` 0 means the zygote. A later range replaces what it overlaps. */
void tables_module(struct tables *tables, uint32_t pid, struct range range);
void tables_code(struct tables *tables, uint32_t pid, uint32_t id, uint32_t code);

/* The position of a program counter of a process: the instruction itself, not a return address. */
position tables_position(const struct tables *tables, uint32_t pid, uint64_t address);

/*
 * The positions of a stack, innermost first, into `out` (room for `count`); returns how many. A
 * program counter is a return address, but pcs[0] if `exact`. A marker of the eval loop (see
 * FTS_PC_MARKER in record.h) that only repeats the frame before it is left out.
 */
size_t tables_stack(const struct tables *tables, uint32_t pid, const uint64_t *pcs, size_t count,
		    bool exact, position *out);

#endif
