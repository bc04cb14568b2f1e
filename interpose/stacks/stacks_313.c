/* stacks_313.c - CPython 3.13: Include/internal/pycore_frame.h, cpython/code.h. */
#include <stdint.h>

#define PY_MINOR 13
#define VERSION(name) name##_313

enum {
	CODE_BYTECODE = 216,
	FRAME_TAG_BITS = 0,
	STR_KIND_SHIFT = 2,
};

#include "interpose/python/layout.h"

static const struct {
	uint32_t index;
	uint64_t value;
} debug_words[] = {
	{ 2, 1 },                       /* free_threaded */
	{ 23, TSTATE_CURRENT_FRAME },   /* thread_state.current_frame */
	{ 26, TSTATE_DATASTACK_CHUNK }, /* thread_state.datastack_chunk */
	{ 30, FRAME_EXECUTABLE },       /* interpreter_frame.executable */
	{ 31, FRAME_INSTR_PTR },        /* interpreter_frame.instr_ptr */
	{ 35, CODE_FILENAME },          /* code_object.filename */
	{ 37, CODE_QUALNAME },          /* code_object.qualname */
	{ 38, CODE_LINETABLE },         /* code_object.linetable */
	{ 39, CODE_FIRST_LINE },        /* code_object.firstlineno */
	{ 43, CODE_BYTECODE },          /* code_object.co_code_adaptive */
	{ 65, BYTES_SIZE },             /* bytes_object.ob_size */
	{ 66, BYTES_DATA },             /* bytes_object.ob_sval */
	{ 68, STR_STATE },              /* unicode_object.state */
	{ 69, STR_LENGTH },             /* unicode_object.length */
	{ 70, STR_ASCII_DATA },         /* unicode_object.asciiobject_size */
};

#include "interpose/stacks/stacks_template.h"
