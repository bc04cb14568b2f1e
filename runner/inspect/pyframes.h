/*
 * pyframes.h - reads the Python frames of another process's threads from its memory.
 *
 * CPython says itself where its fields lie, for debuggers: _PyRuntime begins with a struct
 * _Py_DebugOffsets (Include/internal/pycore_runtime.h in 3.13, pycore_debug_offsets.h in 3.14). The
 * reader takes the offsets from the process that it reads. So it reads every build of a release:
 * optimised, instrumented, with or without the GIL. What the offsets do not say (tags in pointers,
 * the values of enumerations, bit fields) is in one file for each release.
 *
 * Frames are valid only while the process stands still. Different threads may read different
 * processes at the same time.
 */
#ifndef RUNNER_PYFRAMES_H
#define RUNNER_PYFRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runner/inspect/remote.h"

/* Byte offsets of fields; the names are CPython's. */
struct python_layout {
	uint64_t interpreters_head; /* in _PyRuntime */
	uint64_t interpreter_next, threads_head;
	uint64_t thread_next, current_frame, thread_id, native_thread_id;
	uint64_t thread_state; /* `state` in PyThreadState: CPython only says where `status` is */
	uint64_t frame_size, previous, executable, instr_ptr, owner, localsplus, globals;
	uint64_t stackpointer; /* 0: the frame does not say how many values are on its stack */
	uint64_t tlbc_index;   /* 0: threads have no copies of bytecode */
	uint64_t co_filename, co_qualname, co_linetable, co_firstlineno, co_code_adaptive, co_tlbc;
	uint64_t co_localsplusnames, tuple_size;
	uint64_t ob_type, tp_basicsize, tp_flags;
	uint64_t list_item, dict_keys, dict_values;
	uint64_t bytes_size, bytes_data;
	uint64_t unicode_state, unicode_length, ascii_size;

	uint64_t executable_mask; /* the bits of `executable` that are the pointer */
	uint8_t entry_owner;      /* frames whose `owner` is this or more are entry frames */
	uint8_t kind_shift; /* the bit of a str's state at which `kind`, compact, ascii begin */
};

/* A release of CPython: runner/inspect/release_*.c; the list is ftstress/pythons.h. */
struct python_release {
	unsigned major, minor;
	size_t offsets_size; /* of its struct _Py_DebugOffsets */
	void (*layout)(const void *offsets, struct python_layout *layout);
	/*
	 * The interpreter counts nested C calls, and raises RecursionError before the stack is
	 * full.
	 */
	bool counts_c_calls;
};

/* The release of a version such as "3.14.6", or NULL. */
const struct python_release *python_release_named(const char *version);

struct python {
	const struct python_release
		*release;   /* NULL: this process has no Python that we can read */
	uint64_t runtime;   /* address of _PyRuntime */
	uint64_t code_type; /* address of PyCode_Type, 0 = not known */
	uint64_t type_type; /* address of PyType_Type, 0 = not known */
	struct python_layout layout;
};

/*
 * Find the interpreter. False if there is no Python, or one that is not supported; *why then says
 * so, and is the caller's to free.
 */
bool python_find(struct remote *remote, struct python *python, char **why);

struct python_thread {
	uint64_t thread_id; /* pthread_self(): equal to fs_base on x86-64 */
	uint64_t native_id; /* the tid inside the process's PID namespace */
	uint64_t frame;     /* address of the innermost frame; 0 = it runs no Python code */
	bool attached;      /* to the interpreter; with the GIL on, it has the GIL */
};

/* All thread states of all interpreters. Returns the count, the array is the caller's. */
size_t python_threads(struct remote *remote, const struct python *python,
		      struct python_thread **threads);

struct python_frame {
	uint64_t address;
	bool entry; /* an entry frame: marks where an eval loop began, and lies on its C stack */
};

/* The chain of frames, innermost first. Returns the count, the array is the caller's. */
size_t python_chain(struct remote *remote, const struct python *python, uint64_t innermost,
		    struct python_frame **frames);

/*
 * Which function a frame runs, and where in it; not for entry frames. The strings are the caller's
 * to free. If they cannot be read, *file is NULL and *line 0; *qualname is never NULL.
 */
void python_describe(struct remote *remote, const struct python *python, uint64_t frame,
		     char **qualname, char **file, int *line);

#endif
