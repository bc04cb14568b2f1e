/* worker.c - see worker.h. */
#include "runner/trial/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_MAX_BYTES (16u << 20) /* of a message */

void worker_init(struct worker *worker, unsigned number, enum worker_kind kind)
{
	*worker = (struct worker){
		.number = number, .kind = kind, .control = -1, .output = -1, .arena.fd = -1
	};
}

/* The environment, with the worker's own variables. To be freed: the array, and its first two. */
static char **own_environment(const struct worker *worker, char *const *base)
{
	size_t count = 0;
	while (base[count])
		count++;
	char **all = xcalloc(count + 3, sizeof *all);
	all[0] = xprintf(WORKER_MARK "=%d-%u", (int)getpid(), worker->number);
	all[1] = xprintf(FTS_ENV_ARENA "=%d", WORKER_ARENA_FD);
	memcpy(all + 2, base, count * sizeof *all);
	return all;
}

static _Noreturn void cannot_start(void)
{
	static const char text[] = "ftstress: the interpreter cannot be started\n";
	(void)!write(STDERR_FILENO, text, sizeof text - 1);
	_exit(127);
}

/* The forked child, until exec. Only async-signal-safe calls. */
static _Noreturn void become_zygote(const struct launch *launch, char *const *environment,
				    pid_t parent, int control, int arena, int output)
{
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	struct rlimit none = { 0, 0 };
	setrlimit(RLIMIT_CORE, &none);
	struct rlimit stack;
	if (launch->stack && getrlimit(RLIMIT_STACK, &stack) == 0 &&
	    stack.rlim_cur > launch->stack) {
		stack.rlim_cur = launch->stack;
		setrlimit(RLIMIT_STACK, &stack);
	}
	/*
	 * No random addresses: so what depends on addresses (the order of a set of objects, which
	 * object gets the place of a freed one) is the same when the iteration is repeated. (TSan's
	 * runtime would do the same, and start itself again, where addresses are so random that its
	 * shadow memory does not fit.) If it is not permitted, only the repeating is lost.
	 */
	personality((unsigned long)personality(0xffffffff) | ADDR_NO_RANDOMIZE);
	/* First move them away from 0..4, then to their places. dup2() clears close-on-exec. */
	control = fcntl(control, F_DUPFD_CLOEXEC, 10);
	arena = fcntl(arena, F_DUPFD_CLOEXEC, 10);
	output = fcntl(output, F_DUPFD_CLOEXEC, 10);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (control < 0 || arena < 0 || output < 0 || null < 0)
		cannot_start();
	dup2(null, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	dup2(control, WORKER_CONTROL_FD);
	dup2(arena, WORKER_ARENA_FD);
	static const int signals[] = { SIGINT, SIGTERM, SIGPIPE, SIGQUIT, SIGHUP };
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		signal(signals[i], SIG_DFL);
	sigset_t empty;
	sigemptyset(&empty);
	sigprocmask(SIG_SETMASK, &empty, NULL);
	if (chdir(launch->folder) == 0)
		execve(launch->python, launch->arguments, environment);
	cannot_start();
}

int worker_start(struct worker *worker, const struct launch *launch)
{
	int control[2] = { -1, -1 }, output[2] = { -1, -1 };
	int code = arena_open(&worker->arena);
	if (code)
		return code;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0 ||
	    pipe2(output, O_CLOEXEC) < 0) {
		code = fail(EXIT_INTERNAL, "cannot start a worker: %s", strerror(errno));
		goto out;
	}
	char **environment = own_environment(worker, launch->environment[worker->kind]);
	pid_t parent = getpid();
	worker->pid = fork();
	if (worker->pid == 0)
		become_zygote(launch, environment, parent, control[1], worker->arena.fd, output[1]);
	free(environment[0]);
	free(environment[1]);
	free(environment);
	if (worker->pid < 0) {
		code = fail(EXIT_INTERNAL, "cannot start a worker: %s", strerror(errno));
		goto out;
	}
	worker->control = control[0];
	worker->output = output[0];
	fcntl(worker->control, F_SETFL, O_NONBLOCK);
	fcntl(worker->output, F_SETFL, O_NONBLOCK);
	worker->state = WORKER_STARTING;
	worker->gil_came = false;
	worker->more = false;
	worker->broken = NULL;
	worker->since = now_seconds();
	control[0] = output[0] = -1;
out:
	for (size_t i = 0; i < 2; i++) {
		if (control[i] >= 0)
			close(control[i]);
		if (output[i] >= 0)
			close(output[i]);
	}
	if (code)
		arena_close(&worker->arena);
	return code;
}

void worker_flush(struct worker *worker)
{
	struct buf *out = &worker->outgoing;
	while (out->length && worker->control >= 0) {
		ssize_t sent =
			send(worker->control, out->data, out->length, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (sent < 0) {
			buf_clear(out); /* the zygote is gone: worker_receive() will say so */
			return;
		}
		memmove(out->data, out->data + sent, out->length - (size_t)sent + 1);
		out->length -= (size_t)sent;
	}
}

void worker_send(struct worker *worker, json_t *message)
{
	char *text = json_dumps(message, JSON_COMPACT);
	json_decref(message);
	buf_puts(&worker->outgoing, text ? text : "");
	buf_puts(&worker->outgoing, "\n");
	free(text);
	worker_flush(worker);
}

/* Takes one message off `incoming`; NULL if there is no whole line. */
static json_t *take_line(struct worker *worker, bool *closed)
{
	struct buf *in = &worker->incoming;
	char *end = in->length ? memchr(in->data, '\n', in->length) : NULL;
	if (!end && in->length > LINE_MAX_BYTES) {
		worker->broken = "it sent 16 MiB without the end of a line";
		*closed = true;
	}
	if (!end)
		return NULL;
	size_t length = (size_t)(end - in->data) + 1;
	json_t *message = json_loadb(in->data, length - 1, JSON_ALLOW_NUL, NULL);
	memmove(in->data, in->data + length, in->length - length + 1);
	in->length -= length;
	if (!json_is_object(message)) {
		json_decref(message);
		worker->broken = "it sent a line that is no JSON object";
		*closed = true;
		return NULL;
	}
	return message;
}

json_t *worker_receive(struct worker *worker, bool *closed)
{
	for (;;) {
		json_t *message = take_line(worker, closed);
		if (message || *closed || worker->control < 0)
			return message;
		char chunk[65536];
		ssize_t got = recv(worker->control, chunk, sizeof chunk, MSG_DONTWAIT);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return NULL;
		if (got <= 0) {
			*closed = true;
			return NULL;
		}
		buf_add(&worker->incoming, chunk, (size_t)got);
	}
}

void worker_read_output(struct worker *worker)
{
	char chunk[65536];
	/* Not for ever: a program that prints without end must not hold up the others. */
	for (int rounds = 0; rounds < 64 && worker->output >= 0; rounds++) {
		ssize_t got = read(worker->output, chunk, sizeof chunk);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return;
		if (got == 0) {
			close(worker->output);
			worker->output = -1;
			return;
		}
		output_add(&worker->printed, chunk, (size_t)got);
	}
}

int worker_stop(struct worker *worker)
{
	int status = 0;
	if (worker->pid > 0) {
		kill(worker->pid, SIGKILL);
		while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
			continue;
		worker_read_output(worker);
		worker_kill_strays(worker);
	}
	if (worker->control >= 0)
		close(worker->control);
	if (worker->output >= 0)
		close(worker->output);
	if (worker->cover && worker->arena.shared)
		cover_take(worker->cover, worker->arena.shared);
	arena_close(&worker->arena);
	held_free(&worker->held);
	buf_free(&worker->incoming);
	buf_free(&worker->outgoing);
	output_free(&worker->printed);
	worker->control = worker->output = -1;
	worker->pid = 0;
	worker->state = WORKER_OFF;
	return status;
}

/* Is the process in the worker's session (a zombie still is), or has it the worker's mark? */
static bool belongs(pid_t pid, const struct worker *worker)
{
	char *path = xprintf("/proc/%d/stat", (int)pid);
	char *text = read_file(path, NULL);
	free(path);
	int parent, group, session = 0;
	const char *rest = text ? strrchr(text, ')') : NULL;
	bool found = rest && sscanf(rest, ") %*c %d %d %d", &parent, &group, &session) == 3 &&
		     session == worker->pid;
	free(text);
	if (found)
		return true;
	path = xprintf("/proc/%d/environ", (int)pid);
	char *mark = xprintf(WORKER_MARK "=%d-%u", (int)getpid(), worker->number);
	size_t length = 0;
	text = read_file(path, &length);
	for (size_t at = 0; text && at < length && !found; at += strlen(text + at) + 1)
		found = strcmp(text + at, mark) == 0;
	free(text);
	free(mark);
	free(path);
	return found;
}

bool worker_disowns(const struct worker *worker, pid_t pid)
{
	return kill(pid, 0) == 0 ? !belongs(pid, worker) : errno == EPERM;
}

/* Kills the strays that there are now. False if there is none. */
static bool kill_round(const struct worker *worker)
{
	char *path = xprintf("/proc/self/task/%d/children", (int)getpid());
	char *text = read_file(path, NULL);
	bool any = false;
	for (char *at = text; at && *at;) {
		char *end;
		pid_t pid = (pid_t)strtol(at, &end, 10);
		if (end == at)
			break;
		at = end;
		if (pid <= 0 || pid == worker->pid || !belongs(pid, worker))
			continue;
		any = true;
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	free(text);
	free(path);
	return any;
}

void worker_kill_strays(const struct worker *worker)
{
	/* When a stray is gone, its children become children of ours: look again. */
	for (int round = 0; round < 20 && kill_round(worker); round++)
		continue;
}
