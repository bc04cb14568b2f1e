/*
 * suite.c - see suite.h.
 *
 * Debian's inih gives the handler no line numbers, and cuts lines at 200 bytes without a message.
 * So the reader here counts lines. It also folds a line that is too long into several lines, which
 * inih takes for continuations:
 *
 *     install = numpy==2.4.6 -Csetup-args=... -Csetup-args=...        the file, line 7
 *
 *     install = numpy==2.4.6 -Csetup-args=...                         the lines that inih sees;
 *      -Csetup-args=...                                               `joined`: still one value
 */
#include "runner/setup/suite.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/base/closest.h"
#include "runner/base/util.h"
#include "ftstress/pythons.h"

void strings_clear(struct strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		free(strings->items[i]);
	free(strings->items);
	*strings = (struct strings){ 0 };
}

static void strings_push(struct strings *strings, char *text)
{
	ARRAY_PUSH(strings->items, strings->count, strings->capacity, text);
}

/* A key of [suite]. Its value is a text, or a list with one element a line. */
struct key {
	const char *name;
	size_t offset;
	bool list;
};

#define TEXT(field) offsetof(struct suite, field), false
#define LIST(field) offsetof(struct suite, field), true
static const struct key keys[] = {
	{ "name", TEXT(name) },        { "description", TEXT(description) },
	{ "python", TEXT(python) },    { "driver", TEXT(driver) },
	{ "target", LIST(targets) },   { "harvest", LIST(harvests) },
	{ "install", LIST(installs) }, { "require", LIST(requires) },
	{ "path", LIST(paths) },       { "tests", TEXT(tests) },
	{ "args", LIST(args) },        { "skip", LIST(skips) },
	{ "unsafe", LIST(unsafes) },   { "suppressions", LIST(suppressions) },
	{ "policy", LIST(policies) },  { "baseline", LIST(baselines) },
};
#define KEY_COUNT (sizeof keys / sizeof *keys)

static const char *const sections[] = { "suite", "run", "env" };
#define SECTION_COUNT (sizeof sections / sizeof *sections)

struct reading {
	struct suite *suite;
	const struct drivers *drivers;
	const char *rest;       /* what of the file's text was not read yet */
	size_t left;            /* while a line is folded: what of it was not read yet */
	bool indented;          /* the present line of the file begins with a blank */
	bool joined;            /* the line for inih continues a line that was folded ... */
	bool glued, next_glued; /* ... in the middle of a word */
	unsigned line;          /* number of the present line of the file */
	unsigned *lines;        /* for each line that inih saw: its line of the file */
	size_t line_count, line_capacity;
	unsigned key_lines[KEY_COUNT]; /* where each key stands */
	int code;                      /* of the first mistake, after its message */
};

static int mistake(struct reading *reading, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Reports a mistake, with file and line. Only the first: others mostly follow from it. */
static int mistake(struct reading *reading, const char *format, ...)
{
	if (reading->code)
		return 0;
	struct buf text = { 0 };
	char *message = NULL;
	va_list args;
	va_start(args, format);
	int length = vasprintf(&message, format, args);
	va_end(args);
	buf_printf(&text, "%s:%u: %s", reading->suite->file, reading->line,
		   length < 0 ? format : message);
	reading->code = fail(EXIT_BAD_INPUT, "%s", text.data);
	free(message);
	buf_free(&text);
	return 0;
}

/* The length of the line without comment and trailing blanks. */
static size_t content_length(const char *line, size_t length)
{
	size_t blanks = strspn(line, " \t");
	if (blanks < length && strchr(";#", line[blanks]))
		return 0;
	for (size_t i = 1; i < length; i++) {
		if (line[i] == ';' && isspace((unsigned char)line[i - 1])) {
			length = i;
			break;
		}
	}
	while (length && isspace((unsigned char)line[length - 1]))
		length--;
	return length;
}

/* Where to cut a line, of which `room` bytes fit: at a blank, else in the middle of a word. */
static size_t fold(const char *line, size_t room, bool *glued)
{
	for (size_t i = room; i > room / 2; i--) {
		if (line[i] == ' ' && line[i + 1] != ';' && line[i + 1] != '#') {
			*glued = false;
			return i;
		}
	}
	*glued = true;
	while (room > 1 && strchr(" \t;#", line[room]))
		room--;
	return room;
}

/* The ini_reader: gives inih the next line, at most `size` - 1 bytes. */
static char *read_line(char *out, int size, void *stream)
{
	struct reading *reading = stream;
	char *to = out;
	size_t room = (size_t)size - 3;
	reading->joined = reading->left > 0;
	reading->glued = reading->next_glued;
	if (!reading->left) {
		if (!*reading->rest)
			return NULL;
		reading->line++;
		reading->indented = isblank((unsigned char)*reading->rest);
		reading->left = content_length(reading->rest, strcspn(reading->rest, "\n"));
	} else {
		*to++ = ' ';
		room--;
	}
	size_t take = reading->left;
	if (take > room)
		take = fold(reading->rest, room, &reading->next_glued);
	memcpy(to, reading->rest, take);
	memcpy(to + take, "\n", 2);
	reading->rest += take;
	reading->left -= take;
	if (!reading->left) {
		reading->rest += strcspn(reading->rest, "\n");
		reading->rest += *reading->rest == '\n';
	}
	ARRAY_PUSH(reading->lines, reading->line_count, reading->line_capacity, reading->line);
	return out;
}

static void append(char **text, const char *value, const char *between)
{
	char *joined = *text && **text ? xprintf("%s%s%s", *text, between, value) : xstrdup(value);
	free(*text);
	*text = joined;
}

static int unknown(struct reading *reading, const char *what, const char *name,
		   const char *const *names, size_t count)
{
	struct closest closest = { 0 };
	for (size_t i = 0; i < count; i++)
		closest_offer(&closest, name, names[i]);
	char *hint = closest_hint(&closest);
	mistake(reading, "%s \"%s\" is not known%s", what, name, hint);
	free(hint);
	return 0;
}

static int set_suite_key(struct reading *reading, const char *name, const char *value, bool more)
{
	const struct key *key = NULL;
	const char *names[KEY_COUNT];
	for (size_t i = 0; i < KEY_COUNT; i++) {
		names[i] = keys[i].name;
		if (strcmp(keys[i].name, name) == 0)
			key = &keys[i];
	}
	if (!key)
		return unknown(reading, "key", name, names, KEY_COUNT);
	void *field = (char *)reading->suite + key->offset;
	if (!more)
		reading->key_lines[key - keys] = reading->line;
	const char *between = reading->joined && reading->glued ? "" : " ";
	if (!key->list) {
		char **text = field;
		if (*text && **text && !more)
			return mistake(reading, "\"%s\" was given before; remove one", name);
		append(text, value, between);
		return 1;
	}
	struct strings *list = field;
	if (reading->joined && list->count)
		append(&list->items[list->count - 1], value, between);
	else if (*value)
		strings_push(list, xstrdup(value));
	return 1;
}

static int set_pair(struct reading *reading, struct suite_pair **pairs, size_t *count,
		    size_t *capacity, const char *name, const char *value, bool more)
{
	if (more && *count && strcmp((*pairs)[*count - 1].key, name) == 0) {
		append(&(*pairs)[*count - 1].value, value,
		       reading->joined && reading->glued ? "" : " ");
		return 1;
	}
	ARRAY_PUSH(*pairs, *count, *capacity,
		   ((struct suite_pair){ xstrdup(name), xstrdup(value), reading->line }));
	return 1;
}

/* The ini_handler: gets a key and its value; of a value of several lines, one line at a time. */
static int take(void *user, const char *section, const char *name, const char *value)
{
	struct reading *reading = user;
	struct suite *suite = reading->suite;
	bool more = reading->joined || reading->indented;
	if (strcmp(section, "suite") == 0)
		return set_suite_key(reading, name, value, more);
	if (strcmp(section, "run") == 0)
		return set_pair(reading, &suite->run, &suite->run_count, &suite->run_capacity, name,
				value, more);
	if (strcmp(section, "env") == 0)
		return set_pair(reading, &suite->env, &suite->env_count, &suite->env_capacity, name,
				value, more);
	if (!*section)
		return mistake(reading,
			       "\"%s\" stands before the first section; write [suite] above it",
			       name);
	return unknown(reading, "section", section, sections, SECTION_COUNT);
}

static const char *const pythons[] = {
#define TEXT_OF(major, minor) #major "." #minor,
	FTS_PYTHONS(TEXT_OF)
#undef TEXT_OF
};
#define PYTHON_COUNT (sizeof pythons / sizeof *pythons)

/* "pytest, unittest or script" */
static char *list_text(const char *const *choices, size_t count)
{
	struct buf list = { 0 };
	for (size_t i = 0; i < count; i++)
		buf_printf(&list, "%s%s", i == 0 ? "" : i + 1 < count ? ", " : " or ", choices[i]);
	return buf_take(&list);
}

static int check_choice(struct reading *reading, const char *key, const char *value,
			const char *const *choices, size_t count)
{
	struct closest closest = { 0 };
	for (size_t i = 0; i < count; i++) {
		if (strcmp(value, choices[i]) == 0)
			return 0;
		closest_offer(&closest, value, choices[i]);
	}
	char *list = list_text(choices, count);
	for (size_t i = 0; i < KEY_COUNT; i++)
		if (strcmp(keys[i].name, key) == 0)
			reading->line = reading->key_lines[i];
	char *hint = closest_hint(&closest);
	mistake(reading, "%s: expected %s, not \"%s\"%s", key, list, value, hint);
	free(hint);
	free(list);
	return reading->code;
}

/* Does the suite name a driver that there is? */
static int check_driver(struct reading *reading)
{
	struct suite *suite = reading->suite;
	const char **names = xcalloc(reading->drivers->count + 1, sizeof *names);
	size_t count = 0;
	for (size_t i = 0; i < reading->drivers->count; i++)
		if (!reading->drivers->items[i].internal)
			names[count++] = reading->drivers->items[i].name;
	int code;
	if (suite->driver) {
		code = check_choice(reading, "driver", suite->driver, names, count);
	} else {
		char *list = list_text(names, count);
		code = fail(EXIT_BAD_INPUT, "%s: [suite] needs \"driver\": %s", suite->file, list);
		free(list);
	}
	free(names);
	if (!code)
		suite->files = driver_find(reading->drivers, suite->driver)->files;
	return code;
}

/* Where in the text a second requirement begins, or NULL: "pytest numpy", not "numpy >= 2; extra == 'a b'". */
static const char *second_requirement(const char *text)
{
	size_t end = strcspn(text, ";@");
	for (size_t i = 1; i < end && !strstr(text, " -"); i++) {
		bool ends = isalnum((unsigned char)text[i - 1]) || text[i - 1] == ']';
		size_t blanks = strspn(text + i, " \t");
		if (ends && blanks && isalpha((unsigned char)text[i + blanks]))
			return text + i + blanks;
	}
	return NULL;
}

/* One requirement a line: pip would say so, but only when all packages are built. */
static int check_requires(struct reading *reading)
{
	const struct strings *requires = &reading->suite->requires;
	for (size_t i = 0; i < requires->count; i++) {
		const char *second = second_requirement(requires->items[i]);
		if (second)
			return fail(
				EXIT_BAD_INPUT,
				"%s: require: \"%s\" is more than one requirement; put \"%s\" on "
				"a line of its own, indented",
				reading->suite->file, requires->items[i], second);
	}
	return 0;
}

/* Checks that the suite has what it must have, and that names are known. */
static int check(struct reading *reading)
{
	struct suite *suite = reading->suite;
	int code = suite->driver ? 0 : check_driver(reading);
	if (code)
		return code;
	if (!suite->targets.count)
		return fail(EXIT_BAD_INPUT, "%s: [suite] needs \"target\": what to test",
			    suite->file);
	if (check_driver(reading))
		return reading->code;
	code = check_requires(reading);
	if (code)
		return code;
	if (suite->python && check_choice(reading, "python", suite->python, pythons, PYTHON_COUNT))
		return reading->code;
	if (!suite->python)
		suite->python = xstrdup(pythons[0]);
	if (!suite->name || !*suite->name) {
		const char *base = strrchr(suite->file, '/') + 1;
		const char *dot = strrchr(base, '.');
		free(suite->name);
		suite->name =
			xstrndup(base, dot && dot > base ? (size_t)(dot - base) : strlen(base));
	}
	if (strchr(suite->name, '/') || *suite->name == '.') {
		reading->line = reading->key_lines[0];
		mistake(reading, "name: \"%s\" can't be part of a file's name", suite->name);
	}
	suite->record = xstrdup(suite->name);
	return reading->code;
}

static bool ends_in(const char *name, const char *end)
{
	size_t length = strlen(name), bytes = strlen(end);
	return length > bytes && strcmp(name + length - bytes, end) == 0;
}

/* A script alone is a suite of one test, which looks for races of Python code. */
static char *suite_of_script(const char *file)
{
	const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
	char *name = xstrndup(base, strlen(base) - strlen(".py"));
	for (char *at = name; *at; at++)
		if (!isalnum((unsigned char)*at) && (at == name || !strchr("._-", *at)))
			*at = at == name ? 's' : '-';
	char *text = xprintf("[suite]\nname = %s\ndriver = script\ntarget = %s\n[run]\n"
			     "python-races = package, tests\npairs-every = off\ngil = off\n"
			     "iterations = 20\n",
			     name, base);
	free(name);
	return text;
}

static int read_suite(struct suite *suite, const struct drivers *drivers)
{
	char *text = ends_in(suite->file, ".py") ? suite_of_script(suite->file)
						 : read_file(suite->file, NULL);
	if (!text)
		return fail(EXIT_BAD_INPUT, "%s: %s", suite->file, strerror(errno));
	struct reading reading = { .suite = suite, .drivers = drivers, .rest = text };
	int bad = ini_parse_stream(read_line, &reading, take, &reading);
	if (bad && !reading.code) {
		if (bad > 0 && (size_t)bad <= reading.line_count)
			reading.line = reading.lines[bad - 1];
		mistake(&reading, "expected [section] or name = value");
	}
	if (!reading.code)
		reading.code = check(&reading);
	free(reading.lines);
	free(text);
	return reading.code;
}

/*
 * Calls `each` with the name of every suite in the folder. False, with errno, if that can't be
 * read.
 */
static bool each_suite(const char *folder, void (*each)(const char *name, void *arg), void *arg)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, NULL, alphasort);
	if (count < 0)
		return false;
	for (int i = 0; i < count; i++) {
		char *name = entries[i]->d_name, *dot = strrchr(name, '.');
		if (dot && dot > name && strcmp(dot, ".ini") == 0) {
			*dot = '\0';
			each(name, arg);
		}
		free(entries[i]);
	}
	free(entries);
	return true;
}

struct search {
	const char *wanted;
	size_t best;
	char *found;
};

static void offer(const char *name, void *arg)
{
	struct search *search = arg;
	struct closest closest = { 0 };
	closest_offer(&closest, search->wanted, name);
	if (closest.name && (!search->found || closest.distance < search->best)) {
		free(search->found);
		search->found = xstrdup(name);
		search->best = closest.distance;
	}
}

/* Reports that there is no such file, in which folder that is, and which file might be meant. */
static int no_file(const char *name, const char *near, const char *close)
{
	struct stat status;
	bool is_folder = stat(name, &status) == 0 && S_ISDIR(status.st_mode);
	char *here = *name == '/' ? NULL : realpath(".", NULL);
	char *where = here ? xprintf(" (in %s)", here) : xstrdup("");
	int code;
	if (is_folder)
		code = fail(EXIT_BAD_INPUT,
			    "--suite %s%s is a folder; give the path of a suite file in it", name,
			    where);
	else if (ends_in(name, ".py"))
		code = fail(EXIT_BAD_INPUT, "the script %s%s does not exist", name, where);
	else if (close)
		code = fail(EXIT_BAD_INPUT,
			    "the suite file %s%s does not exist; did you mean %s%s.ini?", name,
			    where, near, close);
	else
		code = fail(EXIT_BAD_INPUT,
			    "the suite file %s%s does not exist; correct the path, or write the "
			    "file ([suite] with driver, target and install is enough); suites that "
			    "come with ftstress are given by name alone: `ftstress suites` lists "
			    "them",
			    name, where);
	free(where);
	free(here);
	return code;
}

/* Reports that there is no such suite, and which one might be meant. */
static int not_found(const char *name, const char *folder)
{
	const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
	bool path = slash || ends_in(name, ".ini") || ends_in(name, ".py");
	char *near = slash  ? xstrndup(name, (size_t)(slash - name + 1))
		     : path ? xstrdup("")
			    : xstrdup(folder);
	char *wanted = xstrndup(base, strlen(base) - (ends_in(base, ".ini") ? 4 : 0));
	struct search search = { .wanted = wanted };
	each_suite(*near ? near : ".", offer, &search);
	int code;
	if (path)
		code = no_file(name, near, search.found);
	else if (search.found)
		code = fail(EXIT_BAD_INPUT, "no suite \"%s\"; did you mean \"%s\"?", name,
			    search.found);
	else
		code = fail(EXIT_BAD_INPUT,
			    "no suite \"%s\"; `ftstress suites` lists them, and a file "
			    "of your own is given by its path",
			    name);
	free(search.found);
	free(wanted);
	free(near);
	return code;
}

static bool is_file(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && !S_ISDIR(status.st_mode);
}

int suite_load(struct suite *suite, const char *name, const char *folder,
	       const struct drivers *drivers)
{
	*suite = (struct suite){ 0 };
	char *shipped = xprintf("%s/%s.ini", folder, name);
	bool plain = !strchr(name, '/');
	const char *path = plain && is_file(shipped) ? shipped : is_file(name) ? name : NULL;
	int code = 0;
	if (!path) {
		code = not_found(name, folder);
	} else {
		suite->file = realpath(path, NULL);
		if (!suite->file) {
			code = fail(EXIT_BAD_INPUT, "%s: %s", path, strerror(errno));
		} else {
			char *slash = strrchr(suite->file, '/');
			suite->folder = xstrndup(suite->file, (size_t)(slash - suite->file) +
								      (slash == suite->file));
			code = read_suite(suite, drivers);
		}
	}
	free(shipped);
	if (code)
		suite_clear(suite);
	return code;
}

static void clear_pairs(struct suite_pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(pairs[i].key);
		free(pairs[i].value);
	}
	free(pairs);
}

void suite_clear(struct suite *suite)
{
	for (size_t i = 0; i < KEY_COUNT; i++) {
		void *field = (char *)suite + keys[i].offset;
		if (keys[i].list)
			strings_clear(field);
		else
			free(*(char **)field);
	}
	clear_pairs(suite->run, suite->run_count);
	clear_pairs(suite->env, suite->env_count);
	free(suite->file);
	free(suite->folder);
	free(suite->record);
	*suite = (struct suite){ 0 };
}

int suite_apply(const struct suite *suite, struct settings *settings)
{
	for (size_t i = 0; i < suite->run_count; i++) {
		const struct suite_pair *pair = &suite->run[i];
		if (!*pair->value)
			continue; /* "jobs =" leaves the default */
		char *error = options_set_key(settings, pair->key, pair->value);
		if (!error)
			continue;
		int code = fail(EXIT_BAD_INPUT, "%s:%u: %s: %s", suite->file, pair->line, pair->key,
				error);
		free(error);
		return code;
	}
	if (suite->tests && *suite->tests) {
		free(settings->tests);
		settings->tests = xstrdup(suite->tests);
	}
	return 0;
}

struct listing {
	const char *folder;
	const struct drivers *drivers;
	FILE *out;
	int code;
};

static void list_one(const char *name, void *arg)
{
	struct listing *listing = arg;
	struct suite suite;
	int code = suite_load(&suite, name, listing->folder, listing->drivers);
	if (code) {
		listing->code = code;
		return;
	}
	fprintf(listing->out, "%-20s %s\n", name, suite.description ? suite.description : "");
	suite_clear(&suite);
}

int suite_list(const char *folder, const struct drivers *drivers, FILE *out)
{
	struct listing listing = { folder, drivers, out, 0 };
	if (!each_suite(folder, list_one, &listing))
		return fail(EXIT_INTERNAL, "%s: %s", folder, strerror(errno));
	return listing.code;
}
