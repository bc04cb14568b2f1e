/* source.c - see source.h. An open-addressed table of files, each with the offsets of its lines. */
#include "runner/symbols/source.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "runner/base/util.h"

#define FILE_MAX ((off_t)8 << 20)   /* bytes: no source that a person wrote is larger */
#define KEPT_MAX ((size_t)64 << 20) /* bytes of text; with more, the whole cache is emptied */
#define SLOTS 512u                  /* a power of two; emptied when three quarters are full */

struct file {
	char *path;     /* NULL: the slot is free */
	char *text;     /* NULL: the file can't be read */
	size_t *starts; /* starts[i]: where line i + 1 begins; one more than there are lines */
	size_t lines;
};

struct source_cache {
	struct file files[SLOTS];
	size_t used;
	size_t kept;
};

struct source_cache *source_open(void)
{
	return xcalloc(1, sizeof(struct source_cache));
}

static void drop_all(struct source_cache *cache)
{
	for (size_t i = 0; i < SLOTS; i++) {
		free(cache->files[i].path);
		free(cache->files[i].text);
		free(cache->files[i].starts);
	}
	*cache = (struct source_cache){ 0 };
}

void source_close(struct source_cache *cache)
{
	if (!cache)
		return;
	drop_all(cache);
	free(cache);
}

static void index_lines(struct file *file, size_t length)
{
	size_t capacity = 0, count = 0;
	ARRAY_PUSH(file->starts, count, capacity, 0);
	for (size_t at = 0; at < length;) {
		const char *end = memchr(file->text + at, '\n', length - at);
		at = end ? (size_t)(end - file->text) + 1 : length + 1;
		ARRAY_PUSH(file->starts, count, capacity, at);
	}
	file->lines = count - 1;
}

/* The slot of `path`: its file, or the free slot where it belongs. */
static struct file *slot_of(struct source_cache *cache, const char *path)
{
	size_t slot = (size_t)hash_string(0, path) & (SLOTS - 1);
	while (cache->files[slot].path && strcmp(cache->files[slot].path, path) != 0)
		slot = (slot + 1) & (SLOTS - 1);
	return &cache->files[slot];
}

static struct file *file_of(struct source_cache *cache, const char *path)
{
	struct file *file = slot_of(cache, path);
	if (file->path)
		return file;
	if (cache->used >= SLOTS / 4 * 3 || cache->kept > KEPT_MAX) {
		drop_all(cache);
		file = slot_of(cache, path);
	}
	file->path = xstrdup(path);
	cache->used++;
	/* Look before opening it: opening a FIFO blocks, and opening a device can do anything. */
	struct stat status;
	if (stat(path, &status) || !S_ISREG(status.st_mode) || status.st_size > FILE_MAX)
		return file;
	size_t length = 0;
	file->text = read_file(path, &length);
	if (file->text) {
		index_lines(file, length);
		cache->kept += length;
	}
	return file;
}

int source_get(struct source_cache *cache, const char *path, int number, struct source_line *line)
{
	if (!path || number < 1)
		return 0;
	const struct file *file = file_of(cache, path);
	size_t i = (size_t)number - 1;
	if (!file->text || i >= file->lines)
		return 0;
	line->text = file->text + file->starts[i];
	line->length = file->starts[i + 1] - file->starts[i] - 1;
	if (line->length && line->text[line->length - 1] == '\r')
		line->length--;
	if (line->length > SOURCE_LINE_MAX)
		line->length = SOURCE_LINE_MAX;
	return 1;
}
