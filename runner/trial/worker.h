/*
 * worker.h - a zygote: starting it, talking to it, ending it. The protocol: docs/design.md.
 *
 * One thread, nothing here waits: the caller polls `control` and `output` and calls the functions.
 */
#ifndef RUNNER_WORKER_H
#define RUNNER_WORKER_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "runner/records/arena.h"
#include "runner/records/held.h"
#include "runner/trial/output.h"
#include "runner/base/util.h"

enum worker_kind {
	WORKER_PLAIN,
	WORKER_GIL,        /* the GIL is on */
	WORKER_AS_WRITTEN, /* see recheck.h */
	WORKER_KINDS,
};

/* How zygotes are started; borrowed by the workers. */
struct launch {
	const char *python;                     /* path */
	char *const *arguments;                 /* from argv[0] on, ends with NULL */
	char *const *environment[WORKER_KINDS]; /* NAME=VALUE, ends with NULL */
	const char *folder;                     /* where it works */
	size_t stack; /* bytes of a thread's stack at most; 0 = what the user has */
};

#define WORKER_CONTROL_FD 3
#define WORKER_ARENA_FD 4

enum worker_state {
	WORKER_OFF,      /* no process */
	WORKER_STARTING, /* no "hello" yet */
	WORKER_READY,
	WORKER_BUSY, /* an iteration was asked for */
};

struct worker {
	unsigned number; /* for the collator */
	enum worker_kind kind;
	enum worker_state state;
	pid_t pid;
	int control, output; /* -1 = closed */
	double since;        /* when this state began, now_seconds() */
	unsigned failures;   /* in a row */
	bool gil_came;       /* an import switched the GIL on: it runs nothing more */
	struct arena arena;
	struct held held;              /* of the arena's records */
	struct output printed;         /* since the last iteration began */
	struct buf incoming, outgoing; /* of the control channel */
	bool more;                     /* messages came that were not looked at yet */
	const char *broken; /* why what it sent can't be read; a static text, NULL = it can */
};

void worker_init(struct worker *worker, unsigned number, enum worker_kind kind);

/* Starts the process. Returns 0 or EXIT_INTERNAL, having told the user. */
int worker_start(struct worker *worker, const struct launch *launch);

/* Queues a message (taken over) and sends what can be sent. */
void worker_send(struct worker *worker, json_t *message);
void worker_flush(struct worker *worker);

/*
 * Reads what has come and returns the next message, or NULL. *closed is set when nothing more comes:
 * the zygote has gone, or worker->broken says why it can't be understood.
 */
json_t *worker_receive(struct worker *worker, bool *closed);

/* Is there a process with this number, and was it started by somebody else than the worker? */
bool worker_disowns(const struct worker *worker, pid_t pid);

/* Reads what was printed until the pipe is empty. */
void worker_read_output(struct worker *worker);

/* Kills the process if there is one, waits for it, releases all but `failures`. Returns its wait
 * status. */
int worker_stop(struct worker *worker);

/*
 * Kills what an iteration left behind outside of its process group: children of ours (we are their
 * sub-reaper) that carry this worker's mark in their environment.
 */
void worker_kill_strays(const struct worker *worker);

/* NAME=VALUE in a zygote's environment by which its descendants are told. */
#define WORKER_MARK "FTSTRESS_WORKER"

#endif
