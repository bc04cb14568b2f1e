/*
 * pyframes.h - reads the Python frames of another process's threads from its memory.
 *
 * Where the fields lie says the layout of the build (ftstress/layout.h): the file that the process was
 * given, or that of the release's own build. What CPython itself tells debuggers goes before: _PyRuntime
 * begins with a struct _Py_DebugOffsets. So every build of a release is read: optimised, instrumented,
 * with or without the GIL.
 *
 * Frames are valid only while the process stands still. Different threads may read different
 * processes at the same time.
 */
#ifndef RUNNER_PYFRAMES_H
#define RUNNER_PYFRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ftstress/layout.h"
#include "runner/inspect/remote.h"

/* A release of CPython; the list is ftstress/pythons.h. */
struct python_release {
	unsigned major, minor;
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
	struct fts_layout layout;
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

/* f_executable is a _PyStackRef from 3.14 on: a pointer with tags. */
#define STACKREF_TAG_BITS 7ull

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
