/*
 * sarif.c - the report as SARIF 2.1.0, for code scanning: an entry (entries.h) is a result.
 *
 *	rules                a kind of finding each
 *	result               message: title and the entry in lines of text (told.h); level (level.h)
 *	  locations          where to look first, in the repository if anything of it is (user_files.h)
 *	  relatedLocations   the other threads' places, where the memory was made, where locks were taken
 *	  codeFlows          one a finding; in it a thread flow a thread, from its beginning to the access
 *	  partialFingerprints  the entry's id; primaryLocationLineHash is GitHub's name for it
 *	  suppressions       of what is documented, upstream or suppressed
 *	  baselineState      "new", or "unchanged" if an earlier run had it
 *
 * GitHub takes 10 MB and 25,000 results. So the results are made twice, with and without flows: as many of the
 * first ones (the gravest) as fit have flows, and if even the others are too many, the last are left out. A
 * notification of the run, and a message to the user, say how many.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reports/entries.h"
#include "reports/formats.h"
#include "reports/level.h"
#include "reports/sarif_parts.h"
#include "reports/told.h"

#define BYTES_MAX (size_t)10000000 /* of the file */
#define RESULTS_MAX (size_t)25000
#define ROOM (size_t)1000000 /* for what stands around the results */
#define TEXT_MAX (size_t)6000
#define FLOWS_MAX (size_t)5 /* of an entry */
#define NOTES_MAX (size_t)100
#define NOTE_MAX (size_t)1000

#define SCHEMA                                                                                     \
	"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

/* ---- results ---- */

static json_t *message_of(const struct report_input *input, const struct entries *entries,
			  const struct report_entry *entry)
{
	struct buf text = { 0 };
	text_add_most(&text, entry->title, TEXT_MAX);
	buf_puts(&text, "\n\n");
	char *told = told_text(input, entries, entry, TEXT_MAX);
	buf_puts(&text, told);
	free(told);
	if (entry->witness->explanation) {
		buf_puts(&text, "\n");
		text_add_most(&text, entry->witness->explanation, TEXT_MAX);
	}
	json_t *message = sarif_message(text.data);
	buf_free(&text);
	return message;
}

static json_t *suppressions_of(const struct finding *finding)
{
	json_t *array = json_array(), *one;
	if (finding->status == STATUS_NEW || finding->status == STATUS_KNOWN)
		return array;
	one = json_pack("{ss, ss}", "kind", "external", "status", "accepted");
	struct buf why = { 0 };
	buf_puts(&why, finding_status_name(finding->status));
	if (finding->suppressed_by) {
		buf_puts(&why, ": ");
		text_add_most(&why, finding->suppressed_by, TEXT_MAX);
	}
	json_object_set_new(one, "justification", text_json(why.data));
	buf_free(&why);
	json_array_append_new(array, one);
	return array;
}

/* Did an earlier run see one of the members? */
static bool seen_before(const struct report_entry *entry)
{
	for (size_t i = 0; i < entry->count; i++) {
		const struct finding *member = entry->members[i];
		if (member->status == STATUS_KNOWN || member->count > member->run_count)
			return true;
	}
	return false;
}

/* Two findings of different kinds can have the same digits: their rules differ, but let nobody rely on it. */
static json_t *fingerprints_of(const char *id)
{
	char hash[40];
	snprintf(hash, sizeof hash, "%016" PRIx64 ":1", hash_string(0, id));
	return json_pack("{ss, ss}", "ftstress/id/v1", id, "primaryLocationLineHash", hash);
}

static json_t *properties_of(const struct report_entry *entry)
{
	const struct finding *witness = entry->witness;
	json_t *object = json_object(), *ids = json_array(), *tests = json_array();
	for (size_t i = 0; i < entry->count && i < 1000; i++)
		json_array_append_new(ids, text_json(entry->members[i]->id));
	for (size_t i = 0; i < witness->test_count; i++)
		json_array_append_new(tests, sarif_text(witness->tests[i]));
	json_object_set_new(object, "status", json_string(finding_status_name(witness->status)));
	json_object_set_new(object, "findings", ids);
	json_object_set_new(object, "tests", tests);
	if (witness->rank)
		json_object_set_new(object, "raceRank",
				    json_string(finding_rank_name(witness->rank)));
	if (witness->evidence)
		json_object_set_new(object, "evidence", sarif_text(witness->evidence));
	if (witness->command)
		json_object_set_new(object, "command", sarif_text(witness->command));
	if (witness->follows)
		json_object_set_new(object, "follows", text_json(witness->follows));
	return object;
}

static uint64_t times_of(const struct report_entry *entry)
{
	uint64_t times = 0;
	for (size_t i = 0; i < entry->count; i++)
		times += entry->members[i]->run_count;
	return times < 1 ? 1 : times > INT_MAX ? INT_MAX : times;
}

static json_t *flows_of(struct sarif *sarif, const struct report_entry *entry)
{
	json_t *flows = json_array();
	sarif_add_flow(sarif, flows, entry->witness);
	for (size_t i = 0; i < entry->count && json_array_size(flows) < FLOWS_MAX; i++)
		if (entry->members[i] != entry->witness)
			sarif_add_flow(sarif, flows, entry->members[i]);
	return flows;
}

/* An empty array says that there are none; SARIF wants some arrays left out then. */
static void set_if_any(json_t *object, const char *name, json_t *array)
{
	if (json_array_size(array))
		json_object_set(object, name, array);
	json_decref(array);
}

static json_t *result_of(struct sarif *sarif, const struct report_input *input,
			 const struct entries *entries, const struct report_entry *entry)
{
	const struct finding *witness = entry->witness;
	json_t *result = json_object(), *locations = json_array(), *related = json_array();
	json_object_set_new(result, "ruleId", json_string(finding_kind_name(witness->kind)));
	json_object_set_new(result, "ruleIndex", json_integer(witness->kind));
	json_object_set_new(result, "kind", json_string("fail"));
	json_object_set_new(result, "level", json_string(level_name(level_of_entry(entry))));
	json_object_set_new(result, "message", message_of(input, entries, entry));
	sarif_add_locations(sarif, locations, related, witness);
	json_object_set_new(result, "locations", locations);
	json_object_set_new(result, "occurrenceCount", json_integer((json_int_t)times_of(entry)));
	json_object_set_new(result, "partialFingerprints", fingerprints_of(witness->id));
	json_object_set_new(result, "baselineState",
			    json_string(seen_before(entry) ? "unchanged" : "new"));
	/* An empty array: that it is not suppressed is known. */
	json_object_set_new(result, "suppressions", suppressions_of(witness));
	json_object_set_new(result, "properties", properties_of(entry));
	set_if_any(result, "relatedLocations", related);
	set_if_any(result, "codeFlows", flows_of(sarif, entry));
	return result;
}

/* ---- the file within its limits ---- */

struct results {
	char **with, **without; /* flows; of those that are written one of the two */
	size_t count;           /* that are made */
	size_t bare, left_out;  /* without flows for want of room; not written at all */
};

static char *dumped(json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT);
	if (!text)
		abort(); /* of valid strings only without memory, for which xmalloc ends as well */
	return text;
}

static void make_results(struct results *results, struct sarif *sarif,
			 const struct report_input *input, const struct entries *entries)
{
	results->count = entries->count < RESULTS_MAX ? entries->count : RESULTS_MAX;
	results->left_out = entries->count - results->count;
	results->with = xcalloc(results->count + 1, sizeof *results->with);
	results->without = xcalloc(results->count + 1, sizeof *results->without);
	for (size_t i = 0; i < results->count; i++) {
		json_t *result = result_of(sarif, input, entries, &entries->items[i]);
		results->with[i] = dumped(result);
		json_object_del(result, "codeFlows");
		json_object_del(result, "relatedLocations");
		results->without[i] = dumped(result);
		json_decref(result);
	}
}

/* Leaves of each result one text: the one with flows as long as there is room for all the others. */
static void fit_results(struct results *results)
{
	size_t total = ROOM, kept = 0;
	while (kept < results->count && total + strlen(results->without[kept]) + 2 <= BYTES_MAX)
		total += strlen(results->without[kept++]) + 2;
	for (size_t i = 0; i < results->count; i++) {
		size_t more = strlen(results->with[i]) - strlen(results->without[i]);
		bool whole = i < kept && total + more <= BYTES_MAX;
		total += whole ? more : 0;
		results->bare += i < kept && !whole;
		char **out = whole ? &results->without[i] : &results->with[i];
		free(*out);
		*out = NULL;
	}
	results->left_out += results->count - kept;
	for (size_t i = kept; i < results->count; i++)
		free(results->without[i]);
	results->count = kept;
}

static void results_clear(struct results *results)
{
	for (size_t i = 0; i < results->count; i++) {
		free(results->with[i]);
		free(results->without[i]);
	}
	free(results->with);
	free(results->without);
}

/* What was left out for want of room; nothing if nothing was. */
static void add_cuts(struct buf *out, const struct results *results)
{
	if (results->left_out)
		buf_printf(out,
			   "%zu of %zu entries are left out: GitHub takes no more than 10 MB and "
			   "25,000 results",
			   results->left_out, results->left_out + results->count);
	if (results->bare)
		buf_printf(out,
			   "%s%zu results have no stacks, for want of room: GitHub takes no more "
			   "than 10 MB",
			   results->left_out ? "; " : "", results->bare);
}

/* ---- the run ---- */

static json_t *notification(const char *level, const char *text)
{
	return json_pack("{ss, so}", "level", level, "message", sarif_message(text));
}

static json_t *note_of(const char *note)
{
	struct buf text = { 0 };
	text_add_most(&text, note, NOTE_MAX);
	json_t *value = notification("note", text.data);
	buf_free(&text);
	return value;
}

static json_t *notifications_of(const struct report_input *input, const struct results *results)
{
	const struct run_info *run = input->run;
	json_t *array = json_array();
	struct buf text = { 0 };
	add_cuts(&text, results);
	if (text.length)
		json_array_append_new(array, notification("warning", text.data));
	buf_free(&text);
	for (size_t i = 0; i < run->note_count && i < NOTES_MAX; i++)
		json_array_append_new(array, note_of(run->notes[i]));
	return array;
}

static void set_time(json_t *object, const char *name, int64_t seconds)
{
	time_t when = (time_t)seconds;
	struct tm utc;
	char text[40];
	if (!seconds || !gmtime_r(&when, &utc) ||
	    !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc))
		return;
	json_object_set_new(object, name, json_string(text));
}

static json_t *invocation_of(const struct report_input *input, const struct results *results)
{
	const struct run_info *run = input->run;
	json_t *object = json_object();
	/* Findings are what it is for: with them it went well. */
	bool well = run->exit_code == EXIT_CLEAN || run->exit_code == EXIT_FINDINGS;
	json_object_set_new(object, "executionSuccessful", json_boolean(well));
	json_object_set_new(object, "exitCode", json_integer(run->exit_code));
	if (run->command)
		json_object_set_new(object, "commandLine", sarif_text(run->command));
	set_time(object, "startTimeUtc", run->started);
	set_time(object, "endTimeUtc", run->ended);
	json_object_set_new(object, "toolExecutionNotifications", notifications_of(input, results));
	return object;
}

/* "DataRace" of "data-race": SARIF wants a name that reads as an identifier. */
static json_t *rule_name_of(const char *name)
{
	struct buf text = { 0 };
	for (bool first = true; *name; name++) {
		char c = first && *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name;
		if (*name != '-')
			buf_add(&text, &c, 1);
		first = *name == '-';
	}
	json_t *value = json_string(text.data);
	buf_free(&text);
	return value;
}

static json_t *rules_of(void)
{
	json_t *array = json_array();
	for (enum finding_kind kind = 0; kind < FINDING_KINDS; kind++) {
		const struct finding_kind_info *info = kind_info(kind);
		json_t *rule = json_object();
		json_object_set_new(rule, "id", json_string(info->name));
		json_object_set_new(rule, "name", rule_name_of(info->name));
		json_object_set_new(rule, "shortDescription", sarif_message(info->one));
		json_object_set_new(rule, "fullDescription", sarif_message(info->meaning));
		json_object_set_new(rule, "help", sarif_message(info->meaning));
		json_object_set_new(rule, "defaultConfiguration",
				    json_pack("{ss}", "level", level_name(info->level)));
		json_object_set_new(rule, "properties",
				    json_pack("{s[ss]}", "tags", "concurrency", "free-threading"));
		json_array_append_new(array, rule);
	}
	return array;
}

static json_t *run_of(struct sarif *sarif, const struct report_input *input,
		      const struct results *results)
{
	const struct run_info *run = input->run;
	json_t *driver = json_object(), *object = json_object();
	json_object_set_new(driver, "name", json_string("ftstress"));
	if (run->version)
		json_object_set_new(driver, "version", sarif_text(run->version));
	json_object_set_new(driver, "rules", rules_of());
	json_object_set_new(object, "tool", json_pack("{so}", "driver", driver));
	struct buf id = { 0 };
	buf_puts(&id, "ftstress/");
	text_add_most(&id, run->suite ? run->suite : "suite", 200);
	buf_puts(&id, "/");
	json_object_set_new(object, "automationDetails",
			    json_pack("{so}", "id", text_json(id.data)));
	buf_free(&id);
	json_t *invocations = json_array();
	json_array_append_new(invocations, invocation_of(input, results));
	json_object_set_new(object, "invocations", invocations);
	json_object_set_new(object, "originalUriBaseIds", sarif_bases(sarif));
	return object;
}

static void write_all(FILE *out, const char *head, const struct results *results)
{
	/* The results go into the run's object, before the brace that ends it. */
	fprintf(out, "{\"$schema\":\"%s\",\"version\":\"2.1.0\",\"runs\":[\n", SCHEMA);
	fwrite(head, 1, strlen(head) - 1, out);
	fputs(",\"results\":[", out);
	for (size_t i = 0; i < results->count && !ferror(out); i++)
		fprintf(out, "%s\n%s", i ? "," : "",
			results->with[i] ? results->with[i] : results->without[i]);
	fputs("\n]}]}\n", out);
}

static int sarif_write(FILE *out, const struct report_input *input)
{
	struct results results = { 0 };
	struct buf cuts = { 0 };
	struct entries *entries = entries_new(input);
	struct sarif *sarif = sarif_open(input->run);
	make_results(&results, sarif, input, entries);
	fit_results(&results);
	add_cuts(&cuts, &results);
	if (cuts.length)
		warn("SARIF: %s; the other formats have all", cuts.data);
	json_t *run = run_of(sarif, input, &results);
	char *head = dumped(run);
	json_decref(run);
	errno = 0;
	write_all(out, head, &results);
	int error = report_flush(out);
	free(head);
	buf_free(&cuts);
	results_clear(&results);
	sarif_close(sarif);
	entries_free(entries);
	return error;
}

const struct report_format report_sarif = {
	.name = "sarif",
	.extension = "sarif",
	.help = "SARIF 2.1.0, for code scanning",
	.write = sarif_write,
};
