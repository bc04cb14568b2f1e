/* draw.c - see draw.h. */
#include "reports/draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runner/base/spawn.h"
#include "runner/base/util.h"

#define PATIENCE "5"    /* seconds for one picture */
#define TIMED_OUT 124   /* the status of timeout(1) */
#define NOT_THERE 127   /* the same, and ours: no such program */
#define TIMED_OUT_MAX 3 /* pictures; then no more are tried */

struct drawn {
	struct report_input input;
	struct finding *copies; /* with another graph; all else is borrowed */
	size_t copy_count;
	const struct finding **list;
};

static bool write_all(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t put = write(fd, text, length);
		if (put <= 0)
			return false;
		text += put;
		length -= (size_t)put;
	}
	return true;
}

/* `why`: the exit status of timeout(1), 0 when there is a picture. */
static char *draw_one(const char *source, int *why)
{
	*why = NOT_THERE;
	char *picture = NULL;
	int fd = memfd_create("graph", MFD_CLOEXEC);
	if (fd < 0)
		return NULL;
	/* `dot` opens it as a file of ours. */
	char *path = xprintf("/proc/%d/fd/%d", (int)getpid(), fd);
	char *arguments[] = { "timeout", PATIENCE, "dot", "-Tsvg", path, NULL };
	struct spawn spawn = { .arguments = arguments };
	struct spawned spawned = { 0 };
	if (write_all(fd, source, strlen(source)) && spawn_run(&spawn, &spawned) == 0) {
		*why = spawned.status;
		if (*why == 0 && spawned.out.data && strstr(spawned.out.data, "</svg>"))
			picture = buf_take(&spawned.out);
	}
	spawned_clear(&spawned);
	free(path);
	close(fd);
	return picture;
}

char *draw_graph(const char *source)
{
	int why;
	return draw_one(source, &why);
}

struct drawn *drawn_new(const struct report_input *input)
{
	struct drawn *drawn = xcalloc(1, sizeof *drawn);
	bool missing = false;   /* no `dot`: it is not tried again */
	unsigned timed_out = 0; /* one graph may be too large; a machine may be too slow for all */
	drawn->input = *input;
	drawn->list = xcalloc(input->count, sizeof *drawn->list);
	drawn->copies = xcalloc(input->count, sizeof *drawn->copies);
	for (size_t i = 0; i < input->count; i++) {
		const struct finding *finding = input->findings[i];
		bool draws = finding->graph && !missing && timed_out < TIMED_OUT_MAX;
		int why = 0;
		char *picture = draws ? draw_one(finding->graph, &why) : NULL;
		missing = missing || why == NOT_THERE;
		timed_out += why == TIMED_OUT;
		drawn->list[i] = finding;
		if (!picture)
			continue;
		struct finding *copy = &drawn->copies[drawn->copy_count++];
		*copy = *finding;
		copy->graph = picture;
		drawn->list[i] = copy;
	}
	drawn->input.findings = drawn->list;
	return drawn;
}

const struct report_input *drawn_input(const struct drawn *drawn)
{
	return &drawn->input;
}

void drawn_free(struct drawn *drawn)
{
	for (size_t i = 0; i < drawn->copy_count; i++)
		free(drawn->copies[i].graph);
	free(drawn->copies);
	free(drawn->list);
	free(drawn);
}
