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
		[STATUS_UPSTREAM] = "upstream",
		[STATUS_SUPPRESSED] = "suppressed",
	};
	return status < STATUS_COUNT ? names[status] : "unknown";
}

const char *frame_language_name(enum frame_language language)
{
	static const char *const names[] = {
		[FRAME_PYTHON] = "python", [FRAME_CYTHON] = "cython",   [FRAME_C] = "c",
		[FRAME_CXX] = "c++",       [FRAME_UNKNOWN] = "unknown",
	};
	return language <= FRAME_UNKNOWN ? names[language] : "unknown";
}

void stack_clear(struct stack *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		free(stack->frames[i].function);
		free(stack->frames[i].file);
		free(stack->frames[i].module);
	}
	free(stack->frames);
	*stack = (struct stack){ 0 };
}

static void participant_clear(struct participant *participant)
{
	free(participant->role);
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
	free(finding->message);
	free(finding->signal);
	free(finding->exception);
	free(finding->graph);
	free(finding->command);
	free(finding->follows);
	free(finding->evidence);
	free(finding->suppressed_by);
	strings_free(finding->replays, finding->replay_count);
	strings_free(finding->tests, finding->test_count);
	free(finding->subject.type);
	free(finding->subject.description);
	free(finding->subject.global);
	stack_clear(&finding->subject.allocated);
	for (size_t i = 0; i < finding->participant_count; i++)
		participant_clear(&finding->participants[i]);
	free(finding->participants);
	*finding = (struct finding){ 0 };
}
