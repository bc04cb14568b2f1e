/*
 * lockgraph.c - how long the search for cycles takes in a graph of a million arcs: two thousand
 * locks that are taken in one order, and pairs of them in both.
 */
#include <stdio.h>

#include "runner/locks/lockgraph.h"
#include "runner/base/util.h"

enum { LOCKS = 20000, ARCS = 1000000, BACK = 40 };

static void count_one(void *context, const struct lockgraph_part *parts, size_t count)
{
	(void)parts, (void)count;
	++*(size_t *)context;
}

static void take(struct lockgraph *graph, uint32_t thread, uint64_t held, uint64_t wanted)
{
	struct lockgraph_lock locks[2] = {
		{ .class = held + 1, .single = true, .kind = FTS_LOCK_LOCK },
		{ .class = wanted + 1, .single = true, .kind = FTS_LOCK_LOCK },
	};
	lockgraph_add(graph, &(struct lockgraph_chain){ .process = 1,
							.thread = thread,
							.sequence = held + 1,
							.locks = locks,
							.count = 2 });
}

int main(void)
{
	struct lockgraph *graph = lockgraph_new();
	uint64_t state = 1;
	size_t cycles = 0;
	while (lockgraph_arcs(graph) < ARCS) {
		uint64_t a = splitmix64(&state) % LOCKS, b = splitmix64(&state) % LOCKS;
		if (a != b)
			take(graph, 1, a < b ? a : b, a < b ? b : a);
	}
	for (uint64_t i = 0; i < BACK; i++) {
		take(graph, 3, 2 * i, 2 * i + 1);
		take(graph, 2, 2 * i + 1, 2 * i);
	}
	double start = now_seconds();
	lockgraph_search(graph, count_one, &cycles);
	printf("lock graph: %zu arcs searched in %.2f s, %zu cycles\n", lockgraph_arcs(graph),
	       now_seconds() - start, cycles);
	lockgraph_free(graph);
	return 0;
}
