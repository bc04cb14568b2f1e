/* toml.c - see toml.h. */
#include "runner/base/toml.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"

struct reader {
	const char *path, *at;
	unsigned line;
	char *table;
	char **values;
	size_t count, capacity;
};

static int expected(const struct reader *reader, const char *what)
{
	size_t length = strcspn(reader->at, "\n");
	return fail(EXIT_BAD_INPUT, "%s:%u: expected %s, not \"%.*s\"", reader->path, reader->line,
		    what, (int)(length < 40 ? length : 40), reader->at);
}

/* Over blanks and comments; with `lines` over line ends, too. */
static void skip(struct reader *reader, bool lines)
{
	for (;; reader->at++) {
		if (*reader->at == '#')
			reader->at += strcspn(reader->at, "\n");
		if (*reader->at == '\n' && lines)
			reader->line++;
		else if (*reader->at != ' ' && *reader->at != '\t' && *reader->at != '\r')
			return;
	}
}

static size_t name_length(const char *at)
{
	size_t length = 0;
	while (isalnum((unsigned char)at[length]) || at[length] == '_' || at[length] == '-')
		length++;
	return length;
}

static void take(struct reader *reader, char *value)
{
	ARRAY_PUSH(reader->values, reader->count, reader->capacity, value);
}

static int read_string(struct reader *reader)
{
	struct buf text = { 0 };
	const char *at = reader->at + 1;
	bool escape = false;
	for (; *at && *at != '\n' && (escape || *at != '"'); at++) {
		if (escape && *at != '"' && *at != '\\')
			break;
		escape = !escape && *at == '\\';
		if (!escape)
			buf_add(&text, at, 1);
	}
	if (escape || *at != '"') {
		buf_free(&text);
		return expected(reader, escape ? "a string that has \"\\\" only in \\\" and \\\\"
					       : "a string that ends in the same line");
	}
	take(reader, buf_take(&text));
	reader->at = at + 1;
	return 0;
}

static int read_array(struct reader *reader)
{
	reader->at++;
	for (;;) {
		skip(reader, true);
		if (*reader->at == ']') {
			reader->at++;
			return 0;
		}
		if (*reader->at != '"')
			return expected(reader, "a string, or the end of the array");
		int code = read_string(reader);
		if (code)
			return code;
		skip(reader, true);
		if (*reader->at == ',')
			reader->at++;
		else if (*reader->at != ']')
			return expected(reader, "\",\" or the end of the array");
	}
}

static int read_value(struct reader *reader)
{
	if (*reader->at == '[')
		return read_array(reader);
	if (*reader->at == '"')
		return read_string(reader);
	size_t length = strspn(reader->at, "0123456789");
	if (!length)
		return expected(reader, "a string, a number or an array of strings");
	take(reader, xstrndup(reader->at, length));
	reader->at += length;
	return 0;
}

static int read_table(struct reader *reader)
{
	const char *name = reader->at + 2;
	size_t length = reader->at[1] == '[' ? name_length(name) : 0;
	if (!length || strncmp(name + length, "]]", 2) != 0)
		return expected(reader, "[[NAME]]");
	free(reader->table);
	reader->table = xstrndup(name, length);
	reader->at = name + length + 2;
	return 0;
}

/* A line's key and value; *key is the caller's to free. */
static int read_key(struct reader *reader, char **key)
{
	size_t length = name_length(reader->at);
	if (!length)
		return expected(reader, "KEY = VALUE or [[NAME]]");
	*key = xstrndup(reader->at, length);
	reader->at += length;
	skip(reader, false);
	if (*reader->at != '=')
		return expected(reader, "\"=\" behind the key");
	reader->at++;
	skip(reader, false);
	return read_value(reader);
}

static void clear_values(struct reader *reader)
{
	for (size_t i = 0; i < reader->count; i++)
		free(reader->values[i]);
	reader->count = 0;
}

static int read_line(struct reader *reader,
		     int (*each)(void *context, const struct toml_item *item), void *context)
{
	char *key = NULL;
	unsigned line = reader->line;
	int code = *reader->at == '[' ? read_table(reader) : read_key(reader, &key);
	skip(reader, false);
	if (!code && *reader->at && *reader->at != '\n')
		code = expected(reader, "the end of the line");
	if (!code)
		code = each(context, &(const struct toml_item){ reader->table, key, reader->values,
								reader->count, line });
	clear_values(reader);
	free(key);
	return code;
}

int toml_read(const char *path, int (*each)(void *context, const struct toml_item *item),
	      void *context)
{
	size_t length;
	char *text = read_file(path, &length);
	if (!text)
		return fail(EXIT_BAD_INPUT, "can't read %s: %s", path, strerror(errno));
	struct reader reader = { .path = path, .at = text, .line = 1, .table = xstrdup("") };
	int code = strlen(text) == length ? 0
					  : fail(EXIT_BAD_INPUT,
						 "%s: not a text file (it holds a NUL byte)", path);
	for (skip(&reader, true); !code && *reader.at; skip(&reader, true))
		code = read_line(&reader, each, context);
	free(reader.values);
	free(reader.table);
	free(text);
	return code;
}
