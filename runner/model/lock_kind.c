/* lock_kind.c - see lock_kind.h. */
#include "runner/model/lock_kind.h"

#include <stddef.h>
#include <string.h>

#include "ftstress/locks.h"

static const char *const names[] = {
	[FTS_LOCK_LOCK] = "threading.Lock",
	[FTS_LOCK_RLOCK] = "threading.RLock",
	[FTS_LOCK_PYMUTEX] = "PyMutex",
	[FTS_LOCK_OBJECT] = "critical section",
	[FTS_LOCK_RWMUTEX] = "_PyRWMutex",
	[FTS_LOCK_PTHREAD] = "pthread mutex",
	[FTS_LOCK_PTHREAD_RW] = "pthread rwlock",
	[FTS_LOCK_SPIN] = "spin lock",
	[FTS_LOCK_ATTACHED] = "the attached state",
	[FTS_LOCK_ONCE] = "once-flag",
	[FTS_LOCK_MODULE] = "import lock",
	[FTS_LOCK_PYTHREAD] = "PyThread lock",
};

const char *lock_kind_name(uint32_t kind)
{
	return kind < sizeof names / sizeof *names && names[kind] ? names[kind] : "lock";
}

const char *lock_kind_parse(const char *name)
{
	for (size_t i = 0; name && i < sizeof names / sizeof *names; i++)
		if (names[i] && !strcmp(names[i], name))
			return names[i];
	return "lock";
}
