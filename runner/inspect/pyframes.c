/* pyframes.c - see pyframes.h. */
#include "runner/inspect/pyframes.h"

#include "ftstress/pythons.h"
#include "runner/base/util.h"
#include "runner/inspect/pylayout.h"
#include "runner/symbols/pyline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Limits: the process's memory may be overwritten, or in the middle of a change. */
#define INTERPRETERS_MAX 1000
#define THREADS_MAX 10000
#define CHAIN_MAX 1000000 /* frames */
#define TEXT_MAX 4096     /* characters of a name or a path */
#define LINE_TABLE_MAX (1u << 20)
#define FRAME_MAX 512 /* bytes of an _PyInterpreterFrame, without locals */

static const struct python_release releases[] = {
#define ENTRY(major_, minor_) { .major = major_, .minor = minor_, .counts_c_calls = minor_ == 13 },
	FTS_PYTHONS(ENTRY)
#undef ENTRY
};

#define THREAD_ATTACHED 1 /* _Py_THREAD_ATTACHED */

static const struct python_release *release_of(unsigned major, unsigned minor)
{
	for (size_t i = 0; i < sizeof releases / sizeof *releases; i++)
		if (releases[i].major == major && releases[i].minor == minor)
			return &releases[i];
	return NULL;
}

const struct python_release *python_release_named(const char *version)
{
	unsigned major, minor;
	return sscanf(version, "%u.%u", &major, &minor) == 2 ? release_of(major, minor) : NULL;
}

/*
 * Only in such modules is _PyRuntime looked up: a process may have 150, and a look-up takes time.
 */
static bool may_be_python(const char *path)
{
	const char *name = strrchr(path, '/');
	return name && strstr(name, "python");
}

static bool read_release(struct remote *remote, struct python *python, char **why)
{
	char cookie[sizeof FTS_TOLD_COOKIE - 1];
	if (!remote_read(remote, python->runtime, cookie, sizeof cookie) ||
	    memcmp(cookie, FTS_TOLD_COOKIE, sizeof cookie) != 0) {
		*why = xprintf("the Python of process %d is older than 3.13: only native stacks",
			       remote->pid);
		return false;
	}
	uint64_t version = remote_word(remote, python->runtime + FTS_TOLD_VERSION);
	unsigned major = (unsigned)(version >> 24) & 255, minor = (unsigned)(version >> 16) & 255;
	const struct python_release *release = release_of(major, minor);
	if (!release || !pylayout_read(remote, python->runtime, major, minor, &python->layout)) {
		*why = xprintf("Python %u.%u is not supported: only native stacks", major, minor);
		return false;
	}
	if (python->layout.frame_size > FRAME_MAX) {
		*why = xprintf("the frames of process %d are laid out in an unknown way: only "
			       "native stacks",
			       remote->pid);
		return false;
	}
	python->release = release;
	return true;
}

bool python_find(struct remote *remote, struct python *python, char **why)
{
	*python = (struct python){ 0 };
	for (size_t i = 0; i < remote->module_count; i++) {
		struct remote_module *module = remote->modules[i];
		if (!may_be_python(module->path))
			continue;
		python->runtime = remote_symbol(remote, module, "_PyRuntime");
		if (!python->runtime)
			continue;
		python->code_type = remote_symbol(remote, module, "PyCode_Type");
		python->type_type = remote_symbol(remote, module, "PyType_Type");
		return read_release(remote, python, why);
	}
	*why = xprintf("process %d has no Python in it: only native stacks", remote->pid);
	return false;
}

size_t python_threads(struct remote *remote, const struct python *python,
		      struct python_thread **threads)
{
	const struct fts_layout *at = &python->layout;
	size_t count = 0, capacity = 0, interpreters = 0;
	*threads = NULL;
	if (!python->release)
		return 0;
	for (uint64_t interpreter = remote_word(remote, python->runtime + at->runtime_interpreters);
	     interpreter && interpreters++ < INTERPRETERS_MAX;
	     interpreter = remote_word(remote, interpreter + at->interpreter_next))
		for (uint64_t state = remote_word(remote, interpreter + at->interpreter_threads);
		     state && count < THREADS_MAX;
		     state = remote_word(remote, state + at->tstate_next)) {
			struct python_thread thread = {
				.thread_id = remote_word(remote, state + at->tstate_thread),
				.native_id = remote_word(remote, state + at->tstate_native_thread),
				.frame = remote_word(remote, state + at->tstate_current_frame),
				.attached =
					(uint32_t)remote_word(remote, state + at->tstate_state) ==
					THREAD_ATTACHED,
			};
			ARRAY_PUSH(*threads, count, capacity, thread);
		}
	return count;
}

size_t python_chain(struct remote *remote, const struct python *python, uint64_t innermost,
		    struct python_frame **frames)
{
	const struct fts_layout *at = &python->layout;
	size_t count = 0, capacity = 0;
	*frames = NULL;
	for (uint64_t address = innermost; address && count < CHAIN_MAX;) {
		uint8_t owner;
		uint64_t previous;
		if (!remote_read(remote, address + at->frame_owner, &owner, sizeof owner) ||
		    !remote_read(remote, address + at->frame_previous, &previous, sizeof previous))
			break;
		struct python_frame frame = { address, owner >= at->frame_entry };
		ARRAY_PUSH(*frames, count, capacity, frame);
		if (previous == address)
			break;
		address = previous;
	}
	return count;
}

static void add_utf8(struct buf *buf, uint32_t c)
{
	char bytes[4];
	if (c < 0x20)
		c = '?'; /* a line break in a name would break a line of the report */
	size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	for (size_t i = length; i-- > 1; c >>= 6)
		bytes[i] = (char)(0x80 | (c & 0x3f));
	bytes[0] = (char)(lead[length] | c);
	buf_add(buf, bytes, length);
}

/*
 * The text of a str object; NULL if it cannot be read. Names and paths are always compact strings.
 */
static char *read_text(struct remote *remote, const struct python *python, uint64_t object)
{
	const struct fts_layout *at = &python->layout;
	uint32_t state = 0;
	if (!object || !remote_read(remote, object + at->str_state, &state, sizeof state))
		return NULL;
	state >>= at->str_kind;
	unsigned kind = state & 7;
	bool compact = state & 8, ascii = state & 16;
	uint64_t length = remote_word(remote, object + at->str_length);
	if (!compact || length > TEXT_MAX || (kind != 1 && kind != 2 && kind != 4))
		return NULL;
	/* If the text is not ASCII, two more fields (of a UTF-8 copy) stand before it. */
	uint64_t data = object + (ascii ? at->str_ascii_data : at->str_compact_data);
	uint8_t *raw = xmalloc(length * kind);
	struct buf text = { 0 };
	bool readable = remote_read(remote, data, raw, length * kind);
	for (uint64_t i = 0; readable && i < length; i++) {
		uint32_t c = 0;
		memcpy(&c, raw + i * kind, kind);
		add_utf8(&text, c < 0x110000 ? c : 0xfffd);
	}
	free(raw);
	return readable ? buf_take(&text) : NULL;
}

/*
 * Where the frame's bytecode begins: in the code object, or in a copy that only this thread runs.
 */
static uint64_t bytecode_of(struct remote *remote, const struct fts_layout *at,
			    const uint8_t *frame, uint64_t code)
{
	int32_t index = 0;
	uint64_t copies = at->frame_tlbc_index != FTS_LAYOUT_NONE
				  ? remote_word(remote, code + at->code_tlbc)
				  : 0;
	if (!copies)
		return code + at->code_bytecode;
	memcpy(&index, frame + at->frame_tlbc_index, sizeof index);
	if (index < 0 || (uint64_t)index >= remote_word(remote, copies)) /* _PyCodeArray.size */
		return code + at->code_bytecode;
	return remote_word(remote, copies + at->tlbc_entries + 8 * (uint64_t)index);
}

static int line_of(struct remote *remote, const struct fts_layout *at, uint64_t code,
		   uint64_t bytecode, uint64_t instruction)
{
	int32_t first = 0;
	uint64_t table = remote_word(remote, code + at->code_linetable);
	uint64_t size = table ? remote_word(remote, table + at->size) : 0;
	if (!size || size > LINE_TABLE_MAX ||
	    !remote_read(remote, code + at->code_first_line, &first, sizeof first))
		return 0;
	uint8_t *bytes = xmalloc(size);
	int line = 0;
	if (remote_read(remote, table + at->bytes_data, bytes, size))
		line = pyline(bytes, size, first,
			      instruction < bytecode ? 0 : (uint32_t)(instruction - bytecode) / 2);
	free(bytes);
	return line;
}

void python_describe(struct remote *remote, const struct python *python, uint64_t address,
		     char **qualname, char **file, int *line)
{
	const struct fts_layout *at = &python->layout;
	uint8_t frame[FRAME_MAX];
	uint64_t code = 0, instruction = 0;
	*qualname = *file = NULL;
	*line = 0;
	if (remote_read(remote, address, frame, at->frame_size)) {
		memcpy(&code, frame + at->frame_executable, sizeof code);
		memcpy(&instruction, frame + at->frame_instr_ptr, sizeof instruction);
		code &= ~STACKREF_TAG_BITS;
	}
	if (code && (!python->code_type ||
		     remote_word(remote, code + at->object_type) == python->code_type)) {
		*qualname =
			read_text(remote, python, remote_word(remote, code + at->code_qualname));
		*file = read_text(remote, python, remote_word(remote, code + at->code_filename));
		*line = line_of(remote, at, code, bytecode_of(remote, at, frame, code),
				instruction);
	}
	if (!*qualname)
		*qualname = xstrdup("<frame not readable>");
}
