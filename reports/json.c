/*
 * json.c - the report for programs; docs/report-schema.json is its schema.
 *
 * One finding at a time is built and written, so that a report of thousands takes no more memory
 * than its largest finding.
 */
#include "reports/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reports/entries.h"
#include "reports/formats.h"
#include "reports/json_run.h"
#include "reports/repeats.h"
#include "reports/text.h"
#include "runner/base/map.h"
#include "runner/model/fingerprint.h"
#include "runner/model/kinds.h"

/* "M12 (0x7f00), shared" */
static json_t *lock_name_of(const struct held_lock *lock)
{
	if (!lock->name || !lock->address)
		return text_json(lock->name);
	char *name = xprintf("%s (0x%" PRIx64 ")%s", lock->name, lock->address,
			     lock->shared ? ", shared" : "");
	json_t *value = text_json(name);
	free(name);
	return value;
}

static json_t *locks_of(struct repeats *repeats, const struct participant *participant)
{
	json_t *array = json_array();
	for (size_t i = 0; i < participant->lock_count; i++) {
		const struct held_lock *lock = &participant->locks[i];
		json_t *object = json_object();
		json_object_set_new(object, "name", lock_name_of(lock));
		json_object_set_new(object, "frames", repeats_stack(repeats, &lock->created));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *participant_of(struct repeats *repeats, const struct finding *finding,
			      const struct participant *participant)
{
	json_t *object = json_object();
	json_object_set_new(object, "role", text_json(participant->role));
	json_object_set_new(object, "thread", text_json(participant->thread));
	const char *access = participant->write ? "write" : "read";
	bool accessed = text_is_access(finding, participant);
	size_t site = text_site(finding, participant);
	json_object_set_new(object, "access", accessed ? json_string(access) : json_null());
	json_object_set_new(object, "atomic", json_boolean(participant->atomic));
	char address[24];
	snprintf(address, sizeof address, "0x%" PRIx64, participant->address);
	json_object_set_new(object, "address",
			    participant->address ? json_string(address) : json_null());
	json_object_set_new(object, "size", json_count(participant->size));
	if (participant->type)
		json_object_set_new(object, "type", text_json(participant->type));
	if (participant->operation)
		json_object_set_new(object, "operation", text_json(participant->operation));
	json_object_set_new(object, "frames", repeats_stack(repeats, &participant->stack));
	if (site != SITE_NONE)
		json_object_set_new(object, "site", json_count(site));
	if (text_mixed(finding, participant))
		json_object_set_new(object, "mixed", json_true());
	json_object_set_new(object, "created", repeats_stack(repeats, &participant->created));
	json_object_set_new(object, "locks", locks_of(repeats, participant));
	return object;
}

/*
 * "S.n.k" is a token, S the run's seed (docs/design.md): the seeds that show a finding are those
 * of its replays, each once.
 */
static json_t *seeds_of(const struct finding *finding)
{
	json_t *array = json_array();
	for (size_t i = 0; i < finding->replay_count; i++) {
		const char *replay = finding->replays[i];
		size_t length = strcspn(replay, ".");
		size_t seen = 0;
		for (; seen < i; seen++) {
			if (!strncmp(finding->replays[seen], replay, length) &&
			    strcspn(finding->replays[seen], ".") == length)
				break;
		}
		if (seen < i)
			continue;
		char *seed = xstrndup(replay, length);
		json_array_append_new(array, text_json(seed));
		free(seed);
	}
	return array;
}

static json_t *subject_of(struct repeats *repeats, const struct subject *subject)
{
	if (!subject->description && !subject->allocated.count)
		return json_null();
	json_t *object = json_object();
	json_object_set_new(object, "description", text_json(subject->description));
	json_object_set_new(object, "kind", json_string(subject_kind_name(subject->kind)));
	json_object_set_new(object, "type", text_json(subject->type));
	json_object_set_new(object, "member", text_json(subject->member));
	json_object_set_new(object, "offset", json_count(subject->offset));
	json_object_set_new(object, "size", json_count(subject->size));
	json_object_set_new(object, "allocated", repeats_stack(repeats, &subject->allocated));
	return object;
}

static json_t *as_written_of(const struct finding *finding)
{
	if (!finding->as_written_runs)
		return json_null();
	json_t *object = json_object();
	json_object_set_new(object, "runs", json_count(finding->as_written_runs));
	json_object_set_new(object, "seen", json_count(finding->as_written_seen));
	return object;
}

static void add_history(json_t *object, const struct finding *finding)
{
	json_object_set_new(object, "count", json_count(finding->count));
	json_object_set_new(object, "run_count", json_count(finding->run_count));
	json_object_set_new(object, "first_seen", json_integer(finding->first_seen));
	json_object_set_new(object, "last_seen", json_integer(finding->last_seen));
	json_object_set_new(object, "replays",
			    json_strings(finding->replays, finding->replay_count));
	json_object_set_new(object, "seeds", seeds_of(finding));
	json_object_set_new(object, "tests", json_strings(finding->tests, finding->test_count));
	json_object_set_new(object, "command", text_json(finding->command));
	json_object_set_new(object, "suppressed_by", text_json(finding->suppressed_by));
	json_t *gil = json_array();
	if (finding->gil_off)
		json_array_append_new(gil, json_string("off"));
	if (finding->gil_on)
		json_array_append_new(gil, json_string("on"));
	json_object_set_new(object, "gil", gil);
	json_object_set_new(object, "as_written", as_written_of(finding));
}

static bool is_of_locks(const struct finding *finding)
{
	return kind_info(finding->kind)->by_locks;
}

/* A lock order and a deadlock of the same locks have the same digits in their ids. */
static json_t *related_of(const struct report_input *input, const struct finding *finding)
{
	json_t *array = json_array();
	const char *digits = is_of_locks(finding) ? fingerprint_digits(finding->id) : NULL;
	for (size_t i = 0; digits && i < input->count; i++) {
		const struct finding *other = input->findings[i];
		const char *others = is_of_locks(other) ? fingerprint_digits(other->id) : NULL;
		if (others && other->kind != finding->kind && !strcmp(digits, others))
			json_array_append_new(array, text_json(other->id));
	}
	return array;
}

static void add_evidence(json_t *object, const struct finding *finding)
{
	static const char *const shows[] = {
		[EVIDENCE_NONE] = "nothing", [EVIDENCE_RAISES] = "raises",
		[EVIDENCE_HANGS] = "hangs",  [EVIDENCE_CRASHES] = "crashes",
		[EVIDENCE_LOSES] = "loses",  [EVIDENCE_EQUAL] = "equal"
	};
	if (!finding->evidence)
		return;
	json_object_set_new(object, "evidence", text_json(finding->evidence));
	json_object_set_new(object, "shows", json_string(shows[finding->shows]));
}

/* "rate", and that it came back. */
static void add_rate(json_t *object, const struct finding_rate *rate)
{
	if (rate->turns)
		json_object_set_new(object, "rate",
				    json_pack("{sI, sI, sf, sf}", "seen", (json_int_t)rate->seen,
					      "turns", (json_int_t)rate->turns, "low", rate->low,
					      "high", rate->high));
	if (rate->back)
		json_object_set_new(object, "back", json_true());
	if (!rate->iteration_count)
		return;
	json_t *array = json_array();
	for (size_t i = 0; i < rate->iteration_count; i++)
		json_array_append_new(array, json_integer(rate->iterations[i]));
	json_object_set_new(object, "iterations", array);
}

static json_t *fixed_of(const struct report_input *input)
{
	json_t *array = json_array();
	for (size_t i = 0; i < input->fixed_count; i++) {
		const struct report_fixed *fixed = &input->fixed[i];
		json_t *object = json_object();
		json_object_set_new(object, "id", text_json(fixed->id));
		json_object_set_new(object, "kind", json_string(finding_kind_name(fixed->kind)));
		json_object_set_new(object, "title", text_json(fixed->title));
		json_object_set_new(object, "findings", json_count(fixed->findings));
		json_object_set_new(object, "last_seen", json_integer(fixed->last_seen));
		json_object_set_new(object, "why", text_json(fixed->why));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *finding_of(struct repeats *repeats, const struct report_input *input, size_t at)
{
	const struct finding *finding = input->findings[at];
	json_t *object = json_object();
	json_object_set_new(object, "id", text_json(finding->id));
	json_object_set_new(object, "kind", json_string(finding_kind_name(finding->kind)));
	json_object_set_new(object, "title", text_json(finding->title));
	json_object_set_new(object, "explanation", text_json(finding->explanation));
	json_object_set_new(object, "detail", text_json(finding->detail));
	if (finding->said)
		json_object_set_new(object, "said", text_json(finding->said));
	if (finding->because)
		json_object_set_new(object, "because", text_json(finding->because));
	json_object_set_new(object, "graph", text_json(finding->graph));
	if (finding->interleaving)
		json_object_set_new(object, "interleaving", text_json(finding->interleaving));
	add_evidence(object, finding);
	if (finding->script)
		json_object_set_new(object, "script", text_json(finding->script));
	if (finding->no_script)
		json_object_set_new(object, "no_script", text_json(finding->no_script));
	json_t *related = related_of(input, finding);
	if (json_array_size(related))
		json_object_set(object, "related", related);
	json_decref(related);
	json_object_set_new(object, "follows", text_json(finding->follows));
	if (finding->rank)
		json_object_set_new(object, "rank", json_string(finding_rank_name(finding->rank)));
	json_object_set_new(object, "status", json_string(finding_status_name(finding->status)));
	add_history(object, finding);
	if (input->rates)
		add_rate(object, &input->rates[at]);
	json_object_set_new(object, "subject", subject_of(repeats, &finding->subject));
	json_t *threads = json_array();
	for (size_t i = 0; i < finding->participant_count; i++)
		json_array_append_new(threads,
				      participant_of(repeats, finding, &finding->participants[i]));
	json_object_set_new(object, "threads", threads);
	return object;
}

static json_t *ids_of(const struct finding *const *findings, size_t count)
{
	json_t *array = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, text_json(findings[i]->id));
	return array;
}

static json_t *fields_of(const struct fields *fields)
{
	json_t *array = json_array();
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->items[i];
		json_t *object = json_object();
		json_object_set_new(object, "text", text_json(field->text));
		json_object_set_new(object, "name", text_json(field->name));
		json_object_set_new(object, "type", text_json(field->type));
		json_object_set_new(object, "offset", json_count(field->offset));
		json_object_set_new(object, "findings", ids_of(field->races, field->race_count));
		json_array_append_new(array, object);
	}
	return array;
}

/* See docs/report-schema.json. */
static json_t *entry_of(const struct report_entry *entry)
{
	const struct finding *witness = entry->witness;
	json_t *object = json_object();
	json_object_set_new(object, "id", text_json(witness->id));
	json_object_set_new(object, "kind", json_string(finding_kind_name(witness->kind)));
	json_object_set_new(object, "title", text_json(entry->title));
	json_object_set_new(object, "status", json_string(finding_status_name(witness->status)));
	json_object_set_new(object, "findings", ids_of(entry->members, entry->count));
	add_evidence(object, witness);
	if (witness->rank)
		json_object_set_new(object, "rank", json_string(finding_rank_name(witness->rank)));
	if (!entry->fields)
		return object;
	if (entry->type)
		json_object_set_new(object, "type", text_json(entry->type));
	if (entry->within)
		json_object_set_new(object, "in", text_json(entry->of));
	json_object_set_new(object, "fields", fields_of(entry->fields));
	if (!entry->of_pairs) {
		json_object_set_new(object, "functions",
				    json_strings(entry->functions, entry->function_count));
		return object;
	}
	json_object_set_new(object, "operations",
			    json_strings(entry->operations, entry->operation_count));
	json_object_set_new(object, "operations_all", json_count(entry->operations_all));
	json_object_set_new(object, "pairs", json_strings(entry->pairs, entry->pair_count));
	return object;
}

static json_t *entries_of(const struct report_input *input)
{
	struct entries *entries = entries_new(input);
	json_t *array = json_array();
	for (size_t i = 0; i < entries->count; i++)
		json_array_append_new(array, entry_of(&entries->items[i]));
	entries_free(entries);
	return array;
}

/* The words of the kinds; the page has none of its own. */
static json_t *kinds_of(void)
{
	json_t *array = json_array();
	for (enum finding_kind kind = 0; kind < FINDING_KINDS; kind++) {
		const struct finding_kind_info *info = kind_info(kind);
		json_array_append_new(array, json_pack("{ss, ss, ss, ss, sb}", "name", info->name,
						       "one", info->one, "many", info->many,
						       "meaning", info->meaning, "waits",
						       info->threads == KIND_WAITS));
	}
	return array;
}

static json_t *ranks_of(void)
{
	json_t *array = json_array();
	for (enum finding_rank rank = RANK_NONE + 1; rank < RANKS; rank++)
		json_array_append_new(array, json_pack("{ss, ss}", "name", finding_rank_name(rank),
						       "meaning", finding_rank_meaning(rank)));
	return array;
}

/* Write `value` and release it. */
static int dump(json_t *value, json_dump_callback_t sink, void *data)
{
	int result = json_dump_callback(value, sink, data,
					JSON_COMPACT | JSON_REAL_PRECISION(9) | JSON_ENCODE_ANY);
	json_decref(value);
	return result;
}

static int put(const char *text, json_dump_callback_t sink, void *data)
{
	return sink(text, strlen(text), data);
}

/* Each finding's place in the report, by its id. */
static struct map places_of(const struct report_input *input)
{
	struct map places = { 0 };
	for (size_t i = 0; i < input->count; i++)
		map_set(&places, hash_string(0, input->findings[i]->id), i);
	return places;
}

static int put_tables(struct repeats *repeats, json_dump_callback_t sink, void *data)
{
	return put(",\n\"frames\":", sink, data) || put(repeats_frames(repeats), sink, data) ||
	       put(",\n\"stacks\":", sink, data) || put(repeats_stacks(repeats), sink, data) ||
	       put(",\n\"sources\":", sink, data) ||
	       dump(json_incref(repeats_sources(repeats)), sink, data);
}

int report_json_dump(const struct report_input *input, json_dump_callback_t sink, void *data)
{
	int result = -1;
	struct repeats *repeats = repeats_new();
	struct map places = places_of(input);
	if (put("{\"schema\":2,\n\"run\":", sink, data) ||
	    dump(json_run(input->run, &places), sink, data) || put(",\n\"kinds\":", sink, data) ||
	    dump(kinds_of(), sink, data) || put(",\n\"ranks\":", sink, data) ||
	    dump(ranks_of(), sink, data) || put(",\n\"entries\":", sink, data) ||
	    dump(entries_of(input), sink, data) || put(",\n\"fixed\":", sink, data) ||
	    dump(fixed_of(input), sink, data) || put(",\n\"findings\":[", sink, data))
		goto end;
	for (size_t i = 0; i < input->count; i++) {
		if (put(i ? ",\n" : "\n", sink, data) ||
		    dump(finding_of(repeats, input, i), sink, data))
			goto end;
	}
	result = put("\n]", sink, data) || put_tables(repeats, sink, data) || put("}\n", sink, data)
			 ? -1
			 : 0;
end:
	map_free(&places);
	repeats_free(repeats);
	return result;
}

static int to_file(const char *bytes, size_t length, void *data)
{
	return fwrite(bytes, 1, length, data) == length ? 0 : -1;
}

static int json_write(FILE *out, const struct report_input *input)
{
	errno = 0;
	if (report_json_dump(input, to_file, out))
		return errno ? errno : EIO;
	return report_flush(out);
}

const struct report_format report_json = {
	.name = "json",
	.extension = "json",
	.help = "for programs; docs/report-schema.json describes it",
	.write = json_write,
};
