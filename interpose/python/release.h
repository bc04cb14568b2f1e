/*
 * release.h - what differs between releases of CPython; a row of it is a file in
 * interpose/releases/, the list is include/ftstress/pythons.h.
 *
 * python_known() looks once, at start, which one this process runs, and whether it is laid out as
 * its row says: a debug build, a patched one or one with the GIL may not be. A concern that reads
 * CPython's memory asks it before it does anything.
 */
#ifndef INTERPOSE_RELEASE_H
#define INTERPOSE_RELEASE_H

#include "interpose/base/raw.h"

#include <stdbool.h>
#include <stdint.h>

/* The fields that are read. Offsets in bytes; a field that a release has not is 0. */
/* clang-format off */
#define PYTHON_FIELDS(field) \
	field(tstate_interpreter)      /* PyThreadState.interp */ \
	field(tstate_state)            /* .state: 0 = detached, 1 = attached */ \
	field(tstate_current_frame)    /* .current_frame */ \
	field(tstate_critical_section) /* .critical_section, tagged: the innermost one */ \
	field(tstate_datastack_chunk)  /* .datastack_chunk */ \
	field(tstate_datastack_limit)  /* .datastack_limit: of what the eval loop uses the last */ \
	field(section_mutex)           /* PyCriticalSection._cs_mutex */ \
	field(section_mutex2)          /* PyCriticalSection2._cs_mutex2 */ \
	field(frame_executable)        /* _PyInterpreterFrame.f_executable */ \
	field(frame_previous)          /* .previous */ \
	field(frame_instr_ptr)         /* .instr_ptr */ \
	field(frame_owner)             /* .owner */ \
	field(frame_tlbc_index)        /* .tlbc_index */ \
	field(code_first_line)         /* PyCodeObject.co_firstlineno */ \
	field(code_filename)           /* .co_filename */ \
	field(code_qualname)           /* .co_qualname */ \
	field(code_linetable)          /* .co_linetable */ \
	field(code_names)              /* .co_names */ \
	field(code_localsplusnames)    /* .co_localsplusnames */ \
	field(code_bytecode)           /* .co_code_adaptive */ \
	field(code_tlbc)               /* .co_tlbc: a count, then each thread's copy */ \
	field(bytes_size)              /* PyVarObject.ob_size */ \
	field(bytes_data)              /* PyBytesObject.ob_sval */ \
	field(str_length)              /* PyASCIIObject.length */ \
	field(str_state)               /* .state */ \
	field(str_ascii_data)          /* behind it: the characters, if they are ASCII */ \
	field(str_compact_data)        /* behind PyCompactUnicodeObject: others */ \
	field(object_thread)           /* PyObject.ob_tid: its owner's thread pointer */ \
	field(object_mutex)            /* .ob_mutex */ \
	field(object_count_local)      /* .ob_ref_local */ \
	field(object_count_shared)     /* .ob_ref_shared */ \
	field(object_type)             /* .ob_type */ \
	field(type_name)               /* PyTypeObject.tp_name */ \
	field(type_basicsize)          /* .tp_basicsize */ \
	field(type_itemsize)           /* .tp_itemsize */ \
	field(type_dealloc)            /* .tp_dealloc */ \
	field(type_flags)              /* .tp_flags */ \
	field(type_alloc)              /* .tp_alloc */ \
	field(lock_mutex)              /* lockobject.lock, rlockobject.lock */ \
	field(cell_value)              /* PyCellObject.ob_ref */ \
	field(weakref_hash)            /* PyWeakReference.hash */ \
	field(dict_keys)               /* PyDictObject.ma_keys */ \
	field(keys_kind)               /* PyDictKeysObject.dk_kind: 0 = keys of any type */
/* clang-format on */

struct python_field {
	uint16_t at;
	/*
	 * The word of struct _Py_DebugOffsets that tells it, and how many bytes behind that it is;
	 * 0 = none does, probe.c looks.
	 */
	uint8_t word, behind;
};

struct python_offsets {
#define PYTHON_FIELD(name) struct python_field name;
	PYTHON_FIELDS(PYTHON_FIELD)
#undef PYTHON_FIELD
};

/* Functions of the interpreter; places and what they mean are in interpose/order/order_table.h. */
struct python_functions {
	unsigned place;
	const char *names; /* separated by a blank */
};

/* Counters of free lists, in _PyThreadStateImpl.freelists; of the same kind, one after the other. */
struct python_freelists {
	uint16_t first, apart; /* bytes from the thread state to the first; from one to the next */
	uint8_t bytes, count;
};

struct python_release {
	unsigned major, minor;
	const struct python_offsets *at;
	unsigned free_threaded;  /* the word of _Py_DebugOffsets that says whether it is */
	unsigned str_kind_shift; /* bit of `kind` in str_state (3 bits); compact and ascii follow */
	uint8_t entry_owner;     /* frame_owner of a frame that only marks an eval loop's begin */
	uint64_t rlock_size;     /* of an RLock object, bytes */
	bool semaphores;         /* PyThread_allocate_lock() makes these; an RLock has one */
	bool locks_cells;        /* the eval loop locks a cell to read it */
	const struct python_freelists *freelists; /* ends with count 0 */
	/*
	 * _PyThreadStateImpl.mimalloc: from the thread state to the pointer to the heap that objects are
	 * taken from now, which is one of four behind that; how long each is.
	 */
	uint16_t object_heap, heap_bytes;
	/* What this release has and others have not; ends with names NULL. */
	const struct python_functions *functions;

	/* Where the instructions begin that the frame runs. */
	uint64_t (*bytecode)(const void *code, const void *frame);
	/* The eval hook, for _PyInterpreterState_SetEvalFrameFunc. */
	void *(*evaluate)(void *tstate, void *frame, int throw_flag);
	/* Calls stacks_eval_default; its return address is where the eval loop is entered from. */
	void *(*call_eval)(void *tstate, void *frame, int throw_flag);
	uint64_t (*python_pc)(uint64_t native_pc);
	/* The thread state of the innermost eval loop on this thread's stack, attached or not. */
	void *(*running)(void);
	/* Entered from the eval loop only; index: 0..4 for 1, 2, 4, 8, 16 bytes. */
	void (*read[5])(void *address, void *pc);
	void (*write[5])(void *address, void *pc);
};

/* All that are known; ends with NULL. Defined in interpose/releases/releases.c. */
extern HIDDEN const struct python_release *const python_releases[];

/* Of this process; NULL until python_known() has found it to be laid out as the row says. */
extern HIDDEN const struct python_release *python_release;

/* False, and *why, if this Python is not known or is laid out in another way. */
HIDDEN bool python_known(const char **why);

/*
 * The parts of it. Is the layout what the Python tells debuggers (struct _Py_DebugOffsets, with
 * which _PyRuntime begins), and what is compiled in (layout.h)?
 */
HIDDEN bool python_layout_matches(const struct python_release *release, const void *debug_offsets,
				  const char **why);

/* probe.c: the same of what is not told. Returns NULL, or what looks different, in words. */
HIDDEN const char *python_probe(const struct python_release *release);

#endif
