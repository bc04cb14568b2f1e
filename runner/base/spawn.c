/* spawn.c - see spawn.h. */
#include "runner/base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { OUT, ERR, PROGRESS, CHANNELS };
#define PROGRESS_FD 3

struct pipes {
	int read[CHANNELS], write[CHANNELS];
};

static void close_all(int *fds)
{
	for (size_t i = 0; i < CHANNELS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

static bool open_pipes(struct pipes *pipes)
{
	memset(pipes, 0xff, sizeof *pipes);
	for (size_t i = 0; i < CHANNELS; i++) {
		int ends[2];
		if (pipe2(ends, O_CLOEXEC) < 0)
			return false;
		/* Out of the way of the numbers that the child needs. */
		pipes->read[i] = fcntl(ends[0], F_DUPFD_CLOEXEC, 10);
		pipes->write[i] = fcntl(ends[1], F_DUPFD_CLOEXEC, 10);
		close(ends[0]);
		close(ends[1]);
		if (pipes->read[i] < 0 || pipes->write[i] < 0)
			return false;
	}
	return true;
}

static _Noreturn void become(const struct spawn *spawn, const struct pipes *pipes, pid_t parent)
{
	setpgid(0, 0); /* Ctrl-C is for us; we end it */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127);
	dup2(pipes->write[OUT], STDOUT_FILENO);
	dup2(pipes->write[ERR], STDERR_FILENO);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0) {
		dprintf(STDERR_FILENO, "/dev/null: %s\n", strerror(errno));
		_exit(127);
	}
	dup2(null, STDIN_FILENO);
	if (spawn->progress_variable)
		dup2(pipes->write[PROGRESS], PROGRESS_FD);
	sigset_t empty;
	sigemptyset(&empty);
	sigprocmask(SIG_SETMASK, &empty, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	if (spawn->environment)
		environ = (char **)spawn->environment;
	if (spawn->progress_variable)
		setenv(spawn->progress_variable, "3", 1);
	if (!spawn->folder || chdir(spawn->folder) == 0)
		execvp(spawn->arguments[0], spawn->arguments);
	dprintf(STDERR_FILENO, "%s: %s\n", spawn->arguments[0], strerror(errno));
	_exit(127);
}

static void tell_lines(const struct spawn *spawn, struct buf *lines)
{
	char *end;
	while (lines->length && (end = memchr(lines->data, '\n', lines->length))) {
		size_t length = (size_t)(end - lines->data) + 1;
		*end = '\0';
		if (spawn->progress)
			spawn->progress(spawn->arg, lines->data);
		memmove(lines->data, lines->data + length, lines->length - length + 1);
		lines->length -= length;
	}
}

/* Reads the three channels until all are closed, or the user wants to stop. */
static bool read_all(const struct spawn *spawn, struct pipes *pipes, struct spawned *spawned)
{
	struct buf lines = { 0 };
	struct buf *to[CHANNELS] = { &spawned->out, &spawned->err, &lines };
	bool stopped = false;
	while (pipes->read[OUT] >= 0 || pipes->read[ERR] >= 0) {
		struct pollfd fds[CHANNELS];
		for (size_t i = 0; i < CHANNELS; i++)
			fds[i] = (struct pollfd){ .fd = pipes->read[i], .events = POLLIN };
		poll(fds, CHANNELS, 100);
		if (spawn->stop && *spawn->stop) {
			stopped = true;
			break;
		}
		for (size_t i = 0; i < CHANNELS; i++) {
			char chunk[16384];
			if (fds[i].fd < 0 || !fds[i].revents)
				continue;
			ssize_t got = read(fds[i].fd, chunk, sizeof chunk);
			if (got > 0) {
				buf_add(to[i], chunk, (size_t)got);
			} else if (got == 0 || errno != EINTR) {
				close(fds[i].fd);
				pipes->read[i] = -1;
			}
		}
		tell_lines(spawn, &lines);
	}
	buf_free(&lines);
	return !stopped;
}

/* Asks the program's group to end, then makes it. */
static void end_group(pid_t pid)
{
	kill(-pid, SIGTERM);
	for (int i = 0; i < 30; i++) {
		struct timespec wait = { 0, 100000000 };
		siginfo_t info = { 0 };
		if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) < 0 || info.si_pid)
			break;
		nanosleep(&wait, NULL);
	}
	kill(-pid, SIGKILL);
}

int spawn_run(const struct spawn *spawn, struct spawned *spawned)
{
	*spawned = (struct spawned){ 0 };
	buf_puts(&spawned->out, "");
	buf_puts(&spawned->err, "");
	struct pipes pipes;
	bool good = open_pipes(&pipes);
	pid_t parent = getpid(), pid = good ? fork() : -1;
	if (pid == 0)
		become(spawn, &pipes, parent);
	close_all(pipes.write);
	if (pid < 0) {
		close_all(pipes.read);
		return fail(EXIT_INTERNAL, "cannot start %s: %s", spawn->arguments[0],
			    strerror(errno));
	}
	bool whole = read_all(spawn, &pipes, spawned);
	if (!whole)
		end_group(pid);
	close_all(pipes.read); /* not before: what it says while it cleans up must not end it */
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	spawned->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return whole ? 0 : EXIT_INTERRUPTED;
}

void spawned_clear(struct spawned *spawned)
{
	buf_free(&spawned->out);
	buf_free(&spawned->err);
}
