/* drivers.c - see drivers.h. */
#include "runner/setup/drivers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"

/* A line is "NAME  TARGETS"; # begins a comment. False: it is neither. */
static bool take_line(struct drivers *drivers, char *line)
{
	static const char blanks[] = " \t\r";
	line[strcspn(line, "#")] = '\0';
	char *rest = line, *name = strtok_r(line, blanks, &rest);
	if (!name)
		return true;
	char *targets = strtok_r(NULL, blanks, &rest);
	bool files = targets && strcmp(targets, "files") == 0;
	bool internal = targets && strcmp(targets, "types") == 0;
	if (!targets || (!files && !internal && strcmp(targets, "names") != 0))
		return false;
	struct driver driver = { .name = xstrdup(name), .files = files, .internal = internal };
	ARRAY_PUSH(drivers->items, drivers->count, drivers->capacity, driver);
	return true;
}

int drivers_load(struct drivers *drivers, const char *stress)
{
	*drivers = (struct drivers){ 0 };
	char *path = xprintf("%s/ftstress_driver/drivers/list.txt", stress);
	char *text = read_file(path, NULL);
	int code = 0;
	if (!text)
		code = fail(EXIT_INTERNAL, "%s: %s; install ftstress again", path, strerror(errno));
	unsigned number = 1;
	for (char *rest = text, *line; !code && (line = strsep(&rest, "\n")); number++)
		if (!take_line(drivers, line))
			code = fail(EXIT_INTERNAL,
				    "%s:%u: expected a driver's name, and names, files or types",
				    path, number);
	free(text);
	free(path);
	if (code)
		drivers_clear(drivers);
	return code;
}

void drivers_clear(struct drivers *drivers)
{
	for (size_t i = 0; i < drivers->count; i++)
		free(drivers->items[i].name);
	free(drivers->items);
	*drivers = (struct drivers){ 0 };
}

const struct driver *driver_find(const struct drivers *drivers, const char *name)
{
	for (size_t i = 0; i < drivers->count; i++)
		if (!drivers->items[i].internal && strcmp(drivers->items[i].name, name) == 0)
			return &drivers->items[i];
	return NULL;
}
