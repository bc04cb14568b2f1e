/* policy.c - see policy.h. */
#include "runner/collate/policy.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/closest.h"
#include "runner/base/map.h"
#include "runner/base/util.h"
#include "runner/model/matrix.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ITERATORS "iterators"
#define MADE_ANEW "made anew"

enum level { LEVEL_SAFE, LEVEL_READERS, LEVEL_NOT_SHARED, LEVELS };

static const char *const levels[LEVELS] = { "safe", "safe for readers", "not shared" };

struct rule {
	char *pattern;
	enum level level;
	char *text; /* "numpy.ndarray = safe for readers (numpy.ini:5)" */
};

struct policy {
	struct rule *rules;
	size_t count, capacity;
	struct map changes;   /* hash of type and operation, of those that can change the object */
	struct map iterators; /* hash of a type's name */
	struct map bases;     /* hash of a type's name: index of what it is made out of */
	json_t **lists;       /* names of bases */
	size_t list_count, list_capacity;
};

struct policy *policy_new(void)
{
	return xcalloc(1, sizeof(struct policy));
}

void policy_free(struct policy *policy)
{
	for (size_t i = 0; policy && i < policy->count; i++) {
		free(policy->rules[i].pattern);
		free(policy->rules[i].text);
	}
	if (policy) {
		for (size_t i = 0; i < policy->list_count; i++)
			json_decref(policy->lists[i]);
		map_free(&policy->changes);
		map_free(&policy->iterators);
		map_free(&policy->bases);
		free(policy->lists);
		free(policy->rules);
	}
	free(policy);
}

/* ---- files ---- */

struct reading {
	struct policy *policy;
	const char *path;
	unsigned line;
	bool inside; /* of [policy] */
	int code;
};

static void mistake(struct reading *reading, const char *expected, const char *text,
		    const char *hint)
{
	reading->code = fail(EXIT_BAD_INPUT, "%s:%u: expected %s, not \"%s\"%s", reading->path,
			     reading->line, expected, text, hint);
}

/* Without the blanks around it; in place. */
static char *trimmed(char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	char *end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return text;
}

static void add_rule(struct reading *reading, const char *pattern, enum level level)
{
	const char *slash = strrchr(reading->path, '/');
	struct rule rule = { xstrdup(pattern), level,
			     xprintf("%s = %s (%s:%u)", pattern, levels[level],
				     slash ? slash + 1 : reading->path, reading->line) };
	ARRAY_PUSH(reading->policy->rules, reading->policy->count, reading->policy->capacity, rule);
}

static void read_rule(struct reading *reading, char *text)
{
	char *equals = strchr(text, '=');
	if (!equals || equals == text) {
		mistake(reading, "TYPE = safe, safe for readers or not shared", text, "");
		return;
	}
	*equals = '\0';
	char *pattern = trimmed(text), *value = trimmed(equals + 1);
	struct closest closest = { 0 };
	for (enum level i = 0; i < LEVELS; i++) {
		if (strcmp(value, levels[i]) == 0) {
			add_rule(reading, pattern, i);
			return;
		}
		closest_offer(&closest, value, levels[i]);
	}
	char *hint = closest_hint(&closest);
	mistake(reading, "safe, safe for readers or not shared", value, hint);
	free(hint);
}

static void read_line(struct reading *reading, char *line)
{
	line[strcspn(line, ";#")] = '\0';
	char *text = trimmed(line);
	if (!*text)
		return;
	if (*text == '[') {
		reading->inside = strcmp(text, "[policy]") == 0;
		if (!reading->inside)
			mistake(reading, "the section [policy]", text, "");
		return;
	}
	if (!reading->inside && !reading->code)
		mistake(reading, "[policy] above the first rule", text, "");
	else if (reading->inside)
		read_rule(reading, text);
}

int policy_parse(struct policy *policy, const char *path, const char *text)
{
	struct reading reading = { .policy = policy, .path = path };
	char *copy = xstrdup(text), *rest = copy, *line;
	while ((line = strsep(&rest, "\n"))) {
		reading.line++;
		read_line(&reading, line);
	}
	free(copy);
	return reading.code;
}

int policy_load(struct policy *policy, const char *path)
{
	char *text = read_file(path, NULL);
	if (!text)
		return fail(EXIT_BAD_INPUT, "%s: %s", path, strerror(errno));
	int code = policy_parse(policy, path, text);
	free(text);
	return code;
}

static int is_ini(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');
	return dot && strcmp(dot, ".ini") == 0;
}

int policy_load_folder(struct policy *policy, const char *folder)
{
	struct dirent **files = NULL;
	int count = scandir(folder, &files, is_ini, alphasort), code = 0;
	for (int i = 0; i < count; i++) {
		char *path = xprintf("%s/%s", folder, files[i]->d_name);
		code = code ? code : policy_load(policy, path);
		free(path);
		free(files[i]);
	}
	free(files);
	return code;
}

/* ---- what is known of types ---- */

/*
 * The same for all arguments that it was tried with, and for all families of a type: "sort" of
 * "m.T[int]" changes an array, and what "sort#2" of "m.T[str]" was tried with was sorted before.
 */
static uint64_t operation_key(const char *type, size_t type_length, const char *name, size_t length)
{
	size_t family = strcspn(type, "["), plain = strcspn(name, "#");
	uint64_t key = hash_bytes(0, type, family < type_length ? family : type_length);
	return hash_bytes(hash_bytes(key, "::", 2), name, plain < length ? plain : length);
}

static void learn_type(struct policy *policy, json_t *type)
{
	const char *name = json_string_value(json_object_get(type, "name"));
	json_t *bases = json_object_get(type, "bases"), *operation;
	size_t i;
	if (!name)
		return;
	size_t length = strcspn(name, "@"); /* "m.T@2": an object made in the second way */
	if (json_is_true(json_object_get(type, "iterator")))
		map_set(&policy->iterators, hash_bytes(0, name, length), 1);
	json_array_foreach(json_object_get(type, "operations"), i, operation)
	{
		const char *called = json_string_value(json_object_get(operation, "name"));
		if (called && json_is_true(json_object_get(operation, "changes")))
			map_set(&policy->changes,
				operation_key(name, length, called, strlen(called)), 1);
	}
	if (!json_array_size(bases))
		return;
	map_set(&policy->bases, hash_bytes(0, name, length), policy->list_count);
	ARRAY_PUSH(policy->lists, policy->list_count, policy->list_capacity, json_incref(bases));
}

void policy_learn(struct policy *policy, const char *folder)
{
	char *path = xprintf("%s/corpus.json", folder);
	json_t *corpus = json_load_file(path, 0, NULL), *type;
	size_t i;
	json_array_foreach(json_object_get(corpus, "types"), i, type) learn_type(policy, type);
	json_decref(corpus);
	free(path);
}

/* ---- rules and findings ---- */

static bool is_one_of(const struct operation_name *name, const char *const *names, size_t count)
{
	size_t length = strcspn(name->text, "#;|");
	length = length < name->length ? length : name->length;
	for (size_t i = 0; i < count; i++)
		if (strlen(names[i]) == length && memcmp(names[i], name->text, length) == 0)
			return true;
	return false;
}

static bool changes(const struct policy *policy, const char *test,
		    const struct operation_name *name)
{
	static const char *const by_name[] = {
		"__init__", "delitem", "iadd",    "isub",      "imul",     "imatmul",
		"ior",      "iand",    "ixor",    "ilshift",   "irshift",  "ipow",
		"imod",     "delattr", "release", "ifloordiv", "itruediv",
	};
	size_t length = matrix_type_length(test), plain = strcspn(name->text, "#;|");
	plain = plain < name->length ? plain : name->length;
	return (plain && name->text[plain - 1] == '=') || strncmp(name->text, "set", 3) == 0 ||
	       is_one_of(name, by_name, COUNT(by_name)) ||
	       map_get(&policy->changes, operation_key(test, length, name->text, name->length)) !=
		       MAP_NONE;
}

/* Does one of the pair's calls change the object? (Two steps of one side are two that do.) */
static bool pair_changes(const struct policy *policy, const char *test)
{
	struct operation_name both[2];
	return matrix_operations(test, both) &&
	       (strchr(test, ';') || changes(policy, test, &both[0]) ||
		changes(policy, test, &both[1]));
}

/* Is it a function that is handed the object, "first(.)"? */
static bool is_function(const struct operation_name *name)
{
	return memmem(name->text, name->length, "(.)", 3) != NULL;
}

/* Does one of the pair's calls take items out of an iterator? */
static bool pair_iterates(const struct policy *policy, const char *test)
{
	/* The others take items as well, where the object itself is the iterator. */
	static const char *const names[] = { "next", "send", "throw", "list", "iter.next", "in" };
	uint64_t type = hash_bytes(0, test, matrix_type_length(test));
	bool iterator = map_get(&policy->iterators, type) != MAP_NONE;
	size_t count = iterator ? COUNT(names) : 3;
	struct operation_name both[2];
	return matrix_operations(test, both) &&
	       (is_one_of(&both[0], names, count) || is_one_of(&both[1], names, count) ||
		(iterator && (is_function(&both[0]) || is_function(&both[1]))));
}

static bool matches_type(const struct policy *policy, const char *pattern, const char *test)
{
	char *type = xstrndup(test, matrix_type_length(test));
	char *family = xstrndup(type, strcspn(type, "[")); /* "m.T[object]": one kind of m.T */
	bool matches = fnmatch(pattern, type, 0) == 0 || fnmatch(pattern, family, 0) == 0;
	free(family);
	uint64_t at = matches ? MAP_NONE : map_get(&policy->bases, hash_string(0, type));
	json_t *base;
	size_t i;
	if (at != MAP_NONE) {
		json_array_foreach(policy->lists[at], i, base)
		{
			const char *name = json_string_value(base);
			matches = matches || (name && fnmatch(pattern, name, 0) == 0);
		}
	}
	free(type);
	return matches;
}

static bool matches(const struct policy *policy, const struct rule *rule, const char *test)
{
	if (strcmp(rule->pattern, ITERATORS) == 0)
		return pair_iterates(policy, test);
	if (strcmp(rule->pattern, MADE_ANEW) == 0)
		return matrix_pair_remakes(test);
	return matches_type(policy, rule->pattern, test);
}

/* The rule that excludes the pair, or NULL. */
static const struct rule *rule_of(const struct policy *policy, const char *test)
{
	for (size_t i = 0; i < policy->count; i++) {
		const struct rule *rule = &policy->rules[i];
		if (!matches(policy, rule, test))
			continue;
		if (rule->level == LEVEL_NOT_SHARED ||
		    (rule->level == LEVEL_READERS && pair_changes(policy, test)))
			return rule;
		return NULL;
	}
	return NULL;
}

/*
 * The rule that excludes a race on what an object's buffer holds, whoever's call writes
 * there: `a.flat[0] = 1` changes the array. One of the two does write, so it is a change.
 */
static const struct rule *rule_of_data(const struct policy *policy, const struct finding *finding)
{
	const char *type = finding->subject.kind == SUBJECT_BUFFER ? finding->subject.type : NULL;
	for (size_t i = 0; type && i < policy->count; i++)
		if (fnmatch(policy->rules[i].pattern, type, 0) == 0)
			return policy->rules[i].level == LEVEL_SAFE ? NULL : &policy->rules[i];
	return NULL;
}

const char *policy_excludes(const struct policy *policy, const struct finding *finding)
{
	const struct rule *rule = NULL, *data = rule_of_data(policy, finding);
	/* A reference is dropped twice where two threads replace one pointer. */
	if (!finding_is_race(finding) && finding->kind != FINDING_PYTHON_RACE &&
	    finding->kind != FINDING_TEST_FAILURE && finding->kind != FINDING_REFERENCE_COUNT)
		return NULL;
	if (finding->shows == EVIDENCE_CRASHES)
		return NULL;
	/* It counts if it came up in any pair that is meant to be safe. */
	for (size_t i = 0; i < finding->test_count; i++) {
		rule = rule_of(policy, finding->tests[i]);
		if (!rule && matrix_type_length(finding->tests[i]))
			rule = data;
		if (!rule)
			return NULL;
	}
	return rule ? rule->text : NULL;
}
