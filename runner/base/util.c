/* util.c - see util.h. */
#include "runner/base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void (*message_before)(void);
void (*message_after)(void);

static void *checked(void *memory)
{
	if (!memory) {
		static const char text[] = "ftstress: out of memory\n";
		(void)!write(STDERR_FILENO, text, sizeof text - 1);
		_exit(EXIT_INTERNAL);
	}
	return memory;
}

void *xmalloc(size_t size)
{
	return checked(malloc(size ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *old, size_t size)
{
	return checked(realloc(old, size ? size : 1));
}

char *xstrdup(const char *text)
{
	return text ? checked(strdup(text)) : NULL;
}

char *xstrndup(const char *text, size_t length)
{
	return checked(strndup(text, length));
}

void strings_free(char **strings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(strings[i]);
	free(strings);
}

char *xprintf(const char *format, ...)
{
	va_list args;
	char *text = NULL;
	va_start(args, format);
	int length = vasprintf(&text, format, args);
	va_end(args);
	return checked(length < 0 ? NULL : text);
}

static void buf_reserve(struct buf *buf, size_t more)
{
	size_t need = buf->length + more + 1;
	if (need <= buf->capacity)
		return;
	size_t capacity = buf->capacity ? buf->capacity : 64;
	while (capacity < need)
		capacity *= 2;
	buf->data = xrealloc(buf->data, capacity);
	buf->capacity = capacity;
}

void buf_add(struct buf *buf, const void *bytes, size_t length)
{
	buf_reserve(buf, length);
	if (length)
		memcpy(buf->data + buf->length, bytes, length);
	buf->length += length;
	buf->data[buf->length] = '\0';
}

void buf_puts(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length > 0) {
		buf_reserve(buf, (size_t)length);
		vsnprintf(buf->data + buf->length, (size_t)length + 1, format, again);
		buf->length += (size_t)length;
	}
	va_end(again);
}

void buf_clear(struct buf *buf)
{
	buf->length = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

void buf_free(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){ 0 };
}

char *buf_take(struct buf *buf)
{
	char *data = buf->data ? buf->data : xstrdup("");
	*buf = (struct buf){ 0 };
	return data;
}

char *read_file(const char *path, size_t *length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	struct buf buf = { 0 };
	buf_add(&buf, "", 0);
	char chunk[65536];
	ssize_t got;
	while ((got = read(fd, chunk, sizeof chunk)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			int error = errno;
			close(fd);
			buf_free(&buf);
			errno = error;
			return NULL;
		}
		buf_add(&buf, chunk, (size_t)got);
	}
	close(fd);
	if (length)
		*length = buf.length;
	return buf_take(&buf);
}

char *signal_text(int number)
{
	const char *name = sigabbrev_np(number);
	if (name)
		return xprintf("SIG%s", name);
	if (number >= SIGRTMIN && number <= SIGRTMAX)
		return number > SIGRTMIN ? xprintf("SIGRTMIN+%d", number - SIGRTMIN)
					 : xstrdup("SIGRTMIN");
	return xprintf("signal %d", number);
}

size_t utf8_sequence(const char *at, size_t room)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)at;
	if (!room)
		return 0;
	size_t length = s[0] < 0x80 ? 1 : s[0] < 0xc0 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (length <= 1)
		return length;
	if (length > room || s[0] > 0xf4)
		return 0;
	uint32_t code = s[0] & (0xffu >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	bool surrogate = code >= 0xd800 && code < 0xe000;
	return code < least[length] || code > 0x10ffff || surrogate ? 0 : length;
}

char *utf8_text(const char *bytes, size_t length)
{
	struct buf out = { 0 };
	for (size_t at = 0; at < length;) {
		size_t whole = utf8_sequence(bytes + at, length - at);
		if (whole)
			buf_add(&out, bytes + at, whole);
		else
			buf_puts(&out, "\xef\xbf\xbd");
		at += whole ? whole : 1;
	}
	return buf_take(&out);
}

uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t length)
{
	const unsigned char *byte = bytes;
	uint64_t hash = 0xcbf29ce484222325ull ^ seed;
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ byte[i]) * 0x100000001b3ull;
	return hash;
}

uint64_t hash_string(uint64_t seed, const char *text)
{
	return hash_bytes(seed, text, strlen(text));
}

uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ull);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

bool whole_number(const char *text, int base, uint64_t *number)
{
	if (!isxdigit((unsigned char)text[0]))
		return false;
	char *end;
	errno = 0;
	*number = strtoull(text, &end, base);
	return !errno && *end == '\0';
}

double now_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void message(const char *format, va_list args)
{
	if (message_before)
		message_before();
	fputs("ftstress: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	if (message_after)
		message_after();
}

void warn(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	message(format, args);
	va_end(args);
}

int fail(int code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	message(format, args);
	va_end(args);
	return code;
}
