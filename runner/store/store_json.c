/* store_json.c - see store_json.h. Findings. */
#include "runner/store/store_json.h"

#include <jansson.h>
#include <stdlib.h>

#include "runner/base/util.h"
#include "runner/store/kept.h"
#include "runner/store/values.h"

static void put_stack(struct kept *of, json_t *object, const char *key, const struct stack *stack)
{
	value_put_number(object, key, (uint64_t)kept_keep(of, stack));
}

/* A schema before 2 has the frames themselves. */
static struct stack get_stack(struct kept *of, json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);
	return json_is_array(value) ? stack_of_json(value)
				    : kept_get(of, json_integer_value(value));
}

static void put_locks(struct kept *of, json_t *object, const struct participant *participant)
{
	json_t *array = json_array();
	for (size_t i = 0; i < participant->lock_count; i++) {
		json_t *one = json_object();
		value_put_text(one, "name", participant->locks[i].name);
		value_put_number(one, "address", participant->locks[i].address);
		value_put_flag(one, "shared", participant->locks[i].shared);
		put_stack(of, one, "created", &participant->locks[i].created);
		json_array_append_new(array, one);
	}
	json_object_set_new(object, "locks", array);
}

static void get_locks(struct kept *of, json_t *object, struct participant *participant)
{
	json_t *array = json_object_get(object, "locks");
	participant->lock_count = json_array_size(array);
	participant->locks = xcalloc(participant->lock_count, sizeof *participant->locks);
	for (size_t i = 0; i < participant->lock_count; i++) {
		json_t *one = json_array_get(array, i);
		participant->locks[i].name = value_get_text(one, "name");
		participant->locks[i].address = value_get_number(one, "address");
		participant->locks[i].shared = value_get_flag(one, "shared");
		participant->locks[i].created = get_stack(of, one, "created");
	}
}

static json_t *participant_value(struct kept *of, const struct participant *participant)
{
	json_t *one = json_object();
	value_put_text(one, "role", participant->role);
	value_put_text(one, "thread", participant->thread);
	value_put_flag(one, "write", participant->write);
	value_put_flag(one, "atomic", participant->atomic);
	value_put_flag(one, "frees", participant->frees);
	value_put_number(one, "address", participant->address);
	value_put_number(one, "size", participant->size);
	value_put_text(one, "type", participant->type);
	value_put_text(one, "operation", participant->operation);
	put_stack(of, one, "stack", &participant->stack);
	put_stack(of, one, "created", &participant->created);
	put_locks(of, one, participant);
	return one;
}

static struct participant get_participant(struct kept *of, json_t *one)
{
	struct participant participant = {
		.role = value_get_text(one, "role"),
		.thread = value_get_text(one, "thread"),
		.write = value_get_flag(one, "write"),
		.atomic = value_get_flag(one, "atomic"),
		.frees = value_get_flag(one, "frees"),
		.address = value_get_number(one, "address"),
		.size = value_get_number(one, "size"),
		.type = value_get_text(one, "type"),
		.operation = value_get_text(one, "operation"),
		.stack = get_stack(of, one, "stack"),
		.created = get_stack(of, one, "created"),
	};
	get_locks(of, one, &participant);
	return participant;
}

static void put_subject(struct kept *of, json_t *object, const struct subject *subject)
{
	value_put_text(object, "subject", subject->description);
	value_put_text(object, "subject_type", subject->type);
	value_put_text(object, "subject_member", subject->member);
	if (subject->kind != SUBJECT_UNKNOWN)
		value_put_text(object, "subject_kind", subject_kind_name(subject->kind));
	value_put_number(object, "subject_offset", subject->offset);
	value_put_number(object, "subject_size", subject->size);
	put_stack(of, object, "allocated", &subject->allocated);
}

/* Where an older ftstress wrote the description alone, the kind is not known. */
static struct subject get_subject(struct kept *of, json_t *object)
{
	char *kind = value_get_text(object, "subject_kind");
	struct subject subject = { .kind = subject_kind_parse(kind),
				   .type = value_get_text(object, "subject_type"),
				   .member = value_get_text(object, "subject_member"),
				   .offset = value_get_number(object, "subject_offset"),
				   .size = value_get_number(object, "subject_size"),
				   .description = value_get_text(object, "subject"),
				   .allocated = get_stack(of, object, "allocated") };
	free(kind);
	return subject;
}

enum evidence evidence_of(int64_t number)
{
	return number >= 0 && number <= EVIDENCE_EQUAL ? (enum evidence)number : EVIDENCE_NONE;
}

char *finding_to_json(const struct finding *finding, struct kept *of)
{
	json_t *object = json_object(), *participants = json_array();
	value_put_text(object, "explanation", finding->explanation);
	value_put_text(object, "detail", finding->detail);
	value_put_text(object, "said", finding->said);
	value_put_text(object, "because", finding->because);
	value_put_text(object, "cause", finding->cause);
	value_put_text(object, "graph", finding->graph);
	value_put_text(object, "command", finding->command);
	value_put_text(object, "suppressed_by", finding->suppressed_by);
	value_put_flag(object, "gil_off", finding->gil_off);
	value_put_flag(object, "gil_on", finding->gil_on);
	value_put_text(object, "evidence", finding->evidence);
	value_put_text(object, "interleaving", finding->interleaving);
	value_put_text(object, "script", finding->script);
	value_put_text(object, "no_script", finding->no_script);
	value_put_number(object, "evidence_shows", finding->shows);
	value_put_number(object, "as_written_runs", finding->as_written_runs);
	value_put_number(object, "as_written_seen", finding->as_written_seen);
	put_subject(of, object, &finding->subject);
	for (size_t i = 0; i < finding->participant_count; i++)
		json_array_append_new(participants,
				      participant_value(of, &finding->participants[i]));
	json_object_set_new(object, "participants", participants);
	return value_dump(object);
}

bool finding_from_json(const char *text, struct finding *finding, struct kept *of)
{
	json_t *object = json_loads(text, 0, NULL);
	if (!json_is_object(object)) {
		json_decref(object);
		return false;
	}
	json_t *participants = json_object_get(object, "participants");
	finding->explanation = value_get_text(object, "explanation");
	finding->detail = value_get_text(object, "detail");
	finding->said = value_get_text(object, "said");
	finding->because = value_get_text(object, "because");
	finding->cause = value_get_text(object, "cause");
	finding->graph = value_get_text(object, "graph");
	finding->command = value_get_text(object, "command");
	finding->suppressed_by = value_get_text(object, "suppressed_by");
	finding->gil_off = value_get_flag(object, "gil_off");
	finding->gil_on = value_get_flag(object, "gil_on");
	finding->evidence = value_get_text(object, "evidence");
	finding->interleaving = value_get_text(object, "interleaving");
	finding->script = value_get_text(object, "script");
	finding->no_script = value_get_text(object, "no_script");
	finding->shows = evidence_of((int64_t)value_get_number(object, "evidence_shows"));
	finding->as_written_runs = (unsigned)value_get_number(object, "as_written_runs");
	finding->as_written_seen = (unsigned)value_get_number(object, "as_written_seen");
	finding->subject = get_subject(of, object);
	finding->participant_count = json_array_size(participants);
	finding->participants = xcalloc(finding->participant_count, sizeof *finding->participants);
	for (size_t i = 0; i < finding->participant_count; i++)
		finding->participants[i] = get_participant(of, json_array_get(participants, i));
	json_decref(object);
	return true;
}
