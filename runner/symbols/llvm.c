/* llvm.c - see llvm.h. */
#include "runner/symbols/llvm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/base/meanwhile.h"

#define ANSWER_TIMEOUT 120.0 /* seconds: the first answer of a large module takes some */

extern char **environ;

/* The environment without what is meant for the program under test. */
static char **clean_environment(void)
{
	static const char *const dropped[] = {
		"LD_PRELOAD=", "LD_LIBRARY_PATH=", "TSAN_OPTIONS=",         "FTSTRESS_",
		"PYTHON",      "DEBUGINFOD_URLS=", "LLVM_SYMBOLIZER_OPTS=",
	};
	size_t count = 0, kept = 0;
	while (environ[count])
		count++;
	char **clean = xcalloc(count + 1, sizeof *clean);
	for (size_t i = 0; i < count; i++) {
		bool drop = false;
		for (size_t k = 0; k < sizeof dropped / sizeof *dropped; k++)
			drop |= !strncmp(environ[i], dropped[k], strlen(dropped[k]));
		if (!drop)
			clean[kept++] = environ[i];
	}
	return clean;
}

static int spawn(const char *path, int end, pid_t *pid)
{
	char *const argv[] = { (char *)path, "--output-style=JSON", "--inlines",
			       "--demangle", "--functions=linkage", "--skip-line-zero",
			       NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, end, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, end, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&attributes);
	/* its own group: Ctrl-C at the terminal is for the runner */
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	char **clean = clean_environment();
	int error = posix_spawnp(pid, path, &actions, &attributes, argv, clean);
	free(clean);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

void llvm_end(struct llvm *llvm)
{
	if (!llvm->pid)
		return;
	close(llvm->socket);
	kill(llvm->pid, SIGKILL);
	while (waitpid(llvm->pid, NULL, 0) < 0 && errno == EINTR)
		;
	llvm->pid = 0;
	llvm->socket = -1;
	buf_clear(&llvm->input);
}

bool llvm_ready(struct llvm *llvm)
{
	const char *const names[] = { llvm->path ? llvm->path : "llvm-symbolizer-22",
				      llvm->path ? NULL : "llvm-symbolizer" };
	int ends[2];
	if (llvm->pid)
		return true;
	if (llvm->given_up)
		return false;
	int error = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) ? errno : ENOENT;
	if (error == ENOENT) {
		for (size_t i = 0; i < 2 && names[i] && error; i++)
			error = spawn(names[i], ends[1], &llvm->pid);
		close(ends[1]);
		if (!error) {
			llvm->socket = ends[0];
			llvm->starts++;
			return true;
		}
		close(ends[0]);
	}
	llvm->pid = 0;
	llvm->given_up = true;
	char *text = xprintf("no symbols: %s can't be started (%s); frames show module and offset",
			     names[0], strerror(error));
	llvm->note(llvm->note_context, text);
	free(text);
	return false;
}

void llvm_failed(struct llvm *llvm)
{
	llvm_end(llvm);
	if (llvm->starts < 2)
		return;
	llvm->given_up = true;
	llvm->note(llvm->note_context,
		   "no more symbols: llvm-symbolizer ended unexpectedly twice; later frames show "
		   "module and offset");
}

static void take_lines(struct llvm *llvm, struct answers *answers)
{
	size_t from = 0;
	while (answers->taken < answers->expected) {
		const char *line = llvm->input.data + from;
		const char *end = memchr(line, '\n', llvm->input.length - from);
		if (!end)
			break;
		if (end > line) {
			answers->take(answers->context, answers->taken, line, (size_t)(end - line));
			answers->taken++;
			meanwhile();
		}
		from += (size_t)(end - line) + 1;
	}
	memmove(llvm->input.data, llvm->input.data + from, llvm->input.length - from);
	llvm->input.length -= from;
}

/* Reads what is there; false at the end of the child. */
static bool receive(struct llvm *llvm, struct answers *answers)
{
	char chunk[65536];
	ssize_t length = recv(llvm->socket, chunk, sizeof chunk, MSG_DONTWAIT);
	if (length < 0)
		return errno == EAGAIN || errno == EINTR;
	if (length == 0)
		return false;
	buf_add(&llvm->input, chunk, (size_t)length);
	take_lines(llvm, answers);
	return true;
}

bool llvm_converse(struct llvm *llvm, const struct buf *requests, struct answers *answers)
{
	size_t sent = 0;
	double heard = now_seconds();
	while (answers->taken < answers->expected) {
		bool more = sent < requests->length;
		struct pollfd fd = { llvm->socket, (short)(POLLIN | (more ? POLLOUT : 0)), 0 };
		int ready = poll(&fd, 1, MEANWHILE_MS);
		meanwhile();
		if (ready < 0 && errno != EINTR)
			return false;
		if (ready <= 0) {
			if (now_seconds() - heard > ANSWER_TIMEOUT)
				return false;
			continue;
		}
		heard = now_seconds();
		if (fd.revents & POLLOUT) {
			ssize_t length = send(llvm->socket, requests->data + sent,
					      requests->length - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
			if (length < 0 && errno != EAGAIN && errno != EINTR)
				return false;
			sent += length > 0 ? (size_t)length : 0;
		}
		if ((fd.revents & (POLLIN | POLLHUP | POLLERR)) && !receive(llvm, answers))
			return false;
	}
	return true;
}
