/*
 * edges.c - see edges.h.
 *
 * A method (methods.h) that gives something (release, put) is told before it runs, one that takes
 * (acquire, get) after it, if its result says that it did. The call that takes its place passes six
 * arguments on, as many as any kind of method has: those that the method has not are registers that
 * nobody looks at.
 */
#define _GNU_SOURCE
#include "interpose/variables/edges.h"

#include "interpose/base/plt.h"
#include "interpose/variables/containers.h"
#include "interpose/variables/methods.h"
#include "interpose/variables/variables.h"

#include <dlfcn.h>
#include <stddef.h>

typedef void *method(void *self, void *a, void *b, void *c, void *d, void *e);

struct patch {
	const char *module, *type, *name; /* type NULL: a function of the module */
	enum { TAKES, GIVES } what;
	method *was;
};

/* clang-format off */
static struct patch patches[] = {
	{ "_thread", "lock", "acquire", TAKES, NULL },
	{ "_thread", "lock", "acquire_lock", TAKES, NULL },
	{ "_thread", "lock", "__enter__", TAKES, NULL },
	{ "_thread", "lock", "release", GIVES, NULL },
	{ "_thread", "lock", "release_lock", GIVES, NULL },
	{ "_thread", "lock", "__exit__", GIVES, NULL },
	{ "_thread", "RLock", "acquire", TAKES, NULL },
	{ "_thread", "RLock", "__enter__", TAKES, NULL },
	{ "_thread", "RLock", "_acquire_restore", TAKES, NULL },
	{ "_thread", "RLock", "release", GIVES, NULL },
	{ "_thread", "RLock", "__exit__", GIVES, NULL },
	{ "_thread", "RLock", "_release_save", GIVES, NULL },
	{ "_queue", "SimpleQueue", "put", GIVES, NULL },
	{ "_queue", "SimpleQueue", "put_nowait", GIVES, NULL },
	{ "_queue", "SimpleQueue", "get", TAKES, NULL },
	{ "_queue", "SimpleQueue", "get_nowait", TAKES, NULL },
	{ "_imp", NULL, "acquire_lock", TAKES, NULL },
	{ "_imp", NULL, "release_lock", GIVES, NULL },
};
/* clang-format on */
#define PATCHES (sizeof patches / sizeof patches[0])

static const void *false_object;
/* Since the innermost import began, a module was looked for or run. */
static __thread bool import_worked __attribute__((tls_model("initial-exec")));

static enum variables_lock lock_kind(const struct patch *patch)
{
	return !patch->type || patch->type[0] == 'S' ? VARIABLES_NO_LOCK
	       : patch->type[0] == 'R'               ? VARIABLES_RLOCK
	       : patch->name[0] == '_'               ? VARIABLES_LOCK_ENTERED
						     : VARIABLES_LOCK;
}

static void *call(struct patch *patch, void *self, void *const arguments[5])
{
	import_worked |= !patch->type;
	enum variables_lock kind = lock_kind(patch);
	if (patch->what == GIVES)
		variables_lock_given(self, kind);
	void *result = patch->was(self, arguments[0], arguments[1], arguments[2], arguments[3],
				  arguments[4]);
	if (patch->what == TAKES && result && result != false_object)
		variables_lock_taken(self, kind);
	return result;
}

#define PATCHED(number)                                                                            \
	static void *patched_##number(void *self, void *a, void *b, void *c, void *d, void *e)     \
	{                                                                                          \
		return call(&patches[number], self, (void *const[]){ a, b, c, d, e });             \
	}
PATCHED(0)
PATCHED(1)
PATCHED(2)
PATCHED(3)
PATCHED(4)
PATCHED(5)
PATCHED(6)
PATCHED(7)
PATCHED(8)
PATCHED(9)
PATCHED(10)
PATCHED(11)
PATCHED(12)
PATCHED(13)
PATCHED(14)
PATCHED(15)
PATCHED(16)
PATCHED(17)
static method *const patched[] = {
	patched_0,  patched_1,  patched_2,  patched_3,  patched_4,  patched_5,
	patched_6,  patched_7,  patched_8,  patched_9,  patched_10, patched_11,
	patched_12, patched_13, patched_14, patched_15, patched_16, patched_17,
};
_Static_assert(sizeof patched / sizeof patched[0] == PATCHES, "one for each");

static bool patch_methods(void)
{
	for (unsigned i = 0; i < PATCHES; i++) {
		struct patch *patch = &patches[i];
		patch->was = (method *)methods_replace(patch->module, patch->type, patch->name,
						       (void *)patched[i]);
		if (!patch->was)
			return false;
	}
	return true;
}

/* Events of the interpreter: the end of a thread, mostly. */

static void (*real_notify)(void *event);
static int (*real_wait)(void *event, int64_t timeout, int detach);
static int (*real_is_set)(void *event);

static void notify(void *event)
{
	variables_release(event);
	real_notify(event);
}

static int wait(void *event, int64_t timeout, int detach)
{
	int set = real_wait(event, timeout, detach);
	if (set)
		variables_acquire(event);
	return set;
}

static int is_set(void *event)
{
	int set = real_is_set(event);
	if (set)
		variables_acquire(event);
	return set;
}

/*
 * Who finds a module ready comes after the thread that has run it, though no lock says so. The name
 * is one object for all: an interned string.
 */
static void *(*real_import)(void *name, void *globals, void *locals, void *from, int level);

static void *import(void *name, void *globals, void *locals, void *from, int level)
{
	bool outer = import_worked;
	import_worked = false;
	void *module = real_import(name, globals, locals, from, level);
	if (module) {
		variables_acquire(name);
		if (import_worked) {
			variables_release(name);
			containers_imported();
		}
	}
	import_worked |= outer;
	return module;
}

bool edges_start(const struct link_map *python, const char **why)
{
	false_object = dlsym(RTLD_DEFAULT, "_Py_FalseStruct");
	if (!false_object || !patch_methods()) {
		*why = "the methods of this Python's locks are not where ftstress looks for them";
		return false;
	}
	real_notify = (void (*)(void *))plt_replace(python, "_PyEvent_Notify", (void *)notify);
	real_wait = (int (*)(void *, int64_t, int))plt_replace(python, "PyEvent_WaitTimed",
							       (void *)wait);
	real_is_set = (int (*)(void *))plt_replace(python, "_PyEvent_IsSet", (void *)is_set);
	real_import = (void *(*)(void *, void *, void *, void *, int))plt_replace(
		python, "PyImport_ImportModuleLevelObject", (void *)import);
	if (!real_notify || !real_wait || !real_is_set || !real_import) {
		*why = "this Python does not call its own functions through its PLT (ftstress builds "
		       "one that does)";
		return false;
	}
	return true;
}
