/* finding.c - see ftstress/finding.h: names for its values, and freeing it. */
#include "ftstress/finding.h"

#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"

static const char *const subject_kinds[SUBJECT_KINDS] = {
	[SUBJECT_UNKNOWN] = "unknown", [SUBJECT_OBJECT] = "object", [SUBJECT_BUFFER] = "buffer",
	[SUBJECT_BLOCK] = "block",     [SUBJECT_HEAP] = "heap",     [SUBJECT_GLOBAL] = "global",
	[SUBJECT_STACK] = "stack",
};

const char *subject_kind_name(enum subject_kind kind)
{
	return kind < SUBJECT_KINDS ? subject_kinds[kind] : subject_kinds[SUBJECT_UNKNOWN];
}

enum subject_kind subject_kind_parse(const char *name)
{
	for (int i = 0; name && i < SUBJECT_KINDS; i++) {
		if (!strcmp(name, subject_kinds[i]))
			return (enum subject_kind)i;
	}
	return SUBJECT_UNKNOWN;
}

const char *finding_status_name(enum finding_status status)
{
	static const char *const names[STATUS_COUNT] = {
		[STATUS_NEW] = "new",
		[STATUS_KNOWN] = "known",
		[STATUS_DOCUMENTED] = "documented",
		[STATUS_UPSTREAM] = "upstream",
		[STATUS_SUPPRESSED] = "suppressed",
	};
	return status < STATUS_COUNT ? names[status] : "unknown";
}

static const struct {
	const char *name, *meaning;
} ranks[RANKS] = {
	[RANK_NONE] = { "", "" },
	[RANK_FREED] = { "memory freed or used again",
			 "One side uses memory that the other frees, moves, or has for something "
			 "else by now." },
	[RANK_STRUCTURE] = { "structure",
			     "A pointer, a reference or a size is written: the other side can follow "
			     "a pointer to what is gone." },
	[RANK_FIELD] = { "plain field",
			 "An index or a state is written while it is used. That crashes as often as a "
			 "pointer does." },
	[RANK_ATOMIC] = { "plain field, other side atomic",
			  "One side's access is atomic: mostly a value that is out of date." },
	[RANK_DATA] = { "data of a buffer",
			"It is on what a buffer holds: for those who share it to keep apart." },
	[RANK_INIT] = { "made anew",
			"__init__ or __setstate__ is called on a live object, which nobody expects to "
			"be safe." },
	[RANK_UNPUBLISHED] = { "object not published",
			       "The write makes the object. What has to be mended is the race on the "
			       "pointer that the other side got it through." },
};

const char *finding_rank_name(enum finding_rank rank)
{
	return rank < RANKS ? ranks[rank].name : "";
}

void run_count_clear(struct run_count *count)
{
	free(count->type);
	free(count->made);
	free(count->where);
}

const char *finding_rank_meaning(enum finding_rank rank)
{
	return rank < RANKS ? ranks[rank].meaning : "";
}

const char *frame_language_name(enum frame_language language)
{
	static const char *const names[] = {
		[FRAME_PYTHON] = "python", [FRAME_CYTHON] = "cython", [FRAME_C] = "c",
		[FRAME_CXX] = "c++",       [FRAME_RUST] = "rust",     [FRAME_UNKNOWN] = "unknown",
	};
	return language < FRAME_LANGUAGES ? names[language] : "unknown";
}

static void frame_clear(struct frame *frame)
{
	free(frame->function);
	free(frame->file);
	free(frame->module);
}

void stack_clear(struct stack *stack)
{
	for (size_t i = 0; i < stack->count; i++)
		frame_clear(&stack->frames[i]);
	free(stack->frames);
	*stack = (struct stack){ 0 };
}

void stack_cut(struct stack *stack, size_t count)
{
	while (stack->count > count)
		frame_clear(&stack->frames[--stack->count]);
	if (!count)
		stack_clear(stack);
}

static void participant_clear(struct participant *participant)
{
	free(participant->role);
	free(participant->type);
	free(participant->operation);
	free(participant->partner);
	free(participant->thread);
	stack_clear(&participant->stack);
	stack_clear(&participant->created);
	for (size_t i = 0; i < participant->lock_count; i++) {
		free(participant->locks[i].name);
		stack_clear(&participant->locks[i].created);
	}
	free(participant->locks);
}

void finding_clear(struct finding *finding)
{
	free(finding->id);
	free(finding->title);
	free(finding->explanation);
	free(finding->detail);
	free(finding->said);
	free(finding->because);
	free(finding->cause);
	free(finding->message);
	free(finding->pattern);
	free(finding->variable);
	free(finding->rules);
	free(finding->signal);
	free(finding->exception);
	free(finding->graph);
	free(finding->command);
	free(finding->follows);
	free(finding->evidence);
	free(finding->interleaving);
	free(finding->script);
	free(finding->no_script);
	free(finding->suppressed_by);
	strings_free(finding->replays, finding->replay_count);
	strings_free(finding->tests, finding->test_count);
	free(finding->subject.type);
	free(finding->subject.member);
	free(finding->subject.description);
	free(finding->subject.global);
	stack_clear(&finding->subject.allocated);
	for (size_t i = 0; i < finding->participant_count; i++)
		participant_clear(&finding->participants[i]);
	free(finding->participants);
	*finding = (struct finding){ 0 };
}
