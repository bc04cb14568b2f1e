/*
 * lockcycle.c - see lockgraph.h. Cycles of arcs, by length, within the components that Tarjan's
 * algorithm finds; for each, witnesses that could be there at the same time.
 */
#include "runner/locks/lockgraph_data.h"

#include <stdlib.h>

enum {
	COMBINATIONS = 20000, /* of witnesses tried for one cycle */
	STEPS = 200000,       /* of the enumeration from one arc */
	CYCLES = 2000,        /* looked at in one search */
};

struct search {
	struct lockgraph *g;
	lockgraph_found *found;
	void *context;
	uint32_t *order;     /* arcs sorted by `from` */
	uint32_t *component; /* of each node, by Tarjan */
	uint32_t path[LOCKGRAPH_CYCLE_MAX];
	size_t steps, cycles;
	size_t limit; /* arcs of the cycles looked for: the short ones first */
	struct witness chosen[LOCKGRAPH_CYCLE_MAX];
	size_t combinations;
	bool met; /* all arcs have witnesses in one process and test */
};

static const struct chain *chain_of(const struct search *s, struct witness witness)
{
	return &s->g->chains[witness.chain];
}

/* Do the two locks, one wanted and one held, exclude each other? */
static bool excludes(const struct search *s, struct witness wants, struct witness holds)
{
	const struct chain *a = chain_of(s, wants), *b = chain_of(s, holds);
	const struct lock *wanted = &s->g->locks[a->from + a->count - 1];
	const struct lock *held = &s->g->locks[b->from + holds.held];
	return !(wanted->lock.flags & held->lock.flags & FTS_HELD_SHARED) &&
	       !lockgraph_is_signal(s->g, held, b->process);
}

/* Does each thread go up, or each down, in addresses? Then a sort may have made the order. */
static bool is_sorted(const struct search *s, size_t count)
{
	size_t up = 0;
	for (size_t i = 0; i < count; i++) {
		const struct chain *chain = chain_of(s, s->chosen[i]);
		const struct lock *locks = &s->g->locks[chain->from];
		up += locks[s->chosen[i].held].lock.address < locks[chain->count - 1].lock.address;
	}
	return up == 0 || up == count;
}

/* Chooses witnesses for arcs `at`.. of the path, in one context or in several. */
static bool choose(struct search *s, size_t at, size_t count, bool together)
{
	if (at == count) {
		if (together)
			s->met = true;
		else if (is_sorted(s, count))
			return false;
		for (size_t i = 0; i < count; i++) {
			if (!excludes(s, s->chosen[i], s->chosen[(i + 1) % count]))
				return false;
			for (size_t k = 0; k < i; k++) {
				if (!chains_can_meet(s->g, chain_of(s, s->chosen[i]),
						     chain_of(s, s->chosen[k])))
					return false;
			}
		}
		return true;
	}
	const struct arc *arc = &s->g->arcs[s->path[at]];
	for (uint32_t i = 0; i < arc->count && s->combinations < COMBINATIONS; i++) {
		s->combinations++;
		s->chosen[at] = arc->witnesses[i];
		if (together && chain_of(s, s->chosen[at])->old)
			continue;
		if (together && at &&
		    !chains_together(chain_of(s, s->chosen[at]), chain_of(s, s->chosen[0])))
			continue;
		if (choose(s, at + 1, count, together))
			return true;
	}
	return false;
}

static uint64_t cycle_key(const struct search *s, size_t count)
{
	uint64_t key = 0;
	for (size_t i = 0; i < count; i++) {
		const struct arc *arc = &s->g->arcs[s->path[i]];
		key += lockgraph_hash(s->g->nodes[arc->from].key, s->g->nodes[arc->to].key);
	}
	return key >> 1;
}

static void tell(struct search *s, size_t count)
{
	struct lockgraph_part parts[LOCKGRAPH_CYCLE_MAX];
	struct lockgraph_lock *others[LOCKGRAPH_CYCLE_MAX];
	for (size_t i = 0; i < count; i++) {
		const struct chain *chain = chain_of(s, s->chosen[i]);
		const struct lock *locks = &s->g->locks[chain->from];
		uint32_t held = s->chosen[i].held;
		size_t n = 0;
		others[i] = xcalloc(chain->count, sizeof *others[i]);
		for (uint32_t k = 0; k + 1 < chain->count; k++)
			if (k != held)
				others[i][n++] = locks[k].lock;
		parts[i] = (struct lockgraph_part){ .held = locks[held].lock,
						    .wanted = locks[chain->count - 1].lock,
						    .others = others[i],
						    .other_count = n,
						    .process = chain->process,
						    .test = chain->test,
						    .old = chain->old,
						    .thread = chain->thread };
	}
	s->found(s->context, parts, count);
	for (size_t i = 0; i < count; i++)
		free(others[i]);
}

/* Was there more of an arc of the path than its witnesses? */
static bool path_is_full(const struct search *s, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (s->g->arcs[s->path[i]].full)
			return true;
	return false;
}

static void consider(struct search *s, size_t count)
{
	uint64_t key = cycle_key(s, count), known = map_get(&s->g->done, key);
	s->cycles++;
	if (known == 1)
		return; /* found before */
	s->combinations = 0;
	s->met = false;
	bool found = choose(s, 0, count, true);
	if (!found && !s->met && known == MAP_NONE) {
		s->combinations = 0;
		found = choose(s, 0, count, false);
	}
	if (found)
		tell(s, count);
	else if (s->combinations >= COMBINATIONS)
		s->g->limits.combinations++;
	else if (s->met)
		s->g->limits.witnesses += path_is_full(s, count);
	if (found || s->met)
		map_set(&s->g->done, key, found ? 1 : 2);
}

/* All simple cycles through path[0] whose nodes come behind it: each is met once. */
static void extend(struct search *s, size_t length)
{
	const struct arc *last = &s->g->arcs[s->path[length - 1]];
	uint32_t start = s->g->arcs[s->path[0]].from;
	if (last->to == start) {
		if (length == s->limit)
			consider(s, length);
		return;
	}
	const struct node *node = &s->g->nodes[last->to];
	if (length == s->limit || last->to < start || node->dropped)
		return;
	for (size_t i = 0; i < length; i++)
		if (s->g->arcs[s->path[i]].from == last->to)
			return;
	for (uint32_t i = 0; i < node->arc_count && s->cycles < CYCLES; i++) {
		uint32_t next = s->order[node->first_arc + i];
		if (s->component[s->g->arcs[next].to] != s->component[start] || ++s->steps > STEPS)
			continue;
		s->path[length] = next;
		extend(s, length + 1);
	}
}

static void sort_arcs(struct search *s)
{
	struct lockgraph *g = s->g;
	s->order = xcalloc(g->arc_count + 1, sizeof *s->order);
	for (size_t i = 0; i < g->node_count; i++)
		g->nodes[i].arc_count = 0;
	for (size_t i = 0; i < g->arc_count; i++)
		g->nodes[g->arcs[i].from].arc_count++;
	uint32_t at = 0;
	for (size_t i = 0; i < g->node_count; i++) {
		g->nodes[i].first_arc = at;
		at += g->nodes[i].arc_count;
		g->nodes[i].arc_count = 0;
	}
	for (size_t i = 0; i < g->arc_count; i++) {
		struct node *from = &g->nodes[g->arcs[i].from];
		s->order[from->first_arc + from->arc_count++] = (uint32_t)i;
	}
}

/* Tarjan's strongly connected components, with a stack of its own. */
struct tarjan {
	uint32_t *index, *low, *stack, *next, *calls;
	bool *on_stack;
	uint32_t count, depth, call_depth, components;
};

static void tarjan_enter(struct tarjan *t, uint32_t node)
{
	t->index[node] = t->low[node] = ++t->count;
	t->stack[t->depth++] = node;
	t->on_stack[node] = true;
	t->next[node] = 0;
	t->calls[t->call_depth++] = node;
}

static void tarjan_leave(struct tarjan *t, uint32_t node, uint32_t *component)
{
	t->call_depth--;
	if (t->low[node] == t->index[node]) {
		uint32_t popped;
		do {
			popped = t->stack[--t->depth];
			t->on_stack[popped] = false;
			component[popped] = t->components;
		} while (popped != node);
		t->components++;
	}
	if (t->call_depth) {
		uint32_t caller = t->calls[t->call_depth - 1];
		if (t->low[node] < t->low[caller])
			t->low[caller] = t->low[node];
	}
}

static void tarjan_run(struct search *s, struct tarjan *t, uint32_t root)
{
	const struct lockgraph *g = s->g;
	tarjan_enter(t, root);
	while (t->call_depth) {
		uint32_t node = t->calls[t->call_depth - 1];
		if (t->next[node] == g->nodes[node].arc_count) {
			tarjan_leave(t, node, s->component);
			continue;
		}
		uint32_t to = g->arcs[s->order[g->nodes[node].first_arc + t->next[node]++]].to;
		if (!t->index[to])
			tarjan_enter(t, to);
		else if (t->on_stack[to] && t->index[to] < t->low[node])
			t->low[node] = t->index[to];
	}
}

static void components(struct search *s)
{
	size_t n = s->g->node_count + 1;
	struct tarjan t = { .index = xcalloc(n, 4),
			    .low = xcalloc(n, 4),
			    .stack = xcalloc(n, 4),
			    .next = xcalloc(n, 4),
			    .calls = xcalloc(n, 4),
			    .on_stack = xcalloc(n, sizeof(bool)) };
	s->component = xcalloc(n, 4);
	for (uint32_t i = 0; i < s->g->node_count; i++)
		if (!t.index[i])
			tarjan_run(s, &t, i);
	free(t.index);
	free(t.low);
	free(t.stack);
	free(t.next);
	free(t.calls);
	free(t.on_stack);
}

/* All cycles of s->limit arcs. */
static void search_limited(struct search *s)
{
	struct lockgraph *g = s->g;
	s->cycles = 0;
	for (uint32_t i = 0; i < g->arc_count && s->cycles < CYCLES; i++) {
		const struct arc *arc = &g->arcs[i];
		if (s->component[arc->from] != s->component[arc->to] || g->nodes[arc->from].dropped)
			continue;
		s->path[0] = i;
		s->steps = 0;
		extend(s, 1);
		g->limits.steps += s->steps > STEPS;
	}
	g->limits.cycles += s->cycles >= CYCLES;
}

void lockgraph_search(struct lockgraph *g, lockgraph_found *found, void *context)
{
	struct search s = { .g = g, .found = found, .context = context };
	lockgraph_divide(g);
	if (!g->changed)
		return;
	g->changed = false;
	lockgraph_sort_events(g);
	sort_arcs(&s);
	components(&s);
	for (s.limit = 2; s.limit <= LOCKGRAPH_CYCLE_MAX; s.limit++)
		search_limited(&s);
	free(s.order);
	free(s.component);
}
