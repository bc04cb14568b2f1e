/*
 * release_314.c - CPython 3.14: how it lays out frames, code objects and strings, and its quirks.
 *
 * struct debug_offsets is a copy of struct _Py_DebugOffsets of
 * Include/internal/pycore_debug_offsets.h, with CPython's own names.
 */
#include "runner/inspect/pyframes.h"

#include <string.h>

struct debug_offsets {
	char cookie[8];
	uint64_t version, free_threaded;
	struct {
		uint64_t size, finalizing, interpreters_head;
	} runtime_state;
	struct {
		uint64_t size, id, next, threads_head, threads_main, gc, imports_modules, sysdict,
			builtins, ceval_gil, gil_runtime_state, gil_runtime_state_enabled,
			gil_runtime_state_locked, gil_runtime_state_holder, code_object_generation,
			tlbc_generation;
	} interpreter_state;
	struct {
		uint64_t size, prev, next, interp, current_frame, thread_id, native_thread_id,
			datastack_chunk, status;
	} thread_state;
	struct {
		uint64_t size, previous, executable, instr_ptr, localsplus, owner, stackpointer,
			tlbc_index;
	} interpreter_frame;
	struct {
		uint64_t size, filename, name, qualname, linetable, firstlineno, argcount,
			localsplusnames, localspluskinds, co_code_adaptive, co_tlbc;
	} code_object;
	struct {
		uint64_t size, ob_type;
	} pyobject;
	struct {
		uint64_t size, tp_name, tp_repr, tp_flags;
	} type_object;
	struct {
		uint64_t size, ob_item, ob_size;
	} tuple_object;
	struct {
		uint64_t size, ob_item, ob_size;
	} list_object;
	struct {
		uint64_t size, used, table, mask;
	} set_object;
	struct {
		uint64_t size, ma_keys, ma_values;
	} dict_object;
	struct {
		uint64_t size, ob_fval;
	} float_object;
	struct {
		uint64_t size, lv_tag, ob_digit;
	} long_object;
	struct {
		uint64_t size, ob_size, ob_sval;
	} bytes_object;
	struct {
		uint64_t size, state, length, asciiobject_size;
	} unicode_object;
	struct {
		uint64_t size, collecting;
	} gc;
	struct {
		uint64_t size, gi_name, gi_iframe, gi_frame_state;
	} gen_object;
	struct {
		uint64_t next, prev;
	} llist_node;
	struct {
		uint64_t eval_breaker, remote_debugger_support, remote_debugging_enabled,
			debugger_pending_call, debugger_script_path, debugger_script_path_size;
	} debugger_support;
};

#define FRAME_OWNED_BY_INTERPRETER 3 /* enum _frameowner; FRAME_OWNED_BY_CSTACK is 4 */
#define STACKREF_TAG_BITS 3ull       /* f_executable is a _PyStackRef: a pointer with tags */
/*
 * Bits before `kind` in the state word of a str. Without the GIL they are a byte, to be set
 * atomically.
 */
#define INTERNED_BITS 2
#define INTERNED_BITS_FREE_THREADED 8

static void read_layout(const void *offsets, struct python_layout *layout)
{
	struct debug_offsets from;
	memcpy(&from, offsets, sizeof from);
	layout->interpreters_head = from.runtime_state.interpreters_head;
	layout->interpreter_next = from.interpreter_state.next;
	layout->threads_head = from.interpreter_state.threads_head;
	layout->thread_next = from.thread_state.next;
	layout->current_frame = from.thread_state.current_frame;
	layout->thread_id = from.thread_state.thread_id;
	layout->native_thread_id = from.thread_state.native_thread_id;
	layout->thread_state = from.thread_state.status + 12; /* _status, holds_gil, _whence */
	layout->frame_size = from.interpreter_frame.size;
	layout->previous = from.interpreter_frame.previous;
	layout->executable = from.interpreter_frame.executable;
	layout->instr_ptr = from.interpreter_frame.instr_ptr;
	layout->owner = from.interpreter_frame.owner;
	layout->localsplus = from.interpreter_frame.localsplus;
	layout->globals =
		from.interpreter_frame.previous + 16; /* f_globals, the second behind it */
	layout->stackpointer = from.interpreter_frame.stackpointer;
	layout->co_filename = from.code_object.filename;
	layout->co_qualname = from.code_object.qualname;
	layout->co_linetable = from.code_object.linetable;
	layout->co_firstlineno = from.code_object.firstlineno;
	layout->co_localsplusnames = from.code_object.localsplusnames;
	layout->tuple_size = from.tuple_object.ob_size;
	layout->co_code_adaptive = from.code_object.co_code_adaptive;
	layout->ob_type = from.pyobject.ob_type;
	layout->tp_basicsize = from.type_object.tp_name + 8; /* the field behind it */
	layout->tp_flags = from.type_object.tp_flags;
	layout->list_item = from.list_object.ob_item;
	layout->dict_keys = from.dict_object.ma_keys;
	layout->dict_values = from.dict_object.ma_values;
	layout->bytes_size = from.bytes_object.ob_size;
	layout->bytes_data = from.bytes_object.ob_sval;
	layout->unicode_state = from.unicode_object.state;
	layout->unicode_length = from.unicode_object.length;
	layout->ascii_size = from.unicode_object.asciiobject_size;

	/*
	 * Without the GIL each thread runs its own copy of the bytecode (_PyFrame_GetBytecode()).
	 */
	layout->tlbc_index = from.interpreter_frame.tlbc_index;
	layout->co_tlbc = from.code_object.co_tlbc;

	layout->executable_mask = ~STACKREF_TAG_BITS;
	layout->entry_owner = FRAME_OWNED_BY_INTERPRETER;
	layout->kind_shift = from.free_threaded ? INTERNED_BITS_FREE_THREADED : INTERNED_BITS;
}

const struct python_release python_release_314 = {
	.major = 3,
	.minor = 14,
	.offsets_size = sizeof(struct debug_offsets),
	.layout = read_layout,
};
