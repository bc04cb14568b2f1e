/* symbolize.c - see symbolize.h. */
#include "runner/symbols/symbolize.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/base/map.h"
#include "runner/base/util.h"
#include "runner/model/plumbing.h"
#include "runner/symbols/cython.h"
#include "runner/symbols/instrumented.h"
#include "runner/symbols/llvm.h"
#include "runner/symbols/members.h"
#include "runner/symbols/pyline.h"

enum {
	MODULE_SHIFT = 48,
	MODULES_MAX = 1 << 15,
	BATCH = 4096, /* requests written before their answers are looked for at the latest */
};

#define ADDRESS_MASK ((1ull << MODULE_SHIFT) - 1)

struct module {
	char *path; /* as the symbolizer is to open it */
	char *name; /* base name without " (deleted)" */
	bool readable;
	bool instrumented, looked_at; /* the first says something if the second is set */
	struct members *members;      /* its debug information, from the first need on; or NULL */
	bool members_opened;
};

struct code {
	char *qualname, *file;
	uint8_t *table;
	size_t table_length;
	int first_line;
};

struct variable {
	char *name; /* NULL = there is none */
	uint64_t start, size;
};

struct symbolizer {
	struct symbolizer_options options;
	struct cython *cython;
	struct module *modules; /* [0] = unknown */
	size_t module_count, module_capacity;
	struct map modules_by_hash;
	struct code *codes;
	size_t code_count, code_capacity;
	struct map codes_by_hash;
	struct stack *symbols;
	size_t symbol_count, symbol_capacity;
	struct map symbols_by_position;
	struct variable *variables;
	size_t variable_count, variable_capacity;
	struct map variables_by_position;
	char **files; /* where the files that symbols name lie, see locate() */
	size_t file_count, file_capacity;
	struct map files_by_hash;
	struct llvm llvm;
};

/* ---- modules, code objects, positions ---- */

struct symbolizer *symbolizer_open(const struct symbolizer_options *options)
{
	struct symbolizer *s = xcalloc(1, sizeof *s);
	s->options = *options;
	s->cython = cython_open(options->source_dirs, options->source_dir_count);
	s->llvm = (struct llvm){ .path = options->path,
				 .note = options->note,
				 .note_context = options->note_context,
				 .socket = -1 };
	struct module unknown = { .name = xstrdup("unknown code") };
	ARRAY_PUSH(s->modules, s->module_count, s->module_capacity, unknown);
	return s;
}

uint32_t symbolizer_module(struct symbolizer *s, const char *path, size_t path_length,
			   const uint8_t *build_id, size_t build_id_length)
{
	static const char deleted[] = " (deleted)";
	size_t tail = sizeof deleted - 1;
	uint64_t hash = hash_bytes(hash_bytes(1, build_id, build_id_length), path, path_length);
	uint64_t at = map_get(&s->modules_by_hash, hash);
	if (at != MAP_NONE)
		return (uint32_t)at;
	if (s->module_count == MODULES_MAX)
		return 0;
	struct module module = { .path = xstrndup(path, path_length) };
	if (path_length > tail && !strcmp(module.path + path_length - tail, deleted))
		module.path[path_length - tail] = '\0'; /* perhaps replaced by the same build */
	const char *slash = strrchr(module.path, '/');
	module.name = xstrdup(slash ? slash + 1 : module.path);
	module.readable = !strpbrk(module.path, "\"\n\\") && access(module.path, R_OK) == 0;
	ARRAY_PUSH(s->modules, s->module_count, s->module_capacity, module);
	map_set(&s->modules_by_hash, hash, s->module_count - 1);
	return (uint32_t)(s->module_count - 1);
}

uint32_t symbolizer_code(struct symbolizer *s, const struct code_text *text)
{
	uint64_t hash = hash_bytes((uint64_t)(uint32_t)text->first_line, text->qualname,
				   text->qualname_length);
	hash = hash_bytes(hash, "", 1);
	hash = hash_bytes(hash, text->file, text->file_length);
	hash = hash_bytes(hash, "", 1);
	hash = hash_bytes(hash, text->table, text->table_length);
	uint64_t at = map_get(&s->codes_by_hash, hash);
	if (at != MAP_NONE)
		return (uint32_t)at;
	struct code code = {
		.qualname = xstrndup(text->qualname, text->qualname_length),
		.file = text->file_length ? xstrndup(text->file, text->file_length) : NULL,
		.table = xmalloc(text->table_length),
		.table_length = text->table_length,
		.first_line = text->first_line,
	};
	if (text->table_length)
		memcpy(code.table, text->table, text->table_length);
	ARRAY_PUSH(s->codes, s->code_count, s->code_capacity, code);
	map_set(&s->codes_by_hash, hash, s->code_count - 1);
	return (uint32_t)(s->code_count - 1);
}

position position_native(uint32_t module, uint64_t address)
{
	return module ? (uint64_t)module << MODULE_SHIFT | (address & ADDRESS_MASK)
		      : POSITION_UNKNOWN;
}

position position_python(uint32_t code, uint32_t instruction)
{
	return POSITION_PYTHON | (uint64_t)code << 16 | (instruction & 0xffff);
}

void stack_append(struct stack *stack, const struct frame *frames, size_t count)
{
	if (!count)
		return;
	stack->frames = xrealloc(stack->frames, (stack->count + count) * sizeof *frames);
	for (size_t i = 0; i < count; i++) {
		struct frame *frame = &stack->frames[stack->count++];
		*frame = frames[i];
		frame->function = xstrdup(frames[i].function);
		frame->file = xstrdup(frames[i].file);
		frame->module = xstrdup(frames[i].module);
	}
}

void symbolizer_close(struct symbolizer *s)
{
	if (!s)
		return;
	llvm_end(&s->llvm);
	buf_free(&s->llvm.input);
	cython_close(s->cython);
	for (size_t i = 0; i < s->module_count; i++) {
		members_close(s->modules[i].members);
		free(s->modules[i].path);
		free(s->modules[i].name);
	}
	for (size_t i = 0; i < s->code_count; i++) {
		free(s->codes[i].qualname);
		free(s->codes[i].file);
		free(s->codes[i].table);
	}
	for (size_t i = 0; i < s->symbol_count; i++)
		stack_clear(&s->symbols[i]);
	for (size_t i = 0; i < s->variable_count; i++)
		free(s->variables[i].name);
	for (size_t i = 0; i < s->file_count; i++)
		free(s->files[i]);
	free(s->modules);
	free(s->codes);
	free(s->symbols);
	free(s->variables);
	free(s->files);
	map_free(&s->modules_by_hash);
	map_free(&s->codes_by_hash);
	map_free(&s->symbols_by_position);
	map_free(&s->variables_by_position);
	map_free(&s->files_by_hash);
	free(s);
}

/* ---- frames ---- */

static const struct module *module_of(const struct symbolizer *s, position where)
{
	return &s->modules[where >> MODULE_SHIFT];
}

static enum frame_language language_of(const char *function, const char *file)
{
	static const char *const endings[] = { ".cc", ".cpp", ".cxx", ".hpp", ".hh", ".C", ".hxx" };
	const char *dot = file ? strrchr(file, '.') : NULL;
	if (dot && !strcmp(dot, ".rs"))
		return FRAME_RUST;
	for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++) {
		if (!strcmp(dot, endings[i]))
			return FRAME_CXX;
	}
	return strstr(function, "::") || strchr(function, '(') ? FRAME_CXX : FRAME_C;
}

/* A file name without "a/../" in it: one file, one name. Works in place. */
static void tidy_path(char *path)
{
	char *up;
	while ((up = strstr(path, "/../"))) {
		char *start = up;
		while (start > path && start[-1] != '/')
			start--;
		if (start == up || (up - start == 2 && start[0] == '.' && start[1] == '.'))
			return;
		memmove(start, up + 4, strlen(up + 4) + 1);
	}
}

/* The file under the source folders whose path ends like this one, with a folder at least. */
static char *search_sources(const struct symbolizer *s, const char *path)
{
	for (const char *tail = path; strchr(tail, '/'); tail = strchr(tail, '/') + 1) {
		for (size_t i = 0; i < s->options.source_dir_count && *tail != '/'; i++) {
			char *there = xprintf("%s/%s", s->options.source_dirs[i], tail);
			if (access(there, R_OK) == 0)
				return there;
			free(there);
		}
	}
	return NULL;
}

/* Where a source file lies: its own path if it is there, else below the source folders. */
static const char *locate(struct symbolizer *s, const char *path)
{
	uint64_t hash = hash_string(0, path), at = map_get(&s->files_by_hash, hash);
	if (at != MAP_NONE)
		return s->files[at];
	char *there = *path == '/' && access(path, R_OK) == 0 ? NULL : search_sources(s, path);
	ARRAY_PUSH(s->files, s->file_count, s->file_capacity, there ? there : xstrdup(path));
	map_set(&s->files_by_hash, hash, s->file_count - 1);
	return s->files[s->file_count - 1];
}

/*
 * File and line of one element of "Symbol". Where a compiler merged the code of several lines there is
 * none: the symbolizer then takes the last one before it, which can be of another function or of a
 * header, or gives 0 for the place of an inlined call. Then it is the function's first.
 */
static void set_line(struct frame *frame, json_t *symbol)
{
	const char *file = json_string_value(json_object_get(symbol, "FileName"));
	const char *start_file = json_string_value(json_object_get(symbol, "StartFileName"));
	int line = (int)json_integer_value(json_object_get(symbol, "Line"));
	int start = (int)json_integer_value(json_object_get(symbol, "StartLine"));
	bool near = json_is_true(json_object_get(symbol, "Approximate"));
	if (!file || !*file || !strcmp(file, "??"))
		return;
	bool known = start > 0 && start_file && *start_file;
	if (known && (!line || (near && (line < start || strcmp(file, start_file) != 0)))) {
		file = start_file;
		line = start;
		near = true;
	}
	frame->file = xstrdup(file);
	frame->line = line;
	frame->near_line = near && line > 0;
}

/* The frame of one element of "Symbol". */
static struct frame native_frame(struct symbolizer *s, position where, json_t *symbol)
{
	const char *function = json_string_value(json_object_get(symbol, "FunctionName"));
	const struct module *module = module_of(s, where);
	struct frame frame = { .language = FRAME_UNKNOWN, .module = xstrdup(module->name) };

	if (!function || !*function || !strcmp(function, "??")) {
		frame.function = xprintf("%s+0x%llx", module->name,
					 (unsigned long long)(where & ADDRESS_MASK));
	} else {
		frame.function = xstrdup(function);
		set_line(&frame, symbol);
		frame.language = language_of(function, frame.file);
		if (frame.file)
			tidy_path(frame.file);
		cython_frame(s->cython, &frame,
			     (int)json_integer_value(json_object_get(symbol, "StartLine")));
	}
	if (frame.file) {
		char *there = xstrdup(locate(s, frame.file));
		free(frame.file);
		frame.file = there;
	}
	frame.plumbing |= plumbing_is(&frame) || plumbing_is_helper(&frame);
	return frame;
}

static void symbol_set(struct symbolizer *s, position where, struct stack stack)
{
	ARRAY_PUSH(s->symbols, s->symbol_count, s->symbol_capacity, stack);
	map_set(&s->symbols_by_position, where, s->symbol_count - 1);
}

/* Without an answer, or with an empty one: module and offset. */
static void set_nameless(struct symbolizer *s, position where)
{
	struct stack stack = { xcalloc(1, sizeof(struct frame)), 1 };
	stack.frames[0] = native_frame(s, where, NULL);
	if (where == POSITION_UNKNOWN) {
		free(stack.frames[0].function);
		free(stack.frames[0].module);
		stack.frames[0].function = xstrdup("unknown code");
		stack.frames[0].module = NULL;
	}
	symbol_set(s, where, stack);
}

/* Positions whose functions are asked for. */
struct asked {
	struct symbolizer *symbolizer;
	const position *positions;
};

static void take_code(void *context, size_t index, const char *line, size_t length)
{
	const struct asked *asked = context;
	struct symbolizer *s = asked->symbolizer;
	position where = asked->positions[index];
	json_t *answer = json_loadb(line, length, 0, NULL);
	json_t *symbols = json_object_get(answer, "Symbol");
	size_t count = json_array_size(symbols);
	if (!count) {
		set_nameless(s, where);
		json_decref(answer);
		return;
	}
	struct stack stack = { xcalloc(count, sizeof(struct frame)), count };
	for (size_t i = 0; i < count; i++) {
		stack.frames[i] = native_frame(s, where, json_array_get(symbols, i));
		stack.frames[i].is_inline = i + 1 < count;
	}
	symbol_set(s, where, stack);
	json_decref(answer);
}

/* Asks for up to BATCH positions; returns how many are done, at least one. */
static size_t ask(struct symbolizer *s, const position *positions, size_t count)
{
	struct buf requests = { 0 };
	struct asked asked = { s, positions };
	struct answers answers = { take_code, &asked, 0, count };
	for (size_t i = 0; i < count; i++)
		buf_printf(&requests, "CODE \"%s\" 0x%llx\n", module_of(s, positions[i])->path,
			   (unsigned long long)(positions[i] & ADDRESS_MASK));
	bool good = llvm_converse(&s->llvm, &requests, &answers);
	buf_free(&requests);
	if (!good) {
		llvm_failed(&s->llvm);
		/* the request that it died of is not tried again if it was the first */
		if (!answers.taken && s->llvm.given_up)
			set_nameless(s, positions[answers.taken++]);
	}
	return answers.taken;
}

static void resolve_python(struct symbolizer *s, position where)
{
	size_t number = (size_t)((where & ~POSITION_PYTHON) >> 16);
	struct stack stack = { xcalloc(1, sizeof(struct frame)), 1 };
	struct frame *frame = &stack.frames[0];
	frame->language = FRAME_PYTHON;
	if (number < s->code_count) {
		const struct code *code = &s->codes[number];
		frame->function = xstrdup(code->qualname);
		frame->file = xstrdup(code->file);
		frame->line = pyline(code->table, code->table_length, code->first_line,
				     (uint32_t)(where & 0xffff));
		if (!frame->line && code->first_line > 0)
			frame->line = code->first_line;
		frame->plumbing = plumbing_is(frame);
	} else {
		frame->function = xstrdup("unknown Python function");
	}
	symbol_set(s, where, stack);
}

void symbolizer_resolve(struct symbolizer *s, const position *positions, size_t count)
{
	position *wanted = NULL;
	size_t wanted_count = 0, capacity = 0;
	struct map seen = { 0 };

	for (size_t i = 0; i < count; i++) {
		position where = positions[i];
		if (map_get(&s->symbols_by_position, where) != MAP_NONE)
			continue;
		if (where & POSITION_PYTHON) {
			resolve_python(s, where);
		} else if (!module_of(s, where)->readable) {
			set_nameless(s, where);
		} else if (map_get(&seen, where) == MAP_NONE) {
			map_set(&seen, where, 0);
			ARRAY_PUSH(wanted, wanted_count, capacity, where);
		}
	}
	for (size_t done = 0; done < wanted_count;) {
		size_t batch = wanted_count - done < BATCH ? wanted_count - done : BATCH;
		if (llvm_ready(&s->llvm))
			done += ask(s, wanted + done, batch);
		else
			set_nameless(s, wanted[done++]);
	}
	map_free(&seen);
	free(wanted);
}

const struct stack *symbolizer_frames(struct symbolizer *s, position where)
{
	uint64_t at = map_get(&s->symbols_by_position, where);
	if (at == MAP_NONE) {
		symbolizer_resolve(s, &where, 1);
		at = map_get(&s->symbols_by_position, where);
	}
	return &s->symbols[at];
}

/* ---- global variables ---- */

static void take_variable(void *context, size_t index, const char *line, size_t length)
{
	(void)index;
	struct variable *variable = context;
	json_t *answer = json_loadb(line, length, 0, NULL);
	json_t *data = json_object_get(answer, "Data");
	const char *name = json_string_value(json_object_get(data, "Name"));
	const char *start = json_string_value(json_object_get(data, "Start"));
	const char *size = json_string_value(json_object_get(data, "Size"));
	if (name && *name && strcmp(name, "??") != 0 && start) {
		variable->name = xstrdup(name);
		variable->start = strtoull(start, NULL, 16);
		variable->size = size ? strtoull(size, NULL, 16) : 0;
	}
	json_decref(answer);
}

/* What is at a position, asked for once: a race is seen many times. */
static struct variable variable_at(struct symbolizer *s, position where)
{
	struct variable variable = { 0 };
	struct answers answers = { take_variable, &variable, 0, 1 };
	struct buf request = { 0 };
	uint64_t at = map_get(&s->variables_by_position, where);
	if (at != MAP_NONE)
		return s->variables[at];
	if (!module_of(s, where)->readable || !llvm_ready(&s->llvm))
		return variable;
	buf_printf(&request, "DATA \"%s\" 0x%llx\n", module_of(s, where)->path,
		   (unsigned long long)(where & ADDRESS_MASK));
	if (!llvm_converse(&s->llvm, &request, &answers))
		llvm_failed(&s->llvm);
	buf_free(&request);
	if (answers.taken) {
		ARRAY_PUSH(s->variables, s->variable_count, s->variable_capacity, variable);
		map_set(&s->variables_by_position, where, s->variable_count - 1);
	}
	return variable;
}

char *symbolizer_variable(struct symbolizer *s, position where, uint64_t *offset)
{
	struct variable variable = variable_at(s, where);
	if (variable.name)
		*offset = (where & ADDRESS_MASK) - variable.start;
	return xstrdup(variable.name);
}

const char *symbolizer_global(struct symbolizer *s, position where)
{
	struct variable variable = variable_at(s, where);
	return (where & ADDRESS_MASK) - variable.start < variable.size ? variable.name : NULL;
}

static struct members *members_at(struct symbolizer *s, position where)
{
	struct module *module = &s->modules[where >> MODULE_SHIFT];
	if ((where & POSITION_PYTHON) || !module->readable)
		return NULL;
	if (!module->members_opened)
		module->members = members_open(module->path);
	module->members_opened = true;
	return module->members;
}

char *symbolizer_member(struct symbolizer *s, position where, uint64_t offset)
{
	struct members *members = members_at(s, where);
	return members ? members_name(members, where & ADDRESS_MASK, offset) : NULL;
}

char *symbolizer_member_of(struct symbolizer *s, position where, const char *structure,
			   uint64_t offset)
{
	struct members *members = members_at(s, where);
	return members ? members_name_in(members, structure, offset) : NULL;
}

const char *symbolizer_module_name(const struct symbolizer *s, position where)
{
	return module_of(s, where)->name;
}

bool symbolizer_is_instrumented(struct symbolizer *s, position where)
{
	struct module *module = &s->modules[module_of(s, where) - s->modules];
	if (!module->looked_at)
		module->instrumented = !module->readable || instrumented_file(module->path);
	module->looked_at = true;
	return module->instrumented;
}
