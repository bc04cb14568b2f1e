/* assemble.c - see assemble.h. */
#include "runner/records/assemble.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ftstress/locks.h"
#include "runner/base/util.h"
#include "runner/model/cxx_name.h"
#include "runner/model/fingerprint.h"
#include "runner/model/kinds.h"
#include "runner/model/lock_kind.h"
#include "runner/model/memory.h"
#include "runner/model/plumbing.h"
#include "runner/model/race_words.h"
#include "runner/model/words.h"

static size_t padded(size_t length)
{
	return (length + 7) & ~(size_t)7;
}

/* ---- taking apart ---- */

static bool section_parse(const uint8_t **at, const uint8_t *end, struct section_view *section)
{
	size_t left = (size_t)(end - *at);
	if (left < sizeof section->head)
		return false;
	memcpy(&section->head, *at, sizeof section->head);
	left -= sizeof section->head;
	uint64_t frames = 8ull * section->head.frame_count;
	uint64_t text = padded(section->head.text_length);
	if (frames + text > left)
		return false;
	*at += sizeof section->head;
	section->frames = (const uint64_t *)(const void *)*at;
	*at += frames;
	section->text = (const char *)*at;
	*at += text;
	return true;
}

bool report_parse(const void *payload, size_t length, struct report_view *report)
{
	struct fts_report head;
	const uint8_t *at = payload, *end = at + length;

	*report = (struct report_view){ 0 };
	if (length < sizeof head)
		return false;
	memcpy(&head, at, sizeof head);
	at += sizeof head;
	if (padded(head.text_length) > (size_t)(end - at))
		return false;
	report->kind = head.kind;
	report->text = (const char *)at;
	report->text_length = head.text_length;
	at += padded(head.text_length);
	if (head.section_count > length / sizeof(struct fts_section))
		return false;
	report->sections = xcalloc(head.section_count, sizeof *report->sections);
	while (report->count < head.section_count) {
		if (!section_parse(&at, end, &report->sections[report->count])) {
			free(report->sections);
			*report = (struct report_view){ 0 };
			return false;
		}
		report->count++;
	}
	return true;
}

static bool text_starts(const struct report_view *report, const char *prefix)
{
	size_t length = strlen(prefix);
	return report->text_length >= length && !memcmp(report->text, prefix, length);
}

static enum finding_kind other_kind(const struct report_view *report)
{
	for (enum finding_kind kind = 0; kind < FINDING_KINDS; kind++) {
		const char *const *name = kind_info(kind)->reports;
		for (; name && *name; name++)
			if (text_starts(report, *name))
				return kind;
	}
	return FINDING_DATA_RACE;
}

enum finding_kind report_kind(const struct report_view *report)
{
	return report->kind == FTS_REPORT_LOCK_EDGE       ? FINDING_LOCK_ORDER
	       : report->kind == FTS_REPORT_VARIABLE_RACE ? FINDING_PYTHON_RACE
	       : report->kind == FTS_REPORT_VARIABLE_LOST ? FINDING_PYTHON_RACE
	       : report->kind == FTS_REPORT_OTHER         ? other_kind(report)
							  : FINDING_DATA_RACE;
}

bool section_is_act(const struct report_view *report, const struct section_view *section)
{
	switch (section->head.kind) {
	case FTS_SEC_ACCESS:
	case FTS_SEC_LOCK:
		return true;
	case FTS_SEC_OTHER: /* without frames it is a location that TSan has no name for */
		return section->head.frame_count > 0;
	case FTS_SEC_HEAP: /* a leak is known by where its block was allocated */
	case FTS_SEC_OBJECT:
	case FTS_SEC_THREAD:
		return section->head.frame_count > 0 && kind_info(report_kind(report))->allocation;
	default:
		return false;
	}
}

uint64_t report_global_address(const struct report_view *report)
{
	uint64_t address = 0;
	if (report->kind != FTS_REPORT_DATA_RACE)
		return 0;
	for (size_t i = 0; i < report->count; i++) {
		const struct fts_section *head = &report->sections[i].head;
		switch (head->kind) {
		case FTS_SEC_ACCESS: /* both touched the byte at which the higher one begins */
			address = head->address > address ? head->address : address;
			break;
		case FTS_SEC_HEAP:
		case FTS_SEC_STACK:
		case FTS_SEC_OBJECT:
		case FTS_SEC_OTHER: /* a file descriptor */
			return 0;
		default:
			break;
		}
	}
	return address;
}

/* ---- putting together ---- */

struct assembly {
	const struct report_view *report;
	const struct assembler *assembler;
	struct finding *finding;
	int *tids; /* of the participants */
};

static char *thread_name(int tid)
{
	if (tid < 0)
		return xstrdup("A thread");
	return tid == 0 ? xstrdup("Main thread") : xprintf("Thread T%d", tid);
}

static char *section_text(const struct section_view *section)
{
	return section->head.text_length ? xstrndup(section->text, section->head.text_length)
					 : NULL;
}

static char *act_role(const struct section_view *section)
{
	bool write = section->head.flags & FTS_ACCESS_WRITE;
	if (section->head.kind == FTS_SEC_ACCESS && !section->head.size)
		return xstrdup(write ? "write" : "read"); /* of a Python variable */
	const char *atomic = section->head.flags & FTS_ACCESS_ATOMIC ? "atomic " : "";
	const char *verb = write ? "write" : "read";
	unsigned long long size = section->head.size;
	char *text = section_text(section);
	if (section->head.kind == FTS_SEC_LOCK) {
		char *role = xprintf("takes a lock (%s)", text ? text : "kind not known");
		free(text);
		return role;
	}
	if (section->head.kind == FTS_SEC_OBJECT) { /* the text is its type */
		free(text);
		return xstrdup("made here");
	}
	if (text)
		return text;
	if (section->head.kind != FTS_SEC_ACCESS)
		return xstrdup("was here");
	if (section->head.flags & FTS_ACCESS_FREES)
		return xstrdup("frees the memory");
	return xprintf("%s%s of %llu byte%s", atomic, verb, size, size == 1 ? "" : "s");
}

static void add_participant(struct assembly *a, size_t index)
{
	const struct section_view *section = &a->report->sections[index];
	struct finding *f = a->finding;
	size_t count = f->participant_count++;

	f->participants = xrealloc(f->participants, (count + 1) * sizeof *f->participants);
	a->tids = xrealloc(a->tids, (count + 1) * sizeof *a->tids);
	a->tids[count] = section->head.tid;
	f->participants[count] = (struct participant){
		.role = act_role(section),
		.thread = thread_name(section->head.tid),
		.write = section->head.flags & FTS_ACCESS_WRITE,
		.atomic = section->head.flags & FTS_ACCESS_ATOMIC,
		.frees = section->head.flags & FTS_ACCESS_FREES,
		.late = section->head.flags & FTS_ACCESS_LATE,
		.address = section->head.address,
		.size = section->head.size,
		.all_locks = (section->head.kind == FTS_SEC_ACCESS ||
			      section->head.kind == FTS_SEC_OTHER) &&
			     section->head.flags & FTS_ACCESS_LOCKS,
	};
	a->assembler->frames(a->assembler->context, index, &f->participants[count].stack);
}

/* The section that says where mutex number `value` was made; NULL if there is none. */
static const struct section_view *mutex_section(const struct assembly *a, uint64_t value,
						size_t *index)
{
	for (*index = 0; *index < a->report->count; (*index)++) {
		const struct section_view *section = &a->report->sections[*index];
		if (section->head.kind == FTS_SEC_MUTEX && section->head.value == value)
			return section;
	}
	return NULL;
}

/*
 * Adds " of app.py:12": the innermost line outside of threading.py that makes locks of the class.
 */
static void add_birth(struct buf *name, const struct stack *birth)
{
	const struct frame *found = NULL;
	for (size_t i = 0; i < birth->count && !found; i++) {
		const struct frame *frame = &birth->frames[i];
		if (frame->file && !strstr(frame->file, "/threading.py"))
			found = frame;
	}
	if (!found)
		return;
	char *path = short_path(found->file, &(struct roots){ NULL, 0 });
	buf_printf(name, " of %s:%d", path, found->line);
	free(path);
}

/* The name of a lock that has a stand-in. The section has its kind, and what it lies in. */
static char *lock_name(const struct assembly *a, const struct section_view *mutex,
		       const struct stack *birth)
{
	uint32_t kind = mutex->head.flags >> 8;
	char *type = section_text(mutex), *variable = NULL;
	uint64_t offset = 0;
	struct buf name = { 0 };
	buf_puts(&name, lock_kind_name(kind));
	if (fts_lock_is(kind, FTS_BY_TEXT) || fts_lock_is(kind, FTS_BY_TYPE))
		buf_printf(&name, "%s%s", lock_kind_between(kind),
			   type                             ? type
			   : fts_lock_is(kind, FTS_BY_TYPE) ? "Python object"
							    : "?");
	else if (birth->count)
		add_birth(&name, birth);
	else if (type)
		buf_printf(&name, "%s%s", lock_kind_between(kind), type);
	else if (mutex->head.address)
		variable =
			a->assembler->variable(a->assembler->context, mutex->head.address, &offset);
	if (variable)
		buf_printf(&name, offset ? " %s+%llu" : " %s", variable,
			   (unsigned long long)offset);
	free(variable);
	free(type);
	return buf_take(&name);
}

/* The name of a mutex that TSan knows by itself: the variable that it is, or else its number. */
static void name_mutex(const struct assembly *a, const struct section_view *section,
		       const struct section_view *mutex, struct held_lock *lock)
{
	char *text = section_text(section);
	uint64_t offset = 0;
	lock->address = mutex ? mutex->head.address : section->head.address;
	lock->shared = !(section->head.flags & FTS_HELD_WRITE);
	char *variable =
		mutex ? a->assembler->variable(a->assembler->context, lock->address, &offset)
		      : NULL;
	lock->numbered = !variable && !text;
	if (variable)
		lock->name = xprintf("mutex %s", variable);
	else
		lock->name = xprintf("%s%sM%llu", text ? text : "", text ? " " : "",
				     (unsigned long long)section->head.value);
	free(variable);
	free(text);
}

static void add_held(struct assembly *a, size_t index)
{
	const struct section_view *section = &a->report->sections[index];
	if (!a->finding->participant_count)
		return;
	struct participant *holder = &a->finding->participants[a->finding->participant_count - 1];
	size_t made, source = index;
	const struct section_view *mutex = mutex_section(a, section->head.value, &made);
	bool told = holder->all_locks && mutex && mutex->head.flags >> 8;
	struct held_lock lock = { 0 };

	if (mutex && mutex->head.flags == FTS_MUTEX_SIGNAL)
		return; /* it guards nothing */
	if (!section->head.frame_count && mutex)
		source = made;
	a->assembler->frames(a->assembler->context, source, &lock.created);
	if (mutex && mutex->head.flags == FTS_MUTEX_UNKNOWN) {
		lock.name = xstrdup("locks that are not known");
		lock.unknown = true;
	} else if (told) {
		lock.name = lock_name(a, mutex, &lock.created);
	} else {
		name_mutex(a, section, mutex, &lock);
	}
	holder->locks = xrealloc(holder->locks, (holder->lock_count + 1) * sizeof lock);
	holder->locks[holder->lock_count++] = lock;
}

/* The first byte that an access touched, in a location that starts at `start`. */
static unsigned long long offset_in(const struct assembly *a, uint64_t start)
{
	const struct finding *f = a->finding;
	uint64_t address = f->participant_count ? f->participants[0].address : 0;
	return address >= start ? address - start : 0;
}

/* What is known of the memory, in place of what was known. `what`: its strings are taken. */
static void set_subject(struct assembly *a, size_t index, struct subject what)
{
	struct subject *subject = &a->finding->subject;
	free(subject->type);
	free(subject->member);
	free(subject->description);
	if (a->report->sections[index].head.frame_count) {
		stack_clear(&subject->allocated);
		a->assembler->frames(a->assembler->context, index, &what.allocated);
	} else {
		what.allocated =
			subject->allocated; /* by a block of malloc() that the object has */
	}
	*subject = what;
}

static void describe_heap(struct assembly *a, size_t index)
{
	const struct fts_section *head = &a->report->sections[index].head;
	struct subject what = { .kind = SUBJECT_HEAP,
				.offset = offset_in(a, head->address),
				.size = head->size };
	char *thread = thread_name(head->tid);
	const char *by = head->tid >= 0 ? " allocated by " : "";
	what.description = xprintf("offset %" PRIu64 " of a heap block of %" PRIu64 " bytes%s%s",
				   what.offset, what.size, by, head->tid >= 0 ? thread : "");
	set_subject(a, index, what);
	free(thread);
}

/* The innermost line of Python, or else of C, of where an object was made; NULL if none is known. */
static const struct frame *maker_of(const struct stack *stack)
{
	const struct frame *found = NULL;
	for (size_t i = 0; i < stack->count; i++) {
		const struct frame *frame = &stack->frames[i];
		bool python = frame->language == FRAME_PYTHON || frame->language == FRAME_CYTHON;
		if (!frame->file || plumbing_is(frame) || plumbing_is_helper(frame))
			continue;
		if (python)
			return frame;
		if (!found)
			found = frame;
	}
	return found;
}

/* Adds ", made at app.py:12 in make by Thread T2" to the subject, which has the stack. */
static void add_maker(struct assembly *a, size_t index)
{
	const struct section_view *section = &a->report->sections[index];
	struct subject *subject = &a->finding->subject;
	if (!section->head.frame_count)
		return;
	if (memory_is_recycled(&subject->allocated)) {
		stack_clear(&subject->allocated);
		return;
	}
	const struct frame *maker = maker_of(&subject->allocated);
	if (!maker)
		return;
	char *path = short_path(maker->file, &a->assembler->roots);
	char *name = frame_name(maker);
	char *text =
		xprintf("%s, made at %s:%d in %s", subject->description, path, maker->line, name);
	if (section->head.tid >= 0) {
		char *thread = thread_name(section->head.tid);
		char *by = section->head.tid ? xprintf("%s by %s", text, thread)
					     : xprintf("%s by the main thread", text);
		free(thread);
		free(text);
		text = by;
	}
	free(name);
	free(path);
	free(subject->description);
	subject->description = text;
}

/* Of an object's head; NULL: it is about none of the two counts alone. To be freed. */
static char *count_field(uint64_t offset)
{
	return offset == 12   ? xstrdup("ob_ref_local")
	       : offset == 16 ? xstrdup("ob_ref_shared")
			      : NULL;
}

static void describe_object(struct assembly *a, size_t index)
{
	const struct section_view *section = &a->report->sections[index];
	struct subject what = { .kind = SUBJECT_OBJECT,
				.type = section_text(section),
				.offset = section->head.value,
				.size = section->head.size };
	if (!what.offset)
		what.offset = offset_in(a, section->head.address);
	if (what.offset > what.size)
		what.offset = 0;
	if (!what.type) {
		what.kind = SUBJECT_BLOCK;
		what.description = xprintf("offset %" PRIu64 " of a block of %" PRIu64
					   " bytes of Python's allocator",
					   what.offset, what.size);
	} else if (section->head.flags & FTS_OBJECT_DATA) {
		what.kind = SUBJECT_BUFFER;
		what.description = xprintf("byte %" PRIu64 " of the data of %s %s", what.offset,
					   words_article(what.type), what.type);
	} else if (a->finding->kind == FINDING_BORROWED_REFERENCE ||
		   a->finding->kind == FINDING_LEAK ||
		   finding_is_low_count(a->finding)) { /* it is about the whole of it */
		what.description = xprintf("a Python object of type '%s' (%" PRIu64 " bytes)",
					   what.type, what.size);
	} else {
		what.member = a->assembler->member(a->assembler->context, what.type, what.offset);
		if (!what.member && a->finding->kind == FINDING_REFERENCE_COUNT)
			what.member = count_field(what.offset);
		what.description = xprintf("offset %" PRIu64 "%s%s%s of a Python object of type "
					   "'%s' (%" PRIu64 " bytes)",
					   what.offset, what.member ? " (" : "",
					   what.member ? what.member : "", what.member ? ")" : "",
					   what.type, what.size);
	}
	set_subject(a, index, what);
	add_maker(a, index);
}

/* Of a race on a Python variable: where the object was made whose variable it is. */
static void describe_python_object(struct assembly *a, size_t index)
{
	struct subject *subject = &a->finding->subject;
	char *type = section_text(&a->report->sections[index]), *known = subject->description;
	stack_clear(&subject->allocated);
	a->assembler->frames(a->assembler->context, index, &subject->allocated);
	const struct frame *maker = maker_of(&subject->allocated);
	if (!maker || (maker->language != FRAME_PYTHON && maker->language != FRAME_CYTHON)) {
		stack_clear(&subject->allocated); /* it was not made by a line of Python */
		free(type);
		return;
	}
	subject->description = strstr(known, type) && !strchr(known, '.')
				       ? xstrdup(known)
				       : xprintf("%s of %s %s", known, words_article(type), type);
	free(known);
	free(type);
	add_maker(a, index);
}

/* The global variable at an address. False: it has no name. */
static bool name_global(struct assembly *a, uint64_t address, struct subject *what)
{
	char *name = a->assembler->variable(a->assembler->context, address, &what->offset);
	if (!name)
		return false;
	what->kind = SUBJECT_GLOBAL;
	what->description = what->offset ? xprintf("offset %" PRIu64 " of the global variable %s",
						   what->offset, name)
					 : xprintf("the global variable %s", name);
	what->type = name;
	return true;
}

static void describe_global(struct assembly *a, size_t index)
{
	uint64_t address = a->report->sections[index].head.address;
	const struct finding *f = a->finding;
	struct subject what = { .kind = SUBJECT_GLOBAL };
	if (f->participant_count && f->participants[0].address)
		address = f->participants[0].address;
	if (!name_global(a, address, &what))
		what.description = xstrdup("a global variable");
	set_subject(a, index, what);
}

static void describe_stack(struct assembly *a, size_t index)
{
	struct subject what = { .kind = SUBJECT_STACK };
	char *thread = thread_name(a->report->sections[index].head.tid);
	if (*thread == 'T' || *thread == 'M' || *thread == 'A')
		*thread = (char)(*thread + ('a' - 'A'));
	what.description = xprintf("the stack of %s", thread);
	set_subject(a, index, what);
	free(thread);
}

/* Describe the memory. An object says more than the block that it lies in, so it goes first. */
static void add_subject(struct assembly *a, size_t index)
{
	unsigned kind = a->report->sections[index].head.kind;
	if (kind == FTS_SEC_OBJECT && a->report->kind == FTS_REPORT_VARIABLE_RACE)
		describe_python_object(a, index);
	else if (kind == FTS_SEC_OBJECT)
		describe_object(a, index);
	else if (a->finding->subject.description)
		return;
	else if (kind == FTS_SEC_HEAP)
		describe_heap(a, index);
	else if (kind == FTS_SEC_GLOBAL)
		describe_global(a, index);
	else if (kind == FTS_SEC_STACK)
		describe_stack(a, index);
}

/* Without its own symbolizer, TSan names no global variable: look which one the access was on. */
static void find_subject(struct assembly *a)
{
	struct finding *f = a->finding;
	if (!f->subject.description && f->participant_count && f->participants[0].address)
		name_global(a, f->participants[0].address, &f->subject);
}

static void add_creation(struct assembly *a, size_t index)
{
	const struct section_view *section = &a->report->sections[index];
	if (!a->tids)
		return;
	for (size_t i = 0; i < a->finding->participant_count; i++) {
		struct participant *participant = &a->finding->participants[i];
		if (a->tids[i] != section->head.tid || participant->created.count)
			continue;
		a->assembler->frames(a->assembler->context, index, &participant->created);
	}
}

/* "write, after the read in line 12"; "read, before the write in line 12 of Stack.take". */
static void add_partner(struct assembly *a, size_t index)
{
	struct stack partner = { 0 };
	uint64_t number = a->report->sections[index].head.value;
	if (number >= a->finding->participant_count)
		return;
	struct participant *side = &a->finding->participants[number];
	a->assembler->frames(a->assembler->context, index, &partner);
	const struct frame *frame = partner.frames;
	if (partner.count && frame->line) {
		bool elsewhere = frame->function && side->stack.count &&
				 side->stack.frames[0].function &&
				 strcmp(frame->function, side->stack.frames[0].function) != 0;
		uint16_t flags = a->report->sections[index].head.flags;
		bool split = flags & FTS_PARTNER_SPLIT, use = flags & FTS_PARTNER_CHECK;
		char *role =
			xprintf(text_starts(a->report, "two-fields\t")
					? "%s, and of the other one in line %d%s%s%s"
				: use ? "%s, after the check in line %d%s%s%s"
				: text_starts(a->report, "check-then-use\t")
					? "%s, before the use in line %d%s%s%s"
				: side->write ? "%s, after the read in line %d%s%s%s"
					      : "%s, before the write in line %d%s%s%s",
				side->role, frame->line, elsewhere ? " of " : "",
				elsewhere ? frame->function : "", split ? RACE_WORDS_SPLIT : "");
		free(side->role);
		side->role = role;
		if (elsewhere)
			side->partner = xstrdup(frame->function);
	}
	stack_clear(&partner);
}

/* Of a race on a Python variable: the words of its text. */
static void name_python_variable(struct assembly *a)
{
	struct finding *f = a->finding;
	char *text = xstrndup(a->report->text, a->report->text_length), *rest = text;
	const char *words[5] = { "", "", "", "", "" };
	for (size_t i = 0; i < 5 && rest; i++)
		words[i] = strsep(&rest, "\t");
	const char *kind = words[1], *name = words[2], *type = words[3];
	bool attribute = !strcmp(kind, "attribute") && *type;
	f->pattern = xstrdup(words[0]);
	bool iterated = !strcmp(words[0], "iterated-while-changed");
	for (size_t i = 0; i < f->participant_count && iterated; i++) {
		struct participant *side = &f->participants[i];
		free(side->role);
		side->role =
			xstrdup(side->write ? "adds or removes an item" : "goes over the items");
	}
	bool iterator = !strcmp(kind, "generator") || !strcmp(kind, "iterator");
	for (size_t i = 0; i < f->participant_count && iterator; i++) {
		free(f->participants[i].role);
		f->participants[i].role = xstrdup("takes an item");
	}
	if (attribute && *name)
		f->variable = xprintf("%s.%s", type, name);
	else if (attribute)
		f->variable = xprintf("an attribute of %s %s", words_article(type), type);
	else if (*name)
		f->variable = xprintf("%s %s", kind, name);
	else if (iterator)
		f->variable = xprintf("%s %s", words_article(type), type);
	else
		f->variable =
			xprintf("%s of %s %s", !strcmp(kind, "size") ? "the items" : "an item",
				*type ? words_article(type) : "a", *type ? type : "container");
	f->subject.description =
		*name ? xprintf("the Python variable %s", f->variable) : xstrdup(f->variable);
	if (*words[4]) {
		char *both = xprintf("%s and %s", f->variable, words[4]);
		free(f->variable);
		f->variable = both;
	}
	free(text);
}

/* Of a borrowed reference: which function borrowed it, and the type of what it was borrowed from. */
static void name_lender(struct assembly *a)
{
	char *text = xstrndup(a->report->text, a->report->text_length), *rest = text;
	strsep(&rest, "\t");
	const char *by = rest ? strsep(&rest, "\t") : "", *lender = rest ? rest : "";
	a->finding->pattern = xstrdup(by);
	a->finding->variable = xstrdup(lender);
	free(text);
}

/* Of a count: is it one that code writes to, and does not count with, or one that is too low? */
static void name_count(struct assembly *a)
{
	static const char *const known[] = { "plain", "held", "falls" };
	const size_t common = sizeof "reference-count-" - 1;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (a->report->text_length == common + strlen(known[i]) &&
		    memcmp(a->report->text + common, known[i], strlen(known[i])) == 0)
			a->finding->pattern = xstrdup(known[i]);
}

/* Of a leak: how many more a round, which the section without frames says. */
static void name_growth(struct assembly *a)
{
	for (size_t i = 0; i < a->report->count && !a->finding->variable; i++)
		if (a->report->sections[i].head.kind == FTS_SEC_OTHER &&
		    !a->report->sections[i].head.frame_count)
			a->finding->variable = section_text(&a->report->sections[i]);
	a->finding->pattern = xstrndup(a->report->text, a->report->text_length);
}

void report_assemble(const struct report_view *report, const struct assembler *assembler,
		     struct finding *finding)
{
	struct assembly a = { report, assembler, finding, NULL };
	finding->kind = report_kind(report);
	for (size_t i = 0; i < report->count; i++) {
		const struct section_view *section = &report->sections[i];
		if (section_is_act(report, section))
			add_participant(&a, i);
		else if (section->head.kind == FTS_SEC_HELD)
			add_held(&a, i);
		else if (section->head.kind == FTS_SEC_PARTNER)
			add_partner(&a, i);
	}
	if (report->kind == FTS_REPORT_VARIABLE_RACE)
		name_python_variable(&a);
	else if (finding->kind == FINDING_BORROWED_REFERENCE)
		name_lender(&a);
	else if (finding->kind == FINDING_LEAK)
		name_growth(&a);
	else if (finding->kind == FINDING_REFERENCE_COUNT)
		name_count(&a);
	for (size_t i = 0; i < report->count; i++) {
		if (report->sections[i].head.kind == FTS_SEC_THREAD)
			add_creation(&a, i);
		else
			add_subject(&a, i);
	}
	find_subject(&a);
	free(a.tids);
}
