/* cython.c - see cython.h. */
#include "runner/symbols/cython.h"

#include <ctype.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/map.h"
#include "runner/base/meanwhile.h"
#include "runner/base/util.h"

struct mark {
	int c_line, line;
	size_t source; /* index in sources */
};

struct generated {
	char **sources;
	size_t source_count, source_capacity;
	struct mark *marks; /* by c_line */
	size_t count, capacity;
	struct map functions; /* C line -> hash of the name of the function that begins there */
	char *path;           /* of this file */
	int utility; /* C line of `#line 1 "cython_utility"`, after which helpers stand; or 0 */
};

struct cython {
	const char *const *dirs;
	size_t dir_count;
	struct map by_path;       /* hash of path -> index in files */
	struct generated **files; /* NULL: there is no such file, or Cython did not generate it */
	size_t count, capacity;
	struct map helpers_by_module; /* hash of folder and module -> index in files */
	struct map helpers_missed; /* hash of folder, module and function: its file was not found */
};

struct cython *cython_open(const char *const *source_dirs, size_t count)
{
	struct cython *cython = xcalloc(1, sizeof *cython);
	cython->dirs = source_dirs;
	cython->dir_count = count;
	return cython;
}

static void generated_free(struct generated *file)
{
	if (!file)
		return;
	for (size_t i = 0; i < file->source_count; i++)
		free(file->sources[i]);
	free(file->sources);
	free(file->marks);
	free(file->path);
	map_free(&file->functions);
	free(file);
}

void cython_close(struct cython *cython)
{
	if (!cython)
		return;
	for (size_t i = 0; i < cython->count; i++)
		generated_free(cython->files[i]);
	free(cython->files);
	map_free(&cython->by_path);
	map_free(&cython->helpers_by_module);
	map_free(&cython->helpers_missed);
	free(cython);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static bool starts(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

static bool ends(const char *text, const char *suffix)
{
	size_t length = strlen(text), tail = strlen(suffix);
	return length >= tail && !strcmp(text + length - tail, suffix);
}

/* ---- names ---- */

/*
 * Kinds of functions that the user wrote. `suffix`: what the user called it, if Cython drops that.
 */
static const struct {
	const char *prefix, *suffix;
} kinds[] = {
	{ "__pyx_pf_", NULL },
	{ "__pyx_f_", NULL },
	{ "__pyx_gb_", NULL },
	{ "__pyx_tp_new_", "__new__" },
	{ "__pyx_tp_dealloc_", "__dealloc__" },
	{ "__pyx_tp_clear_", "tp_clear" },
	{ "__pyx_tp_traverse_", "tp_traverse" },
};

/* The scope at `text` ("7MT19937_"): its length, with *name and *size; 0 if there is none. */
static size_t scope_at(const char *text, const char **name, size_t *size)
{
	char *end;
	if (!isdigit((unsigned char)*text))
		return 0;
	unsigned long length = strtoul(text, &end, 10);
	if (!length || length >= strlen(end) + 1 || (end[length] != '_' && end[length] != '\0'))
		return 0;
	for (size_t i = 0; i < length; i++) {
		if (!isalnum((unsigned char)end[i]) && end[i] != '_')
			return 0;
	}
	*name = end;
	*size = length;
	return (size_t)(end - text) + length + (end[length] == '_');
}

static bool is_module(const char *name, size_t size, const char *module)
{
	return module && !strncmp(module, name, size) && (module[size] == '.' || !module[size]);
}

char *cython_demangle(const char *name, const char *module)
{
	const char *rest = NULL, *suffix = NULL, *scope;
	size_t size, step;
	struct buf out = { 0 };

	if (starts(name, "__pyx_fuse_") && strstr(name + 11, "__pyx_"))
		name = strstr(name + 11, "__pyx_");
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !rest; i++) {
		if (starts(name, kinds[i].prefix)) {
			rest = name + strlen(kinds[i].prefix);
			suffix = kinds[i].suffix;
		}
	}
	if (!rest)
		return NULL;
	while ((step = scope_at(rest, &scope, &size))) {
		rest += step;
		if (is_module(scope, size, module)) {
			buf_clear(&out);
			continue;
		}
		buf_printf(&out, "%s%.*s", out.length ? "." : "", (int)size, scope);
	}
	if (!suffix) {
		while (isdigit((unsigned char)*rest))
			rest++;
		suffix = rest;
	} else if (*rest) { /* __pyx_tp_new_5numpy_..._MT19937: the class has no length before it */
		buf_printf(&out, "%s%s", out.length ? "." : "", rest);
	}
	size_t length = strcspn(suffix, ". "); /* without a compiler's .isra.0, .cold, " [clone]" */
	if (length)
		buf_printf(&out, "%s%.*s", out.length ? "." : "", (int)length, suffix);
	return buf_take(&out);
}

/* ---- lines ---- */

static size_t source_number(struct generated *file, const char *name, size_t length)
{
	for (size_t i = file->source_count; i-- > 0;) {
		if (strlen(file->sources[i]) == length && !memcmp(file->sources[i], name, length))
			return i;
	}
	ARRAY_PUSH(file->sources, file->source_count, file->source_capacity,
		   xstrndup(name, length));
	return file->source_count - 1;
}

/* Adds a mark, if the line has the form `/ * "file":12`. */
static void mark_line(struct generated *file, const char *text, const char *end, int c_line)
{
	while (text < end && isspace((unsigned char)*text))
		text++;
	if (end - text < 6 || memcmp(text, "/* \"", 4) != 0)
		return;
	const char *name = text + 4, *quote = memchr(name, '"', (size_t)(end - name));
	if (!quote || end - quote < 3 || quote[1] != ':' || !isdigit((unsigned char)quote[2]))
		return;
	struct mark mark = { c_line, atoi(quote + 2), 0 };
	mark.source = source_number(file, name, (size_t)(quote - name));
	ARRAY_PUSH(file->marks, file->count, file->capacity, mark);
}

/* Adds a function, if a definition or declaration begins in this line's first column. */
static void function_line(struct generated *file, const char *text, const char *end, int c_line)
{
	const char *open = memchr(text, '(', (size_t)(end - text));
	if (text == end || isspace((unsigned char)*text) || !open)
		return;
	const char *name = open;
	while (name > text && (isalnum((unsigned char)name[-1]) || name[-1] == '_'))
		name--;
	uint64_t hash = hash_bytes(0, name, (size_t)(open - name)) >> 1;
	map_set(&file->functions, (uint64_t)c_line, hash);
}

static struct generated *generated_read(const char *path)
{
	size_t length;
	char *text = read_file(path, &length);
	if (!text)
		return NULL;
	if (!starts(text, "/* Generated by Cython")) {
		free(text);
		return NULL;
	}
	static const char utility[] = "#line 1 \"cython_utility\"";
	struct generated *file = xcalloc(1, sizeof *file);
	const char *end = text + length;
	file->path = xstrdup(path);
	int c_line = 1;
	for (const char *line = text; line < end; c_line++) {
		const char *next = memchr(line, '\n', (size_t)(end - line));
		mark_line(file, line, next ? next : end, c_line);
		if (!strncmp(line, utility, sizeof utility - 1))
			file->utility = c_line;
		function_line(file, line, next ? next : end, c_line);
		meanwhile();
		if (!next)
			break;
		line = next + 1;
	}
	free(text);
	return file;
}

/*
 * Looks for the file below the source folders: with its whole path, then with ever shorter ends of
 * it.
 */
static struct generated *generated_search(const struct cython *cython, const char *path)
{
	for (const char *tail = path; tail; tail = strchr(tail, '/')) {
		while (*tail == '/')
			tail++;
		for (size_t i = 0; i < cython->dir_count; i++) {
			char *there = xprintf("%s/%s", cython->dirs[i], tail);
			struct generated *file = generated_read(there);
			free(there);
			if (file)
				return file;
		}
	}
	return NULL;
}

static const struct generated *generated_get(struct cython *cython, const char *path)
{
	uint64_t hash = hash_string(0, path);
	uint64_t at = map_get(&cython->by_path, hash);
	if (at != MAP_NONE)
		return cython->files[at];
	struct generated *file = generated_read(path);
	if (!file)
		file = generated_search(cython, path);
	ARRAY_PUSH(cython->files, cython->count, cython->capacity, file);
	map_set(&cython->by_path, hash, cython->count - 1);
	return file;
}

/* The last mark at or above the C line. */
static const struct mark *mark_above(const struct generated *file, int c_line)
{
	size_t low = 0, high = file->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (file->marks[middle].c_line <= c_line)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &file->marks[low - 1] : NULL;
}

/*
 * "numpy/random/_mt19937.pyx", from ".../x.so.p/numpy/random/_mt19937.pyx.c"; to be freed. NULL if
 * the name has no such form.
 */
static char *source_name(const char *path)
{
	const char *dot = strrchr(path, '.');
	if (!dot || (!ends(path, ".pyx.c") && !ends(path, ".pyx.cpp")))
		return NULL;
	size_t length = (size_t)(dot - path);
	const char *build = strstr(path, ".so.p/"); /* meson's folder of a target */
	if (!build)
		build = strstr(path, ".pyd.p/");
	const char *from = build ? strchr(build, '/') + 1 : path;
	return xstrndup(from, length - (size_t)(from - path));
}

/* ---- code of Cython's own ---- */

/*
 * Cython writes helpers into each module, and makes methods for a class. With line directives, the
 * debug information says that their lines are of "cython_utility" or "(tree fragment)". There are
 * no such files: the code stands in the generated file.
 */
static bool is_utility(const char *path)
{
	return !strcmp(base_name(path), "cython_utility");
}

static bool is_cython_source(const char *path)
{
	return ends(path, ".pyx") || ends(path, ".pxd") || ends(path, ".pxi") || ends(path, ".py");
}

static bool is_no_file(const char *path)
{
	static const char *const endings[] = { ".c", ".cc", ".cpp", ".cxx", ".C", ".h", ".hpp" };
	if (is_cython_source(path))
		return false;
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		if (ends(path, endings[i]))
			return false;
	return true;
}

/* Is `name` the file that Cython generates for the module `stem`: "stem.c", "stem.pyx.cpp"? */
static bool is_of_module(const char *name, const char *stem, size_t length)
{
	static const char *const endings[] = { ".c", ".cpp", ".pyx.c", ".pyx.cpp", ".py.c" };
	if (strncmp(name, stem, length) != 0)
		return false;
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		if (!strcmp(name + length, endings[i]))
			return true;
	return false;
}

/* Is it the file that was compiled? Then the function begins at the line that the debug information
 * gives. (A file that another Cython has generated has other lines.) */
static bool same_build(const struct generated *file, const char *c_name, int function_start)
{
	uint64_t there = map_get(&file->functions, (uint64_t)function_start);
	uint64_t name = hash_bytes(0, c_name, strcspn(c_name, ". ")) >> 1;
	return function_start <= 0 || there == name;
}

static bool has_helper(const struct generated *file, const struct frame *frame, int start)
{
	return file && file->utility && start > 0 &&
	       same_build(file, frame->function, start + file->utility);
}

/* Searches a folder for the generated file that has the frame's helper. */
static const struct generated *helper_below(struct cython *cython, const char *folder,
					    const struct frame *frame, int start)
{
	enum { DEEP = 8 };
	char *const roots[] = { (char *)folder, NULL };
	size_t length = strcspn(frame->module, ".");
	const struct generated *found = NULL;
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	for (FTSENT *entry; walk && !found && (entry = fts_read(walk));) {
		bool hidden = entry->fts_level > 0 && *entry->fts_name == '.';
		if (entry->fts_info == FTS_D && (hidden || entry->fts_level > DEEP))
			fts_set(walk, entry, FTS_SKIP);
		if (entry->fts_info == FTS_D || entry->fts_info == FTS_DP ||
		    !is_of_module(entry->fts_name, frame->module, length))
			continue;
		const struct generated *file = generated_get(cython, entry->fts_path);
		found = has_helper(file, frame, start) ? file : NULL;
	}
	if (walk)
		fts_close(walk);
	return found;
}

/* The generated file that has the frame's helper. It is searched for once for each module: in the
 * folder where the compiler ran, then in the source folders. */
static const struct generated *helper_file(struct cython *cython, const struct frame *frame,
					   int start)
{
	const char *slash = strrchr(frame->file, '/');
	if (!slash || !frame->module)
		return NULL;
	uint64_t key = hash_string(hash_string(1, frame->file), frame->module);
	uint64_t missed = hash_string(key, frame->function);
	uint64_t at = map_get(&cython->helpers_by_module, key);
	if (at != MAP_NONE && has_helper(cython->files[at], frame, start))
		return cython->files[at];
	if (at != MAP_NONE || map_get(&cython->helpers_missed, missed) != MAP_NONE)
		return NULL;
	char *folder = xstrndup(frame->file, (size_t)(slash - frame->file));
	const struct generated *found = *folder ? helper_below(cython, folder, frame, start) : NULL;
	for (size_t i = 0; i < cython->dir_count && !found; i++)
		found = helper_below(cython, cython->dirs[i], frame, start);
	free(folder);
	if (found)
		map_set(&cython->helpers_by_module, key,
			map_get(&cython->by_path, hash_string(0, found->path)));
	else
		map_set(&cython->helpers_missed, missed, 0);
	return found;
}

/* Sets file and line to those of the generated file, or to none. */
static void set_generated_line(struct cython *cython, struct frame *frame, int function_start)
{
	const struct generated *file =
		is_utility(frame->file) ? helper_file(cython, frame, function_start) : NULL;
	free(frame->file);
	frame->file = file ? xstrdup(file->path) : NULL;
	frame->line = file && frame->line ? frame->line + file->utility : 0;
}

/* ---- frames ---- */

static void set_line(struct cython *cython, struct frame *frame, const char *c_name,
		     int function_start)
{
	if (!frame->file || is_cython_source(frame->file))
		return; /* a #line directive has said it already */
	const struct generated *file = generated_get(cython, frame->file);
	if (file && !same_build(file, c_name, function_start))
		file = NULL;
	int c_line = frame->line ? frame->line : function_start;
	const struct mark *mark = file && c_line ? mark_above(file, c_line) : NULL;
	if (mark && is_no_file(file->sources[mark->source]))
		return; /* Cython made this code: there is nothing but the generated file */
	char *name = mark ? xstrdup(file->sources[mark->source]) : source_name(frame->file);
	if (name) {
		free(frame->file);
		frame->file = name;
	}
	frame->line = mark ? mark->line : 0;
}

static bool from_cython(const struct frame *frame)
{
	if (starts(frame->function, "__pyx_") || starts(frame->function, "__Pyx_"))
		return true;
	return frame->file && (ends(frame->file, ".pyx.c") || ends(frame->file, ".pyx.cpp") ||
			       is_utility(frame->file));
}

void cython_frame(struct cython *cython, struct frame *frame, int function_start)
{
	if (frame->language == FRAME_PYTHON || !from_cython(frame))
		return;
	const char *module = frame->module ? frame->module
			     : frame->file ? base_name(frame->file)
					   : NULL;
	char *name = cython_demangle(frame->function, module);
	bool no_file = frame->file && is_no_file(frame->file);
	if (no_file)
		set_generated_line(cython, frame, function_start);
	if (!name) {
		if (no_file || starts(frame->function, "__pyx_") ||
		    starts(frame->function, "__Pyx_"))
			frame->plumbing = true;
		return;
	}
	if (!no_file)
		set_line(cython, frame, frame->function, function_start);
	free(frame->function);
	frame->function = name;
	frame->language = FRAME_CYTHON;
}
