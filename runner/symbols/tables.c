/* tables.c - see tables.h. */
#include "runner/symbols/tables.h"

#include <stdlib.h>
#include <string.h>

#include "ftstress/record.h"
#include "runner/base/util.h"

static void process_free(struct process *process)
{
	free(process->ranges);
	map_free(&process->codes);
}

void tables_drop_iteration(struct tables *tables)
{
	for (size_t i = 0; i < tables->count; i++)
		process_free(&tables->others[i]);
	tables->count = 0;
}

void tables_free(struct tables *tables)
{
	tables_drop_iteration(tables);
	process_free(&tables->zygote);
	free(tables->others);
	*tables = (struct tables){ 0 };
}

static struct process *find(const struct tables *tables, uint32_t pid)
{
	for (size_t i = 0; i < tables->count; i++) {
		if (tables->others[i].pid == pid)
			return &tables->others[i];
	}
	return NULL;
}

static struct process *find_or_add(struct tables *tables, uint32_t pid)
{
	if (!pid)
		return &tables->zygote;
	struct process *process = find(tables, pid);
	if (process)
		return process;
	ARRAY_PUSH(tables->others, tables->count, tables->capacity, (struct process){ .pid = pid });
	return &tables->others[tables->count - 1];
}

/* Index of the first range that ends above `address`. */
static size_t lower(const struct process *process, uint64_t address)
{
	size_t low = 0, high = process->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (process->ranges[middle].high <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void tables_module(struct tables *tables, uint32_t pid, struct range range)
{
	if (range.low >= range.high)
		return;
	struct process *process = find_or_add(tables, pid);
	size_t at = lower(process, range.low), end = at;
	while (end < process->count && process->ranges[end].low < range.high)
		end++;
	size_t behind = process->count - end;
	ARRAY_PUSH(process->ranges, process->count, process->capacity, range);
	memmove(&process->ranges[at + 1], &process->ranges[end], behind * sizeof range);
	process->ranges[at] = range;
	process->count = at + 1 + behind;
}

void tables_code(struct tables *tables, uint32_t pid, uint32_t id, uint32_t code)
{
	map_set(&find_or_add(tables, pid)->codes, id, code);
}

static const struct range *range_in(const struct process *process, uint64_t address)
{
	size_t at = lower(process, address);
	if (at < process->count && process->ranges[at].low <= address)
		return &process->ranges[at];
	return NULL;
}

static const struct range *find_range(const struct tables *tables, uint32_t pid, uint64_t address)
{
	if (!pid)
		return range_in(&tables->zygote, address);
	const struct process *own = find(tables, pid);
	const struct range *range = own ? range_in(own, address) : NULL;
	for (size_t i = 0; i < tables->count && !range; i++)
		range = range_in(&tables->others[i], address);
	return range ? range : range_in(&tables->zygote, address);
}

static uint64_t find_code(const struct tables *tables, uint32_t pid, uint32_t id)
{
	if (!pid)
		return map_get(&tables->zygote.codes, id);
	const struct process *own = find(tables, pid);
	uint64_t code = own ? map_get(&own->codes, id) : MAP_NONE;
	for (size_t i = 0; i < tables->count && code == MAP_NONE; i++)
		code = map_get(&tables->others[i].codes, id);
	return code != MAP_NONE ? code : map_get(&tables->zygote.codes, id);
}

position tables_position(const struct tables *tables, uint32_t pid, uint64_t address)
{
	const struct range *range = find_range(tables, pid, address);
	return range ? position_native(range->module, address - range->bias) : POSITION_UNKNOWN;
}

static position python_position(const struct tables *tables, uint32_t pid, uint64_t pc)
{
	uint64_t code = find_code(tables, pid, FTS_PC_CODE(pc));
	uint32_t number = code == MAP_NONE ? UINT32_MAX : (uint32_t)code;
	return position_python(number, FTS_PC_INSTRUCTION(pc));
}

size_t tables_stack(const struct tables *tables, uint32_t pid, const uint64_t *pcs, size_t count,
		    bool exact, position *out)
{
	size_t kept = 0;
	bool named = false; /* the frame before this is Python's, and its marker may come next */
	for (size_t i = 0; i < count; i++) {
		if (!FTS_PC_IS_PYTHON(pcs[i])) {
			bool itself = (exact && i == 0) || !pcs[i];
			out[kept++] = tables_position(tables, pid, itself ? pcs[i] : pcs[i] - 1);
			named = false;
			continue;
		}
		bool marker = FTS_PC_INSTRUCTION(pcs[i]) == FTS_PC_MARKER;
		bool repeats = marker && named && FTS_PC_CODE(pcs[i]) == FTS_PC_CODE(pcs[i - 1]);
		if (!repeats)
			out[kept++] = python_position(tables, pid, pcs[i]);
		named = !repeats;
	}
	return kept;
}
