/* pylayout.c - see pylayout.h. */
#include "runner/inspect/pylayout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"
#include "runner/symbols/layout.h"

enum {
	STR_KIND_WITH_GIL =
		2, /* bits before it; without the GIL `interned` is a byte, set atomically */
	OFFSETS_MAX = 2048, /* bytes of a struct _Py_DebugOffsets */
	ENVIRONMENT_MAX = 1 << 20,
};

/* The value of FTS_ENV_LAYOUT in the process's first environment, or NULL; to be freed. */
static char *path_of(pid_t pid)
{
	char *file = xprintf("/proc/%d/environ", pid), *path = NULL;
	const char *name = FTS_ENV_LAYOUT "=";
	size_t length = 0;
	char *text = read_file(file, &length);
	for (size_t at = 0; text && at < length; at += strlen(text + at) + 1)
		if (strncmp(text + at, name, strlen(name)) == 0)
			path = xstrdup(text + at + strlen(name));
	free(text);
	free(file);
	return path;
}

/* Also a process that a test started has the file's name, and may be of another release. */
static bool read_own(struct remote *remote, unsigned major, unsigned minor,
		     struct fts_layout *layout)
{
	char *path = path_of(remote->pid);
	size_t length = 0;
	char *text = path ? read_file(path, &length) : NULL;
	char *begin = xprintf(FTS_LAYOUT_MAGIC "%u.%u.", major, minor);
	bool own = text && strncmp(text, begin, strlen(begin)) == 0 &&
		   layout_parse(layout, text, length);
	free(begin);
	free(text);
	free(path);
	return own;
}

static const struct {
	size_t told, is;
} told_twice[] = {
#define TOLD(structure, member, name)                                                              \
	{ offsetof(struct fts_layout, told_##structure##_##member) / sizeof(uint32_t),             \
	  offsetof(struct fts_layout, name) / sizeof(uint32_t) },
	FTS_LAYOUT_TOLD(TOLD)
#undef TOLD
};

/* Members that it does not tell, beside one that it tells: the structure may begin otherwise. */
static void move_along(struct fts_layout *layout, const struct fts_layout *was)
{
	layout->tstate_state += layout->tstate_status - was->tstate_status;
	layout->frame_globals += layout->frame_previous - was->frame_previous;
	layout->type_basicsize += layout->type_name - was->type_name;
	layout->type_itemsize += layout->type_name - was->type_name;
	layout->str_compact_data += layout->str_ascii_data - was->str_ascii_data;
}

bool pylayout_read(struct remote *remote, uint64_t runtime, unsigned major, unsigned minor,
		   struct fts_layout *layout)
{
	if (!read_own(remote, major, minor, layout) && !layout_of_release(layout, major, minor))
		return false;
	struct fts_layout was = *layout;
	for (size_t i = 0; i < sizeof told_twice / sizeof *told_twice; i++) {
		uint32_t at = layout->all[told_twice[i].told];
		if (at < OFFSETS_MAX)
			layout->all[told_twice[i].is] = (uint32_t)remote_word(remote, runtime + at);
	}
	move_along(layout, &was);
	if (!remote_word(remote, runtime + FTS_TOLD_FREE_THREADED)) {
		layout->str_kind = STR_KIND_WITH_GIL;
		layout->code_tlbc = layout->frame_tlbc_index = FTS_LAYOUT_NONE;
	}
	return true;
}
