/*
 * pyframes.h - the Python frames of another process's threads, read from its memory.
 *
 * CPython tells debuggers where its fields lie: _PyRuntime begins with struct _Py_DebugOffsets
 * (Include/internal/pycore_runtime.h in 3.13, pycore_debug_offsets.h in 3.14). The offsets come
 * from the process that is read, so one reader serves every build of a minor version: optimised,
 * instrumented, with or without the GIL. What the offsets do not say (tags in pointers, the values
 * of enumerations, bit fields) is in one file for each release.
 *
 * Other threads' frames are valid only while the process stands still. Thread-safe for different
 * processes.
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
	uint64_t
		thread_state; /* `state` of a thread state; not among the offsets: behind `status` */
	uint64_t frame_size, previous, executable, instr_ptr, owner;
	uint64_t tlbc_index; /* 0: instr_ptr always points into the code object itself */
	uint64_t co_filename, co_qualname, co_linetable, co_firstlineno, co_code_adaptive, co_tlbc;
	uint64_t ob_type;
	uint64_t bytes_size, bytes_data;
	uint64_t unicode_state, unicode_length, ascii_size;

	uint64_t executable_mask; /* the bits of the executable that are the pointer */
	uint8_t entry_owner;      /* from this value of `owner` on, a frame is an entry */
	uint8_t kind_shift; /* where in the state word of a str `kind` begins; compact and ascii
			       follow */
};

/* A release of CPython: runner/inspect/release_*.c; the list is ftstress/pythons.h. */
struct python_release {
	unsigned major, minor;
	size_t offsets_size; /* of its struct _Py_DebugOffsets */
	void (*layout)(const void *offsets, struct python_layout *layout);
	/* C code that calls itself ends at a count of its own, before the stack is used up. */
	bool counts_c_calls;
};

/* The release of "3.14.6", or NULL. */
const struct python_release *python_release_named(const char *version);

struct python {
	const struct python_release
		*release;   /* NULL: this process has no Python that we can read */
	uint64_t runtime;   /* address of _PyRuntime */
	uint64_t code_type; /* address of PyCode_Type, 0 = not known */
	struct python_layout layout;
};

/*
 * Find the interpreter. Returns true, or false with *why (the caller's): no Python is loaded, or
 * one whose version is not supported.
 */
bool python_find(struct remote *remote, struct python *python, char **why);

struct python_thread {
	uint64_t thread_id; /* pthread_self(): equal to fs_base on x86-64 */
	uint64_t native_id; /* the tid inside the process's PID namespace */
	uint64_t frame;     /* the innermost frame, 0 = runs no Python code */
	bool attached;      /* to the interpreter; with the GIL on, it has the GIL */
};

/* All thread states of all interpreters. Returns the count, the array is the caller's. */
size_t python_threads(struct remote *remote, const struct python *python,
		      struct python_thread **threads);

struct python_frame {
	uint64_t address;
	bool entry; /* marks where an evaluation loop began; lies on its C stack */
};

/* The chain of frames, innermost first. Returns the count, the array is the caller's. */
size_t python_chain(struct remote *remote, const struct python *python, uint64_t innermost,
		    struct python_frame **frames);

/*
 * What a frame that is no entry executes. The strings are the caller's; *file is NULL and *line 0
 * where they cannot be read, *qualname is never NULL.
 */
void python_describe(struct remote *remote, const struct python *python, uint64_t frame,
		     char **qualname, char **file, int *line);

#endif
