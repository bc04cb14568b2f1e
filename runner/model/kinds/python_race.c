/* python_race.c - two threads' Python code used a variable, and what one of them did is lost. */
#include "runner/model/kinds.h"

#include <stdlib.h>
#include <string.h>

#include "runner/model/race_words.h"
#include "runner/model/words.h"

static bool is_check(const struct finding *finding)
{
	return finding->pattern && !strcmp(finding->pattern, "check-then-act");
}

static bool is_use(const struct finding *finding)
{
	return finding->pattern && !strcmp(finding->pattern, "check-then-use");
}

static bool is_generator(const struct finding *finding)
{
	return finding->pattern && !strcmp(finding->pattern, "shared-generator");
}

static bool is_iterator(const struct finding *finding)
{
	return finding->pattern && !strcmp(finding->pattern, "shared-iterator");
}

static bool is_iteration(const struct finding *finding)
{
	return finding->pattern && !strcmp(finding->pattern, "iterated-while-changed");
}

static bool is_fields(const struct finding *finding)
{
	return finding->pattern && !strcmp(finding->pattern, "two-fields");
}

static const char *variable(const struct finding *finding)
{
	return finding->variable ? finding->variable : "a variable";
}

/* The sides' functions, sorted: which side is the first one is chance. */
static void functions(const struct finding *finding, const struct stack *stacks[2], char *names[2])
{
	for (size_t i = 0; i < 2; i++) {
		stacks[i] = &finding->participants[i].stack;
		names[i] = words_function(stacks[i]);
	}
	if (strcmp(names[0], names[1]) <= 0)
		return;
	const struct stack *stack = stacks[0];
	char *name = names[0];
	stacks[0] = stacks[1], names[0] = names[1];
	stacks[1] = stack, names[1] = name;
}

/* The side of that number comes first. */
static void put_first(const struct finding *finding, size_t side, const struct stack *stacks[2],
		      char *names[2])
{
	if (stacks[0] == &finding->participants[side].stack)
		return;
	const struct stack *stack = stacks[0];
	char *name = names[0];
	stacks[0] = stacks[1], names[0] = names[1];
	stacks[1] = stack, names[1] = name;
}

static void reading_first(const struct finding *finding, const struct stack *stacks[2],
			  char *names[2])
{
	put_first(finding, finding->participants[0].write ? 1 : 0, stacks, names);
}

/* If only one of them has an access that belongs together with the race's, it is the one that loses. */
static void losing_first(const struct finding *finding, const struct stack *stacks[2],
			 char *names[2])
{
	bool loses[2];
	for (size_t i = 0; i < 2; i++) {
		const char *role = finding->participants[i].role;
		loses[i] = role && strchr(role, ',');
	}
	if (loses[0] != loses[1])
		put_first(finding, loses[0] ? 0 : 1, stacks, names);
}

/*
 * What one function reads, another one writes: "what Stack.empty checks before Stack.take acts, another
 * thread changes in between". False: it is one that does both.
 */
static bool title_across(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	const struct participant *sides = finding->participants;
	unsigned first = sides[0].partner && (!sides[1].partner || !sides[0].write) ? 0 : 1;
	const struct participant *side = &sides[first], *other = &sides[!first];
	if (!side->partner || (!is_check(finding) && strcmp(finding->pattern, "lost-update")))
		return false;
	char *own = words_function(&side->stack), *others = words_function(&other->stack);
	const char *reads = side->write ? side->partner : own,
		   *writes = side->write ? own : side->partner,
		   *between = other->write || !other->partner ? others : other->partner;
	bool same = !strcmp(between, writes);
	buf_printf(out, "%s: ", variable(finding));
	if (is_check(finding))
		buf_printf(out, "what %s checks before %s acts, %s changes in between", reads,
			   writes, same ? "another thread" : between);
	else
		buf_printf(out, "what %s reads and %s writes back is lost if %s writes in between",
			   reads, writes, same ? "another thread" : between);
	words_add_location(out, &side->stack, roots);
	free(own);
	free(others);
	return true;
}

/* "what Pool.has checks, Pool.drop takes away before Pool.get uses it". */
static void title_use(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	unsigned reader = finding->participants[0].write ? 1 : 0;
	const struct participant *read = &finding->participants[reader];
	char *own = words_function(&read->stack),
	     *taker = words_function(&finding->participants[!reader].stack);
	bool second = read->role && strstr(read->role, ", after the check");
	const char *checker = read->partner && second ? read->partner : own,
		   *user = read->partner && !second ? read->partner : own;
	bool same = !strcmp(taker, checker) || !strcmp(taker, user);
	buf_printf(out, "%s: what %s checks, %s takes away before ", variable(finding), checker,
		   same ? "another thread" : taker);
	if (read->partner)
		buf_printf(out, "%s uses it", user);
	else
		buf_puts(out, "it is used");
	words_add_location(out, &read->stack, roots);
	free(own);
	free(taker);
}

static void title(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	const struct stack *stacks[2];
	char *names[2];
	if (finding->participant_count < 2) {
		buf_printf(out, "%s: %s", variable(finding),
			   is_check(finding) ? "check then act" : "lost update");
		return;
	}
	if (title_across(out, finding, roots))
		return;
	if (is_use(finding)) {
		title_use(out, finding, roots);
		return;
	}
	functions(finding, stacks, names);
	if (is_iteration(finding) || is_fields(finding))
		reading_first(finding, stacks, names);
	else if (finding->pattern && !is_fields(finding))
		losing_first(finding, stacks, names);
	buf_printf(out, "%s: ", variable(finding));
	if (is_generator(finding))
		buf_printf(out, "%s runs it while", names[0]);
	else if (is_iterator(finding))
		buf_printf(out, "%s takes an item while", names[0]);
	else if (is_iteration(finding))
		buf_printf(out, "%s goes over them while", names[0]);
	else if (is_fields(finding))
		buf_printf(out, "%s %s both while", names[0],
			   finding->participants[0].write && finding->participants[1].write
				   ? "writes"
				   : "reads");
	else if (is_check(finding))
		buf_printf(out, "what %s checks, ", names[0]);
	else
		buf_printf(out, "an update in %s is lost if ", names[0]);
	if (is_generator(finding) || is_iterator(finding))
		buf_printf(out, " %s does",
			   strcmp(names[0], names[1]) ? names[1] : "another thread");
	else if (is_iteration(finding))
		buf_printf(out, " %s adds or removes one",
			   strcmp(names[0], names[1]) ? names[1] : "another thread");
	else if (is_fields(finding))
		buf_printf(out, " %s is between its two writes",
			   strcmp(names[0], names[1]) ? names[1] : "another thread");
	else if (is_check(finding))
		buf_printf(out, "%s changes before it acts",
			   strcmp(names[0], names[1]) ? names[1] : "another thread");
	else
		buf_printf(out, "%s writes in between",
			   strcmp(names[0], names[1]) ? names[1] : "another thread");
	words_add_location(out, stacks[0], roots);
	free(names[0]);
	free(names[1]);
}

static void explain(struct buf *out, const struct finding *finding, const struct roots *roots)
{
	(void)roots;
	bool split = finding->participant_count >= 2 &&
		     race_words_split(&finding->participants[0], &finding->participants[1]);
	buf_printf(out, "Two threads used %s, and nothing orders them: ", variable(finding));
	if (split)
		buf_printf(
			out,
			"both hold the %s at each access, but it is given back between what one "
			"of them reads and what it writes, and in this run the other one came in "
			"between.",
			finding->participants[0].locks[0].name);
	else
		buf_puts(out, "no lock that both held, and no start, join, event or queue between "
			      "them.");
	if (!split && finding->participant_count >= 2 && finding->participants[0].all_locks &&
	    (finding->participants[0].lock_count || finding->participants[1].lock_count))
		race_words_locks(out, &finding->participants[0], &finding->participants[1]);
	buf_puts(out, " ");
	if (is_generator(finding))
		buf_puts(out,
			 "Both take items out of one generator. It is a function that stands still "
			 "between two items, and only one thread can run it: another one gets "
			 "ValueError (generator already executing), or what both make of its "
			 "variables is lost. Usual fixes: hold one threading.Lock around each "
			 "next(), on both sides; or let one thread take the items and hand them on "
			 "through a queue.");
	else if (is_iterator(finding))
		buf_puts(
			out,
			"Both take items out of one iterator. It reads where it stands, takes the "
			"item and moves on, and these are three steps: both may get the same item, "
			"or one that is left out. Usual fixes: hold one threading.Lock around each "
			"next(), on both sides; give each thread an iterator of its own; or let one "
			"thread take the items and hand them on through a queue.");
	else if (is_iteration(finding))
		buf_puts(
			out,
			"One of them goes over it, one item after the other, and the other one adds "
			"items or takes some away. CPython sees that at the next step, and raises "
			"RuntimeError (dictionary changed size during iteration). Usual fixes: hold "
			"one threading.Lock around the whole loop and around each change; or go over "
			"a copy, list(x), which is made as a whole.");
	else if (is_fields(finding))
		buf_puts(
			out,
			"One call stores both, one after the other, and another one reads both and "
			"makes one value of them. Each store is whole, but who comes between the "
			"two gets one value from before and one from after. Usual fixes: hold one "
			"threading.Lock around both stores and around both reads; or keep both in one "
			"tuple, which is stored and read as a whole.");
	else if (is_check(finding))
		buf_puts(out,
			 "One of them looks at it, decides by what it sees, and then changes it. "
			 "If the other one changes it in between, the decision is wrong: "
			 "something is made twice, or taken that is no longer there (IndexError, "
			 "KeyError). Where both would store an equal value, as in a cache, it "
			 "does no more than work twice. Usual fixes: hold one threading.Lock from "
			 "the check to the act, on both sides; or use an operation that does "
			 "both at once (dict.setdefault, or pop in a try).");
	else if (is_use(finding))
		buf_puts(
			out,
			"One of them looks whether it is there, and then uses it. If the other "
			"one takes it away in between (deletes the key, stores None, takes an item "
			"out), it gets a KeyError, an IndexError or None, although it had looked. "
			"Usual fixes: look it up once, and use what that has given (value = "
			"d.get(key); link = self.link; then check and use the local variable); "
			"hold one threading.Lock from the check to the use, on both sides; or "
			"catch the exception.");
	else
		buf_puts(out,
			 "One of them reads it and stores what it has made of that: x += 1 is a "
			 "read, an addition and a write. If the other one writes in between, that "
			 "write is lost. Without the GIL this happens also on one line, and no "
			 "object's own lock prevents it. Usual fixes: hold one threading.Lock "
			 "from the read to the write, on both sides; count in each thread and add "
			 "up at the end; or hand it to one thread through a queue.");
	buf_puts(out, " It is reported whether or not the threads met in this run: another time "
		      "they will. If it is meant, write \"# ftstress: ok\" and the reason "
		      "behind the line.");
}

const struct finding_kind_info kind_python_race = {
	.name = "python-race",
	.one = "race in Python code",
	.many = "races in Python code",
	.meaning = "Two threads' Python code used the same variable, and nothing made one wait for "
		   "the other between its read and its write. CPython's memory stays whole, but "
		   "what one of them did can be lost.",
	.explain = explain,
	.title = title,
	.threads = KIND_ACCESSES,
	.rule = RULE_RACE,
	.cell = CELL_RACE,
	.level = LEVEL_WARNING,
};
