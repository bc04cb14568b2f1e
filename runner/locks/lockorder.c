/* lockorder.c - see lockorder.h. */
#include "runner/locks/lockorder.h"

#include <stdlib.h>
#include <string.h>

#include "ftstress/arena.h"
#include "ftstress/locks.h"
#include "runner/records/assemble.h"
#include "runner/locks/lockgraph.h"
#include "runner/locks/lockname.h"
#include "runner/locks/countprofile.h"
#include "runner/locks/lockprofile.h"
#include "runner/base/map.h"
#include "runner/base/meanwhile.h"
#include "runner/base/util.h"

enum { LOCKS_MAX = 96 };

struct lockorder {
	struct lockgraph *graph;
	uint64_t iterations;
	struct source_cache *sources;
	struct lockprofile *profile;
	struct countprofile *counts;
	struct map label_of_class;
	struct map maker_of_birth;
	struct lock_label *labels;
	size_t label_count, label_capacity;
};

struct taking {
	struct lockorder *orders;
	const struct lockorder_host *host;
};

struct lockorder *lockorder_new(void)
{
	struct lockorder *orders = xcalloc(1, sizeof *orders);
	orders->graph = lockgraph_new();
	orders->sources = source_open();
	orders->profile = lockprofile_new();
	orders->counts = countprofile_new();
	return orders;
}

void lockorder_free(struct lockorder *orders)
{
	if (!orders)
		return;
	for (size_t i = 0; i < orders->label_count; i++)
		free(orders->labels[i].type);
	free(orders->labels);
	map_free(&orders->label_of_class);
	map_free(&orders->maker_of_birth);
	lockgraph_free(orders->graph);
	source_close(orders->sources);
	lockprofile_free(orders->profile);
	countprofile_free(orders->counts);
	free(orders);
}

/* ---- records ---- */

bool lockorder_wants(const struct fts_record *record)
{
	const struct fts_report *report = (const void *)(record + 1);
	return record->type == FTS_REC_LOCK_EVENT ||
	       (record->type == FTS_REC_REPORT && fts_payload_length(record) >= sizeof *report &&
		(report->kind == FTS_REPORT_LOCK_EDGE || report->kind == FTS_REPORT_LOCK_PROFILE ||
		 report->kind == FTS_REPORT_COUNT_PROFILE));
}

static const struct lock_label *label_of(const struct lockorder *orders, uint64_t class)
{
	uint64_t at = map_get(&orders->label_of_class, class);
	return at == MAP_NONE ? NULL : &orders->labels[at];
}

static void set_label(struct lockorder *orders, uint64_t class, position where, const char *type,
		      size_t length)
{
	if (label_of(orders, class))
		return;
	struct lock_label label = { where, length ? xstrndup(type, length) : NULL };
	ARRAY_PUSH(orders->labels, orders->label_count, orders->label_capacity, label);
	map_set(&orders->label_of_class, class, orders->label_count - 1);
}

static uint64_t hash_two(uint64_t a, uint64_t b)
{
	uint64_t state = a ^ b * 0x9e3779b97f4a7c15ull;
	return (splitmix64(&state) >> 1) | 1;
}

/* Where locks of the class of section `index` are made: one section tells it for all of a class. */
static uint32_t birth_of(const struct lockorder_host *host, uint32_t pid,
			 const struct report_view *view, size_t index)
{
	uint64_t class = view->sections[index].head.value >> 28;
	for (size_t i = 0; i < view->count; i++) {
		const struct section_view *section = &view->sections[i];
		if (section->head.kind == FTS_SEC_MUTEX && section->head.value >> 28 == class)
			return host->intern(host->context, pid, section->frames,
					    section->head.frame_count);
	}
	return LOCKGRAPH_NONE;
}

/* The line that a person wrote; a class has the whole stack that led there. */
static uint64_t maker_of(struct taking *t, const struct lockgraph_lock *lock)
{
	const struct lockorder_host *host = t->host;
	uint64_t key = (uint64_t)lock->birth << 8 | lock->kind;
	uint64_t maker = map_get(&t->orders->maker_of_birth, key);
	if (maker != MAP_NONE)
		return maker;
	struct stack birth;
	host->frames(host->context, lock->birth, &birth);
	const struct frame *frame = lockname_frame(&birth);
	maker = 0;
	if (frame && frame->file) {
		uint64_t place = hash_string(hash_string(0, frame->file), frame->function);
		maker = hash_two(place, (uint64_t)frame->line << 8 | lock->kind);
	}
	stack_clear(&birth);
	map_set(&t->orders->maker_of_birth, key, maker);
	return maker;
}

static void set_class(struct taking *t, uint32_t pid, const struct section_view *section,
		      struct lockgraph_lock *lock)
{
	const struct lockorder_host *host = t->host;
	if (lock->identity) {
		lock->class = hash_two(lock->birth, 1000 + lock->kind);
		lock->maker = lock->birth == LOCKGRAPH_NONE ? 0 : maker_of(t, lock);
		lock->single = (lock->identity & 0xfffffff) == 1;
	} else if (lock->kind == FTS_LOCK_ATTACHED) {
		lock->class = 1;
		lock->single = true;
	} else if (fts_lock_is(lock->kind, FTS_BY_TEXT)) {
		lock->class = hash_two(hash_bytes(2, section->text, section->head.text_length),
				       lock->kind);
		lock->single = true;
		set_label(t->orders, lock->class, POSITION_UNKNOWN, section->text,
			  section->head.text_length);
	} else if (lock->flags & FTS_HELD_IN_OBJECT) {
		uint64_t offset = lock->address - section->head.size;
		uint64_t name = hash_bytes(offset, section->text, section->head.text_length);
		lock->class = hash_two(name, lock->kind);
		set_label(t->orders, lock->class, POSITION_UNKNOWN, section->text,
			  section->head.text_length);
	} else if (lock->flags & FTS_HELD_IN_HEAP) {
		lock->class = hash_two(lock->kind, 77);
	} else {
		position where = host->where(host->context, pid, lock->address);
		lock->class = where == POSITION_UNKNOWN ? 0 : hash_two(where, lock->kind);
		lock->single = true;
		if (lock->class)
			set_label(t->orders, lock->class, where, NULL, 0);
	}
}

static struct lockgraph_lock read_lock(struct taking *t, uint32_t pid,
				       const struct report_view *view, size_t index)
{
	const struct section_view *section = &view->sections[index];
	struct lockgraph_lock lock = {
		.address = section->head.address,
		.identity = section->head.value,
		.kind = section->head.flags >> 8,
		.flags = section->head.flags & 255,
	};
	lock.birth = lock.identity ? birth_of(t->host, pid, view, index) : LOCKGRAPH_NONE;
	lock.stack =
		t->host->intern(t->host->context, pid, section->frames, section->head.frame_count);
	set_class(t, pid, section, &lock);
	return lock;
}

static uint64_t process_of(const struct taking *t, uint32_t pid)
{
	return t->orders->iterations << 32 | pid;
}

static void take_edge(struct taking *t, const struct fts_record *record)
{
	struct lockgraph_lock locks[LOCKS_MAX], wanted = { 0 };
	struct report_view view;
	struct lockgraph_chain chain = { .process = process_of(t, record->pid),
					 .test = record->test,
					 .locks = locks };
	if (record->pid == t->host->zygote_pid ||
	    !report_parse(record + 1, fts_payload_length(record), &view))
		return;
	for (size_t i = 0; i < view.count && chain.count + 1 < LOCKS_MAX; i++) {
		const struct fts_section *head = &view.sections[i].head;
		if (head->kind == FTS_SEC_HELD) {
			locks[chain.count++] = read_lock(t, record->pid, &view, i);
		} else if (head->kind == FTS_SEC_LOCK) {
			wanted = read_lock(t, record->pid, &view, i);
		} else if (head->kind == FTS_SEC_THREAD) {
			chain.thread = (uint32_t)head->tid;
			chain.sequence = head->size;
		}
	}
	locks[chain.count++] = wanted;
	lockgraph_add(t->orders->graph, &chain);
	free(view.sections);
}

static void take_event(struct taking *t, const struct fts_record *record)
{
	struct fts_lock_event event;
	if (fts_payload_length(record) < sizeof event)
		return;
	memcpy(&event, record + 1, sizeof event);
	lockgraph_event(t->orders->graph, process_of(t, record->pid), &event);
}

static struct lockname name_of(const struct taking *t, const struct lockgraph_lock *lock)
{
	return lockname_of(t->host, t->orders->sources, lock, label_of(t->orders, lock->class));
}

static unsigned kind_of(const struct fts_record *record)
{
	return ((const struct fts_report *)(const void *)(record + 1))->kind;
}

/* FTS_REPORT_LOCK_PROFILE */
static void take_profile(struct taking *t, const struct fts_record *record)
{
	const struct lockorder_host *host = t->host;
	struct report_view view;
	if (!report_parse(record + 1, fts_payload_length(record), &view))
		return;
	const struct section_view *times = NULL;
	size_t at = view.count;
	for (size_t i = 0; i < view.count; i++) {
		if (view.sections[i].head.kind == FTS_SEC_LOCK)
			at = i;
		else if (view.sections[i].head.kind == FTS_SEC_OTHER &&
			 view.sections[i].head.frame_count == 1)
			times = &view.sections[i];
	}
	if (at < view.count && times) {
		struct lockgraph_lock lock = read_lock(t, record->pid, &view, at);
		struct lockname name = name_of(t, &lock);
		struct stack stack;
		host->frames(host->context, lock.stack, &stack);
		char *where = lockname_line(&stack, &host->places);
		struct lockprofile_times sum = { .waits = times->head.address,
						 .waited = (double)times->head.size / 1e9,
						 .longest_wait = (double)times->head.value / 1e9,
						 .longest_hold = (double)times->frames[0] / 1e9 };
		if (!name.ours)
			lockprofile_add(t->orders->profile, &name, lock.kind, where, &sum);
		free(where);
		stack_clear(&stack);
		lockname_clear(&name);
	}
	free(view.sections);
}

struct run_count *lockorder_counts(const struct lockorder *orders, size_t *count)
{
	return countprofile_most(orders->counts, count);
}

struct run_lock *lockorder_profile(const struct lockorder *orders, size_t *count)
{
	return lockprofile_most(orders->profile, count);
}

struct lockgraph_limits lockorder_limits(const struct lockorder *orders)
{
	return lockgraph_limits(orders->graph);
}

static void take_all(struct taking *t, const uint8_t *records, size_t length, unsigned type)
{
	const struct fts_record *record;
	for (size_t at = 0; at < length; at += record->length) {
		record = (const void *)(records + at);
		if (record->type != type)
			continue;
		meanwhile();
		if (type == FTS_REC_LOCK_EVENT)
			take_event(t, record);
		else if (kind_of(record) == FTS_REPORT_LOCK_EDGE)
			take_edge(t, record);
		else if (kind_of(record) == FTS_REPORT_COUNT_PROFILE)
			countprofile_take(t->orders->counts, t->host, record);
		else
			take_profile(t, record);
	}
}

/* ---- findings ---- */

/* Is what was seen as an exchange in an extension a PyMutex? Its inlined functions say so. */
static bool is_mutex(const struct taking *t, const struct lockgraph_lock *lock)
{
	struct stack stack;
	bool found = false;
	if (!(lock->flags & FTS_HELD_FOREIGN))
		return true;
	t->host->frames(t->host->context, lock->stack, &stack);
	for (size_t i = 0; i < stack.count && !found; i++) {
		found = strstr(stack.frames[i].function, "PyMutex_Lock") != NULL;
		if (!stack.frames[i].is_inline)
			break;
	}
	stack_clear(&stack);
	return found;
}

struct side {
	struct stack held, wanted;
	struct lockname lock; /* the held one */
	char *held_line, *wanted_line;
};

static void side_fill(const struct taking *t, const struct lockgraph_part *part, struct side *side)
{
	const struct lockorder_host *host = t->host;
	host->frames(host->context, part->held.stack, &side->held);
	host->frames(host->context, part->wanted.stack, &side->wanted);
	side->lock = name_of(t, &part->held);
	side->held_line = lockname_line(&side->held, &host->places);
	side->wanted_line = lockname_line(&side->wanted, &host->places);
}

static void side_clear(struct side *side)
{
	stack_clear(&side->held);
	stack_clear(&side->wanted);
	lockname_clear(&side->lock);
	free(side->held_line);
	free(side->wanted_line);
}

static char letter(size_t i)
{
	return (char)('A' + i);
}

static void add_text(const struct lockgraph_part *parts, const struct side *sides, size_t count,
		     struct finding *finding)
{
	struct buf text = { 0 };
	bool timed = false, attached = false;
	for (size_t i = 0; i < count; i++) {
		char next = letter((i + 1) % count);
		if (parts[i].held.kind == FTS_LOCK_ATTACHED)
			buf_printf(&text, "%sT%zu, attached to the interpreter, wants %c at %s",
				   i ? "; " : "", i + 1, next, sides[i].wanted_line);
		else
			buf_printf(&text, "%sT%zu holds %c (%s), taken at %s, and wants %c at %s",
				   i ? "; " : "", i + 1, letter(i), sides[i].lock.name,
				   sides[i].held_line, next, sides[i].wanted_line);
		timed |= parts[i].wanted.flags & FTS_HELD_TIMED;
		attached |= parts[i].held.kind == FTS_LOCK_ATTACHED;
	}
	buf_puts(&text, ". When all do it at the same time, each waits for the lock of the next, "
			"for ever; it did not have to hang in this run.");
	if (attached)
		buf_puts(&text, " Being attached is not a lock, but a stop of the world (garbage "
				"collection, os.fork()) waits for every attached thread and lets "
				"none attach meanwhile.");
	if (timed)
		buf_puts(&text, " One of the waits ends after a time, so this is a delay and not "
				"the end.");
	if (parts[0].process != parts[1].process)
		buf_puts(&text, " The orders were seen in different iterations.");
	buf_puts(&text, " Usual fixes: take the locks in one order everywhere, or don't call out "
			"while holding one.");
	finding->explanation = buf_take(&text);
}

static void add_graph(const struct side *sides, size_t count, struct finding *finding)
{
	struct lockname_arc arcs[LOCKGRAPH_CYCLE_MAX];
	for (size_t i = 0; i < count; i++)
		arcs[i] = (struct lockname_arc){ &sides[i].lock, sides[i].held_line,
						 sides[i].wanted_line };
	finding->graph = lockname_graph(arcs, count);
}

static void add_lock(const struct taking *t, const struct lockgraph_lock *lock,
		     struct participant *part)
{
	struct held_lock *held = &part->locks[part->lock_count++];
	struct lockname name = name_of(t, lock);
	held->name = xstrdup(name.name);
	held->address = lock->kind == FTS_LOCK_ATTACHED ? 0 : lock->address;
	lockname_clear(&name);
	t->host->frames(t->host->context, lock->stack, &held->created);
}

static void add_part(const struct taking *t, const struct lockgraph_part *part, struct side *side,
		     size_t i, size_t count, struct finding *finding)
{
	struct participant *to = &finding->participants[finding->participant_count++];
	to->role = xprintf("holds %c and wants %c", letter(i), letter((i + 1) % count));
	to->thread = xprintf("T%zu (thread %u of its process)", i + 1, part->thread);
	to->address = part->wanted.address;
	to->stack = side->wanted;
	/* How the wait is made is plumbing: the frame to look at is the one that waits. */
	const struct frame *frame = lockname_frame(&to->stack);
	for (size_t k = 0; frame && &to->stack.frames[k] != frame; k++)
		to->stack.frames[k].plumbing = true;
	side->wanted = (struct stack){ 0 };
	to->locks = xcalloc(part->other_count + 1, sizeof *to->locks);
	add_lock(t, &part->held, to);
	for (size_t k = 0; k < part->other_count; k++)
		add_lock(t, &part->others[k], to);
}

/* "take in x.py > want in x.py"; not the line, see fingerprint.h. */
static char *sites_of(const struct taking *t, const struct side *side)
{
	const struct frame *held = lockname_frame(&side->held);
	const struct frame *wanted = lockname_frame(&side->wanted);
	char *first = held ? frame_text(held, &t->host->roots) : xstrdup("?");
	char *second = wanted ? frame_text(wanted, &t->host->roots) : xstrdup("?");
	char *text = xprintf("%s > %s", first, second);
	free(first);
	free(second);
	return text;
}

/*
 * A cycle is known by the classes of its locks, whichever way a thread came to take them; where a
 * class says too little, also by the functions that take them.
 */
static char *cycle_id(const struct taking *t, const struct side *sides, size_t count)
{
	char *texts[2 * LOCKGRAPH_CYCLE_MAX];
	size_t used = 0;
	bool vague = false;
	for (size_t i = 0; i < count; i++) {
		texts[used++] = xstrdup(sides[i].lock.class);
		vague |= sides[i].lock.vague;
	}
	for (size_t i = 0; i < count && vague; i++)
		texts[used++] = sites_of(t, &sides[i]);
	char *id = fingerprint(FINDING_LOCK_ORDER, (const char *const *)texts, used);
	for (size_t i = 0; i < used; i++)
		free(texts[i]);
	return id;
}

static bool all_alike(const struct side *sides, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (strcmp(sides[i].lock.name, sides[0].lock.name) != 0)
			return false;
	return true;
}

static char *cycle_title(const struct side *sides, size_t count)
{
	struct buf title = { 0 };
	if (all_alike(sides, count))
		buf_printf(&title, "%zu locks (each a %s)", count, sides[0].lock.name);
	else
		for (size_t i = 0; i < count; i++)
			buf_printf(&title, "%s%s",
				   i == 0           ? ""
				   : i + 1 == count ? " and "
						    : ", ",
				   sides[i].lock.name);
	buf_puts(&title, count == 2 ? " are taken in both orders" : " are taken in a circle");
	return buf_take(&title);
}

/* The cycle begins where its names begin, so that it is told the same way each time. */
static size_t first_of(const struct side *sides, size_t count)
{
	size_t first = 0;
	for (size_t i = 1; i < count; i++)
		if (strcmp(sides[i].lock.name, sides[first].lock.name) < 0)
			first = i;
	return first;
}

static void make_finding(const struct taking *t, const struct lockgraph_part *parts,
			 struct side *sides, size_t count, struct finding *finding)
{
	finding->id = cycle_id(t, sides, count);
	finding->title = cycle_title(sides, count);
	add_text(parts, sides, count, finding);
	add_graph(sides, count, finding);
	finding->participants = xcalloc(count, sizeof *finding->participants);
	for (size_t i = 0; i < count; i++)
		add_part(t, &parts[i], &sides[i], i, count, finding);
}

static void found(void *context, const struct lockgraph_part *parts, size_t count)
{
	const struct taking *t = context;
	struct side unsorted[LOCKGRAPH_CYCLE_MAX] = { 0 }, sides[LOCKGRAPH_CYCLE_MAX] = { 0 };
	struct lockgraph_part sorted[LOCKGRAPH_CYCLE_MAX] = { 0 };
	struct finding finding = { .kind = FINDING_LOCK_ORDER };
	meanwhile();
	for (size_t i = 0; i < count; i++)
		if (!is_mutex(t, &parts[i].held) || !is_mutex(t, &parts[i].wanted))
			return;
	for (size_t i = 0; i < count; i++)
		side_fill(t, &parts[i], &unsorted[i]);
	size_t first = first_of(unsorted, count), now = 0;
	for (size_t i = 0; i < count; i++) {
		sides[i] = unsorted[(first + i) % count];
		sorted[i] = parts[(first + i) % count];
	}
	make_finding(t, sorted, sides, count, &finding);
	for (size_t i = 0; i < count; i++)
		side_clear(&sides[i]);
	while (now + 1 < count && parts[now].old)
		now++;
	t->host->found(t->host->context, &finding, parts[now].test);
}

/* ---- cycles that happened ---- */

/* The order `held` -> `wanted` among the records of a process. */
static bool find_part(struct taking *t, const uint8_t *records, size_t length, uint32_t pid,
		      uint64_t held, uint64_t wanted, struct lockgraph_part *out)
{
	const struct fts_record *record;
	bool found = false;
	for (size_t at = 0; at < length; at += record->length) {
		struct report_view view;
		record = (const void *)(records + at);
		if (record->type != FTS_REC_REPORT || record->pid != pid ||
		    kind_of(record) != FTS_REPORT_LOCK_EDGE ||
		    !report_parse(record + 1, fts_payload_length(record), &view))
			continue;
		size_t h = view.count, w = view.count;
		for (size_t i = 0; i < view.count; i++) {
			const struct fts_section *head = &view.sections[i].head;
			if (head->kind == FTS_SEC_HELD && head->address == held)
				h = i;
			else if (head->kind == FTS_SEC_LOCK && head->address == wanted)
				w = i;
		}
		if (h < view.count && w < view.count) {
			*out = (struct lockgraph_part){ .held = read_lock(t, pid, &view, h),
							.wanted = read_lock(t, pid, &view, w) };
			found = true;
		}
		free(view.sections);
	}
	return found;
}

char *lockorder_happened(struct lockorder *orders, const struct lockorder_host *host,
			 const void *records, size_t length, uint32_t pid,
			 const uint64_t *addresses, size_t count, struct lockname *names)
{
	struct taking t = { orders, host };
	struct side sides[LOCKGRAPH_CYCLE_MAX] = { 0 };
	char *id = NULL;
	size_t done = 0;
	for (; count <= LOCKGRAPH_CYCLE_MAX && done < count; done++) {
		struct lockgraph_part part;
		if (!find_part(&t, records, length, pid, addresses[done],
			       addresses[(done + 1) % count], &part))
			break;
		side_fill(&t, &part, &sides[done]);
	}
	if (count && done == count)
		id = cycle_id(&t, sides, count);
	for (size_t i = 0; i < done; i++) {
		if (id) {
			names[i] = sides[i].lock;
			sides[i].lock = (struct lockname){ 0 };
		}
		side_clear(&sides[i]);
	}
	return id;
}

void lockorder_take(struct lockorder *orders, const struct lockorder_host *host,
		    const void *records, size_t length)
{
	struct taking t = { orders, host };
	orders->iterations++;
	take_all(&t, records, length, FTS_REC_LOCK_EVENT);
	take_all(&t, records, length, FTS_REC_REPORT);
	lockgraph_search(orders->graph, found, &t);
	lockgraph_iteration_end(orders->graph);
}
