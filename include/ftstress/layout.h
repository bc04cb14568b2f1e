/*
 * layout.h - how one build of CPython lays out its structures: which members ftstress reads, and the
 * file that says where they are.
 *
 * The runner reads a build's layout from its debug information, once (runner/symbols/layout.c), into a
 * file in the cache. What reads CPython's memory takes all offsets from there: the interposer, whom
 * FTS_ENV_LAYOUT tells the file, and the runner's look at a stopped process. Of a build without debug
 * information the layout of its release is taken, as ftstress's own build of that has it
 * (stress/toolchain/layouts/). What the build tells debuggers of itself, struct _Py_DebugOffsets,
 * must agree (FTS_LAYOUT_TOLD).
 *
 *     ftstress-layout 1 3.14.6
 *     PyThreadState.interp 16
 *     sizeof(_PyInterpreterFrame) 88
 *     PyTypeObject.tp_gone -                 this build has no such member
 */
#ifndef FTSTRESS_LAYOUT_H
#define FTSTRESS_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FTS_ENV_LAYOUT "FTSTRESS_LAYOUT"
#define FTS_LAYOUT_MAGIC "ftstress-layout 1 "
#define FTS_LAYOUT_NONE UINT32_MAX /* this build has it not */

/* What cannot be without it. */
enum fts_need {
	FTS_NEED_CORE,      /* all that reads Python's memory */
	FTS_NEED_HEAP,      /* to which object or block an address belongs */
	FTS_NEED_FREELISTS, /* --memory=deep */
	FTS_NEED_LOCKS,
	FTS_NEED_VARIABLES, /* races of Python code */
	FTS_NEED_NOT, /* a release may have it or not; or only looks at stopped processes use it */
};

/*
 * is(name here, need, what). `what` in CPython's own names: a member, in bytes from the start of its
 * structure; sizeof(structure); bit(member), in bits from the start of the member that it lies in;
 * value(enumerator), the first of several that there is.
 */
/* clang-format off */
#define FTS_LAYOUT(is) \
	is(runtime_interpreters,   NOT,  "_PyRuntimeState.interpreters.head") \
	is(interpreter_next,       NOT,  "PyInterpreterState.next") \
	is(interpreter_threads,    NOT,  "PyInterpreterState.threads.head") \
	is(tstate_next,            NOT,  "PyThreadState.next") \
	is(tstate_thread,          NOT,  "PyThreadState.thread_id") \
	is(tstate_native_thread,   NOT,  "PyThreadState.native_thread_id") \
	is(tstate_status,          NOT,  "PyThreadState._status") \
	is(tstate_interpreter,     CORE, "PyThreadState.interp") \
	is(tstate_eval_breaker,    CORE, "PyThreadState.eval_breaker") \
	is(tstate_state,           CORE, "PyThreadState.state") \
	is(tstate_current_frame,   CORE, "PyThreadState.current_frame") \
	is(tstate_critical_section, CORE, "PyThreadState.critical_section") \
	is(tstate_datastack_chunk, CORE, "PyThreadState.datastack_chunk") \
	is(tstate_datastack_limit, CORE, "PyThreadState.datastack_limit") \
	is(tstate_qsbr,            NOT,  "_PyThreadStateImpl.qsbr") \
	is(qsbr_seq,               NOT,  "_qsbr_thread_state.seq") \
	is(tstate_freelists,       FREELISTS, "_PyThreadStateImpl.freelists") \
	is(tstate_object_heap,     FREELISTS, "_PyThreadStateImpl.mimalloc.current_object_heap") \
	is(tstate_heaps,           FREELISTS, "_PyThreadStateImpl.mimalloc.heaps") \
	is(heap_size,              FREELISTS, "sizeof(mi_heap_t)") \
	is(freelists_size,         NOT,  "sizeof(_Py_freelists)") \
	is(freelist_size,          NOT,  "sizeof(_Py_freelist)") \
	is(freelist_count,         NOT,  "_Py_freelist.size") \
	is(section_previous,       CORE, "PyCriticalSection._cs_prev") \
	is(section_mutex,          CORE, "PyCriticalSection._cs_mutex") \
	is(section_mutex2,         CORE, "PyCriticalSection2._cs_mutex2") \
	is(frame_size,             CORE, "sizeof(_PyInterpreterFrame)") \
	is(frame_executable,       CORE, "_PyInterpreterFrame.f_executable") \
	is(frame_previous,         CORE, "_PyInterpreterFrame.previous") \
	is(frame_globals,          NOT,  "_PyInterpreterFrame.f_globals") \
	is(frame_instr_ptr,        CORE, "_PyInterpreterFrame.instr_ptr") \
	is(frame_stackpointer,     NOT,  "_PyInterpreterFrame.stackpointer") \
	is(frame_tlbc_index,       NOT,  "_PyInterpreterFrame.tlbc_index") \
	is(frame_owner,            CORE, "_PyInterpreterFrame.owner") \
	is(frame_locals,           NOT,  "_PyInterpreterFrame.localsplus") \
	is(frame_entry,            CORE, "value(FRAME_OWNED_BY_INTERPRETER|FRAME_OWNED_BY_CSTACK)") \
	is(code_names,             CORE, "PyCodeObject.co_names") \
	is(code_exceptions,        CORE, "PyCodeObject.co_exceptiontable") \
	is(code_arguments,         CORE, "PyCodeObject.co_argcount") \
	is(code_keywords,          CORE, "PyCodeObject.co_kwonlyargcount") \
	is(code_first_line,        CORE, "PyCodeObject.co_firstlineno") \
	is(code_localsplusnames,   CORE, "PyCodeObject.co_localsplusnames") \
	is(code_filename,          CORE, "PyCodeObject.co_filename") \
	is(code_qualname,          CORE, "PyCodeObject.co_qualname") \
	is(code_linetable,         CORE, "PyCodeObject.co_linetable") \
	is(code_bytecode,          CORE, "PyCodeObject.co_code_adaptive") \
	is(code_tlbc,              NOT,  "PyCodeObject.co_tlbc") \
	is(tlbc_entries,           NOT,  "_PyCodeArray.entries") \
	is(size,                   CORE, "PyVarObject.ob_size") \
	is(bytes_data,             CORE, "PyBytesObject.ob_sval") \
	is(tuple_items,            NOT,  "PyTupleObject.ob_item") \
	is(str_length,             CORE, "PyASCIIObject.length") \
	is(str_hash,               CORE, "PyASCIIObject.hash") \
	is(str_state,              CORE, "PyASCIIObject.state") \
	is(str_kind,               CORE, "bit(PyASCIIObject.state.kind)") \
	is(str_ascii_data,         CORE, "sizeof(PyASCIIObject)") \
	is(str_compact_data,       CORE, "sizeof(PyCompactUnicodeObject)") \
	is(object_thread,          CORE, "PyObject.ob_tid") \
	is(object_mutex,           CORE, "PyObject.ob_mutex") \
	is(object_count_local,     CORE, "PyObject.ob_ref_local") \
	is(object_count_shared,    CORE, "PyObject.ob_ref_shared") \
	is(object_type,            CORE, "PyObject.ob_type") \
	is(type_name,              CORE, "PyTypeObject.tp_name") \
	is(type_basicsize,         CORE, "PyTypeObject.tp_basicsize") \
	is(type_itemsize,          CORE, "PyTypeObject.tp_itemsize") \
	is(type_dealloc,           CORE, "PyTypeObject.tp_dealloc") \
	is(type_sequence,          CORE, "PyTypeObject.tp_as_sequence") \
	is(type_mapping,           CORE, "PyTypeObject.tp_as_mapping") \
	is(type_flags,             CORE, "PyTypeObject.tp_flags") \
	is(type_traverse,          NOT,  "PyTypeObject.tp_traverse") \
	is(type_methods,           CORE, "PyTypeObject.tp_methods") \
	is(type_getset,            CORE, "PyTypeObject.tp_getset") \
	is(type_base,              CORE, "PyTypeObject.tp_base") \
	is(type_alloc,             CORE, "PyTypeObject.tp_alloc") \
	is(type_version,           VARIABLES, "PyTypeObject.tp_version_tag") \
	is(type_versions_used,     NOT,  "PyTypeObject.tp_versions_used") \
	is(type_size,              CORE, "sizeof(PyTypeObject)") \
	is(lock_mutex,             LOCKS, "lockobject.lock") \
	is(rlock_size,             LOCKS, "sizeof(rlockobject)") \
	is(cell_value,             CORE, "PyCellObject.ob_ref") \
	is(weakref_hash,           CORE, "PyWeakReference.hash") \
	is(dict_used,              CORE, "PyDictObject.ma_used") \
	is(dict_keys,              CORE, "PyDictObject.ma_keys") \
	is(dict_values,            CORE, "PyDictObject.ma_values") \
	is(dict_size,              CORE, "sizeof(PyDictObject)") \
	is(keys_log2_size,         VARIABLES, "PyDictKeysObject.dk_log2_size") \
	is(keys_log2_index_bytes,  VARIABLES, "PyDictKeysObject.dk_log2_index_bytes") \
	is(keys_kind,              CORE, "PyDictKeysObject.dk_kind") \
	is(keys_entries,           VARIABLES, "PyDictKeysObject.dk_nentries") \
	is(keys_indices,           VARIABLES, "PyDictKeysObject.dk_indices") \
	is(list_items,             VARIABLES, "PyListObject.ob_item") \
	is(list_allocated,         VARIABLES, "PyListObject.allocated") \
	is(set_used,               VARIABLES, "PySetObject.used") \
	is(dict_iterator_dict,     VARIABLES, "dictiterobject.di_dict") \
	is(dict_iterator_used,     VARIABLES, "dictiterobject.di_used") \
	is(dict_iterator_left,     VARIABLES, "dictiterobject.len") \
	is(set_iterator_set,       VARIABLES, "setiterobject.si_set") \
	is(set_iterator_used,      VARIABLES, "setiterobject.si_used") \
	is(set_iterator_left,      VARIABLES, "setiterobject.len") \
	is(slice_start,            VARIABLES, "PySliceObject.start") \
	is(slice_stop,             VARIABLES, "PySliceObject.stop") \
	is(int_tag,                VARIABLES, "PyLongObject.long_value.lv_tag") \
	is(int_digit,              VARIABLES, "PyLongObject.long_value.ob_digit") \
	is(generator_qualname,     VARIABLES, "PyGenObject.gi_qualname") \
	is(function_definition,    VARIABLES, "PyCFunctionObject.m_ml") \
	is(method_definition,      VARIABLES, "PyMethodDescrObject.d_method") \
	is(wrapper_function,       VARIABLES, "PyWrapperDescrObject.d_wrapped") \
	is(module_gil,             NOT,  "PyModuleObject.md_gil") \
	is(module_requires_gil,    NOT,  "PyModuleObject.md_requires_gil") \
	is(segment_slices,         HEAP, "mi_segment_t.slices") \
	is(segment_slice_entries,  HEAP, "mi_segment_t.slice_entries") \
	is(slice_size,             HEAP, "sizeof(mi_page_t)") \
	is(slice_block_size,       HEAP, "mi_page_t.xblock_size") \
	is(slice_capacity,         HEAP, "mi_page_t.capacity")

/* told(structure of _Py_DebugOffsets, member, what above is the same) */
#define FTS_LAYOUT_TOLD(told) \
	told(runtime_state, interpreters_head, runtime_interpreters) \
	told(interpreter_state, next, interpreter_next) \
	told(interpreter_state, threads_head, interpreter_threads) \
	told(thread_state, next, tstate_next) \
	told(thread_state, interp, tstate_interpreter) \
	told(thread_state, current_frame, tstate_current_frame) \
	told(thread_state, thread_id, tstate_thread) \
	told(thread_state, native_thread_id, tstate_native_thread) \
	told(thread_state, datastack_chunk, tstate_datastack_chunk) \
	told(thread_state, status, tstate_status) \
	told(interpreter_frame, size, frame_size) \
	told(interpreter_frame, previous, frame_previous) \
	told(interpreter_frame, executable, frame_executable) \
	told(interpreter_frame, instr_ptr, frame_instr_ptr) \
	told(interpreter_frame, localsplus, frame_locals) \
	told(interpreter_frame, owner, frame_owner) \
	told(interpreter_frame, stackpointer, frame_stackpointer) \
	told(interpreter_frame, tlbc_index, frame_tlbc_index) \
	told(code_object, filename, code_filename) \
	told(code_object, qualname, code_qualname) \
	told(code_object, linetable, code_linetable) \
	told(code_object, firstlineno, code_first_line) \
	told(code_object, argcount, code_arguments) \
	told(code_object, localsplusnames, code_localsplusnames) \
	told(code_object, co_code_adaptive, code_bytecode) \
	told(code_object, co_tlbc, code_tlbc) \
	told(pyobject, ob_type, object_type) \
	told(type_object, tp_name, type_name) \
	told(type_object, tp_flags, type_flags) \
	told(tuple_object, ob_item, tuple_items) \
	told(list_object, ob_item, list_items) \
	told(dict_object, ma_keys, dict_keys) \
	told(dict_object, ma_values, dict_values) \
	told(long_object, lv_tag, int_tag) \
	told(long_object, ob_digit, int_digit) \
	told(bytes_object, ob_size, size) \
	told(bytes_object, ob_sval, bytes_data) \
	told(unicode_object, state, str_state) \
	told(unicode_object, length, str_length) \
	told(unicode_object, asciiobject_size, str_ascii_data)
/* clang-format on */

#define FTS_LAYOUT_ONE(...) +1
enum { FTS_LAYOUT_COUNT = FTS_LAYOUT(FTS_LAYOUT_ONE) FTS_LAYOUT_TOLD(FTS_LAYOUT_ONE) };
#undef FTS_LAYOUT_ONE

struct fts_layout {
	union {
		uint32_t all[FTS_LAYOUT_COUNT];
		struct {
#define FTS_LAYOUT_IS(name, need, what) uint32_t name;
			FTS_LAYOUT(FTS_LAYOUT_IS)
#undef FTS_LAYOUT_IS
			/* Where _Py_DebugOffsets tells the same. */
#define FTS_LAYOUT_IS(structure, member, name) uint32_t told_##structure##_##member;
			FTS_LAYOUT_TOLD(FTS_LAYOUT_IS)
#undef FTS_LAYOUT_IS
		};
	};
};

enum {
	/* struct _Py_DebugOffsets in all releases: a cookie, a version, is it free-threaded? */
	FTS_TOLD_VERSION = 8,
	FTS_TOLD_FREE_THREADED = 16,
};
#define FTS_TOLD_COOKIE "xdebugpy"

/* The names in the file, in the order of the members. */
#define FTS_LAYOUT_NAME(name, need, what) what,
#define FTS_LAYOUT_TOLD_NAME(structure, member, name) "_Py_DebugOffsets." #structure "." #member,
#define FTS_LAYOUT_NAMES FTS_LAYOUT(FTS_LAYOUT_NAME) FTS_LAYOUT_TOLD(FTS_LAYOUT_TOLD_NAME)

/*
 * Reads the file's text; what it does not name is FTS_LAYOUT_NONE. False: it is no such file. Calls
 * nothing. `names`: FTS_LAYOUT_NAMES.
 */
static inline bool fts_layout_parse(struct fts_layout *layout, const char *text, size_t length,
				    const char *const names[FTS_LAYOUT_COUNT])
{
	static const char magic[] = FTS_LAYOUT_MAGIC;
	const char *end = text + length;
	for (size_t i = 0; i < FTS_LAYOUT_COUNT; i++)
		layout->all[i] = FTS_LAYOUT_NONE;
	for (size_t i = 0; i < sizeof magic - 1; i++)
		if (i >= length || text[i] != magic[i])
			return false;
	for (size_t next = 0; text < end; text++) {
		const char *line = text;
		while (text < end && *text != ' ' && *text != '\n')
			text++;
		size_t tried = 0, at = 0, bytes = (size_t)(text - line);
		for (; tried < FTS_LAYOUT_COUNT; tried++) { /* most stand in the same order */
			at = (next + tried) % FTS_LAYOUT_COUNT;
			size_t same = 0;
			while (same < bytes && names[at][same] == line[same])
				same++;
			if (same == bytes && names[at][same] == '\0')
				break;
		}
		uint32_t value = 0;
		bool digits = text + 1 < end && text[1] >= '0' && text[1] <= '9';
		for (; text < end && *text != '\n'; text++)
			if (*text >= '0' && *text <= '9')
				value = value * 10 + (uint32_t)(*text - '0');
		if (tried < FTS_LAYOUT_COUNT && digits) {
			layout->all[at] = value;
			next = at + 1;
		}
	}
	return true;
}

#endif
