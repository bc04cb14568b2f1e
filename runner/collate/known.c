/* known.c - see known.h. */
#include "runner/collate/known.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/toml.h"
#include "runner/base/util.h"

/* ---- releases ---- */

struct release {
	unsigned long numbers[3]; /* what is not written is 0 */
	size_t count;             /* of those that are written */
};

/* "3.14.6", also with something behind it: "3.15.0rc1". */
static struct release release_of(const char *text)
{
	struct release release = { .count = 0 };
	while (release.count < 3 && *text >= '0' && *text <= '9') {
		char *end;
		release.numbers[release.count++] = strtoul(text, &end, 10);
		text = *end == '.' ? end + 1 : end;
		if (*end != '.')
			break;
	}
	return release;
}

/* Compares the first `count` numbers. */
static int compare(const struct release *a, const struct release *b, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (a->numbers[i] != b->numbers[i])
			return a->numbers[i] < b->numbers[i] ? -1 : 1;
	}
	return 0;
}

bool known_has(const char *version, const char *since, char *const *fixed, size_t count)
{
	struct release release = release_of(version);
	if (!release.count)
		return false;
	if (since) {
		struct release first = release_of(since);
		if (compare(&release, &first, 3) < 0)
			return false;
	}
	/* Mended in its own series, or in that of an older one: then in all newer series, too. */
	for (size_t i = 0; i < count; i++) {
		struct release mended = release_of(fixed[i]);
		int series = compare(&release, &mended, 2);
		bool newest = true;
		for (size_t k = 0; k < count; k++) {
			struct release other = release_of(fixed[k]);
			newest = newest && compare(&other, &mended, 2) <= 0;
		}
		if ((series == 0 && compare(&release, &mended, 3) >= 0) || (series > 0 && newest))
			return false;
	}
	return true;
}

/* ---- files ---- */

enum field { ISSUE, DOES, FUNCTIONS, RULE, SINCE, FIXED, FIELDS };
static const char *const field_names[FIELDS] = { "issue", "does",  "functions",
						 "rule",  "since", "fixed" };

static const struct {
	const char *name, *link; /* of an issue, before its number */
} projects[] = {
	{ "cpython", "https://github.com/python/cpython/issues/" },
	{ "cython", "https://github.com/cython/cython/issues/" },
	{ "numpy", "https://github.com/numpy/numpy/issues/" },
};

struct list {
	struct suppressions *set;
	const char *path, *version;
	size_t project; /* index; SIZE_MAX: none was named */
	bool in_bug;
	unsigned line; /* of the bug */
	char **values[FIELDS];
	size_t counts[FIELDS];
};

static void forget(struct list *list)
{
	for (size_t i = 0; i < FIELDS; i++) {
		strings_free(list->values[i], list->counts[i]);
		list->values[i] = NULL;
		list->counts[i] = 0;
	}
	list->in_bug = false;
}

static const char *first_of(const struct list *list, enum field field)
{
	return list->counts[field] ? list->values[field][0] : NULL;
}

/* "upstream, fixed in 3.14.7: one that ... (https://...)"; of the fixes that of the release's own series. */
static char *says(const struct list *list)
{
	struct release release = release_of(list->version);
	const char *mended = NULL;
	for (size_t i = 0; i < list->counts[FIXED]; i++) {
		struct release one = release_of(list->values[FIXED][i]);
		bool own = list->project == 0 && compare(&release, &one, 2) == 0;
		if (!mended || own)
			mended = list->values[FIXED][i];
	}
	return xprintf("upstream, %s%s: %s %s%s", mended ? "fixed in " : "not fixed yet",
		       mended ? mended : "", first_of(list, DOES), projects[list->project].link,
		       first_of(list, ISSUE));
}

static int bug_ends(struct list *list)
{
	if (!list->in_bug)
		return 0;
	int code = 0;
	for (size_t i = 0; !code && i <= FUNCTIONS; i++)
		if (!list->counts[i])
			code = fail(EXIT_BAD_INPUT, "%s:%u: this bug has no \"%s\"", list->path,
				    list->line, field_names[i]);
	if (!code && list->project == SIZE_MAX)
		code = fail(EXIT_BAD_INPUT, "%s: no project = \"...\" stands before the first bug",
			    list->path);
	bool counts = !code &&
		      (list->project != 0 || known_has(list->version, first_of(list, SINCE),
						       list->values[FIXED], list->counts[FIXED]));
	char *told = counts ? says(list) : NULL;
	const char *rule = first_of(list, RULE);
	for (size_t i = 0; counts && !code && i < list->counts[FUNCTIONS]; i++) {
		char *text = xprintf("%s:%s", rule ? rule : "race_top", list->values[FUNCTIONS][i]);
		char *place = xprintf("%s:%u", list->path, list->line);
		code = suppress_known(list->set, text, place, told, list->project == 0);
		free(place);
		free(text);
	}
	free(told);
	forget(list);
	return code;
}

static int project_named(struct list *list, const struct toml_item *item)
{
	size_t count = sizeof projects / sizeof *projects;
	for (size_t i = 0; i < count; i++)
		if (item->count == 1 && !strcmp(item->values[0], projects[i].name))
			list->project = i;
	if (list->project < count)
		return 0;
	return fail(EXIT_BAD_INPUT, "%s:%u: no such project (there are: cpython, cython, numpy)",
		    list->path, item->line);
}

static bool is_release(const char *text)
{
	return release_of(text).count >= 2 && strspn(text, "0123456789.") == strlen(text);
}

static int take(struct list *list, const struct toml_item *item, enum field field)
{
	bool many = field == FUNCTIONS || field == FIXED;
	if (list->counts[field])
		return fail(EXIT_BAD_INPUT, "%s:%u: this bug has a second \"%s\"", list->path,
			    item->line, item->key);
	if (!item->count || (!many && item->count > 1))
		return fail(EXIT_BAD_INPUT, "%s:%u: expected %s for \"%s\"", list->path, item->line,
			    many ? "at least one string" : "one value", item->key);
	list->values[field] = xcalloc(item->count, sizeof *list->values[field]);
	for (size_t i = 0; i < item->count; i++) {
		list->values[field][i] = xstrdup(item->values[i]);
		list->counts[field] = i + 1;
		if ((field == SINCE || field == FIXED) && !is_release(item->values[i]))
			return fail(EXIT_BAD_INPUT,
				    "%s:%u: expected a release as \"3.14.7\", not \"%s\"",
				    list->path, item->line, item->values[i]);
	}
	return 0;
}

static int each(void *context, const struct toml_item *item)
{
	struct list *list = context;
	if (!item->key) {
		int code = bug_ends(list);
		if (!code && strcmp(item->table, "bug") != 0)
			code = fail(EXIT_BAD_INPUT, "%s:%u: expected [[bug]], not [[%s]]",
				    list->path, item->line, item->table);
		list->in_bug = true;
		list->line = item->line;
		return code;
	}
	if (!list->in_bug && !strcmp(item->key, "project"))
		return project_named(list, item);
	for (size_t i = 0; list->in_bug && i < FIELDS; i++)
		if (!strcmp(field_names[i], item->key))
			return take(list, item, (enum field)i);
	return fail(EXIT_BAD_INPUT, "%s:%u: unknown key \"%s\" (%s)", list->path, item->line,
		    item->key,
		    list->in_bug ? "issue, does, functions, rule, since, fixed" : "project");
}

static bool is_list(const char *name)
{
	size_t length = strlen(name);
	return length > 5 && !strcmp(name + length - 5, ".toml");
}

int known_load(struct suppressions *set, const char *folder, const char *version)
{
	struct dirent **files = NULL;
	int count = scandir(folder, &files, NULL, alphasort), code = 0;
	for (int i = 0; i < count; i++) {
		char *path = xprintf("%s/%s", folder, files[i]->d_name);
		if (!code && is_list(files[i]->d_name)) {
			struct list list = { .set = set,
					     .path = path,
					     .version = version ? version : "",
					     .project = SIZE_MAX };
			code = toml_read(path, each, &list);
			code = code ? code : bug_ends(&list);
			forget(&list);
		}
		free(path);
		free(files[i]);
	}
	free(files);
	return code;
}
