/*
 * worker.h - a worker is a zygote as the runner sees it: starts it, talks to it, ends it. The
 * protocol: docs/design.md.
 *
 * Nothing here waits: the caller polls `control` and `output`, and calls the functions.
 */
#ifndef RUNNER_WORKER_H
#define RUNNER_WORKER_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "runner/records/arena.h"
#include "runner/records/cover.h"
#include "runner/records/held.h"
#include "runner/trial/output.h"
#include "runner/base/util.h"

enum worker_kind {
	WORKER_PLAIN,
	WORKER_GIL,        /* with the GIL on */
	WORKER_AS_WRITTEN, /* with the orders as written: recheck.h */
	WORKER_PAIRS,      /* of pairs in an ordinary run: run/pairs.h */
	WORKER_KINDS,
};

/* How zygotes are started. */
struct launch {
	const char *python;                     /* path */
	char *const *arguments;                 /* from argv[0] on, ends with NULL */
	char *const *environment[WORKER_KINDS]; /* NAME=VALUE, ends with NULL */
	const char *folder;                     /* working directory */
	size_t stack; /* limit of a stack, bytes; 0 = the limit that the user has */
};

#define WORKER_CONTROL_FD 3
#define WORKER_ARENA_FD 4

enum worker_state {
	WORKER_OFF,      /* no process */
	WORKER_STARTING, /* it has not said "hello" yet */
	WORKER_READY,
	WORKER_BUSY, /* it was asked to run an iteration */
};

struct worker {
	unsigned number; /* for the collator */
	enum worker_kind kind;
	enum worker_state state;
	pid_t pid;
	int control, output; /* -1 = closed */
	double since;        /* when this state began, now_seconds() */
	unsigned failures;   /* how often in a row it failed */
	bool gil_came;       /* an import has switched the GIL on: it runs nothing more */
	struct arena arena;
	struct cover *cover;           /* takes what the arena says of C functions; or NULL */
	struct held held;              /* records that wait for the collator */
	struct output printed;         /* since the last iteration began */
	struct buf incoming, outgoing; /* text of the control channel */
	bool more;                     /* messages have come that nobody has looked at yet */
	const char *broken; /* why what it sent can't be read, a static text; NULL = it can */
};

void worker_init(struct worker *worker, unsigned number, enum worker_kind kind);

/* Starts the process. Returns 0, or EXIT_INTERNAL after a message to the user. */
int worker_start(struct worker *worker, const struct launch *launch);

/* Queues a message, which is freed, and sends what can be sent now. */
void worker_send(struct worker *worker, json_t *message);
void worker_flush(struct worker *worker);

/*
 * Returns the next message, or NULL if none has come. *closed is set when no more will come: the
 * zygote is gone, or worker->broken says why it can't be understood.
 */
json_t *worker_receive(struct worker *worker, bool *closed);

/* Is there a process with this number that neither the worker nor its tests have started? */
bool worker_disowns(const struct worker *worker, pid_t pid);

/* Reads what was printed, until the pipe is empty. */
void worker_read_output(struct worker *worker);

/*
 * Kills the zygote if there is one, reaps it, and frees everything; `failures` stays. Returns its
 * wait status.
 */
int worker_stop(struct worker *worker);

/*
 * Kills strays: processes that an iteration has left behind outside of its process group. They are
 * children of the runner by now, which is their sub-reaper, and have the worker's mark in their
 * environment.
 */
void worker_kill_strays(const struct worker *worker);

/* The mark: a variable in a zygote's environment that its descendants inherit. */
#define WORKER_MARK "FTSTRESS_WORKER"

#endif
