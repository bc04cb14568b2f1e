/* stacks_314.c - CPython 3.14: Include/internal/pycore_interpframe_structs.h, cpython/code.h. */
#include <stdint.h>

#define PY_MINOR 14
#define VERSION(name) name##_314

enum {
	FRAME_TLBC_INDEX = 72,
	CODE_BYTECODE = 232,
	FRAME_TAG_BITS = 1, /* Py_TAG_BITS of pycore_stackref.h, free-threaded */
	STR_KIND_SHIFT = 8, /* `interned` is a byte of its own */
};
#define CODE_TLBC 224 /* _PyCodeArray: size, then a copy of the bytecode for each thread */

#include "interpose/python/layout.h"

static const struct {
	uint32_t index;
	uint64_t value;
} debug_words[] = {
	{ 2, 1 },                       /* free_threaded */
	{ 26, TSTATE_CURRENT_FRAME },   /* thread_state.current_frame */
	{ 29, TSTATE_DATASTACK_CHUNK }, /* thread_state.datastack_chunk */
	{ 33, FRAME_EXECUTABLE },       /* interpreter_frame.executable */
	{ 34, FRAME_INSTR_PTR },        /* interpreter_frame.instr_ptr */
	{ 38, FRAME_TLBC_INDEX },       /* interpreter_frame.tlbc_index */
	{ 40, CODE_FILENAME },          /* code_object.filename */
	{ 42, CODE_QUALNAME },          /* code_object.qualname */
	{ 43, CODE_LINETABLE },         /* code_object.linetable */
	{ 44, CODE_FIRST_LINE },        /* code_object.firstlineno */
	{ 48, CODE_BYTECODE },          /* code_object.co_code_adaptive */
	{ 49, CODE_TLBC },              /* code_object.co_tlbc */
	{ 75, BYTES_SIZE },             /* bytes_object.ob_size */
	{ 76, BYTES_DATA },             /* bytes_object.ob_sval */
	{ 78, STR_STATE },              /* unicode_object.state */
	{ 79, STR_LENGTH },             /* unicode_object.length */
	{ 80, STR_ASCII_DATA },         /* unicode_object.asciiobject_size */
};

#include "interpose/stacks/stacks_template.h"
