/* sarif_parts.c - see sarif_parts.h. */
#include "reports/sarif_parts.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "reports/user_files.h"
#include "runner/model/cxx_name.h"
#include "runner/model/fingerprint.h"
#include "runner/symbols/source.h"

#define TEXT_MAX (size_t)4000
#define MESSAGE_MAX (size_t)20000
#define NAME_MAX_BYTES (size_t)300
#define FRAMES_MAX (size_t)60 /* of a stack, the innermost */
#define RELATED_MAX (size_t)30

struct sarif {
	struct user_files *files;
	struct source_cache *sources;
	const char *suite_file; /* the run's */
};

struct sarif *sarif_open(const struct run_info *run)
{
	struct sarif *sarif = xcalloc(1, sizeof *sarif);
	sarif->files = user_files_open(run);
	sarif->sources = source_open();
	sarif->suite_file = run->suite_file;
	return sarif;
}

void sarif_close(struct sarif *sarif)
{
	user_files_close(sarif->files);
	source_close(sarif->sources);
	free(sarif);
}

json_t *sarif_bases(const struct sarif *sarif)
{
	struct buf uri = { 0 };
	buf_puts(&uri, "file://");
	user_files_add_uri(&uri, user_files_root(sarif->files));
	buf_puts(&uri, "/");
	json_t *bases = json_pack("{s{ss}}", "%SRCROOT%", "uri", uri.data);
	buf_free(&uri);
	return bases;
}

static json_t *cut_text(const char *text, size_t most)
{
	struct buf cut = { 0 };
	text_add_most(&cut, text, most);
	json_t *value = json_stringn_nocheck(cut.data ? cut.data : "", cut.length);
	buf_free(&cut);
	return value;
}

json_t *sarif_text(const char *text)
{
	return cut_text(text, TEXT_MAX);
}

/* "{0}" stands for an argument, "[text](1)" for a link; braces are doubled, a link is taken apart. */
json_t *sarif_message(const char *text)
{
	struct buf clean = { 0 }, out = { 0 };
	text_add_most(&clean, text ? text : "", MESSAGE_MAX);
	for (size_t i = 0; i < clean.length; i++) {
		char c = clean.data[i];
		buf_add(&out, &c, 1);
		if (c == '{' || c == '}')
			buf_add(&out, &c, 1);
		if (c == ']' && clean.data[i + 1] == '(')
			buf_puts(&out, " ");
	}
	json_t *message = json_pack("{so}", "text",
				    json_stringn_nocheck(out.data ? out.data : "", out.length));
	buf_free(&clean);
	buf_free(&out);
	return message;
}

/* ---- places ---- */

static json_t *artifact_of(const char *path, const char *file)
{
	json_t *artifact = json_object();
	struct buf uri = { 0 };
	if (!path && *file == '/')
		buf_puts(&uri, "file://");
	char *cut = xstrndup(path ? path : file, PATH_MAX); /* what is longer is none */
	user_files_add_uri(&uri, cut);
	free(cut);
	json_object_set_new(artifact, "uri", json_string(uri.data ? uri.data : ""));
	if (path)
		json_object_set_new(artifact, "uriBaseId", json_string("%SRCROOT%"));
	buf_free(&uri);
	return artifact;
}

static json_t *region_of(struct sarif *sarif, const char *file, int line, bool snippet)
{
	struct source_line source;
	json_t *region = json_pack("{si}", "startLine", line);
	if (snippet && file && source_get(sarif->sources, file, line, &source)) {
		char *text = xstrndup(source.text, source.length);
		json_object_set_new(region, "snippet", json_pack("{so}", "text", text_json(text)));
		free(text);
	}
	return region;
}

/* `path`: in the repository, or NULL: `file` then, which may be NULL, too. */
static json_t *location_of(struct sarif *sarif, const char *path, const char *file, int line,
			   bool snippet)
{
	json_t *location = json_object(), *physical = json_object();
	if (!path && !file) {
		json_decref(physical);
		return location;
	}
	json_object_set_new(physical, "artifactLocation", artifact_of(path, file));
	if (line > 0)
		json_object_set_new(physical, "region", region_of(sarif, file, line, snippet));
	json_object_set_new(location, "physicalLocation", physical);
	return location;
}

static void set_function(json_t *location, const struct frame *frame)
{
	char *name = frame_name(frame);
	json_t *logical =
		json_pack("{so, ss}", "name", cut_text(name, NAME_MAX_BYTES), "kind", "function");
	json_object_set_new(logical, "fullyQualifiedName", sarif_text(frame->function));
	json_t *array = json_array();
	json_array_append_new(array, logical);
	json_object_set_new(location, "logicalLocations", array);
	free(name);
}

static json_t *location_of_frame(struct sarif *sarif, const struct frame *frame, bool snippet)
{
	json_t *location = location_of(sarif, user_files_find(sarif->files, frame->file),
				       frame->file, frame->line, snippet);
	set_function(location, frame);
	return location;
}

static void add_related(struct sarif *sarif, json_t *related, const struct frame *frame,
			const char *before, const char *what)
{
	if (!frame || !frame->file || !frame->line || json_array_size(related) == RELATED_MAX)
		return;
	struct buf text = { 0 };
	buf_puts(&text, before);
	text_add_most(&text, what, TEXT_MAX);
	json_t *location = location_of_frame(sarif, frame, true);
	json_object_set_new(location, "id", json_integer((json_int_t)json_array_size(related) + 1));
	json_object_set_new(location, "message", sarif_message(text.data));
	json_array_append_new(related, location);
	buf_free(&text);
}

/* The innermost frame that is no plumbing, or NULL. */
static const struct frame *own_frame(const struct stack *stack)
{
	for (size_t i = 0; i < stack->count; i++)
		if (!stack->frames[i].plumbing)
			return &stack->frames[i];
	return NULL;
}

static void add_side(struct sarif *sarif, json_t *related, const struct finding *finding,
		     const struct participant *side)
{
	struct text_place place = text_place(finding, side);
	struct buf what = { 0 };
	text_add_line(&what, side->role ? side->role : "thread");
	if (side->thread) {
		buf_puts(&what, ", ");
		text_add_line(&what, side->thread);
	}
	add_related(sarif, related, place.native, "", what.data);
	add_related(sarif, related, place.cython, "", what.data);
	add_related(sarif, related, place.python, "", what.data);
	for (size_t i = 0; i < side->lock_count; i++)
		add_related(sarif, related, own_frame(&side->locks[i].created),
			    "lock: ", side->locks[i].name ? side->locks[i].name : "a lock");
	buf_free(&what);
}

void sarif_add_locations(struct sarif *sarif, json_t *locations, json_t *related,
			 const struct finding *finding)
{
	struct user_place first = user_files_place(sarif->files, finding);
	const struct frame *frame = first.frame;
	const char *file = frame ? frame->file : NULL;
	if (!first.path && !file) { /* code scanning shows nothing that is at no file */
		file = sarif->suite_file;
		first.path = user_files_find(sarif->files, file);
	}
	json_t *location = location_of(sarif, first.path, file, first.line, true);
	if (frame)
		set_function(location, frame);
	json_array_append_new(locations, location);
	for (size_t i = 0; i < finding->participant_count; i++)
		add_side(sarif, related, finding, &finding->participants[i]);
	add_related(sarif, related, own_frame(&finding->subject.allocated), "the memory: ",
		    finding->subject.description ? finding->subject.description : "made here");
}

/* ---- flows ---- */

static json_t *step_of(struct sarif *sarif, const struct frame *frame, size_t depth, bool site,
		       const char *role)
{
	json_t *location = location_of_frame(sarif, frame, false);
	char *name = frame_name(frame);
	struct buf text = { 0 };
	text_add_most(&text, name, NAME_MAX_BYTES);
	if (site && role) {
		buf_puts(&text, ": ");
		text_add_most(&text, role, NAME_MAX_BYTES);
	}
	json_object_set_new(location, "message", sarif_message(text.data));
	json_t *step = json_object();
	json_object_set_new(step, "location", location);
	json_object_set_new(step, "nestingLevel", json_integer((json_int_t)depth));
	json_object_set_new(step, "importance",
			    json_string(site              ? "essential"
					: frame->plumbing ? "unimportant"
							  : "important"));
	free(name);
	buf_free(&text);
	return step;
}

/* From the thread's beginning to where it is. */
static json_t *thread_flow_of(struct sarif *sarif, const struct finding *finding,
			      const struct participant *side)
{
	const struct stack *stack = &side->stack;
	size_t count = stack->count < FRAMES_MAX ? stack->count : FRAMES_MAX;
	size_t site = text_site(finding, side);
	json_t *steps = json_array(), *flow = json_object();
	for (size_t i = count; i-- > 0;)
		json_array_append_new(steps, step_of(sarif, &stack->frames[i], count - 1 - i,
						     i == (site < count ? site : 0), side->role));
	if (side->thread)
		json_object_set_new(flow, "id", sarif_text(side->thread));
	if (side->role)
		json_object_set_new(flow, "message", sarif_message(side->role));
	json_object_set_new(flow, "locations", steps);
	return flow;
}

void sarif_add_flow(struct sarif *sarif, json_t *flows, const struct finding *finding)
{
	json_t *threads = json_array();
	for (size_t i = 0; i < finding->participant_count; i++)
		if (finding->participants[i].stack.count)
			json_array_append_new(
				threads, thread_flow_of(sarif, finding, &finding->participants[i]));
	if (json_array_size(threads)) {
		json_t *flow = json_object();
		struct buf text = { 0 };
		buf_printf(&text, "%s: ", finding->id);
		text_add_most(&text, finding->title ? finding->title : "", TEXT_MAX);
		json_object_set_new(flow, "message", sarif_message(text.data));
		json_object_set(flow, "threadFlows", threads);
		json_array_append_new(flows, flow);
		buf_free(&text);
	}
	json_decref(threads);
}
