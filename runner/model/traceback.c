/* traceback.c - see traceback.h. */
#include "runner/model/traceback.h"

#include <stdlib.h>
#include <string.h>

/* Space before the text of a line; those of an exception group have a bar in it. */
static size_t margin(const char *line)
{
	return strspn(line, " |");
}

static bool read_call(const char *line, struct traceback_call *call)
{
	static const char start[] = "File \"", middle[] = "\", line ";
	size_t depth = margin(line);
	if (depth < 2 || strncmp(line + depth, start, sizeof start - 1) != 0)
		return false;
	*call = (struct traceback_call){ .file = line + depth + sizeof start - 1 };
	call->file_length = strcspn(call->file, "\"\n");
	const char *rest = call->file + call->file_length;
	if (strncmp(rest, middle, sizeof middle - 1) != 0)
		return false;
	call->line = atoi(rest + sizeof middle - 1);
	const char *next = strchr(rest, '\n');
	if (next && margin(next + 1) > depth) {
		call->code = next + 1 + margin(next + 1);
		call->code_length = strcspn(call->code, "\n");
	}
	return true;
}

bool traceback_next(const char **at, struct traceback_call *call)
{
	const char *line = *at;
	while (line && *line) {
		bool found = read_call(line, call);
		line = strchr(line, '\n');
		line += line != NULL;
		if (found) {
			*at = line ? line : "";
			return true;
		}
	}
	return false;
}
