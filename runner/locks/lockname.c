/* lockname.c - see lockname.h. */
#include "runner/locks/lockname.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "runner/locks/lockorder.h"
#include "runner/base/util.h"
#include "runner/model/lock_kind.h"

/* Modules of the standard library that make locks for their users: the user is to be named. */
static bool is_library(const char *file)
{
	static const char *const parts[] = { "threading.py", "<frozen importlib", "/queue.py",
					     "/concurrent/futures/" };
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (strstr(file, parts[i]))
			return true;
	return false;
}

static bool is_own_code(const struct frame *frame)
{
	if (frame->language == FRAME_PYTHON)
		return !frame->file || !is_library(frame->file);
	return frame->module && strncmp(frame->module, "libpython", 9) != 0 &&
	       strncmp(frame->module, "libftstress", 11) != 0 &&
	       strncmp(frame->module, "libclang_rt", 11) != 0 &&
	       strncmp(frame->module, "libc.so", 7) != 0 && !frame->is_inline;
}

const struct frame *lockname_frame(const struct stack *stack)
{
	for (size_t i = 0; i < stack->count; i++)
		if (is_own_code(&stack->frames[i]))
			return &stack->frames[i];
	for (size_t i = 0; i < stack->count; i++)
		if (stack->frames[i].language == FRAME_PYTHON)
			return &stack->frames[i];
	for (size_t i = 0; i < stack->count; i++)
		if (!stack->frames[i].is_inline)
			return &stack->frames[i];
	return NULL;
}

char *lockname_line(const struct stack *stack, const struct roots *roots)
{
	const struct frame *frame = lockname_frame(stack);
	if (!frame)
		return xstrdup("an unknown place");
	if (!frame->file)
		return xstrdup(frame->function);
	char *path = short_path(frame->file, roots);
	char *text = xprintf("%s:%d", path, frame->line);
	free(path);
	return text;
}

/* ---- locks known by where they were made ---- */

/* The text of the line, without space around it; empty if it can't be read. To be freed. */
static char *line_text(struct source_cache *sources, const struct frame *frame)
{
	struct source_line line;
	if (!frame->file || !source_get(sources, frame->file, frame->line, &line))
		return xstrdup("");
	const char *from = line.text, *end = line.text + line.length;
	while (from < end && isspace((unsigned char)*from))
		from++;
	while (end > from && isspace((unsigned char)end[-1]))
		end--;
	return xstrndup(from, (size_t)(end - from));
}

/* Does it call something that is called like a class? Else the line is not what makes the lock. */
static bool makes_an_object(const char *text)
{
	for (bool inside = false; *text; text++) {
		bool letter = isalnum((unsigned char)*text) || *text == '_';
		size_t length = 0;
		while (isalnum((unsigned char)text[length]) || text[length] == '_')
			length++;
		if (!inside && isupper((unsigned char)*text) && text[length] == '(')
			return true;
		inside = letter;
	}
	return false;
}

/* "self._lock" of "self._lock: Lock = Lock()"; empty if nothing is assigned. To be freed. */
static char *assigned(const char *line)
{
	size_t length = 0;
	while (isalnum((unsigned char)line[length]) || line[length] == '_' || line[length] == '.')
		length++;
	const char *rest = line + length + strspn(line + length, " ");
	if (*rest == ':')
		rest += strcspn(rest, "=");
	if (!length || isdigit((unsigned char)*line) || *rest != '=' || rest[1] == '=' ||
	    !makes_an_object(rest))
		length = 0;
	return xstrndup(line, length);
}

static struct lockname name_of_birth(const struct lockorder_host *host,
				     struct source_cache *sources,
				     const struct lockgraph_lock *lock)
{
	const char *kind = lock_kind_name(lock->kind);
	struct stack birth;
	host->frames(host->context, lock->birth, &birth);
	const struct frame *frame = lockname_frame(&birth);
	char *place = lockname_line(&birth, &host->places);
	char *function = frame ? frame_text(frame, &host->roots) : xstrdup("?");
	char *line = frame ? line_text(sources, frame) : xstrdup("");
	char *variable = assigned(line);
	struct lockname name = {
		.name = xprintf("%s %s%sof %s", kind, variable, *variable ? " " : "", place),
		.class = xprintf("%s %s %s", kind, function, line),
		.place = strlen(kind) + 1 + strlen(variable) + (*variable != '\0'),
		.vague = !*line,
		.ours = frame && frame->file && strstr(frame->file, "/ftstress_driver/"),
	};
	free(variable);
	free(line);
	free(function);
	free(place);
	stack_clear(&birth);
	return name;
}

/* ---- others ---- */

static char *name_by_label(const struct lockorder_host *host, const struct lockgraph_lock *lock,
			   const struct lock_label *label)
{
	const char *kind = lock_kind_name(lock->kind);
	uint64_t offset = 0;
	if (!label)
		return NULL;
	if (label->type)
		return xprintf("%s%s%s", kind, lock_kind_between(lock->kind), label->type);
	char *variable = host->variable(host->context, label->where, &offset);
	if (!variable)
		return NULL;
	char *name = offset ? xprintf("%s %s+%llu", kind, variable, (unsigned long long)offset)
			    : xprintf("%s %s", kind, variable);
	free(variable);
	return name;
}

struct lockname lockname_of(const struct lockorder_host *host, struct source_cache *sources,
			    const struct lockgraph_lock *lock, const struct lock_label *label)
{
	if (lock->birth != LOCKGRAPH_NONE)
		return name_of_birth(host, sources, lock);
	struct lockname name = { .name = name_by_label(host, lock, label) };
	name.vague = fts_lock_is(lock->kind, FTS_BY_TYPE) ||
		     (!name.name && lock->kind != FTS_LOCK_ATTACHED);
	if (!name.name)
		name.name = xstrdup(lock_kind_name(lock->kind));
	name.class = xstrdup(name.name);
	return name;
}

void lockname_clear(struct lockname *name)
{
	free(name->name);
	free(name->class);
	*name = (struct lockname){ 0 };
}

/* ---- pictures ---- */

/* As a string of Graphviz. */
static void put_quoted(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_printf(out, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
}

/* Where a lock was made stands below what it is. */
static void put_lock(struct buf *out, const struct lockname *lock)
{
	char *what = xstrndup(lock->name, lock->place ? lock->place - 1 : strlen(lock->name));
	put_quoted(out, what);
	if (lock->place) {
		buf_puts(out, "\\n");
		put_quoted(out, lock->name + lock->place);
	}
	free(what);
}

char *lockname_graph(const struct lockname_arc *arcs, size_t count)
{
	struct buf out = { 0 };
	buf_puts(&out, "digraph locks {\n"
		       "\trankdir=LR; nodesep=0.6; ranksep=1.2;\n"
		       "\tnode [shape=box, style=rounded, fontname=\"Helvetica\", fontsize=12];\n"
		       "\tedge [fontname=\"Helvetica\", fontsize=10];\n");
	for (size_t i = 0; i < count; i++) {
		buf_printf(&out, "\t%c [label=\"%c: ", (char)('A' + i), (char)('A' + i));
		put_lock(&out, arcs[i].lock);
		buf_puts(&out, "\"];\n");
	}
	for (size_t i = 0; i < count; i++) {
		buf_printf(&out, "\t%c -> %c [label=\"T%zu: has %c since ", (char)('A' + i),
			   (char)('A' + (i + 1) % count), i + 1, (char)('A' + i));
		put_quoted(&out, arcs[i].taken);
		buf_printf(&out, "\\nwants %c at ", (char)('A' + (i + 1) % count));
		put_quoted(&out, arcs[i].wanted);
		buf_puts(&out, "\"];\n");
	}
	buf_puts(&out, "}\n");
	return buf_take(&out);
}
